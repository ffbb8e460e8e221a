"""Sizes of films that players take, and images brought into them."""

from __future__ import annotations

import math

import cv2
import numpy as np

__all__ = ['fit_to_film', 'playable_size']

# Of level 5.2 of H.264, which most players stop at.
LARGEST_SIDE, LARGEST_AREA = 4096, 4096 * 2304


def playable_size(wide: int, high: int) -> tuple[int, int]:
    """Even size (W, H) of a film of pictures of a size."""
    scale = min(1.0, LARGEST_SIDE / max(wide, high), math.sqrt(LARGEST_AREA / (wide * high)))
    if scale < 1:
        wide, high = round(wide * scale), round(high * scale)
    return max(2, wide + wide % 2), max(2, high + high % 2)


def fit_to_film(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The image in the film's size: an odd one gains a line, a large one shrinks."""
    high, wide = image.shape[:2]
    right, below = size[0] - wide, size[1] - high
    if (right, below) == (0, 0):
        return np.ascontiguousarray(image)
    if right in (0, 1) and below in (0, 1):
        return cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
