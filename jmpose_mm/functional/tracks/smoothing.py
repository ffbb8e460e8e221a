"""Keypoints over time made smooth, and how much they tremble.

Axes: T samples of a track in time order, K keypoints. Coordinates are (x, y) in image pixels, NaN
where a joint is missing: it stays missing, nothing is invented. Times are seconds. A track's
*step* is the median of the times between its samples; whatever is counted in samples or frames here
is in steps, so that streams of variable frame rate and left-out samples keep their true distances.

Both smoothers fit a polynomial in time to a sample's neighbours, in least squares, and take its
value at the sample (Savitzky and Golay, 1964). Motions that are such polynomials, constants and
straight lines among them, hence pass unchanged at any times. Rules:

* A joint's samples split into segments where it is missing for longer than `LONGEST_GAP` steps, or
  its track is; segments do not know of each other.
* Towards the ends of a segment the neighbours come from one side, the fit stays the same.

Written here, since SciPy's filter wants equal times and no gaps.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jmpose_mm.functional.arrays import FloatArray, as_floats

__all__ = ['LONGEST_GAP', 'accelerations', 'jitter', 'smooth_gaussian', 'smooth_savitzky_golay']

LONGEST_GAP = 2.5
"""Steps between two samples of a segment at most: one sample may be missing, not two."""

LEAST_WEIGHT = 0.05
"""A joint of a lower score counts this much: the fit must not hang on one good sample alone."""


def smooth_savitzky_golay(
    keypoints: ArrayLike,
    times: ArrayLike,
    scores: ArrayLike | None = None,
    window: int = 7,
    order: int = 2,
) -> FloatArray:
    """Fit a polynomial to a window of samples that count alike, or as their scores.

    With even times and no scores it is the classic filter, in ``scipy.signal.savgol_filter`` the
    one with ``mode='interp'``.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        times: (T,) seconds, strictly ascending.
        scores: (T, K) weights of the samples, or None for equal ones.
        window: Samples in a fit, odd; shorter segments are one window.
        order: Order of the polynomial, >= 1 and below ``window``.

    Returns:
        (T, K, 2).

    Raises:
        ValueError: An argument is out of range, times do not ascend, or shapes disagree.

    Example:
        >>> import numpy as np
        >>> times = np.arange(9) / 25
        >>> line = np.stack([times, 2 * times], axis=-1)[:, None]
        >>> np.allclose(smooth_savitzky_golay(line, times), line)
        True
    """
    if window % 2 == 0 or not 1 <= order < window:
        raise ValueError(
            f'window and order: expected an odd window and an order from 1 to less than it, got '
            f'{window} and {order}'
        )
    return _smooth(keypoints, times, scores, window, order, np.inf)


def smooth_gaussian(
    keypoints: ArrayLike,
    times: ArrayLike,
    scores: ArrayLike | None = None,
    sigma: float = 1.0,
) -> FloatArray:
    """Fit a straight line to all samples within 4 sigma, weighted by a Gaussian of their distance.

    With even times and no scores it is, away from the ends, the mean with Gaussian weights.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        times: (T,) seconds, strictly ascending.
        scores: (T, K) weights of the samples besides, or None for equal ones.
        sigma: In steps, > 0.

    Returns:
        (T, K, 2).

    Raises:
        ValueError: As for :func:`smooth_savitzky_golay`.

    Example:
        >>> import numpy as np
        >>> times = np.arange(9) / 25
        >>> line = np.stack([times, 2 * times], axis=-1)[:, None]
        >>> np.allclose(smooth_gaussian(line, times), line)
        True
    """
    if not sigma > 0:
        raise ValueError(f'sigma: expected a number above 0, got {sigma}')
    return _smooth(keypoints, times, scores, 2 * int(np.ceil(4 * sigma)) + 1, 1, sigma)


def jitter(keypoints: ArrayLike, times: ArrayLike) -> float:
    """Jitter of a track: its mean acceleration in pixels per step squared.

    That is the mean length of the second difference over joints and three samples in a row that
    show the joint, without a gap between them; at uneven times, of the divided one. It is 0 for
    everything that moves in straight lines at constant speed, and includes true acceleration:
    compare it on the same track only.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        times: (T,) seconds, strictly ascending.

    Returns:
        NaN where nowhere three samples in a row show a joint.

    Example:
        >>> import numpy as np
        >>> keypoints = np.array([[[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 0.0]]])
        >>> jitter(keypoints, np.arange(3) / 25)
        2.0
    """
    lengths = accelerations(keypoints, times)
    known = np.isfinite(lengths)
    return float(lengths[known].mean()) if known.any() else float('nan')


def accelerations(keypoints: ArrayLike, times: ArrayLike) -> FloatArray:
    """Length of the divided second difference of each joint at each sample but the ends.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        times: (T,) seconds, strictly ascending.

    Returns:
        (T - 2, K) pixels per step squared; NaN where a sample is missing, or beside a gap.

    Example:
        >>> import numpy as np
        >>> accelerations(np.array([[[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 0.0]]]), np.arange(3) / 25)
        array([[2.]])
    """
    points, steps = _checked(keypoints, times)
    gaps = np.diff(steps)[:, None, None]
    velocities = np.diff(points, axis=0) / np.where(gaps > LONGEST_GAP, np.nan, gaps)
    changes = np.diff(velocities, axis=0) / ((gaps[1:] + gaps[:-1]) / 2)
    return np.asarray(np.linalg.norm(changes, axis=-1))


def _smooth(
    keypoints: ArrayLike,
    times: ArrayLike,
    scores: ArrayLike | None,
    window: int,
    order: int,
    sigma: float,
) -> FloatArray:
    points, steps = _checked(keypoints, times)
    weights = np.ones(points.shape[:2]) if scores is None else as_floats('scores', scores)
    if weights.shape != points.shape[:2]:
        raise ValueError(f'scores: expected shape {points.shape[:2]}, got {weights.shape}')
    weights = np.maximum(weights, LEAST_WEIGHT)
    smooth = points.copy()
    for k in range(points.shape[1]):
        for rows in _segments(points[:, k], steps):
            smooth[rows, k] = _fitted(
                points[rows, k], steps[rows], weights[rows, k], window, order, sigma
            )
    return smooth


def _checked(keypoints: ArrayLike, times: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Points, and times in steps."""
    points, seconds = as_floats('keypoints', keypoints), as_floats('times', times)
    if points.ndim != 3 or seconds.shape != points.shape[:1]:
        raise ValueError(
            f'keypoints and times: expected shapes (T, K, 2) and (T,), got {points.shape} and '
            f'{seconds.shape}'
        )
    passed = np.diff(seconds)
    if not (passed > 0).all():
        raise ValueError('times: expected strictly ascending numbers')
    return points, seconds / np.median(passed) if len(passed) else seconds


def _segments(points: FloatArray, steps: FloatArray) -> Iterator[NDArray[np.intp]]:
    """Indices of the samples (T, 2) of each segment."""
    present = np.flatnonzero(np.isfinite(points).all(axis=-1))
    yield from np.split(present, np.flatnonzero(np.diff(steps[present]) > LONGEST_GAP) + 1)


def _fitted(
    points: FloatArray,
    steps: FloatArray,
    weights: FloatArray,
    window: int,
    order: int,
    sigma: float,
) -> FloatArray:
    """Values (n, 2) of the fits at the samples of a segment."""
    count = len(points)
    window = min(window, count)
    starts = np.clip(np.arange(count) - window // 2, 0, count - window)
    near = starts[:, None] + np.arange(window)
    distances = steps[near] - steps[:, None]
    roots = np.sqrt(weights[near] * np.exp(-((distances / sigma) ** 2) / 2))[..., None]
    design = distances[..., None] ** np.arange(order + 1)
    # The polynomial's value at distance 0 is its constant: the first row of the solution.
    shares = np.linalg.pinv(design * roots)[:, 0] * roots[..., 0]
    return np.asarray(np.einsum('nw,nwc->nc', shares, points[near]))
