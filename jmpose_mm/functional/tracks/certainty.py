r"""How sure a model is of each joint of a track, and what neighbouring frames say where it is not.

Axes: T frames in which a person is, in the order of time; K joints. Coordinates are pixels (x, y);
times are seconds; certainty is in [0, 1], 0 where a joint is not seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import FloatArray, as_floats
from jmpose_mm.functional.tracks.outliers import jumps
from jmpose_mm.functional.tracks.smoothing import smooth_gaussian

__all__ = ['agreed_track', 'joint_certainty']

TOLERANCE = 0.05
"""Sizes of the person from where its neighbours in time put a joint: a standard deviation."""
SIGMA = 1.5
"""Of the Gaussian weights of neighbouring frames, in steps of the track."""


def joint_certainty(
    keypoints: ArrayLike, scores: ArrayLike, times: ArrayLike, size: ArrayLike
) -> FloatArray:
    r"""A joint's score, less where the frames around put the joint somewhere else.

    .. math:: c = s \exp(-d^2 / 2 \tau^2)

    with the distance d of :func:`jumps` and ``TOLERANCE``. With a flip test, scores are heights of
    the mean of both views' heatmaps, so that views that disagree make them low.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        scores: (T, K); what is outside of [0, 1] is clipped.
        times: (T,) seconds, strictly ascending.
        size: (T,) larger sides of the person's boxes in pixels.

    Returns:
        (T, K).

    Example:
        >>> import numpy as np
        >>> way = np.zeros((9, 1, 2))
        >>> way[4, 0, 0] = 1.0
        >>> joint_certainty(way, np.full((9, 1), 0.8), np.arange(9.0), 10.0)[3:5, 0].round(2)
        array([0.8 , 0.11])
    """
    found = np.clip(np.nan_to_num(as_floats('scores', scores, 'T K')), 0, 1)
    away = jumps(keypoints, times, size)
    return np.asarray(found * np.exp(-((away / TOLERANCE) ** 2) / 2))


def agreed_track(
    keypoints: ArrayLike, certainty: ArrayLike, times: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    r"""Each joint as it is seen and as frames before and after it say, by the certainty of both.

    The frames around say x' by a straight line in time through them, each weighted by its
    certainty squared, and by a Gaussian of its distance; c' is their certainty, as a mean with
    these Gaussian weights. Then

    .. math:: \frac{c^2 x + c'^2 x'}{c^2 + c'^2}, \qquad \frac{c^3 + c'^3}{c^2 + c'^2}

    are the joint and its certainty: no threshold decides, and where both are sure little changes.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        certainty: (T, K).
        times: (T,) seconds, strictly ascending.

    Returns:
        Keypoints (T, K, 2) and certainty (T, K).

    Example:
        >>> import numpy as np
        >>> way, sure = np.zeros((5, 1, 2)), np.ones((5, 1))
        >>> way[2, 0, 0], sure[2, 0] = 8.0, 0.0
        >>> agreed_track(way, sure, np.arange(5) / 25)[0][2, 0].round(1).tolist()
        [0.2, 0.0]
    """
    points = as_floats('keypoints', keypoints, 'T K 2')
    own = as_floats('certainty', certainty, 'T K')
    seconds = as_floats('times', times, 'T')
    if len(points) < 3:
        return points.copy(), own.copy()
    around = smooth_gaussian(points, seconds, own**2, SIGMA)
    steps = np.abs(seconds[:, None] - seconds[None]) / np.median(np.diff(seconds))
    near = np.where((steps > 0) & (steps <= 4 * SIGMA), np.exp(-((steps / SIGMA) ** 2) / 2), 0.0)
    # The joint's own frame has no weight here: it is the other side of the balance.
    support = near @ own / np.maximum(near.sum(axis=1, keepdims=True), 1e-12)
    total = np.maximum(own**2 + support**2, 1e-12)
    mixed = (own**2)[..., None] * points + (support**2)[..., None] * around
    return mixed / total[..., None], np.asarray((own**3 + support**3) / total)
