"""Boxes as corners, coordinates of another image size, x and y exchanged: values by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.datasets.body.misread_values import misread_remark
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.persons import Image, Persons

SIZE = (640, 360)
# left, top, right, bottom of four persons
BOXES = np.asarray([[400, 100, 500, 300], [420, 90, 520, 290], [300, 80, 420, 350], [9, 8, 60, 90]])
CORNERS = BOXES + np.tile(BOXES[:, :2], 2) * [0, 0, 1, 1]  # as a reader takes right for a width


def tables(
    boxes: np.ndarray, joints: np.ndarray, size: tuple[int, int] | None = SIZE
) -> AnnotationTables:
    """A person with two joints in each of four images."""
    count = len(boxes)
    keypoints = np.concatenate([joints, np.full((count, 2, 1), 2.0)], axis=2)
    persons = Persons.nobody(2)._replace(
        image=np.arange(count), keypoints=keypoints, boxes=boxes.astype(float)
    )
    images = [Image(f'v/{n}.jpg', Path('a.json'), n, size, {}) for n in range(count)]
    return AnnotationTables(('nose', 'neck'), images=images, persons=persons)


def inside(boxes: np.ndarray) -> np.ndarray:
    """(N, 2, 2) a third and two thirds of the way through each box."""
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    return low + (high - low) * np.asarray([1 / 3, 2 / 3])[None, :, None]


def test_usual_values__say_nothing() -> None:
    assert misread_remark(tables(BOXES, inside(BOXES)), [], detected=False) == ''
    nobody = AnnotationTables(('nose', 'neck'), persons=Persons.nobody(2))
    assert misread_remark(nobody, [], detected=True) == ''
    # two persons prove nothing
    few = tables(CORNERS[:2], inside(BOXES[:2]))
    assert misread_remark(few, [], detected=False) == ''


def test_boxes__as_corners_are_refused() -> None:
    with pytest.raises(UsageError, match=r'bbox of persons: .*: 3 of 4 boxes would leave their'):
        misread_remark(tables(CORNERS, inside(BOXES)), [], detected=False)
    assert misread_remark(tables(CORNERS, inside(BOXES), size=None), [], detected=False) == ''
    samples = [{'bbox': box[None], 'annotated_size': SIZE} for box in CORNERS]
    with pytest.raises(UsageError, match=r'bbox in bbox_file: .*: 3 of 4 boxes would leave their'):
        misread_remark(tables(BOXES, inside(BOXES)), samples, detected=True)


def test_boxes__that_leave_the_image_but_are_no_corners_pass() -> None:
    wide = BOXES.copy()
    wide[:, 2] += 300
    wide[3] = [600, 8, 700, 90]  # as corners its right edge would lie before its left one
    assert misread_remark(tables(wide, inside(BOXES)), [], detected=False) == ''


def test_joints__of_another_image_size() -> None:
    with pytest.raises(UsageError, match='keypoints: 6 of 8 labelled joints lie outside'):
        misread_remark(tables(BOXES, 3 * inside(BOXES)), [], detected=False)
    said = misread_remark(tables(BOXES, 3 * inside(BOXES), size=None), [], detected=False)
    assert said.startswith('7 of 8 labelled joints lie far outside of the boxes')
    said = misread_remark(tables(BOXES, inside(BOXES)[..., ::-1]), [], detected=False)
    assert said.startswith('5 of 8 labelled joints lie far outside of the boxes')


def test_joints__that_are_inside_with_x_and_y_exchanged() -> None:
    # a wide film: of exchanged joints those from its right part leave the image
    left = np.asarray([[10, 20, 60, 300], [90, 20, 160, 300], [9, 8, 60, 90]])
    boxes = np.concatenate([left, BOXES[:2]])
    exchanged = inside(boxes)[..., ::-1]
    said = misread_remark(tables(boxes[:, [1, 0, 3, 2]], exchanged), [], detected=False)
    assert said.startswith('4 of 10 labelled joints lie outside of their images, and would not if')
    # below the image, as of people who are cut off: exchanged they would leave it, too
    below = boxes + np.asarray([0, 150, 0, 150])
    assert misread_remark(tables(below, inside(below)), [], detected=False) == ''
