"""Boxes and the affine map from an image to a person's crop.

Pixel centres have integer coordinates: the top left pixel of an image is (0, 0), the bottom right
one is (width - 1, height - 1). Boxes are xyxy in image pixels unless a name says xywh.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jmpose_mm.functional.arrays import as_floats

__all__ = [
    'WARPS',
    'CropWindow',
    'box_of_joints',
    'clip_boxes',
    'crop_window',
    'is_usable_box',
    'outside_crop',
    'warp_matrix',
    'window_fits',
    'window_move',
    'xywh_to_xyxy',
]

WARPS = ('classic', 'released')

FloatArray = NDArray[np.float64]


def warp_matrix(
    center: ArrayLike,
    scale: ArrayLike,
    rotation: float,
    output_size: tuple[int, int],
    warp: str = 'classic',
) -> FloatArray:
    r"""Compute the similarity that maps image pixels to crop pixels.

    A point p goes to f R(-rotation) (p - center) + m, where

    * ``'classic'`` (HRNet, DCPose, mmpose without UDP): f = W / w and m = (W / 2, H / 2);
    * ``'released'`` (the released FAMI-Pose and JM-Pose): sizes count steps between pixel centres,
      f = (W - 1) / (w - 1) and m = ((W - 1) / 2, (H - 1) / 2).

    Decoding inverts the classic map in all of these codes. With ``'released'`` the recovered point
    is therefore off by -w / (2 W) image pixels at the crop's centre (-w / 576 for a crop 288 wide).

    Args:
        center: Box centre (x, y) in image pixels.
        scale: Box size (w, h) in image pixels, already padded and of the crop's aspect ratio; only
            w is used.
        rotation: Rotation in degrees.
        output_size: Crop size (W, H) in pixels.
        warp: ``'classic'`` or ``'released'``.

    Returns:
        Matrix of shape (2, 3).

    Raises:
        ValueError: If ``warp`` is unknown or the box has no extent.

    Example:
        >>> warp_matrix(center=(50, 60), scale=(48, 64), rotation=0, output_size=(96, 128))
        array([[  2.,   0., -52.],
               [ -0.,   2., -56.]])
    """
    if warp not in WARPS:
        raise ValueError(f'warp must be one of {WARPS}, got {warp!r}')
    step = 1.0 if warp == 'released' else 0.0
    source = float(as_floats('scale', scale, '2')[0]) - step
    if not (math.isfinite(source) and source > 0):
        raise ValueError(
            f'scale must be a finite box size above {step:g} pixels for the {warp} warp, '
            f'got {scale!r}'
        )
    target = np.array([output_size[0] - step, output_size[1] - step], dtype=np.float64)
    factor = target[0] / source
    cosine, sine = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    linear = factor * np.array([[cosine, sine], [-sine, cosine]], dtype=np.float64)
    shift = target / 2 - linear @ as_floats('center', center, '2')
    return np.concatenate([linear, shift[:, None]], axis=1)


def outside_crop(keypoints: ArrayLike, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell which keypoints lie outside a crop.

    The released loaders count a point as outside if x < 0, y < 0, x > W or y > H. Points on the far
    edge, half a pixel past the last pixel's border, are still inside.

    Args:
        keypoints: Coordinates (..., 2) in crop pixels.
        size: Crop size (W, H) in pixels.

    Returns:
        Booleans of shape (...). Points that are not finite are outside.

    Example:
        >>> import numpy as np
        >>> outside_crop(np.array([[0.0, 0.0], [96.0, 128.0], [97.0, 5.0]]), size=(96, 128))
        array([False, False,  True])
    """
    keypoints = as_floats('keypoints', keypoints)
    inside = (keypoints >= 0) & (keypoints <= np.asarray(size))
    return ~np.asarray(inside.all(axis=-1), dtype=np.bool_)


def xywh_to_xyxy(boxes: ArrayLike) -> FloatArray:
    """Convert boxes (..., 4) from left, top, width, height to left, top, right, bottom.

    Example:
        >>> import numpy as np
        >>> xywh_to_xyxy(np.array([10, 20, 30, 40]))
        array([10., 20., 40., 60.])
    """
    corners = as_floats('boxes', boxes)
    return np.concatenate([corners[..., :2], corners[..., :2] + corners[..., 2:]], axis=-1)


def clip_boxes(boxes: ArrayLike, width: int, height: int) -> FloatArray:
    """Clip xyxy boxes (..., 4) to the pixel centres of an image of the given size.

    A box that lies outside keeps no extent; see :func:`is_usable_box`.

    Example:
        >>> import numpy as np
        >>> clip_boxes(np.array([-5, 10, 700, 90]), width=640, height=480)
        array([  0.,  10., 639.,  90.])
    """
    limits = np.array([width - 1, height - 1, width - 1, height - 1], dtype=np.float64)
    return np.clip(as_floats('boxes', boxes), 0.0, limits)


def is_usable_box(box: ArrayLike) -> bool:
    """Tell whether one xyxy box (4,) is finite and has a positive width and height.

    Example:
        >>> import numpy as np
        >>> is_usable_box(np.array([10, 20, 40, 60])), is_usable_box(np.array([10, 20, 10, 60]))
        (True, False)
    """
    box = as_floats('box', box, '4')
    finite = bool(np.isfinite(box).all())
    return finite and bool(box[2] > box[0]) and bool(box[3] > box[1])


def box_of_joints(keypoints: ArrayLike, enlargement: float = 1.2) -> FloatArray:
    """Make a box from labelled joints.

    The tight box spans from the smallest coordinate to the largest one plus 1 and is enlarged about
    its centre. This is how DetectAndTrack made the PoseTrack17 boxes in COCO form, which the later
    methods train on.

    Args:
        keypoints: Coordinates (K, 2) of the labelled joints in image pixels, K >= 1.
        enlargement: Factor on width and height.

    Returns:
        xyxy box (4,) in image pixels.

    Raises:
        ValueError: If there is no joint.

    Example:
        >>> import numpy as np
        >>> box_of_joints(np.array([[10.0, 20.0], [19.0, 39.0]]), enlargement=1.0)
        array([10., 20., 20., 40.])
    """
    points = as_floats('keypoints', keypoints)
    if len(points) == 0:
        raise ValueError('keypoints must hold at least one labelled joint to make a box, got none')
    low, high = points.min(axis=0), points.max(axis=0) + 1.0
    center, half = (low + high) / 2, (high - low) / 2 * enlargement
    return np.concatenate([center - half, center + half])


class CropWindow(NamedTuple):
    """What part of an image a crop shows.

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
    growth = float(wanted.scale[0] / window.scale[0])
    return bool((shift <= max_shift).all()) and 1 / max_growth <= growth <= max_growth


class WindowMove(NamedTuple):
    """How one window is read off the crop of another one.

    Attributes:
        ratio: Pixels of the crop in a pixel of the window.
        shift: x and y of the window's first pixel, in widths and heights of the crop.
    """

    ratio: float
    shift: tuple[float, float]


def window_move(source: CropWindow, target: CropWindow, rotation: float = 0.0) -> WindowMove:
    """How a window is read off the crop of another window on the same frame.

    Features lie on a crop as its pixels do, feature pixel q at crop pixel q times the stride, so
    that the same numbers move them; see :func:`jmpose_mm.functional.translation.resample`.

    Args:
        source: The window that was cropped.
        target: The window that is asked for.
        rotation: Of both crops in degrees, see :func:`warp_matrix`.

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
