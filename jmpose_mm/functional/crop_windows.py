"""Windows: the part of an image that a crop shows, and how one is read off another's crop.

Boxes are xyxy in image pixels, whose centres have integer coordinates.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import FloatArray, as_floats

__all__ = ['CropWindow', 'WindowMove', 'crop_window', 'window_fits', 'window_move']


class CropWindow(NamedTuple):
    """The part of an image that a crop shows.

    Attributes:
        center: ``(2,)`` x and y in image pixels.
        scale: ``(2,)`` width and height in image pixels, of the crop's aspect ratio.
    """

    center: FloatArray
    scale: FloatArray


def crop_window(box: ArrayLike, padding: float, aspect_ratio: float) -> CropWindow:
    """The window around a box: padded, its shorter side grown to the crop's aspect ratio.

    Args:
        box: xyxy ``(4,)`` in image pixels.
        padding: Factor on width and height.
        aspect_ratio: Width over height of the crop.

    Returns:
        The window that mmpose's ``GetBBoxCenterScale`` and ``TopdownAffine`` give.

    Example:
        >>> import numpy as np
        >>> crop_window(np.array([0, 0, 40, 80]), padding=1.25, aspect_ratio=0.75)
        CropWindow(center=array([20., 40.]), scale=array([ 75., 100.]))
    """
    low, high = as_floats('box', box, '4').reshape(2, 2)
    width, height = (high - low) * padding
    if width > height * aspect_ratio:
        height = width / aspect_ratio
    else:
        width = height * aspect_ratio
    return CropWindow((low + high) / 2, np.array([width, height]))


def window_fits(
    window: CropWindow, wanted: CropWindow, max_shift: float = 0.1, max_growth: float = 1.15
) -> bool:
    """Tell whether a window may stand for the one that a box asks for.

    Args:
        window: The window in use.
        wanted: Window of the current box.
        max_shift: Distance of the centres that is allowed on each axis, in parts of the window.
        max_growth: Ratio of the sizes that is allowed, either way.

    Example:
        >>> import numpy as np
        >>> window = crop_window(np.array([0, 0, 40, 80]), 1.25, 0.75)
        >>> moved = crop_window(np.array([2, 0, 42, 80]), 1.25, 0.75)
        >>> far = crop_window(np.array([20, 0, 60, 80]), 1.25, 0.75)
        >>> window_fits(window, moved), window_fits(window, far)
        (True, False)
    """
    window, wanted = (
        CropWindow(as_floats('center', one.center, '2'), as_floats('scale', one.scale, '2'))
        for one in (window, wanted)
    )
    shift = np.abs(window.center - wanted.center) / window.scale
    # One side is enough, since both windows have the crop's aspect ratio.
    growth = float(wanted.scale[0] / window.scale[0])
    return bool((shift <= max_shift).all()) and 1 / max_growth <= growth <= max_growth


class WindowMove(NamedTuple):
    """The move by which one window is read off the crop of another one.

    Attributes:
        ratio: Pixels of the crop in a pixel of the window.
        shift: x and y of the window's first pixel, in widths and heights of the crop.
    """

    ratio: float
    shift: tuple[float, float]


def window_move(source: CropWindow, target: CropWindow, rotation: float = 0.0) -> WindowMove:
    """The move that reads a window off the crop of another window on the same frame.

    Features lie on a crop as its pixels do, feature pixel q at crop pixel q times the stride, so
    that the same numbers move them; see :func:`jmpose_mm.functional.translation.resample`.

    Args:
        source: The window that was cropped.
        target: The window that is asked for.
        rotation: Rotation of both crops in degrees, as :func:`warp_matrix` has it.

    Example:
        >>> import numpy as np
        >>> window = crop_window(np.array([0, 0, 60, 80]), 1.0, 0.75)
        >>> window_move(window, crop_window(np.array([30, 0, 60, 40]), 1.0, 0.75))
        WindowMove(ratio=0.5, shift=(0.5, 0.0))
    """
    (from_center, from_scale), (center, scale) = (
        (as_floats('center', one.center, '2'), as_floats('scale', one.scale, '2'))
        for one in (source, target)
    )
    ratio = float(scale[0] / from_scale[0])
    cosine, sine = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    across, down = center - from_center
    turned = np.array([cosine * across + sine * down, cosine * down - sine * across])
    x, y = (turned / from_scale + (1 - ratio) / 2).tolist()
    return WindowMove(ratio, (x, y))
