"""Where most of a data set is lost, it is told; where hardly anything is left, it is refused."""

from __future__ import annotations

import pytest
from mmengine.logging import MMLogger

from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.errors import UsageError

BOX = [10.0, 10.0, 60.0, 20.0]


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'warning', lambda text, *args: found.append(str(text)))
    return found


def with_missing_frames(coco: dict, person: object, count: int) -> dict:
    """The same with so many frames that are not on disk, each with a person."""
    for number in range(count):
        identity = 1000 + number
        name = f'images/train/000009_gone/{number:06d}.jpg'
        coco['images'].append({**coco['images'][0], 'id': identity, 'file_name': name})
        coco['annotations'].append(person(9000 + number, identity))
    return coco


@pytest.mark.parametrize(('times', 'is_told'), [(0.5, False), (1, True), (18, True)])
def test_missing_frames__half_of_all_is_a_warning_with_counts(
    times: float, is_told: bool, videos, coco, write, person, warnings
) -> None:
    there = len(coco['images'])
    missing = int(times * there)
    file = write(with_missing_frames(coco, person, missing))
    data = PoseTrackClipDataset(ann_file=file, data_root=str(videos))
    assert len(data) == there
    said = f'only {there} of {there + missing} frames with labelled persons give samples'
    assert any(said in line for line in warnings) == is_told
    assert all(f'{missing} persons in frames missing on disk' in w for w in warnings if said in w)


def test_missing_frames__hardly_any_left_is_refused_by_name(videos, coco, write, person) -> None:
    there = len(coco['images'])
    file = write(with_missing_frames(coco, person, 20 * there))
    with pytest.raises(
        UsageError, match=rf'annotations\.json: only {there} of {21 * there} frames'
    ):
        PoseTrackClipDataset(ann_file=file, data_root=str(videos))
    names = sorted(folder.name for folder in (videos / 'images/train').iterdir())
    data = PoseTrackClipDataset(ann_file=file, data_root=str(videos), videos=names)
    assert len(data) == there


@pytest.mark.parametrize(('score', 'is_refused'), [(0.9, True), (0.1, False)])
def test_boxes__of_other_frames_are_refused_and_a_threshold_is_obeyed(
    score: float, is_refused: bool, videos, coco, write, person, warnings
) -> None:
    """Of 40 frames one has a box; the others' are unknown, or below the threshold."""
    first = coco['images'][0]
    coco['images'] += [{**first, 'id': 2000 + k, 'file_name': f'a/{k}.jpg'} for k in range(40)]
    coco['annotations'] = [person(1, first['id'])]
    coco['annotations'] += [person(10 + k, 2000 + k) for k in range(40)]
    found = [{'image_id': first['id'], 'bbox': BOX, 'score': 0.9, 'category_id': 1}]
    for k in range(40):
        image = 7000 + k if is_refused else 2000 + k
        found.append({'image_id': image, 'bbox': BOX, 'score': score, 'category_id': 1})
    settings = {'data_root': str(videos), 'bbox_file': write(found, 'boxes.json')}
    settings |= {'bbox_score_threshold': 0.5, 'test_mode': True}
    if is_refused:
        with pytest.raises(UsageError, match=r'only 1 of 41 frames.*40 detections of unknown'):
            PoseTrackClipDataset(ann_file=write(coco), **settings)
        return
    assert len(PoseTrackClipDataset(ann_file=write(coco), **settings)) == 1
    assert any('only 1 of 41 frames' in line for line in warnings)


@pytest.mark.parametrize('rate', ['fast', float('inf'), 0, -25, [25]])
def test_frame_rate__that_is_none_names_the_frame(rate: object, videos, coco, write) -> None:
    coco['images'][0]['frame_rate'] = rate
    with pytest.raises(UsageError, match=r'annotations\.json: images/train/.*: frame_rate: expect'):
        PoseTrackClipDataset(ann_file=write(coco), data_root=str(videos))


@pytest.mark.parametrize('names', [2.5, [2.5], [None]])
def test_videos__that_are_no_names_are_refused(names: object, videos, coco, write) -> None:
    with pytest.raises(UsageError, match='videos: expected names, or a text file of them, got'):
        PoseTrackClipDataset(ann_file=write(coco), data_root=str(videos), videos=names)


def test_persons__of_images_that_are_not_listed_are_refused(videos, coco, write, person) -> None:
    coco['annotations'] = [person(i, coco['images'][0]['id']) for i in range(2)]
    coco['annotations'] += [person(i, 10**9 + i) for i in range(2, 59)]
    with pytest.raises(UsageError, match='57 of 59 persons are of images that the file does not'):
        PoseTrackClipDataset(ann_file=write(coco), data_root=str(videos))


def test_images__of_another_size_than_annotated_are_refused(videos, coco, write) -> None:
    load = [dict(type='jmpose_mm.LoadClip')]
    data = PoseTrackClipDataset(ann_file=write(coco), data_root=str(videos), pipeline=load)
    height, width = data[0]['img_shape']
    for image in coco['images']:
        image.update(width=4 * width, height=4 * height)
    data = PoseTrackClipDataset(ann_file=write(coco), data_root=str(videos), pipeline=load)
    annotated = f'{4 * width}×{4 * height} pixels, as its annotations say, got {width}×{height}'
    with pytest.raises(ValueError, match=annotated):
        data[0]
