"""Windows of a frame around persons, in pixels of the whole frame."""

from __future__ import annotations

import numpy as np

from jmpose_mm.functional.arrays import as_floats, as_mask

__all__ = ['person_window', 'shift_inside']


def person_window(
    keypoints: np.ndarray, shown: np.ndarray, aspect: float, margin: float = 0.15
) -> tuple[float, float, float, float]:
    """The smallest window of a shape around some joints.

    Args:
        keypoints: (N, K, 2) pixels.
        shown: (N, K) which joints must be inside.
        aspect: Width over height.
        margin: Added on every side, as a share of the joints' larger extent.

    Returns:
        x, y, width and height in pixels; they may reach beyond the image.

    Raises:
        ValueError: No joint is to be shown.
    """
    keypoints = as_floats('keypoints', keypoints, 'N K 2')
    points = keypoints[as_mask('shown', shown) & np.isfinite(keypoints).all(axis=-1)]
    if not len(points):
        raise ValueError('shown: expected at least one joint to put in the window, got none')
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low + 2 * margin * max(float((high - low).max()), 20.0)
    height = max(extent[1], extent[0] / aspect)
    x, y = (low + high) / 2 - np.asarray([height * aspect, height]) / 2
    return float(x), float(y), float(height * aspect), float(height)


def shift_inside(start: float, size: float, limit: int) -> float:
    """Move a stretch into the image; one that is larger than the image is centred on it."""
    return (limit - size) / 2 if size > limit else float(np.clip(start, 0, limit - size))
