"""Boxes and joints of a file are what its layout says: pixels, and sizes where sizes belong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import UsageError

__all__ = ['check_pixels', 'corners_remark']

_PARTS = (-0.5, 1.5)  # of the picture: what is partly outside of it lies a little beyond
_LEAST = 3  # of fewer boxes nothing can be said
_BEYOND = 1.1  # of the image's size: PoseTrack's boxes reach a little beyond
_SOME, _ALL = 1 / 3, 0.95


def check_pixels(file: str | Path, key: str, values: NDArray[Any]) -> None:
    """Raise where coordinates of a whole file can only be parts of the picture.

    Nobody is smaller than a pixel and a half, and the corner of the picture is not where everybody
    is. Whole numbers alone are let pass: zeros stand for what is not known.

    Args:
        file: The file, for the message.
        key: Name of the coordinates in it.
        values: (...) all coordinates of the file; those that are not finite do not count.

    Raises:
        UsageError: All lie between 0 and 1 or a little beyond, and not all are whole numbers.
    """
    values = values[np.isfinite(values)]
    least, most = values.min(initial=np.inf), values.max(initial=-np.inf)
    if least < _PARTS[0] or most > _PARTS[1] or not (values % 1).any():
        return
    raise UsageError(
        f'{file}: {key}: expected pixels of the image, got parts of it, numbers from {least:.3g} '
        f'to {most:.3g}; multiply them by the width and the height of the image'
    )


def corners_remark(what: str, boxes: NDArray[Any], sizes: NDArray[Any]) -> str:
    """Say that left, top, right, bottom were probably read as left, top, width, height.

    So it is where a third of the boxes would leave their images, and nearly all lie inside once the
    size is taken for a corner.

    Args:
        what: The file or the key, for the message.
        boxes: (N, 4) xyxy as read, in pixels; NaN where there is none.
        sizes: (N, 2) or (2,) width and height of the images in pixels; NaN where unknown.

    Returns:
        A sentence; empty where the boxes are none of corners, or fewer than three.

    Example:
        >>> read = np.array([[40, 10, 90, 40], [42, 9, 94, 38], [30, 8, 72, 43]])
        >>> corners_remark('bbox', read, np.array([640, 360]))
        ''
        >>> corners_remark('bbox', read, np.array([64, 36])).split(': ')[-1]
        '3 of 3 boxes would leave their images'
    """
    sizes = np.broadcast_to(sizes, (len(boxes), 2))
    known = np.isfinite(boxes).all(axis=1) & np.isfinite(sizes).all(axis=1)
    low, high, sizes = boxes[known, :2], boxes[known, 2:], sizes[known]
    given = high - low  # what stands in the file behind left and top
    leave = (high > _BEYOND * sizes).any(axis=1)
    corners = ((given > low) & (given <= _BEYOND * sizes)).all(axis=1)
    if len(low) < _LEAST or leave.mean() <= _SOME or corners.mean() <= _ALL:
        return ''
    return (
        f'{what}: expected left, top, width, height, got what looks like left, top, right, '
        f'bottom: {int(leave.sum())} of {len(low)} boxes would leave their images'
    )
