"""Objects that see frame after frame, sample after sample: what they keep is their own copy."""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from file_and_drawing_calls import _sample, film_poses, picture, prepare
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from scribbling import equal, scribble

from jmpose_mm import PoseTrackClipDataset
from jmpose_mm.datasets.samplers import FrameGroupSampler
from jmpose_mm.engine.hooks import FiniteLossHook, InitialWeightsHook, PlainCheckpointHook
from jmpose_mm.evaluation.metrics.sample_predictions import read_sample
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.functional.evaluation.clear_mot import TrackEvents
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES
from jmpose_mm.registry import METRICS, TRANSFORMS
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.recordings import PoseHeader, read_poses
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.people.box_files import BoxFile
from jmpose_mm.video.people.found_boxes import BoxTally, FoundBoxes
from jmpose_mm.video.people.track import Track
from jmpose_mm.video.people.tracker import PersonTracker
from jmpose_mm.video.poses.jitter_meter import JitterMeter
from jmpose_mm.video.records import Frame
from jmpose_mm.visualization.film import Film, write_film
from jmpose_mm.visualization.skeleton import posetrack_skeleton

SIGMAS = np.full(17, 0.1)


def _boxes(step: int) -> np.ndarray:
    return np.array([[10.0, 10, 50, 90], [60, 10, 100, 90]]) + 5 * step


def _tracked(scribbled: bool) -> list[Any]:
    sigmas = SIGMAS.copy()
    tracker, found = PersonTracker(sigmas), []
    for step in range(4):
        boxes, scores, pose = _boxes(step), np.ones(2), np.arange(34.0).reshape(17, 2) + 5 * step
        found.append(tracker.update(step, boxes, scores).tolist())
        tracker.observe(step, 1, pose)
        predicted = tracker.predict(step + 1)
        found.append(copy.deepcopy(predicted))
        if scribbled:
            scribble([boxes, scores, pose, sigmas, predicted, tracker.ids])
    return found


def test_tracker__keeps_copies() -> None:
    assert equal(_tracked(scribbled=True), _tracked(scribbled=False))


def _track(scribbled: bool) -> np.ndarray:
    track = Track()
    for step in range(3):
        box, pose = _boxes(step)[0], np.arange(34.0).reshape(17, 2) + step
        track.add_box(step, box)
        track.add_pose(step, pose)
        if scribbled:
            scribble([box, pose, track.box_at(step), track.pose_at(step)])
    return track.box_at(5)


def test_track__keeps_copies() -> None:
    assert equal(_track(scribbled=True), _track(scribbled=False))


def _jitter(scribbled: bool) -> float:
    meter = JitterMeter()
    for poses in film_poses(5):
        meter.add(poses)
        if scribbled:
            scribble(list(poses.persons))
    return meter.mean


def test_jitter_meter__keeps_copies() -> None:
    assert _jitter(scribbled=True) == _jitter(scribbled=False) > 0


def test_box_file__hands_out_copies(tmp_path: Path) -> None:
    file = tmp_path / 'boxes.txt'
    file.write_text('1,1,2,3,30,40,0.9\n')
    boxes, frame = BoxFile(file), Frame(0, 0.0, '', picture())
    expected = copy.deepcopy(boxes(frame))
    scribble(boxes(frame))
    assert equal(boxes(frame), expected)


def test_box_tally__hands_out_copies() -> None:
    found, frame = FoundBoxes(_boxes(0), np.ones(2), np.array([1, 2])), Frame(0, 0.0, '', picture())
    expected = copy.deepcopy(found)
    scribble(BoxTally().usable(found, frame))
    assert equal(found, expected)


def test_source__gives_the_frames_again() -> None:
    frames = [picture(20), picture(90)]
    source = open_source(frames)
    first = [frame.image.copy() for frame in source]
    for frame in source:
        assert not frame.image.flags.writeable
    assert equal([frame.image for frame in source], first)
    assert equal(frames, [picture(20), picture(90)])


def test_film__takes_frames_that_are_reused(tmp_path: Path) -> None:
    film, image = Film(tmp_path / 'a.mp4'), picture()
    for value in (20, 90, 160):
        image[:] = value
        film.add(image)
    film.close()
    means = [frame.image.mean() for frame in open_source(tmp_path / 'a.mp4')]
    assert np.abs(np.subtract(means, (20, 90, 160))).max() < 3


def test_film__takes_tensors(tmp_path: Path) -> None:
    frames = torch.full((2, 48, 64, 3), 90, dtype=torch.uint8)
    film = write_film(tmp_path / 'a.mp4', frames)
    assert [abs(frame.image.mean() - 90) < 3 for frame in open_source(film)] == [True, True]


def test_pose_file__takes_poses_that_are_reused(tmp_path: Path) -> None:
    remarks: dict[str, Any] = {'boxes': 'own'}
    header = PoseHeader('a.mp4', 25.0, posetrack_skeleton(), remarks)
    file = PoseFile(tmp_path / 'poses.json', header)
    for poses in film_poses():
        file.add(None, poses)
        scribble([remarks, list(poses.persons)])
    file.close()
    recording = read_poses(tmp_path / 'poses.json')
    assert recording.header.protocol == {'boxes': 'own'}
    for found, expected in zip(recording, film_poses(), strict=True):
        assert equal(found.persons[0].keypoints, np.round(expected.persons[0].keypoints, 2))
        scribble(list(found.persons))
    assert equal(next(iter(recording)).persons[0].scores, np.full(17, 0.8))


