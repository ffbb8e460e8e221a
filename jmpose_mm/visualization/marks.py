"""Marks around drawn persons: boxes, identities, trails, and maps laid over the image.

Axes: N persons, K maps, H W of the image. Images are uint8 BGR and are not changed unless by
``copy=False``; coordinates are pixels ``(x, y)``. Identities are numbers from 1, each with its own
colour; 0 means nobody's.
"""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from jmpose_mm.functional.arrays import as_floats

from .drawing import OUTLINE, checked_image, draw_disc, draw_line, write_text

__all__ = ['draw_boxes', 'draw_identities', 'draw_trails', 'identity_colour', 'overlay']

GOLDEN_SECTION = 0.618034
NOBODY = (200, 200, 200)
IMAGE_PIXELS_PER_TAG_PIXEL = 30
SMALLEST_TAG = 14
RIM = 2  # pixels of the dark edge of a tag, with its soft border
IMAGE_PIXELS_PER_LINE_PIXEL = 360
TRAIL_STRENGTH = 0.75
MAP_COLOURS = cv2.COLORMAP_TURBO


def identity_colour(identity: int) -> tuple[int, int, int]:
    """Bright BGR colour of an identity; those of neighbouring numbers are far apart."""
    if identity <= 0:
        return NOBODY
    # Multiples of the golden section spread over the circle of hues whatever their number.
    rgb = colorsys.hsv_to_rgb(identity * GOLDEN_SECTION % 1, 0.55, 1.0)
    red, green, blue = (round(255 * part) for part in rgb)
    return blue, green, red


def draw_boxes(
    image: np.ndarray,
    boxes: np.ndarray,
    identities: Sequence[int] | None = None,
    copy: bool = True,
) -> np.ndarray:
    """Draw boxes as thin frames.

    Args:
        image: (H, W, 3).
        boxes: (N, 4) left, top, right, bottom.
        identities: N numbers that decide the colours.
        copy: False draws on the image itself, where it is in one piece of memory.
    """
    drawn = checked_image(image, copy)
    width = _line_width(drawn)
    boxes = as_floats('boxes', boxes).reshape(-1, 4)
    # Far-off corners are clipped, since OpenCV overflows there.
    corners = np.rint(np.clip(boxes, -3e4, 3e4)).astype(int)
    for number, (left, top, right, bottom) in enumerate(corners.tolist()):
        colour = identity_colour(0 if identities is None else identities[number])
        for stroke, shade in ((width + 2, OUTLINE), (width, colour)):
            cv2.rectangle(drawn, (left, top), (right, bottom), shade, stroke)
    return drawn


def draw_identities(
    image: np.ndarray, identities: Sequence[int], places: np.ndarray, copy: bool = True
) -> np.ndarray:
    """Write the number of each person on a tag in its colour.

    Args:
        image: (H, W, 3).
        identities: N numbers; tags of 0 are left out.
        places: (N, 2) where the tags' lower edges have their middle, e.g. above the heads; tags
            stay inside the image.
        copy: False draws on the image itself, where it is in one piece of memory.
    """
    drawn = checked_image(image, copy)
    height = max(SMALLEST_TAG, min(drawn.shape[:2]) // IMAGE_PIXELS_PER_TAG_PIXEL)
    for identity, (x, y) in zip(identities, places, strict=True):
        if identity > 0 and np.isfinite((x, y)).all():
            _tag(drawn, str(identity), identity_colour(identity), float(x), float(y), height)
    return drawn


def draw_trails(image: np.ndarray, trails: Mapping[int, np.ndarray]) -> np.ndarray:
    """Draw where persons came from: lines in their colours that taper off into the past.

    Args:
        image: (H, W, 3).
        trails: Identity to (n, 2) places, the oldest first, one for each frame; NaN where the
            person was not seen, which interrupts the line.
    """
    image = checked_image(image)
    layer = image.copy()
    widest = 2 * _line_width(image)
    for identity, places in trails.items():
        count, colour = len(places), identity_colour(identity)
        for rim in (1, 0):
            for step in range(1, count):
                start, end = places[step - 1], places[step]
                if np.isfinite((start, end)).all():
                    width = max(1, round(widest * (step + 1) / count))
                    draw_line(layer, start, end, OUTLINE if rim else colour, width + rim)
        if count and np.isfinite(places[-1]).all():
            draw_disc(layer, places[-1], widest, colour)
    return cv2.addWeighted(layer, TRAIL_STRENGTH, image, 1 - TRAIL_STRENGTH, 0)


def overlay(
    image: np.ndarray,
    values: np.ndarray,
    box: Sequence[float] | None = None,
    strength: float = 0.65,
) -> np.ndarray:
    """Lay a map, e.g. heatmaps or motion, over the image: the higher, the more opaque.

    Args:
        image: (H, W, 3).
        values: (h, w), or (K, h, w) of which the highest counts; 0 is clear and 1 or more opaque.
        box: Left, top, right, bottom of the map in the image, which it may leave; the whole image
            if None.
        strength: Opacity of the value 1, in [0, 1].
    """
    image = checked_image(image)
    values = as_floats('values', values).astype(np.float32)
    values = np.clip(values.max(axis=0) if values.ndim == 3 else values, 0, 1)
    high, wide = image.shape[:2]
    left, top, right, bottom = box if box is not None else (0, 0, wide, high)
    scale = (right - left) / values.shape[1], (bottom - top) / values.shape[0]
    # The outer edges of the map's cells fall on those of the box.
    matrix = np.asarray(
        [[scale[0], 0, left + scale[0] / 2 - 0.5], [0, scale[1], top + scale[1] / 2 - 0.5]]
    )
    spread = cv2.warpAffine(values, matrix, (wide, high), flags=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(np.rint(255 * spread).astype(np.uint8), MAP_COLOURS)
    alpha = (strength * spread)[..., None]
    return np.rint(image * (1 - alpha) + colours * alpha).astype(np.uint8)


def _tag(
    image: np.ndarray, text: str, colour: tuple[int, int, int], x: float, y: float, height: int
) -> None:
    width = round(height * (0.5 + 0.55 * len(text)))
    high, wide = image.shape[:2]
    if width + 2 * RIM > wide or height + 2 * RIM > high:
        return
    left = int(np.clip(round(x - width / 2), RIM, wide - width - RIM))
    top = int(np.clip(round(y - RIM - height), RIM, high - height - RIM))
    # A stroke with round ends is a rounded tag.
    radius = height / 2
    start, end = (left + radius, top + radius), (left + width - radius, top + radius)
    draw_line(image, start, end, OUTLINE, height + RIM)
    draw_line(image, start, end, colour, height)
    inset = round(0.3 * height)
    room = width - 2 * inset
    write_text(image, text, left + inset, top, height, room, OUTLINE)


def _line_width(image: np.ndarray) -> int:
    return max(1, round(min(image.shape[:2]) / IMAGE_PIXELS_PER_LINE_PIXEL))
