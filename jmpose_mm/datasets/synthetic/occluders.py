"""Things that pass in front of the camera: panels, vehicles, foliage, somebody's back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from jmpose_mm.datasets.synthetic.appearance import hsv
from jmpose_mm.datasets.synthetic.background import fractal_noise
from jmpose_mm.datasets.synthetic.parts import Layer

__all__ = ['Occluder', 'draw_occluder', 'paste']


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
