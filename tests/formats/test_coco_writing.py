"""One writer of COCO's layout, and what the standard library reads of its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jmpose_mm.formats import coco_writing
from jmpose_mm.formats.coco_writing import person_category, write_coco
from jmpose_mm.formats.detections import read_detections, write_detections

DOCUMENTS = (
    {'images': [{'id': 1}, {'id': 2}], 'annotations': [], 'categories': ['c']},
    {'images': [], 'annotations': [{'id': 'a"b'}], 'categories': ['c']},
    {'images': [{'id': 3}], 'annotations': [{'id': 5}, {'id': 6}], 'categories': ['c']},
)


@pytest.mark.parametrize('in_memory', [0, 1 << 20], ids=['disk', 'memory'])
def test_write_coco__equals_the_documents_one_after_the_other(
    tmp_path: Path, in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coco_writing, '_IN_MEMORY', in_memory or 1)
    file = tmp_path / 'new' / 'merged.json'
    write_coco(file, iter(DOCUMENTS), facts={'info': {'boxes': 'hog'}})
    expected = {
        'info': {'boxes': 'hog'},
        'images': [{'id': 1}, {'id': 2}, {'id': 3}],
        'annotations': [{'id': 'a"b'}, {'id': 5}, {'id': 6}],
        'categories': ['c'],
    }
    # entry by entry as the standard library writes the whole
    assert file.read_text() == json.dumps(expected, separators=(',', ':')) + '\n'


def test_write_coco__of_nothing_and_with_categories_of_all(tmp_path: Path) -> None:
    category = person_category(('nose', 'tail'), [(1, 2)], 'mouse', 'own')
    write_coco(tmp_path / 'a.json', [], [category])
    assert json.loads((tmp_path / 'a.json').read_text()) == {
        'images': [],
        'annotations': [],
        'categories': [
            {
                'supercategory': 'own',
                'id': 1,
                'name': 'mouse',
                'keypoints': ['nose', 'tail'],
                'skeleton': [[1, 2]],
            }
        ],
    }


def test_write_coco__numbers_that_are_not_finite(tmp_path: Path) -> None:
    document = {'images': [], 'annotations': [{'keypoints': [float('nan')]}]}
    file = tmp_path / 'a.json'
    with pytest.raises(ValueError, match='JSON compliant'):
        write_coco(file, [document], [])
    assert list(tmp_path.iterdir()) == []
    write_coco(file, [document], [], finite=False)
    assert file.read_text() == (
        '{"images":[],"annotations":[{"keypoints":[NaN]}],"categories":[]}\n'
    )


def test_write_detections__are_read_as_written(tmp_path: Path) -> None:
    file = tmp_path / 'boxes.json'
    boxes = [
        {'image_id': 3, 'bbox': [1.5, 2, 10, 20], 'score': 0.25, 'detector': 'hog'},
        {'image_id': 4, 'bbox': [0, 0, 5, 5], 'score': 1, 'detector': 'hog'},
    ]
    assert write_detections(file, iter(boxes)) == 2
    found = read_detections(file)
    assert [(box['image'], box['box'].tolist(), box['score']) for box in found.boxes] == [
        (3, [1.5, 2, 11.5, 22], 0.25),
        (4, [0, 0, 5, 5], 1),
    ]
    assert found.detectors == ('hog',)
    assert write_detections(file, []) == 0
    assert file.read_text() == '[]\n'
    with pytest.raises(ValueError, match='JSON compliant'):
        write_detections(file, [{'bbox': [float('inf')]}])
    assert file.read_text() == '[]\n'
