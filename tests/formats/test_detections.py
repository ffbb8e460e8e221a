from __future__ import annotations

import json
from pathlib import Path

import pytest

from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.detections import detected_frames, read_detections

NAMES = ('bonn/000001_bonn/00000001.jpg', 'bonn/000001_bonn/00000002.jpg')


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding='utf-8')
    return path


def test_read_detections__a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f'{tmp_path}: expected a readable file'):
        read_detections(tmp_path)


def test_read_detections__both_formats_and_the_choice_between_them(tmp_path: Path) -> None:
    box = {'category_id': 1, 'bbox': [3, 4, 10, 20], 'score': 0.5}
    both = [box | {'image_id': 7, 'image_name': NAMES[0]}]
    path = written(tmp_path / 'both.json', both)
    (by_id,), (by_name,) = read_detections(path).boxes, read_detections(path, by_name=True).boxes
    assert (by_id['image'], by_name['image']) == (7, NAMES[0])
    assert by_id['box'].tolist() == [3, 4, 13, 24]
    assert by_id['score'] == 0.5
    # ids of another file mean nothing where images have none
    path = written(tmp_path / 'ids.json', [box | {'image_id': 0}])
    with pytest.raises(ValueError, match=r"ids\.json: \[0\]: expected the key 'image_name'"):
        read_detections(path, by_name=True)


def test_read_detections__a_coco_document_with_scores(tmp_path: Path) -> None:
    found = {'image_id': 7, 'category_id': 1, 'bbox': [3, 4, 10, 20], 'score': 0.5}
    content = {
        'images': [{'id': 7, 'file_name': NAMES[0]}, {'id': 8, 'file_name': NAMES[1]}],
        'annotations': [found, found | {'category_id': 2}],
    }
    path = written(tmp_path / 'coco.json', content)
    (by_id,), (by_name,) = read_detections(path).boxes, read_detections(path, by_name=True).boxes
    assert (by_id['image'], by_name['image']) == (7, NAMES[0])
    content['annotations'] = [{k: v for k, v in found.items() if k != 'score'}]
    path = written(tmp_path / 'truth.json', content)
    with pytest.raises(ValueError, match=r"truth\.json: \[0\]: expected the key 'score'"):
        read_detections(path)
    content['annotations'] = [found | {'image_id': 9}]
    path = written(tmp_path / 'strange.json', content)
    with pytest.raises(ValueError, match=r'strange\.json: \[0\]: image_id: .* got 9'):
        read_detections(path, by_name=True)
    # without images there is nothing to look up
    path = written(tmp_path / 'bare.json', {'annotations': [found]})
    assert read_detections(path).boxes[0]['image'] == 7
    path = written(tmp_path / 'other.json', {'boxes': [found]})
    with pytest.raises(ValueError, match=r'other\.json: expected a list of detections, got dict'):
        read_detections(path)


def test_read_detections__says_who_found_them(tmp_path: Path) -> None:
    box = {'image_id': 7, 'bbox': [3, 4, 10, 20], 'score': 0.5}
    path = written(tmp_path / 'a.json', [box, box | {'detector': 'b'}, box | {'detector': 'a'}] * 2)
    assert read_detections(path).detectors == ('b', 'a')
    path = written(tmp_path / 'b.json', [box])
    assert read_detections(path).detectors == ()


@pytest.mark.parametrize(
    ('categories', 'kept', 'said'),
    [
        ([0, 0], [0, 1], {}),
        ([1, 3, 1], [0, 2], {'of another category than 1': 1}),
        # 0 is there, so that the count begins at it: 1 is no person
        ([0, 1, 79], [0], {'of another category than 0': 2}),
        ([7, 7], [0, 1], {}),
        (['1', 1.0], [0, 1], {}),
    ],
)
def test_read_detections__which_category_is_a_person(
    tmp_path: Path, categories: list, kept: list[int], said: dict
) -> None:
    box = {'bbox': [3, 4, 10, 20], 'score': 0.5}
    content = [box | {'category_id': c, 'image_id': str(k)} for k, c in enumerate(categories)]
    found = read_detections(written(tmp_path / 'a.json', content))
    assert [box['image'] for box in found.boxes] == kept
    assert found.odd == said


def test_read_detections__a_document_says_which_category_is_a_person(tmp_path: Path) -> None:
    box = {'bbox': [3, 4, 10, 20], 'score': 0.5}
    content = {
        'annotations': [box | {'category_id': c, 'image_id': c} for c in (0, 1, 2)],
        'categories': [{'id': 0, 'name': 'bicycle'}, {'id': 2, 'name': 'Person'}],
    }
    found = read_detections(written(tmp_path / 'a.json', content))
    assert [box['image'] for box in found.boxes] == [2]
    assert found.odd == {'of another category than 2': 2}


def test_read_detections__a_box_that_is_listed_twice_counts_once(tmp_path: Path) -> None:
    boxes = [{'image_id': 1, 'bbox': [3, 4, 10, 20], 'score': s} for s in (0.5, 0.4)]
    found = read_detections(written(tmp_path / 'a.json', boxes * 2))
    assert ([box['score'] for box in found.boxes], found.odd) == ([0.5, 0.4], {'listed twice': 2})


def frames_of(tmp_path: Path, boxes: list[dict]) -> tuple[list, dict]:
    content = {'images': [{'id': 5 + k, 'file_name': name} for k, name in enumerate(NAMES)]}
    tables = read_annotations(written(tmp_path / 'truth.json', content))
    boxes = [{'bbox': [k, 4, 10, 20], 'score': 0.5} | box for k, box in enumerate(boxes)]
    found = read_detections(written(tmp_path / 'boxes.json', boxes))
    frames, odd = detected_frames(tables, found)
    return frames, +odd


def test_detected_frames__a_name_counts_for_more_than_an_id(tmp_path: Path) -> None:
    moved = 'with the id of another image than their name'
    # ids of a data set that was made anew with an image more before these
    for key in ('image_name', 'file_name'):
        boxes = [{'image_id': 6 + k, key: name} for k, name in enumerate(NAMES)]
        assert frames_of(tmp_path, boxes) == ([0, 1], {moved: 1})
    # numbers of frames as ids, as some detectors write them
    boxes = [{'image_id': 5, 'file_name': '00000002.jpg'}]
    assert frames_of(tmp_path, boxes) == ([0], {moved: 1})
    # folders of another machine and names that count from 0 say nothing
    boxes = [{'image_id': 5, 'file_name': f'/x/{NAMES[0]}'}]
    boxes += [{'image_id': 6, 'file_name': '000001_bonn/000001.jpg'}, {'image_id': 9}]
    assert frames_of(tmp_path, boxes) == ([0, 1, None], {})
