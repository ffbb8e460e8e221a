"""Joints and bones that are not where the frames around, their box or other persons put them.

Axes: T frames in which a person is, in the order of time; N persons of a frame; K joints; E bones.
Boxes are left, top, right, bottom. Coordinates are pixels (x, y), NaN where a joint is not seen;
times are seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import FloatArray, as_floats
from jmpose_mm.functional.tracks.tracking import box_iou, oks

__all__ = ['bone_changes', 'jumps', 'lying_on_others', 'outside_box']

WINDOW = 7
"""Frames that a frame is compared with, its own included: errors of up to three frames show."""
SIGMA = 0.08
"""Of every joint, about the mean of COCO's: recordings do not say theirs."""


def jumps(keypoints: ArrayLike, times: ArrayLike, size: ArrayLike) -> FloatArray:
    r"""Distance of each joint from where its neighbours in time put it.

    They put it on a line of robust slope, after Hampel's identifier (1974) for levels:

    .. math:: v = \mathrm{median}_s \frac{x_{s+1} - x_s}{t_{s+1} - t_s}, \qquad
        \hat x_t = \mathrm{median}_s (x_s + v (t - t_s))

    over the ``WINDOW`` samples s around t. Steady motion gives 0, wherever the track begins and
    ends; a joint that is somewhere else for up to three frames gives its distance.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        times: (T,) seconds, strictly ascending.
        size: (T,), or one number.

    Returns:
        (T, K) in sizes of the person; 0 where a joint is not seen.

    Example:
        >>> import numpy as np
        >>> way = np.stack([np.arange(9.0), np.zeros(9)], axis=-1)[:, None]
        >>> way[4, 0, 1] = 5
        >>> jumps(way, np.arange(9) / 25, 10.0)[:, 0].round(2).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0]
    """
    points = as_floats('keypoints', keypoints, 'T K 2')
    expected = _on_robust_line(points, as_floats('times', times, 'T'))
    away = np.linalg.norm(points - expected, axis=-1)
    return np.asarray(np.nan_to_num(away / np.reshape(as_floats('size', size), (-1, 1))))


def bone_changes(
    keypoints: ArrayLike, times: ArrayLike, edges: Sequence[tuple[int, int]]
) -> FloatArray:
    """Change of the bones at each joint against the frames around.

    Of a joint with several bones the least counts: where a wrist is wrong, the elbow's upper arm is
    as before.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        times: (T,) seconds, strictly ascending.
        edges: E pairs of joints.

    Returns:
        (T, K) absolute logarithm of the length by the expected one: 0.7 is half or twice as long.
        0 where a joint is not seen or has no bone.

    Example:
        >>> import numpy as np
        >>> arm = np.zeros((9, 3, 2))
        >>> arm[:, 1, 0], arm[:, 2, 0] = 10, 20
        >>> arm[4, 2, 0] = 30
        >>> bone_changes(arm, np.arange(9) / 25, [(0, 1), (1, 2)])[4].round(2).tolist()
        [0.0, 0.0, 0.69]
    """
    points = as_floats('keypoints', keypoints, 'T K 2')
    if not len(edges) or not len(points):
        return np.zeros(points.shape[:2])
    ends = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    lengths = np.linalg.norm(points[:, ends[:, 0]] - points[:, ends[:, 1]], axis=-1)
    # Bones that point at the camera are short, and shorter still by chance.
    floor = 0.25 * _middle(lengths.T)
    logarithms = np.log(np.maximum(lengths, np.maximum(floor, 1e-6)))
    expected = _on_robust_line(logarithms[..., None], as_floats('times', times, 'T'))[..., 0]
    changes = np.abs(logarithms - expected)
    found = np.full(points.shape[:2], np.inf)
    for bone, joints in enumerate(ends):
        for joint in joints:
            found[:, joint] = np.fmin(found[:, joint], changes[:, bone])
    return np.where(np.isfinite(found), found, 0.0)


