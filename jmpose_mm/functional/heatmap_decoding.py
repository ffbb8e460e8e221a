"""Keypoints from heatmaps, as the released codes of DCPose, FAMI-Pose and JM-Pose read them.

Axes: K keypoints, H W heatmap grid. Coordinates are (x, y) in heatmap pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import correlate1d

from jmpose_mm.functional.arrays import as_floats
from jmpose_mm.functional.checks import check_choice

__all__ = ['DECODINGS', 'dark', 'decode_heatmaps', 'heatmap_maxima', 'quarter_offset']

Array = NDArray[np.float64]


def heatmap_maxima(heatmaps: ArrayLike) -> tuple[Array, Array]:
    """Position and value of the maximum of each map; (0, 0) where it is not positive.

    Args:
        heatmaps: ``(K, H, W)``.

    Returns:
        ``(K, 2)`` whole numbers, and ``(K,)``.

    Example:
        >>> import numpy as np
        >>> heatmaps = np.zeros((1, 8, 6))
        >>> heatmaps[0, 5, 2] = 0.9
        >>> heatmap_maxima(heatmaps)
        (array([[2., 5.]]), array([0.9]))
    """
    heatmaps = as_floats('heatmaps', heatmaps, 'K H W')
    flat = heatmaps.reshape(len(heatmaps), -1)
    index = flat.argmax(axis=1)
    scores = flat[np.arange(len(flat)), index]
    peaks = np.stack((index % heatmaps.shape[2], index // heatmaps.shape[2]), axis=1).astype(float)
    # An empty map says nothing about a place: the released codes report the corner.
    peaks[scores <= 0] = 0
    return peaks, scores


def quarter_offset(heatmaps: ArrayLike, peaks: ArrayLike) -> Array:
    """Peaks moved by a quarter pixel towards the larger neighbour on each axis.

    A peak within a pixel of any border stays, on both axes (mmpose judges each axis alone).

    Args:
        heatmaps: ``(K, H, W)``.
        peaks: ``(K, 2)`` whole numbers.

    Returns:
        ``(K, 2)``.

    Example:
        >>> import numpy as np
        >>> heatmaps = np.zeros((1, 8, 6))
        >>> heatmaps[0, 5, 2:4] = 0.9, 0.4
        >>> peaks, _ = heatmap_maxima(heatmaps)
        >>> quarter_offset(heatmaps, peaks)
        array([[2.25, 5.  ]])
    """
    heatmaps = as_floats('heatmaps', heatmaps, 'K H W')
    peaks = as_floats('peaks', peaks, 'K 2')
    refined = peaks.copy()
    height, width = heatmaps.shape[1:]
    for k, (x, y) in enumerate(peaks.astype(int)):
        if 1 < x < width - 1 and 1 < y < height - 1:
            dx = heatmaps[k, y, x + 1] - heatmaps[k, y, x - 1]
            dy = heatmaps[k, y + 1, x] - heatmaps[k, y - 1, x]
            refined[k] += 0.25 * np.sign((dx, dy))
    return refined


def _smoothed(heatmaps: Array, kernel_size: int) -> Array:
    """Gaussian blur with zeros outside, scaled so that each map keeps its maximum."""
    # OpenCV's rule for a kernel without a sigma, which the released codes leave to it.
    sigma = 0.3 * ((kernel_size - 1) * 0.5 - 1) + 0.8
    steps = np.arange(kernel_size) - kernel_size // 2
    kernel = np.exp(-(steps**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    blurred = heatmaps
    for axis in (1, 2):
        blurred = correlate1d(blurred, kernel, axis=axis, mode='constant')
    # The height is the score, which blurring must not change.
    before, after = heatmaps.max(axis=(1, 2)), blurred.max(axis=(1, 2))
    rescaled: Array = blurred * (before / np.where(after == 0, 1, after))[:, None, None]
    return rescaled


def dark(heatmaps: ArrayLike, peaks: ArrayLike, kernel_size: int = 11) -> Array:
    """Peaks moved by a Newton step on the log of the smoothed map (Zhang et al., CVPR 2020).

    A peak within two pixels of a border stays.

    Args:
        heatmaps: ``(K, H, W)``.
        peaks: ``(K, 2)`` whole numbers.
        kernel_size: Size of the blur, odd; 11 means a standard deviation of 2 pixels.

    Returns:
        ``(K, 2)``.

    Example:
        >>> import numpy as np
        >>> x, y = np.arange(24), np.arange(32)[:, None]
        >>> heatmaps = np.exp(-((x - 10.3) ** 2 + (y - 15.8) ** 2) / 8)[None]
        >>> peaks, _ = heatmap_maxima(heatmaps)
        >>> dark(heatmaps, peaks).round(1)
        array([[10.3, 15.8]])
    """
    heatmaps = as_floats('heatmaps', heatmaps, 'K H W')
    peaks = as_floats('peaks', peaks, 'K 2')
    refined = peaks.copy()
    height, width = heatmaps.shape[1:]
    # The log of a Gaussian is a parabola, whose top one Newton step finds exactly.
    logs = np.log(np.maximum(_smoothed(heatmaps, kernel_size), 1e-10))
    for k, (x, y) in enumerate(peaks.astype(int)):
        if not (1 < x < width - 2 and 1 < y < height - 2):
            continue
        p = logs[k]
        gradient = 0.5 * np.array([p[y, x + 1] - p[y, x - 1], p[y + 1, x] - p[y - 1, x]])
        # Differences over two pixels, as in the released code: hence the margin of two.
        dxx = 0.25 * (p[y, x + 2] - 2 * p[y, x] + p[y, x - 2])
        dyy = 0.25 * (p[y + 2, x] - 2 * p[y, x] + p[y - 2, x])
        dxy = 0.25 * (p[y + 1, x + 1] - p[y - 1, x + 1] - p[y + 1, x - 1] + p[y - 1, x - 1])
        if dxx * dyy - dxy**2 != 0:
            refined[k] -= np.linalg.solve(np.array([[dxx, dxy], [dxy, dyy]]), gradient)
    return refined


DECODINGS = ('quarter-offset', 'dark')


def decode_heatmaps(
    heatmaps: ArrayLike, decoding: str, kernel_size: int = 11
) -> tuple[Array, Array]:
    """Keypoints and scores.

    Args:
        heatmaps: ``(K, H, W)``.
        decoding: ``'quarter-offset'`` (DCPose, FAMI-Pose) or ``'dark'`` (JM-Pose).
        kernel_size: Size of the blur in ``'dark'``, odd.

    Returns:
        ``(K, 2)``, and the maxima of the maps as they came, ``(K,)``.

    Example:
        >>> import numpy as np
        >>> x, y = np.arange(24), np.arange(32)[:, None]
        >>> heatmaps = np.exp(-((x - 10.3) ** 2 + (y - 15.8) ** 2) / 8)[None]
        >>> points, scores = decode_heatmaps(heatmaps, decoding='dark')
        >>> points.shape, scores.shape
        ((1, 2), (1,))
    """
    check_choice('decoding', decoding, DECODINGS)
    maps = as_floats('heatmaps', heatmaps, 'K H W')
    peaks, scores = heatmap_maxima(maps)
    if decoding == 'dark':
        return dark(maps, peaks, kernel_size), scores
    return quarter_offset(maps, peaks), scores
