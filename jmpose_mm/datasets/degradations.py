"""Degradations of real video: pure functions on one picture.

Pictures are (H, W, 3) float32, BGR, 0 to 255, unless stated otherwise.
"""

from __future__ import annotations

import cv2
import numpy as np

__all__ = ['compress', 'cover', 'darken', 'defocus', 'integrate']


def integrate(pictures: list[np.ndarray], path: np.ndarray | None) -> np.ndarray:
    """The mean over an exposure.

    Args:
        pictures: Sub-frames (H, W, 3) float32 at evenly spaced moments.
        path: (M, 2) shifts x, y in pixels at evenly spaced moments over the same time; None for a
            steady camera.

    Returns:
        (H, W, 3): each point of the path adds the sub-frame nearest in time, shifted by it.
    """
    if path is None:
        return np.mean(pictures, axis=0, dtype=np.float32)
    height, width = pictures[0].shape[:2]
    total = np.zeros_like(pictures[0])
    nearest = np.round(np.linspace(0, len(pictures) - 1, len(path))).astype(int)
    for which, (dx, dy) in zip(nearest, path, strict=True):
        matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
        # The border is repeated: what lies beyond the picture is not known.
        total += cv2.warpAffine(
            pictures[which], matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
        )
    return total / len(path)


def defocus(picture: np.ndarray, radius: float) -> np.ndarray:
    """Convolution with a uniform disc of `radius` pixels with antialiased rim."""
    reach = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius - np.hypot(x, y) + 0.5, 0, 1).astype(np.float32)
    return cv2.filter2D(picture, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)


def darken(picture: np.ndarray, gain: float, rng: np.random.Generator) -> np.ndarray:
    """Less light: the signal shrinks, shot and read noise stay, then JPEG loses what is flat."""
    dim = picture * np.float32(gain)
    # A sensor's variance: a constant of reading, and a part that grows with the light.
    noise = rng.standard_normal(picture.shape, np.float32) * np.sqrt(9 + 1.5 * np.maximum(dim, 0))
    return _through_jpeg(dim + noise + 4, 22)


def compress(picture: np.ndarray, reduction: float) -> np.ndarray:
    """Reduced by `reduction` (0 to 1], compressed hard, and enlarged to its size again."""
    height, width = picture.shape[:2]
    small = (max(2, round(width * reduction)), max(2, round(height * reduction)))
    reduced = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(_through_jpeg(reduced, 18), (width, height), interpolation=cv2.INTER_LINEAR)


def _through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    whole = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    _, code = cv2.imencode('.jpg', whole, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(code, cv2.IMREAD_COLOR).astype(np.float32)


def cover(picture: np.ndarray, patch: np.ndarray, center: tuple[float, float]) -> np.ndarray:
    """A patch with round corners over a picture; a new array.

    Args:
        picture: (H, W, 3).
        patch: (h, w, 3).
        center: x, y in pixels of the picture where the patch's middle comes to lie; what is beyond
            the border is left out.
    """
    height, width = patch.shape[:2]
    y, x = (np.linspace(-1, 1, side) for side in (height, width))
    inside = (np.abs(y)[:, None] ** 4 + np.abs(x)[None] ** 4 <= 1).astype(np.float32)
    shift = np.array(
        [[1, 0, center[0] - (width - 1) / 2], [0, 1, center[1] - (height - 1) / 2]], np.float64
    )
    size = (picture.shape[1], picture.shape[0])
    mask = cv2.warpAffine(inside, shift, size)[..., None]
    laid = cv2.warpAffine(patch.astype(np.float32), shift, size, borderMode=cv2.BORDER_REPLICATE)
    return picture * (1 - mask) + laid * mask
