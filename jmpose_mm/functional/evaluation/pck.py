"""Percentage of correct keypoints (PCK) of single persons.

Axes: N persons, K joints. Coordinates are image pixels, ``(x, y)``.
"""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import FloatArray, as_floats, as_mask

__all__ = ['COMPARISONS', 'box_size', 'joint_pck', 'torso_size']

COMPARISONS = {'<=': operator.le, '<': operator.lt}
SMALLEST_TORSO = 1.0  # pixel


def box_size(boxes: ArrayLike) -> FloatArray:
    """The longer side (N,) of boxes (N, 4) ``(x1, y1, x2, y2)``, in pixels.

    Example:
        >>> import numpy as np
        >>> box_size(np.array([[10.0, 20.0, 40.0, 90.0]]))
        array([70.])
    """
    boxes = as_floats('boxes', boxes, 'N 4')
    size: FloatArray = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    return size


def torso_size(
    truth: ArrayLike, predictions: ArrayLike, left_shoulder: int, right_hip: int
) -> FloatArray:
    """Distance (N,) from the left shoulder to the right hip in pixels; that of the prediction where
    it is shorter than a pixel in the truth.

    Args:
        truth: (N, K, 2) pixels.
        predictions: (N, K, 2) pixels.
        left_shoulder: Index of this joint.
        right_hip: Index of this joint.

    Example:
        >>> import numpy as np
        >>> joints = np.array([[[0.0, 0.0], [30.0, 40.0]]])
        >>> torso_size(joints, joints, left_shoulder=0, right_hip=1)
        array([50.])
    """
    annotated, predicted = (
        np.hypot(*(points[:, left_shoulder] - points[:, right_hip]).T)
        for points in (
            as_floats('truth', truth, 'N K 2'),
            as_floats('predictions', predictions, 'N K 2'),
        )
    )
    # A torso shorter than a pixel is no unit to measure errors in.
    size: FloatArray = np.where(annotated < SMALLEST_TORSO, predicted, annotated)
    return size


def joint_pck(
    distances: ArrayLike, present: ArrayLike, threshold: float, comparison: str = '<='
) -> FloatArray:
    """Share (K,) of each joint's annotated cases that are correct, in percent; NaN without any.

    Args:
        distances: (N, K) between truth and prediction, in sizes of the person.
        present: (N, K) whether a joint is annotated.
        threshold: In sizes of the person.
        comparison: ``'<='``, a distance of exactly the threshold is correct, or ``'<'``.

    Raises:
        ValueError: There is no such comparison, or ``present`` is neither booleans nor visibility.

    Example:
        >>> import numpy as np
        >>> distances = np.array([[0.1, 0.3], [0.2, 0.1]])
        >>> joint_pck(distances, np.ones((2, 2), bool), threshold=0.2)
        array([100.,  50.])
    """
    if comparison not in COMPARISONS:
        raise ValueError(f'comparison: expected one of {list(COMPARISONS)}, got {comparison!r}')
    distances, present = as_floats('distances', distances, 'N K'), as_mask('present', present)
    if present.shape != distances.shape:
        raise ValueError(f'present: expected shape {distances.shape}, got {present.shape}')
    correct = COMPARISONS[comparison](distances, threshold) & present
    with np.errstate(invalid='ignore'):
        share: FloatArray = 100 * correct.sum(axis=0) / present.sum(axis=0)
    return share
