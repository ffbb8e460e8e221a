"""Recall and precision of boxes, by hand and on the real frames."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jmpose_mm.apis.box_quality import judge_boxes
from jmpose_mm.errors import UsageError

MINI = Path(__file__).resolve().parents[2].parent / 'shared' / 'data' / 'mini_posetrack'


def test_judge__by_hand(tmp_path: Path) -> None:
    person = {'category_id': 1, 'keypoints': [5, 5, 2] * 17, 'track_id': 0}
    images = [{'id': n, 'file_name': f'a/00000{n}.jpg'} for n in (1, 2, 3)]
    boxes = [(1, [0, 0, 10, 10]), (1, [20, 0, 10, 10]), (2, [0, 0, 10, 10])]
    annotations = [
        {**person, 'id': i, 'image_id': image, 'bbox': box} for i, (image, box) in enumerate(boxes)
    ]
    names = [
        'nose',
        'head_bottom',
        'head_top',
        *(
            f'{side}_{part}'
            for part in ('ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
            for side in ('left', 'right')
        ),
    ]
    document = {
        'images': images,
        'annotations': annotations,
        'categories': [{'id': 1, 'name': 'person', 'keypoints': names}],
    }
    (tmp_path / 'truth.json').write_text(json.dumps(document))
    found = [
        (1, [0, 0, 10, 10], 0.9),  # right
        (1, [0, 1, 10, 10], 0.8),  # the same person once more
        (1, [20, 0, 10, 6], 0.7),  # 0.6 of the second one
        (2, [0, 0, 10, 4], 0.9),  # too little
        (3, [0, 0, 10, 10], 0.9),  # in a frame without labels
    ]
    entries = [{'image_id': image, 'bbox': box, 'score': score} for image, box, score in found]
    (tmp_path / 'boxes.json').write_text(json.dumps(entries))
    files = tmp_path / 'truth.json', tmp_path / 'boxes.json'
    assert judge_boxes(*files) == {
        'labelled persons': 3,
        'boxes': 4,
        'recall': 0.667,
        'precision': 0.5,
    }
    assert judge_boxes(*files, least_score=0.75)['precision'] == 0.333
    entries[-1]['image_id'] = 99
    files[1].write_text(json.dumps(entries))
    assert judge_boxes(*files)['boxes of unknown images'] == 1
    files[1].write_text(json.dumps([{**entry, 'image_id': 99} for entry in entries]))
    with pytest.raises(UsageError, match=r'boxes.json: .* 3 images .*000001.jpg, got 4 of other'):
        judge_boxes(*files)
    corners = [{'image_id': 1, 'bbox': [60, 20, 80, 50], 'score': 0.9 - k / 9} for k in range(3)]
    files[1].write_text(json.dumps(corners))
    for image in images:
        image |= {'width': 96, 'height': 72}
    files[0].write_text(json.dumps(document))
    with pytest.raises(UsageError, match=r'boxes.json: bbox: expected left, top, width, height'):
        judge_boxes(*files)


def test_judge__own_joints_in_any_number(tmp_path: Path) -> None:
    keypoints = [2, 3, 2, 10, 12, 2]
    document = {
        'images': [{'id': 1, 'file_name': 'a/1.jpg'}],
        'annotations': [{'id': 1, 'image_id': 1, 'category_id': 7, 'keypoints': keypoints}],
        'categories': [
            {'id': 3, 'name': 'cage', 'keypoints': ['corner']},
            {'id': 7, 'name': 'mouse', 'keypoints': ['nose', 'tail']},
        ],
    }
    (tmp_path / 'truth.json').write_text(json.dumps(document))
    box = {'image_id': 1, 'bbox': [2, 3, 8, 9], 'score': 1}
    (tmp_path / 'boxes.json').write_text(json.dumps([box]))
    found = judge_boxes(tmp_path / 'truth.json', tmp_path / 'boxes.json')
    assert (found['labelled persons'], found['recall']) == (1, 1)


@pytest.mark.skipif(not MINI.is_dir(), reason='the real PoseTrack frames are not here')
def test_judge__the_boxes_that_come_with_the_real_frames() -> None:
    folder = MINI / 'annotations'
    files = folder / 'posetrack18_val.json', folder / 'posetrack18_val_human_detections.json'
    found = judge_boxes(*files)
    assert (found['labelled persons'], found['recall'], found['precision']) == (164, 0.963, 0.771)
