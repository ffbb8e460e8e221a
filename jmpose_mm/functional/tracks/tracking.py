"""Who is who from frame to frame: likeness of boxes and poses, assignment, motion.

Axes: N and M boxes or poses, K keypoints, T frames. Boxes are xyxy in image pixels, continuous (a
width is right minus left). Keypoints are (x, y) in image pixels, NaN where a joint is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jmpose_mm.functional.arrays import FloatArray, IntArray, as_floats

__all__ = [
    'LEAST_JOINTS',
    'assign',
    'box_carried_by_pose',
    'box_iou',
    'common_velocity',
    'joints_seen',
    'nms',
    'oks',
]

LEAST_JOINTS = 3
"""Fewer joints say little about where a whole person went."""


def box_iou(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """Overlap of every pair of boxes, intersection over union.

    Args:
        boxes: (N, 4).
        others: (M, 4).

    Returns:
        (N, M) in [0, 1]; 0 where neither box has an area.

    Raises:
        ValueError: An array has another shape.

    Example:
        >>> import numpy as np
        >>> others = np.array([[0.0, 0.0, 10.0, 5.0], [20.0, 20.0, 30.0, 30.0]])
        >>> box_iou(np.array([[0.0, 0.0, 10.0, 10.0]]), others)
        array([[0.5, 0. ]])
    """
    boxes, others = _corners(boxes), _corners(others)
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = _area(np.concatenate([low, high], axis=-1))
    union = _area(boxes)[:, None] + _area(others)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def nms(boxes: FloatArray, scores: FloatArray, max_iou: float) -> IntArray:
    """Non-maximum suppression: leave out boxes that overlap a better one that is kept.

    Args:
        boxes: (N, 4).
        scores: (N,), higher is better; the first of equals wins.
        max_iou: Boxes that overlap by more than this show one person.

    Returns:
        Indices of the kept boxes, best first.

    Example:
        >>> import numpy as np
        >>> boxes = np.array([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0], [20.0, 20.0, 30.0, 30.0]])
        >>> nms(boxes, np.array([0.6, 0.9, 0.5]), max_iou=0.7)
        array([1, 2])
    """
    overlap = box_iou(boxes, boxes)
    kept: list[int] = []
    for n in np.argsort(-np.asarray(scores, dtype=np.float64), kind='stable').tolist():
        if not (overlap[n, kept] > max_iou).any():
            kept.append(n)
    return np.asarray(kept, dtype=np.int64)


def oks(poses: ArrayLike, others: ArrayLike, areas: ArrayLike, sigmas: ArrayLike) -> FloatArray:
    r"""Likeness of every pair of poses, the object keypoint similarity (OKS) of COCO.

    .. math:: \frac1{|S|} \sum_{k \in S} \exp\left(-\frac{d_k^2}{2 a (2 \sigma_k)^2}\right)

    over the joints S that are seen in both, d their distance.

    Args:
        poses: (N, K, 2).
        others: (M, K, 2).
        areas: (M,) area a of the persons of ``others`` in square pixels, here that of their boxes.
        sigmas: (K,) of the data set's joints.

    Returns:
        (N, M) in [0, 1]; NaN where no joint is seen in both.

    Example:
        >>> import numpy as np
        >>> pose = np.array([[[5.0, 5.0], [9.0, 5.0]]])
        >>> oks(pose, pose, areas=np.array([400.0]), sigmas=np.array([0.05, 0.05]))
        array([[1.]])
    """
    poses, others = as_floats('poses', poses, 'N K 2'), as_floats('others', others, 'M K 2')
    areas, sigmas = as_floats('areas', areas, 'M'), as_floats('sigmas', sigmas, 'K')
    squared = ((poses[:, None] - others[None]) ** 2).sum(axis=-1)
    # COCO's code takes twice the published sigmas.
    spread = 2 * np.maximum(areas, np.finfo(float).tiny)[:, None] * (2 * sigmas) ** 2
    seen = np.isfinite(squared)
    likeness = np.where(seen, np.exp(-squared / spread), 0.0).sum(axis=-1)
    count = seen.sum(axis=-1)
    return np.divide(likeness, count, out=np.full(count.shape, np.nan), where=count > 0)


def assign(similarity: ArrayLike, least: float) -> list[tuple[int, int]]:
    """Pair rows with columns such that the sum of similarities is largest.

    Args:
        similarity: (N, M).
        least: Pairs below it are never made.

    Returns:
        (row, column) of each pair, by row.

    Example:
        >>> import numpy as np
        >>> assign(np.array([[0.9, 0.8], [0.7, 0.1]]), least=0.3)
        [(0, 1), (1, 0)]
    """
    # Only where somebody is tracked: SciPy's optimisation takes a quarter of a second to import.
    from scipy.optimize import linear_sum_assignment

    similarity = as_floats('similarity', similarity, 'N M')
    allowed = similarity >= least
    # A pair below `least` is worth nothing, rather than forbidden: the solver wants a full matrix.
    rows, columns = linear_sum_assignment(np.where(allowed, similarity, 0.0), maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [pair for pair in pairs if allowed[pair]]


def common_velocity(series: Sequence[tuple[ArrayLike, ArrayLike]]) -> FloatArray:
    """Velocity of something whose position was measured in several ways.

    It is the slope of parallel lines, one for each series, in least squares. Each series may be at
    its own place: the middle of a box and the middle of some joints move alike but lie apart.

    Args:
        series: Frame numbers (T,) and positions (T, 2) in pixels of each.

    Returns:
        (2,) pixels per frame; 0 where no series has two frames.

    Example:
        >>> import numpy as np
        >>> common_velocity([([0, 1, 2], np.array([[0.0, 0.0], [2.0, 1.0], [4.0, 2.0]]))])
        array([2., 1.])
    """
    covariance, variance = np.zeros(2), 0.0
    for frames, positions in series:
        steps = as_floats('frames', frames, 'T')
        if len(steps) == 0:
            continue
        steps = steps - steps.mean()
        covariance += steps @ as_floats('positions', positions, 'T 2')
        variance += float(steps @ steps)
    return covariance / variance if variance > 0 else covariance


def joints_seen(poses: ArrayLike) -> NDArray[np.bool_]:
    """A mask (..., K) of the joints of poses (..., K, 2) that are seen.

    Example:
        >>> import numpy as np
        >>> joints_seen(np.array([[1.0, 2.0], [np.nan, np.nan]]))
        array([ True, False])
    """
    return np.asarray(np.isfinite(as_floats('poses', poses)).all(axis=-1))


def box_carried_by_pose(box: ArrayLike, before: ArrayLike, after: ArrayLike) -> FloatArray | None:
    """Move the sides of a box as the extent of the pose inside it moved.

    Args:
        box: (4,) around the person in an earlier frame.
        before: (K, 2) pose in that frame.
        after: (K, 2) pose in a later frame.

    Returns:
        (4,) box in the later frame; None where fewer than 3 joints are seen in both, or where the
        box would lose half of its width or height.

    Example:
        >>> import numpy as np
        >>> before = np.array([[2.0, 2.0], [8.0, 2.0], [5.0, 8.0]])
        >>> box_carried_by_pose(np.array([0.0, 0.0, 10.0, 10.0]), before, before + [3, 0])
        array([ 3.,  0., 13., 10.])
    """
    box = as_floats('box', box, '4')
    before, after = as_floats('before', before, 'K 2'), as_floats('after', after, 'K 2')
    seen = joints_seen(before) & joints_seen(after)
    if seen.sum() < LEAST_JOINTS:
        return None
    # Each side moves by its own amount, so that the box grows with a person who stretches.
    low = after[seen].min(axis=0) - before[seen].min(axis=0)
    high = after[seen].max(axis=0) - before[seen].max(axis=0)
    size = box[2:] - box[:2]
    if (size + high - low <= size / 2).any():
        return None
    return np.asarray(box + np.concatenate([low, high]))


def _corners(boxes: FloatArray) -> FloatArray:
    """Boxes (N, 4) in floating point, whatever numbers they came in."""
    corners = np.asarray(boxes, dtype=np.float64)
    if corners.size and (corners.ndim != 2 or corners.shape[1] != 4):
        raise ValueError(f'boxes: expected shape (N, 4), got {corners.shape}')
    return corners.reshape(-1, 4)


def _area(boxes: FloatArray) -> FloatArray:
    """Area of boxes (..., 4); 0 where a side is negative."""
    return np.asarray(np.clip(boxes[..., 2:] - boxes[..., :2], 0, None).prod(axis=-1))
