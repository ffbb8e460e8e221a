"""A video from end to end: identities, resuming, interruption, what is written."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch

from jmpose_mm.apis import VideoPoseInferencer
from jmpose_mm.errors import UsageError
from jmpose_mm.functional.tracks.one_euro_filter import OneEuroFilter
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.recordings import read_poses
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.people.boxes import FoundBoxes
from jmpose_mm.video.people.person_choice import PersonChoice
from jmpose_mm.video.people.tracker import PersonTracker
from jmpose_mm.video.poses.clip_model import ClipModel
from jmpose_mm.video.poses.engine import ClipEngine
from jmpose_mm.video.poses.jitter_meter import JitterMeter
from jmpose_mm.video.poses.whole_tracks import OneEuroTracks, measured, smoothed
from jmpose_mm.video.records import FramePoses, PersonPose
from jmpose_mm.video.video_inference import VideoOutputs, infer_video
from jmpose_mm.visualization.skeleton import posetrack_skeleton

LENGTH = 12


def _frames() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (120, 160, 3), dtype=np.uint8) for _ in range(LENGTH)]


def _two_walkers(frame) -> FoundBoxes:
    """One to the right, one to the left; the second comes in frame 3."""
    x = 2.0 * frame.index
    boxes = np.array([[10 + x, 20, 50 + x, 110], [110 - x, 10, 150 - x, 100]])
    count = 2 if frame.index >= 3 else 1
    return FoundBoxes(boxes[:count], np.full(count, 0.9))


def _inferencer(**arguments) -> VideoPoseInferencer:
    torch.manual_seed(0)
    return VideoPoseInferencer('dcpose_debug.py', None, 'cpu', _two_walkers, **arguments)


def test_inferencer__frames_in_order_with_identities_that_stay():
    results = list(_inferencer()(_frames()))
    assert [poses.index for poses in results] == list(range(LENGTH))
    assert [sorted(p.id for p in poses.persons) for poses in results] == [[1]] * 3 + [[1, 2]] * 9
    assert results[0].size == (160, 120)
    lefts = [next(p.box[0] for p in poses.persons if p.id == 1) for poses in results]
    assert lefts == [10 + 2.0 * index for index in range(LENGTH)]


def test_inferencer__a_box_beyond_the_picture_is_cropped_as_in_training():
    def poses(*box):
        torch.manual_seed(0)
        given = FoundBoxes(np.array([box], float), np.ones(1), np.ones(1, dtype=int))
        inferencer = VideoPoseInferencer('dcpose_debug.py', None, 'cpu', lambda _: given)
        return next(inferencer(_frames()[:3])).persons[0]

    beyond, seen = poses(-30, 20, 60, 150), poses(0, 20, 60, 119)  # the frame is 160 x 120
    np.testing.assert_array_equal(beyond.keypoints, seen.keypoints)
    assert beyond.box.tolist() == [-30, 20, 60, 150]  # what was given is what is written
    assert np.isfinite(poses(159.5, 20, 200, 110).keypoints).all()  # nothing is left of it


def test_inferencer__tracks_carry_boxes_between_detections():
    results = list(_inferencer(detect_every=3)(_frames()))
    assert [len(poses.persons) for poses in results] == [1] * 3 + [2] * 9
    last = next(p.box[0] for p in results[11].persons if p.id == 1)
    assert abs(last - (10 + 2 * 11)) < 6


def test_inferencer__carried_boxes_have_the_score_of_their_last_detection():
    def boxes(frame):
        walker = [10 + 2.0 * frame.index, 20, 50 + 2.0 * frame.index, 110]
        return np.array([[*walker, 0.4 + 0.05 * frame.index]])

    results = list(
        VideoPoseInferencer('dcpose_debug.py', None, 'cpu', boxes, detect_every=3)(_frames())
    )
    scores = [round(poses.persons[0].box_score, 2) for poses in results[:7]]
    assert scores == [0.4, 0.4, 0.4, 0.55, 0.55, 0.55, 0.7]


def test_infer_video__writes_all_and_resumes_where_it_was(tmp_path):
    whole = infer_video(_inferencer(), open_source(_frames()), tmp_path / 'whole')
    names = sorted(file.name for file in (tmp_path / 'whole').iterdir())
    assert names == [
        *('coco.json', 'film.mp4', 'poses.csv', 'poses.json', 'posetrack18.json'),
        *('quality.json', 'report.html'),
    ]
    content = json.loads((tmp_path / 'whole/poses.json').read_text())
    assert content['complete']
    assert len(content['frames']) == len(whole) == LENGTH

    class Stops(list):
        def __iter__(self):
            yield from list.__iter__(self)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        infer_video(_inferencer(), open_source(Stops(_frames()[:7])), tmp_path / 'parts')
    left = read_poses(tmp_path / 'parts/poses.json')
    assert not left.complete
    assert 0 < len(left) < 7
    assert (tmp_path / 'parts/film.mp4').stat().st_size > 1000
    rows = (tmp_path / 'parts/poses.csv').read_text().splitlines()
    assert len(rows) == 1 + sum(len(poses.persons) for poses in left)
    infer_video(_inferencer(), open_source(_frames()), tmp_path / 'parts', resume=True)
    again = json.loads((tmp_path / 'parts/poses.json').read_text())
    assert again['frames'] == content['frames']


def test_infer_video__unknown_smoothing(tmp_path):
    with pytest.raises(UsageError, match='smoothing: expected one of savitzky-golay, gaussian'):
        infer_video(_inferencer(), open_source(_frames()), tmp_path, VideoOutputs(smoothing='mean'))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('method', ['savitzky-golay', 'gaussian'])
def test_smoothed__less_jitter_and_the_same_people(method):
    frames = list(_inferencer()(_frames()))
    better = smoothed(frames, method, posetrack_skeleton())
    before, after = JitterMeter(), JitterMeter()
    for old, new in zip(frames, better, strict=True):
        before.add(old)
        after.add(new)
    assert after.mean < 0.7 * before.mean
    assert [[p.id for p in f.persons] for f in better] == [
        [p.id for p in f.persons] for f in frames
    ]


def test_inferencer__one_euro_filters_each_track_by_time_and_size():
    frames, steady = (list(_inferencer(one_euro=o)(_frames())) for o in (None, {'beta': 1.0}))
    filters = {1: OneEuroFilter(beta=1.0), 2: OneEuroFilter(beta=1.0)}
    for before, after in zip(frames, steady, strict=True):
        for one, other in zip(before.persons, after.persons, strict=True):
            expected = filters[one.id](one.keypoints, before.time, 90.0)
            np.testing.assert_allclose(other.keypoints, expected, atol=0.005 + 1e-9)
            np.testing.assert_array_equal(other.unsmoothed, one.keypoints)


@pytest.mark.parametrize('by', ['inferencer', 'steps', 'last'])
def test_infer_video__one_euro_counts_beside_other_steps(tmp_path, by):
    online = {'beta': 20.0} if by == 'inferencer' else None
    steps = {'inferencer': [], 'steps': ['one-euro'], 'last': []}[by] + ['gaussian']
    steps += ['one-euro'] if by == 'last' else []
    outputs = VideoOutputs(film=False, smoothing=steps, exports='csv')
    recording = infer_video(_inferencer(one_euro=online), open_source(_frames()), tmp_path, outputs)
    frames = list(map(measured, recording))
    for step in ['gaussian', 'one-euro'] if by == 'last' else ['one-euro', 'gaussian']:
        frames = smoothed(frames, step, posetrack_skeleton())
    for found, expected in zip(recording, frames, strict=True):
        for one, other in zip(found.persons, expected.persons, strict=True):
            np.testing.assert_array_equal(one.keypoints, other.keypoints)
            assert not np.allclose(one.keypoints, one.unsmoothed)


def test_infer_video__one_euro_counts_beside_joined_identities(tmp_path):
    outputs = VideoOutputs(film=False, join=1.0, exports=[])
    steady = infer_video(
        _inferencer(one_euro={'beta': 1.0}), open_source(_frames()), tmp_path, outputs
    )
    filters = OneEuroTracks({'beta': 1.0})
    for poses in steady:
        expected = filters(measured(poses))
        for one, other in zip(poses.persons, expected.persons, strict=True):
            np.testing.assert_array_equal(one.keypoints, other.keypoints)


def test_inferencer__identities_that_are_kept_hang_on_the_poses_of_all(monkeypatch):
    told = []
    observe = PersonTracker.observe
    monkeypatch.setattr(
        PersonTracker, 'observe', lambda own, *args: (told.append(args[1]), observe(own, *args))
    )
    inferencer = _inferencer()
    inferencer.choice = PersonChoice(ids=frozenset({2}))
    results = list(inferencer(_frames()))
    assert [[p.id for p in poses.persons] for poses in results] == [[]] * 3 + [[2]] * 9
    assert sorted(told) == [1] * 12 + [2] * 9


class _Returning:
    """Somebody who is away for a while, and somebody who stays."""

    is_repeatable = True

    def __call__(self, frame) -> np.ndarray:
        boxes = [[100, 20, 140, 110], [10, 20, 50, 110]]
        return np.array(boxes[:1] if 4 <= frame.index < 8 else boxes)


@pytest.mark.parametrize('ids', [None, {2}])
def test_infer_video__joined_identities_go_on_and_are_kept(tmp_path, ids):
    inferencer = _inferencer()
    inferencer.boxes, inferencer.lost = _Returning(), 0.08
    inferencer.choice = PersonChoice(ids=ids)
    outputs = VideoOutputs(film=False, join=1.0, exports=[])
    for resume in (False, True):
        made = infer_video(inferencer, _frames(), tmp_path, outputs, resume=resume)
        if not resume:
            assert 'identities joined over at most 1 s: 3 is 2' in made.notes
        found = [sorted(person.id for person in poses.persons) for poses in made]
        others = [] if ids else [1]
        assert found == [[*others, 2]] * 4 + [others] * 4 + [[*others, 2]] * 4


def test_infer_video__what_comes_once_is_not_read_again(tmp_path):
    source = open_source(iter(_frames()))
    with pytest.raises(UsageError, match='smoothing: expected a source that can be read again'):
        infer_video(_inferencer(), source, tmp_path, VideoOutputs(smoothing='gaussian'))
    outputs = VideoOutputs(film=False, smoothing='gaussian', exports=())
    assert len(infer_video(_inferencer(), source, tmp_path, outputs)) == LENGTH
    again = open_source(_frames())
    again.is_live = True
    with pytest.raises(UsageError, match='resume: expected a film, got arrays, which shows other'):
        infer_video(_inferencer(), again, tmp_path, outputs, resume=True)


def test_infer_video__no_page_shows_the_film_of_earlier_poses(tmp_path):
    for film in (True, False):
        outputs = VideoOutputs(film=film, exports='page')
        made = infer_video(
            _inferencer(), open_source(_frames()), tmp_path, outputs, overwrite=not film
        )
        page = (tmp_path / 'report.html').read_text()
        assert ('The film is inside this page.' in page) is film
    assert made.notes == ['of earlier poses, and left as they are: film.mp4']


def _row(index: int, *keypoints: tuple[int, np.ndarray]) -> FramePoses:
    persons = tuple(
        PersonPose(person, np.zeros(4), 1.0, points, np.ones(len(points)))
        for person, points in keypoints
    )
    return FramePoses(index, index / 25, '', (160, 120), persons)


def test_jitter_meter__hand_calculation():
    meter, still = JitterMeter(), np.zeros((2, 2))
    meter.add(_row(0, (1, still), (2, still)))
    meter.add(_row(1, (1, still + np.array([3, 4])), (2, still)))
    assert np.isnan(meter.mean)
    meter.add(_row(2, (1, still), (2, still)))
    assert meter.mean == pytest.approx((10 + 0) / 2)  # there and back: twice the length 5
    meter.add(_row(3, (1, still)))
    meter.add(_row(4, (2, still + 50)))  # has not been seen in three frames in a row
    assert meter.mean == pytest.approx((10 + 0 + 5) / 3)


def test_infer_video__one_euro_prints_its_effect(tmp_path, capsys):
    stream = _inferencer(one_euro={'beta': 0.0})(_frames())
    list(stream)
    before, after = (meter.mean for meter in stream.jitter)
    assert after < 0.9 * before
    inferencer = _inferencer(one_euro={'beta': 0.0})
    infer_video(inferencer, open_source(_frames()), tmp_path, VideoOutputs(film=False))
    assert f'jitter: {before:.2f} -> {after:.2f} pixels per frame squared' in capsys.readouterr()[0]


@pytest.mark.parametrize('layer', ['heatmap', 'motion'])
def test_inferencer__maps_cover_the_crop_window(layer):
    poses = list(_inferencer(engine={'layer': layer})(_frames()))[5]
    for person in poses.persons:
        values, window = person.layer
        assert values.shape == (32, 24)
        assert 0 <= values.min() < values.max() <= 1
        # The window is the padded box, in the input's shape of 3 : 4.
        np.testing.assert_allclose(window[:2] + window[2:], person.box[:2] + person.box[2:])
        height = 1.25 * max(90, 40 * 4 / 3)
        np.testing.assert_allclose(window[2:] - window[:2], (height * 3 / 4, height))


def test_infer_video__maps_and_another_run_in_the_film(tmp_path):
    sizes = {}
    for name, layer, beside in (
        ('plain', None, None),
        ('map', 'motion', None),
        ('both', None, tmp_path / 'plain/poses.json'),
    ):
        outputs = VideoOutputs(beside=beside, exports=())
        inferencer = _inferencer(engine={'layer': layer})
        infer_video(inferencer, open_source(_frames()), tmp_path / name, outputs)
        film = cv2.VideoCapture(str(tmp_path / name / 'film.mp4'))
        sizes[name] = film.read()[1]
    assert sizes['plain'].shape == sizes['map'].shape == (120, 160, 3)
    assert np.abs(sizes['plain'].astype(int) - sizes['map']).mean() > 2
    assert sizes['both'].shape[1] > 2 * 160
    header = read_poses(tmp_path / 'plain/poses.json').header._replace(source='other/run.mp4')
    PoseFile(tmp_path / 'other.json', header).close()
    outputs = VideoOutputs(beside=tmp_path / 'other.json', exports=())
    made = infer_video(_inferencer(), open_source(_frames()), tmp_path / 'others', outputs)
    assert made.notes[0].endswith('are of other/run.mp4, drawn on arrays')

    with pytest.raises(ValueError, match='expected a file of poses, found none'):
        infer_video(
            _inferencer(), open_source(_frames()), tmp_path / 'none', VideoOutputs(beside='no.json')
        )
    assert not (tmp_path / 'none').exists()


def test_sources__may_be_open_or_not(tmp_path):
    inferencer, frames = _inferencer(), _frames()
    plain = [poses.index for poses in inferencer(open_source(frames, start=3, stride=2))]
    assert plain == [3, 5, 7, 9, 11]
    outputs = VideoOutputs(film=False, exports=[])
    assert len(infer_video(inferencer, frames, tmp_path, outputs)) == LENGTH


def test_inferencer__refuses():
    with pytest.raises(ValueError, match='expected no motion from a model of single frames'):
        ClipEngine(
            ClipModel('single-frame_resnet18_1xb16_synthetic-128x96.py', None, 'cpu'),
            layer='motion',
        )
    with pytest.raises(ValueError, match='detect_every: expected at least 1'):
        _inferencer(detect_every=0)
    with pytest.raises(UsageError, match='boxes: expected a name, a file or a callable'):
        VideoPoseInferencer('dcpose_debug.py', None, 'cpu', None)
    inferencer = _inferencer()
    with pytest.raises(UsageError, match=r'source: expected a film, a list or a number, got 5\.5'):
        inferencer(5.5)
    inferencer.model.model.train()
    with pytest.raises(UsageError, match='expected evaluation mode, got training mode'):
        list(inferencer(_frames()))