def test_sampler__draws_the_same_order_again_and_leaves_its_samples() -> None:
    samples = [{'video': 'a', 'frame_number': n // 2} for n in range(12)]

    class Data(list):  # type: ignore[type-arg]
        get_data_info = list.__getitem__

    sampler = FrameGroupSampler(Data(samples), seed=3)
    first = list(sampler)
    for sample in samples:
        sample['frame_number'] = 7
    assert list(sampler) == first
    assert sorted(first) == [*range(12)]
    sampler.set_epoch(1)
    assert list(sampler) != first
    sampler.set_epoch(0)
    assert list(sampler) == first


def test_read_sample__keeps_copies() -> None:
    sample = _sample()
    record = read_sample(sample, 17)
    expected = copy.deepcopy(record)
    scribble(sample)
    assert equal(record, expected)


@pytest.mark.parametrize(
    ('name', 'more'),
    [
        ('SampleSupportFrames', {'frame_offsets': (-1, 0, 1)}),
        ('IgnoreOutOfCropKeypoints', {}),
        ('RandomClipScaleRotation', {}),
        ('DegradeFrames', {}),
        ('WeighKeypoints', {}),
    ],
)
def test_transform__leaves_what_others_hold(name: str, more: dict[str, Any]) -> None:
    transform = TRANSFORMS.build({'type': f'jmpose_mm.{name}', **more})
    shared = {
        'video_frames': {n: f'{n}.jpg' for n in range(5)},
        'frame_number': 2,
        'bbox_center': np.array([[50.0, 60]]),
        'bbox_scale': np.array([[40.0, 60]]),
        'keypoints': np.full((1, 17, 2), 500.0),
        'transformed_keypoints': np.full((1, 17, 2), 500.0),
        'keypoints_visible': np.ones((1, 17)),
        'input_size': (48, 64),
        'bbox': np.array([[30.0, 30, 70, 90]]),
        'img': [np.full((64, 48, 3), 9 * n, np.uint8) for n in range(3)],
        'keypoint_weights': np.ones((1, 17)),
        'raw_ann_info': {'keypoint_weights': [0.5] * 17},
    }
    before = copy.deepcopy(shared)
    results = [transform(dict(shared)) for _ in range(2)]
    assert equal(shared, before)
    if name not in ('RandomClipScaleRotation', 'DegradeFrames'):
        assert equal(*results)


def test_track_events__keep_copies() -> None:
    def events(scribbled: bool) -> dict[str, float]:
        counted = TrackEvents()
        for step in range(3):
            given = [np.array([1, 2]), np.array([7, 8 + step]), np.array([[1.0, 9], [9, 2]])]
            counted.add(*given)
            if scribbled:
                scribble(given)
        return dict(counted.sums)

    assert events(True) == events(False)


def test_checkpoint_hook__leaves_what_training_goes_on_with() -> None:
    hook, best = PlainCheckpointHook(), {'score': np.float64(3.5), 'list': [np.int64(1)]}
    for _ in range(2):
        checkpoint = {'state_dict': {'a': torch.ones(2)}, 'meta': {'best': best}}
        hook.before_save_checkpoint(SimpleNamespace(logger=logging.getLogger()), checkpoint)
        assert type(checkpoint['meta']['best']['score']) is float
        scribble(checkpoint['meta'])
    assert equal(best, {'score': np.float64(3.5), 'list': [np.int64(1)]})
    assert type(best['score']) is np.float64


def test_hooks__leave_losses_and_models() -> None:
    losses = {'loss': torch.tensor(0.5, requires_grad=True), 'loss_list': [1.0]}
    FiniteLossHook().after_train_iter(SimpleNamespace(iter=0), 0, outputs={'loss': losses['loss']})
    assert losses['loss'].requires_grad
    model = torch.nn.Linear(2, 2)
    before = copy.deepcopy(model.state_dict())
    told = {'cfg': {}, 'logger': logging.getLogger(), '_load_from': None, 'optim_wrapper': None}
    runner = SimpleNamespace(model=model, iter=0, max_iters=1, **told)
    hook = InitialWeightsHook()
    for _ in range(2):
        hook.before_train(runner)
    assert equal(model.state_dict(), before)
    assert all(weight.requires_grad for weight in model.parameters())


def _evaluated(folder: Path, tables: AnnotationTables, scribbled: bool) -> dict[str, float]:
    file = folder / 'truth/all.json'
    metric = METRICS.build({'type': 'jmpose_mm.PoseTrackAPMetric', 'ann_file': file})
    metric.dataset_meta = parse_pose_metainfo(PoseTrackClipDataset.METAINFO)
    label = {'boxes': 'own', 'protocol': 'own'}
    metric.describe(label)
    for number, place in enumerate(tables.persons.image.tolist()):
        image, points = tables.images[place], tables.persons.keypoints[number, None, :, :2].copy()
        found = {'keypoints': points, 'keypoint_scores': np.ones((1, 17))}
        boxes = {'bbox_scores': np.ones(1), 'bbox_scales': np.full((1, 2), 40.0)}
        sample = {'id': number, 'img_path': f'{folder}/data/{image.name}', 'img_id': image.image_id}
        sample |= {'pred_instances': found, 'gt_instances': boxes}
        metric.process({}, [sample])
        if scribbled:
            label['boxes'] = 'else'
            scribble(sample)
    values = metric.evaluate(len(tables.persons.image))
    assert metric.label['boxes'] == 'own'
    return dict(values)


def test_metric__keeps_copies(tmp_path: Path) -> None:
    prepare(tmp_path)
    tables = read_annotations(tmp_path / 'truth/all.json', FILE_JOINT_NAMES)
    values = [_evaluated(tmp_path, tables, scribbled) for scribbled in (False, True)]
    assert equal(values[0], values[1])
    assert values[0]['posetrack/AP'] == 100
