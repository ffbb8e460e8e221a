"""Things that pass in front of the camera: panels, vehicles, foliage, somebody's back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from jmpose_mm.datasets.synthetic.appearance import HAIR_TONES, hsv
from jmpose_mm.datasets.synthetic.background import fractal_noise
from jmpose_mm.datasets.synthetic.parts import Layer

__all__ = ['Occluder', 'draw_foreground', 'draw_occluder', 'paste']


@dataclass(frozen=True)
class Occluder:
    """A picture with coverage.

    Attributes:
        color: (h, w, 3) float32.
        alpha: (h, w) coverage in [0, 1].
    """

    color: np.ndarray
    alpha: np.ndarray


def draw_occluder(shape: tuple[int, int], step: float, rng: np.random.Generator) -> Occluder:
    """A random thing of `shape` (height, width) pixels that moves `step` pixels per frame."""
    height, width = max(4, shape[0]), max(4, shape[1])
    border = max(2, round(0.12 * step))
    full = (height, width + 2 * border)
    mask = np.zeros(full, np.uint8)
    style = rng.integers(0, 4)
    if style == 0:  # a panel
        mask[:, border:-border] = 255
    elif style == 1:  # a rounded body, as of a vehicle
        middle = (full[1] // 2, height // 2)
        cv2.ellipse(mask, middle, (width // 2, height // 2), 0, 0, 360, 255, -1)
        cv2.rectangle(mask, (border, height // 3), (border + width, height), 255, -1)
    elif style == 2:  # foliage
        noise = fractal_noise(full, max(4.0, width / 5), rng)
        y, x = np.mgrid[: full[0], : full[1]]
        egg = ((x - full[1] / 2) / (width / 2)) ** 2 + ((y - height / 2) / (height / 2)) ** 2
        mask[(egg + 0.12 * noise) < 0.95] = 255
    else:  # the head and shoulders of somebody close to the camera
        head = max(2, int(min(width * 0.28, height * 0.2)))
        cv2.circle(mask, (full[1] // 2, head), head, 255, -1)
        cv2.ellipse(
            mask,
            (full[1] // 2, height),
            (width // 2, int(height - 1.9 * head)),
            0,
            180,
            360,
            255,
            -1,
        )
    tone = hsv(rng.uniform(0, 360), rng.uniform(0.05, 0.7), rng.uniform(0.2, 0.85))
    second = hsv(rng.uniform(0, 360), rng.uniform(0.05, 0.7), rng.uniform(0.2, 0.85))
    pattern = (fractal_noise(full, max(4.0, width / 3), rng) > 0.5)[..., None]
    color = np.where(pattern, second, tone) * (1 + 0.1 * fractal_noise(full, 12.0, rng))[..., None]
    alpha = mask.astype(np.float32) / 255
    kernel = (max(1, round(0.12 * step)), 3)
    color = cv2.blur(np.clip(color, 0, 255).astype(np.float32), kernel)
    return Occluder(color, cv2.blur(alpha, kernel))


def draw_foreground(
    shape: tuple[int, int], step: float, hanging: bool, rng: np.random.Generator
) -> Occluder:
    """A pillar, vehicle, bush or passer-by close to the camera, hence with a soft outline.

    Args:
        shape: Height and width in pixels. What stands has its foot outside of the picture.
        step: Pixels per frame that it moves.
        hanging: True for leaves that hang from above.
        rng: Decides everything else.
    """
    height, width = max(8, shape[0]), max(8, shape[1])
    draw = _draw_leaves if hanging else _FOREGROUND[rng.integers(len(_FOREGROUND))]
    color, mask = draw((height, width), rng)
    if hanging:
        color, mask = color[::-1], mask[::-1]
    border = max(4, round(0.12 * step))
    pads = (0, 0, border, border)
    color = cv2.copyMakeBorder(color, *pads, cv2.BORDER_REPLICATE)
    alpha = cv2.copyMakeBorder(mask, *pads, cv2.BORDER_CONSTANT, value=0).astype(np.float32) / 255
    kernel = (max(1, round(0.12 * step)), 1)
    softness = max(0.8, 0.012 * width)
    color, alpha = (
        cv2.GaussianBlur(cv2.blur(v, kernel), (0, 0), softness, borderType=cv2.BORDER_REPLICATE)
        for v in (np.clip(color, 0, 255).astype(np.float32), alpha)
    )
    return Occluder(color, alpha)


def _cloth_tone(rng: np.random.Generator) -> np.ndarray:
    return hsv(rng.uniform(0, 360), rng.uniform(0.05, 0.6), rng.uniform(0.2, 0.8))


def _round(shape: tuple[int, int]) -> np.ndarray:
    """(h, w, 1) shading of an upright cylinder as wide as the picture."""
    across = np.linspace(-1, 1, shape[1], dtype=np.float32)
    shade = 0.55 + 0.5 * np.sqrt(1 - 0.9 * across * across)
    return np.broadcast_to(shade[None, :, None], (*shape, 1))


def _draw_pillar(shape: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    width = shape[1]
    color = _cloth_tone(rng) * np.ones((*shape, 3), np.float32)
    top, rim = int(0.25 * width), max(2, width // 10)
    notice = _cloth_tone(rng).tolist()
    cv2.rectangle(color, (rim, top), (width - rim, int(1.2 * width)), notice, -1)
    for row in range(top + rim, int(1.2 * width) - rim, max(3, width // 10)):
        end = int(width * rng.uniform(0.5, 0.85))
        cv2.line(color, (2 * rim, row), (end, row), [0.5 * v for v in notice], max(1, width // 40))
    return color * _round(shape), np.full(shape, 255, np.uint8)


def _draw_vehicle(
    shape: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    height, width = shape
    color = _cloth_tone(rng) * np.linspace(1.15, 0.75, height, dtype=np.float32)[:, None, None]
    color = np.ascontiguousarray(np.broadcast_to(color, (height, width, 3)))
    low, high = (int(0.12 * width), int(0.14 * width)), (int(0.88 * width), int(0.5 * width))
    cv2.rectangle(color, low, high, hsv(205, 0.25, rng.uniform(0.25, 0.45)).tolist(), -1)
    cv2.rectangle(color, low, high, (30, 30, 30), max(1, width // 40))
    cv2.line(color, (0, int(0.7 * width)), (width, int(0.7 * width)), _cloth_tone(rng).tolist(), 3)
    mask = np.zeros(shape, np.uint8)
    corner = int(0.2 * width)
    cv2.rectangle(mask, (corner, 0), (width - corner, height), 255, -1)
    cv2.rectangle(mask, (0, corner), (width, height), 255, -1)
    for x in (corner, width - corner):
        cv2.circle(mask, (x, corner), corner, 255, -1)
    return color, mask


def _draw_leaves(shape: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    height, width = shape
    green = hsv(rng.uniform(70, 135), rng.uniform(0.35, 0.65), rng.uniform(0.3, 0.6))
    leaves = fractal_noise(shape, max(4.0, width / 8), rng)
    color = green * (1 + 0.3 * leaves)[..., None]
    y, x = np.mgrid[:height, :width]
    above = np.minimum(y / width - 0.45, 0) / 0.45
    radius = np.sqrt((2 * x / width - 1) ** 2 + above**2)
    outline = fractal_noise(shape, max(4.0, width / 5), rng)
    return color, np.where(radius + 0.1 * outline < 0.88, 255, 0).astype(np.uint8)


def _draw_passer_by(
    shape: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Somebody's back: head and shoulders, and the coat below."""
    height, width = shape
    folds = fractal_noise(shape, max(4.0, width / 3), rng)
    color = _cloth_tone(rng) * (1 + 0.08 * folds)[..., None] * _round(shape)
    mask = np.zeros(shape, np.uint8)
    middle, tall = width // 2, int(0.46 * width)
    shoulders = tall + int(0.3 * width)
    cv2.rectangle(
        mask, (middle - width // 10, tall // 2), (middle + width // 10, shoulders), 255, -1
    )
    cv2.ellipse(mask, (middle, shoulders), (width // 2, int(0.26 * width)), 0, 180, 360, 255, -1)
    cv2.rectangle(mask, (0, shoulders), (width, height), 255, -1)
    hair = (np.array(HAIR_TONES[rng.integers(len(HAIR_TONES))]) * rng.uniform(0.7, 1.2)).tolist()
    axes = (int(0.18 * width), tall // 2)
    for picture, value in ((color, hair), (mask, 255)):
        cv2.ellipse(picture, (middle, tall // 2), axes, 0, 0, 360, value, -1)
    return np.ascontiguousarray(color), mask


_FOREGROUND: tuple[
    Callable[[tuple[int, int], np.random.Generator], tuple[np.ndarray, np.ndarray]], ...
] = (_draw_pillar, _draw_vehicle, _draw_leaves, _draw_passer_by, _draw_passer_by)
"""Each draws colours (h, w, 3) float32 and a mask (h, w) uint8; what it draws
has its top in the first row. Passers-by are twice as frequent as anything else."""


def paste(layer: Layer, occluder: Occluder, x: float, y: float, label: int) -> None:
    """Lay the occluder over the picture, its centre at (x, y) rounded to whole pixels."""
    height, width = occluder.alpha.shape
    top, left = round(y - height / 2), round(x - width / 2)
    window = layer.window(np.array([left, top]), np.array([left + width - 1, top + height - 1]))
    if window is None:
        return
    rows, columns = window
    part = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    layer.blend(window, occluder.color[part], occluder.alpha[part], label)
