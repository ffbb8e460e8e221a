from __future__ import annotations

import json
from pathlib import Path

import pytest

from jmpose_mm.formats.detections import read_detections

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
