"""Values of annotation files that mean something else than their layout says.

Axes: N persons or boxes, K joints. Coordinates are image pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotation_tables import AnnotationTables

__all__ = ['misread_remark']

_LEAST = 3  # of fewer boxes or joints nothing can be said
_BEYOND = 1.1  # of the image's size: PoseTrack's boxes reach a little beyond
_SOME, _MOST, _ALL = 1 / 3, 0.5, 0.95


def misread_remark(tables: AnnotationTables, samples: list[dict[str, Any]], detected: bool) -> str:
    """Say where joints lie outside of the boxes of their persons; else empty.

    Args:
        tables: Content of the annotation files.
        samples: Those of the data set.
        detected: The boxes of the samples are of a file of detections.

    Returns:
        A sentence; empty where at most half of the joints lie outside of boxes.

    Raises:
        UsageError: Boxes can only be left, top, right, bottom; or most joints lie outside of the
            images.
    """
    persons = tables.persons
    unknown = (np.nan, np.nan)
    known = [image.size or unknown for image in tables.images]
    sizes = np.asarray(known, dtype=float).reshape(-1, 2)
    _check_corners(persons.boxes, sizes[persons.image], 'bbox of persons')
    if detected:
        boxes = np.asarray([sample['bbox'][0] for sample in samples], dtype=float).reshape(-1, 4)
        sides = [sample.get('annotated_size', unknown) for sample in samples]
        _check_corners(boxes, np.asarray(sides, dtype=float).reshape(-1, 2), 'bbox in bbox_file')
    labelled = np.isfinite(persons.keypoints).all(axis=2) & (persons.keypoints[..., 2] > 0)
    rows, joints = np.nonzero(labelled)
    points = persons.keypoints[rows, joints, :2]
    _check_inside(points, sizes[persons.image[rows]])
    low, high = np.split(persons.boxes[rows], 2, axis=1)
    slack = (high - low) / 2
    boxed = np.isfinite(low).all(axis=1)
    outside = ((points < low - slack) | (points > high + slack)).any(axis=1)[boxed]
    if len(outside) < _LEAST or outside.mean() <= _MOST:
        return ''
    return (
        f'{int(outside.sum())} of {len(outside)} labelled joints lie far outside of the boxes of '
        'their persons; are keypoints and bbox of the same image size, and x before y?'
    )


def _check_corners(boxes: np.ndarray, sizes: np.ndarray, what: str) -> None:
    """Raise where boxes (N, 4) xyxy leave their images (N, 2), and would not as corners."""
    known = np.isfinite(boxes).all(axis=1) & np.isfinite(sizes).all(axis=1)
    low, high, sizes = boxes[known, :2], boxes[known, 2:], sizes[known]
    given = high - low  # what stands in the file behind left and top
    leave = (high > _BEYOND * sizes).any(axis=1)
    corners = ((given > low) & (given <= _BEYOND * sizes)).all(axis=1)
    if len(low) >= _LEAST and leave.mean() > _SOME and corners.mean() > _ALL:
        raise UsageError(
            f'{what}: expected left, top, width, height, got what can only be left, top, right, '
            f'bottom: {int(leave.sum())} of {len(low)} boxes would leave their images'
        )


def _check_inside(points: np.ndarray, sizes: np.ndarray) -> None:
    known = np.isfinite(sizes).all(axis=1)
    points, sizes = points[known], sizes[known]
    outside = ((points < (1 - _BEYOND) * sizes) | (points > _BEYOND * sizes)).any(axis=1)
    if len(outside) >= _LEAST and outside.mean() > _MOST:
        raise UsageError(
            f'keypoints: {int(outside.sum())} of {len(outside)} labelled joints lie outside of '
            'their images; are they of another image size, or y before x?'
        )
