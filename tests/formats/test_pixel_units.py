"""Coordinates that are parts of the picture instead of pixels are refused by every reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import posetrack_documents as documents
import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.detections import read_detections
from jmpose_mm.formats.mot import read_mot
from jmpose_mm.formats.pixel_units import check_pixels


@pytest.mark.parametrize(
    'values',
    [[], [np.nan], [0.0, 0.0], [0, 1, 1, 0], [0.2, 0.9, 1.6], [-0.6, 0.3], [0.4, 300.5]],
    ids=str,
)
def test_check_pixels__passes_what_can_be_pixels(values: list[float]) -> None:
    assert check_pixels('a.json', 'keypoints', np.asarray(values, dtype=float)) is None


@pytest.mark.parametrize('values', [[0.2, 0.9], [-0.3, 1.4, np.nan], [[0.0, 0.5], [1.0, 1.0]]])
def test_check_pixels__refuses_parts_of_the_picture(values: list[float]) -> None:
    with pytest.raises(UsageError, match=r'a\.json: keypoints: expected pixels of the image, got'):
        check_pixels('a.json', 'keypoints', np.asarray(values))


SHARES = [0.25, 0.75, 1.0] * 17
BOX = [0.1, 0.2, 0.3, 0.5]
KEYS = {'keypoints': 'keypoints', 'boxes of persons': 'bbox', 'boxes of heads': 'bbox_head'}


@pytest.mark.parametrize('named', KEYS)
def test_annotations__in_parts_of_the_picture(tmp_path: Path, named: str) -> None:
    image = documents.image(1)
    person = documents.person(image['id'], bbox=[3, 4, 20, 30])
    file = documents.save(tmp_path / 'a.json', documents.posetrack18([image], [person]))
    assert len(read_annotations(file).persons.image) == 1
    person[KEYS[named]] = SHARES if named == 'keypoints' else BOX
    documents.save(file, documents.posetrack18([image], [person]))
    with pytest.raises(UsageError, match=rf'a\.json: {named}: expected pixels of the image'):
        read_annotations(file)


def test_annolist__in_parts_of_the_picture(tmp_path: Path) -> None:
    content = documents.posetrack17([documents.rect(documents.point(0, 0.25, 0.5))])
    with pytest.raises(UsageError, match=r'a\.json: keypoints: expected pixels of the image'):
        read_annotations(documents.save(tmp_path / 'a.json', content))


def test_boxes__in_parts_of_the_picture(tmp_path: Path) -> None:
    boxes = [{'image_id': 1, 'bbox': BOX, 'score': 1}]
    with pytest.raises(UsageError, match=r'a\.json: bbox: expected pixels of the image'):
        read_detections(documents.save(tmp_path / 'a.json', boxes))
    (tmp_path / 'a.txt').write_text('1,1,0.1,0.2,0.3,0.5\n', encoding='utf-8')
    with pytest.raises(UsageError, match=r'a\.txt: boxes: expected pixels of the image'):
        read_mot(tmp_path / 'a.txt')
