"""Boxes and the affine map from an image to a person's crop.

Pixel centres have integer coordinates: the top left pixel of an image is (0, 0), the bottom right
one is (width - 1, height - 1). Boxes are xyxy in image pixels unless a name says xywh.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jmpose_mm.functional.arrays import FloatArray, as_floats

__all__ = [
    'WARPS',
    'box_of_joints',
    'clip_boxes',
    'is_usable_box',
    'outside_crop',
    'warp_matrix',
    'xywh_to_xyxy',
]

WARPS = ('classic', 'released', 'udp')


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
      f = (W - 1) / (w - 1) and m = ((W - 1) / 2, (H - 1) / 2);
    * ``'udp'`` (mmpose with UDP): f = (W - 1) / w along x and (H - 1) / h along y, m as before.

    Decoding inverts the classic map in all of these codes. With ``'released'`` the recovered point
    is therefore off by -w / (2 W) image pixels at the crop's centre (-w / 576 for a crop 288 wide).
    UDP's decoder inverts the map of its own.

    Args:
        center: Box centre (x, y) in image pixels.
        scale: Box size (w, h) in image pixels, already padded and of the crop's aspect ratio; h
            is used by ``'udp'`` alone.
        rotation: Rotation in degrees.
        output_size: Crop size (W, H) in pixels.
        warp: ``'classic'``, ``'released'`` or ``'udp'``.

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
    # The width alone: except for UDP's y, both axes share one factor.
    source = float(as_floats('scale', scale, '2')[0]) - step
    if not (math.isfinite(source) and source > 0):
        raise ValueError(
            f'scale must be a finite box size above {step:g} pixels for the {warp} warp, '
            f'got {scale!r}'
        )
    edge = 0.0 if warp == 'classic' else 1.0
    target = np.array([output_size[0] - edge, output_size[1] - edge], dtype=np.float64)
    factor = np.full(2, target[0] / source)
    if warp == 'udp':
        factor[1] = target[1] / float(as_floats('scale', scale, '2')[1])
    cosine, sine = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    linear = factor[:, None] * np.array([[cosine, sine], [-sine, cosine]], dtype=np.float64)
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
    # One pixel more on this side, as in DetectAndTrack, where the last pixel belongs to the box.
    low, high = points.min(axis=0), points.max(axis=0) + 1.0
    center, half = (low + high) / 2, (high - low) / 2 * enlargement
    return np.concatenate([center - half, center + half])
