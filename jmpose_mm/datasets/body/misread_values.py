"""Values of annotation files that mean something else than their layout says.

Axes: N persons or boxes, K joints. Coordinates are image pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.pixel_units import corners_remark

__all__ = ['misread_remark']

_LEAST = 3  # of fewer boxes or joints nothing can be said
_BEYOND = 1.1  # of the image's size: labelled joints reach a little beyond
_MOST, _FEW = 0.5, 0.02


def misread_remark(tables: AnnotationTables, samples: list[dict[str, Any]], detected: bool) -> str:
    """Say where joints lie outside of the boxes of their persons; else empty.

    Args:
        tables: Content of the annotation files.
        samples: Those of the data set.
        detected: The boxes of the samples are of a file of detections.

    Returns:
        A sentence; empty where at most half of the joints lie outside of boxes, and exchanging x
        and y would bring none into the images.

    Raises:
        UsageError: Boxes are left, top, right, bottom; or most joints lie outside of the
            images.
    """
    persons = tables.persons
    unknown = (np.nan, np.nan)
    known = [image.size or unknown for image in tables.images]
    sizes = np.asarray(known, dtype=float).reshape(-1, 2)
    corners = corners_remark('bbox of persons', persons.boxes, sizes[persons.image])
    if detected:
        boxes = np.asarray([sample['bbox'][0] for sample in samples], dtype=float).reshape(-1, 4)
        sides = [sample.get('annotated_size', unknown) for sample in samples]
        sides = np.asarray(sides, dtype=float).reshape(-1, 2)
        corners = corners or corners_remark('bbox in bbox_file', boxes, sides)
    if corners:
        raise UsageError(corners)
    labelled = np.isfinite(persons.keypoints).all(axis=2) & (persons.keypoints[..., 2] > 0)
    rows, joints = np.nonzero(labelled)
    points = persons.keypoints[rows, joints, :2]
    exchanged = _check_inside(points, sizes[persons.image[rows]])
    low, high = np.split(persons.boxes[rows], 2, axis=1)
    slack = (high - low) / 2
    boxed = np.isfinite(low).all(axis=1)
    outside = ((points < low - slack) | (points > high + slack)).any(axis=1)[boxed]
    if len(outside) < _LEAST or outside.mean() <= _MOST:
        return exchanged
    return (
        f'{int(outside.sum())} of {len(outside)} labelled joints lie far outside of the boxes of '
        'their persons; are keypoints and bbox of the same image size, and x before y?'
    )


def _check_inside(points: np.ndarray, sizes: np.ndarray) -> str:
    """Say where joints leave their images that would not with x and y exchanged; else empty."""
    known = np.isfinite(sizes).all(axis=1)
    points, sizes = points[known], sizes[known]
    count, outside = len(points), _outside(points, sizes)
    if outside >= _LEAST and outside > _MOST * count:
        raise UsageError(
            f'keypoints: {outside} of {count} labelled joints lie outside of '
            'their images; are they of another image size, or y before x?'
        )
    # Of joints that are outside for another reason, most stay there.
    if outside < max(_LEAST, _FEW * count) or _outside(points[:, ::-1], sizes) > _FEW * outside:
        return ''
    return (
        f'{outside} of {count} labelled joints lie outside of their images, and would not if x and '
        'y changed places: is y before x?'
    )


def _outside(points: np.ndarray, sizes: np.ndarray) -> int:
    beyond = (points < (1 - _BEYOND) * sizes) | (points > _BEYOND * sizes)
    return int(beyond.any(axis=1).sum())