def outside_box(keypoints: ArrayLike, boxes: ArrayLike) -> FloatArray:
    """How far each joint is outside of the person's box.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        boxes: (T, 4).

    Returns:
        (T, K) in larger sides of the box; 0 inside, and where a joint is not seen.

    Example:
        >>> outside_box([[[5.0, 5.0], [13.0, 24.0]]], [[0.0, 0.0, 10.0, 20.0]])
        array([[0.  , 0.25]])
    """
    points = as_floats('keypoints', keypoints, 'T K 2')
    ends = as_floats('boxes', boxes, 'T 4')[:, None]
    beyond = np.maximum(np.maximum(ends[..., :2] - points, points - ends[..., 2:]), 0.0)
    sides = np.maximum((ends[..., 2:] - ends[..., :2]).max(axis=-1), 1.0)
    return np.asarray(np.nan_to_num(np.linalg.norm(beyond, axis=-1) / sides))


def lying_on_others(poses: ArrayLike, scores: ArrayLike, boxes: ArrayLike) -> FloatArray:
    r"""How much more alike a pose is to another person's than their boxes are.

    .. math:: \max_{j \ne i} \left(\mathrm{OKS}_{ij} - \mathrm{IoU}_{ij}\right)

    of the less sure of the two alone: where people cross, the model often puts the skeleton of the
    one who stands in front on the other too.

    Args:
        poses: (N, K, 2) of one frame.
        scores: (N, K).
        boxes: (N, 4).

    Returns:
        (N,) in [0, 1]; 0 where each pose is somewhere else, or boxes are as alike as poses.

    Example:
        >>> import numpy as np
        >>> pose = np.array([[10.0, 10.0], [20.0, 30.0]])
        >>> boxes = [[0, 0, 40, 40], [20, 0, 60, 40]]  # a third of both together
        >>> lying_on_others([pose, pose], [[0.9, 0.9], [0.5, 0.5]], boxes).round(3)
        array([0.   , 0.667])
    """
    points, outlines = as_floats('poses', poses, 'N K 2'), as_floats('boxes', boxes, 'N 4')
    sure = np.nan_to_num(as_floats('scores', scores, 'N K')).mean(axis=1)
    if len(points) < 2:
        return np.zeros(len(points))
    areas = np.maximum(outlines[:, 2:] - outlines[:, :2], 1.0).prod(axis=1)
    alike = np.nan_to_num(oks(points, points, areas, np.full(points.shape[1], SIGMA)))
    more = (alike + alike.T) / 2 - box_iou(outlines, outlines)
    # The surer of two keeps its pose: only the other one can be on the wrong person.
    more[sure[:, None] > sure] = 0.0
    np.fill_diagonal(more, 0.0)
    return np.asarray(np.maximum(more.max(axis=1), 0.0))


def _on_robust_line(values: FloatArray, times: FloatArray) -> FloatArray:
    """Values (T, ..., C) as the samples around each put it, see :func:`jumps`."""
    around = _windows(values)
    seconds = _windows(times) - times[:, None]
    seconds = seconds.reshape(len(times), *(1 for _ in values.shape[1:]), WINDOW)
    slopes = _middle(np.diff(around, axis=-1) / np.diff(seconds, axis=-1))
    slopes = np.nan_to_num(slopes)  # a single sample stands still
    return _middle(around - slopes[..., None] * seconds)


def _windows(values: FloatArray) -> FloatArray:
    """Samples (T, ..., WINDOW) around each of (T, ...), NaN beyond the ends."""
    beyond = np.full((WINDOW // 2, *values.shape[1:]), np.nan)
    padded = np.concatenate([beyond, values, beyond])
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)


def _middle(values: FloatArray) -> FloatArray:
    """Median of what is finite along the last axis; NaN where nothing is."""
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=-1)
    count = np.isfinite(ordered).sum(axis=-1, keepdims=True)
    low, high = (np.maximum(count - 1, 0) // 2), np.minimum(count // 2, values.shape[-1] - 1)
    pair = (np.take_along_axis(ordered, place, axis=-1)[..., 0] for place in (low, high))
    return np.asarray(sum(pair)) / 2
