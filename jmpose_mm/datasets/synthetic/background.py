"""Cluttered places to stand in: walls, streets and fields, each drawn once per video."""

from __future__ import annotations

import cv2
import numpy as np

from jmpose_mm.datasets.synthetic.appearance import hsv

__all__ = ['draw_background', 'fractal_noise']


def fractal_noise(shape: tuple[int, int], cell: float, rng: np.random.Generator) -> np.ndarray:
    """(H, W) float32 noise of unit standard deviation with cells of `cell`, `cell` / 2, ... pixels."""
    total = np.zeros(shape, np.float32)
    weight = 1.0
    while cell >= 1:
        coarse = (max(2, int(shape[0] / cell) + 2), max(2, int(shape[1] / cell) + 2))
        layer = rng.standard_normal(coarse, np.float32)
        total += weight * cv2.resize(layer, shape[::-1], interpolation=cv2.INTER_CUBIC)
        weight *= 0.6
        cell /= 2.5
    return total / max(float(total.std()), 1e-6)


def draw_background(
    shape: tuple[int, int], horizon: float, unit: float, rng: np.random.Generator
) -> np.ndarray:
    """A picture (H, W, 3) float32 BGR without people.

    Args:
        shape: Height and width.
        horizon: Row where the ground begins.
        unit: A typical person's height in pixels: the scale of the clutter.
        rng: Decides everything.
    """
    height, width = shape
    # The line where wall meets ground lies below the horizon, as a wall some metres away does.
    edge = int(np.clip(horizon + unit * rng.uniform(0.12, 0.3), 2, height - 2))
    canvas = np.empty((height, width, 3), np.float32)
    canvas[:edge] = _wall((edge, width), unit, rng)
    canvas[edge:] = _ground((height - edge, width), unit, rng)
    for _ in range(int(rng.integers(7, 14) * width / max(height, 1))):
        _furnish(canvas, edge, unit, rng)
    cv2.GaussianBlur(canvas, (0, 0), 0.6, dst=canvas)
    return canvas


def _wall(shape: tuple[int, int], unit: float, rng: np.random.Generator) -> np.ndarray:
    tone = hsv(rng.uniform(0, 360), rng.uniform(0.03, 0.4), rng.uniform(0.35, 0.85))
    second = hsv(rng.uniform(0, 360), rng.uniform(0.03, 0.4), rng.uniform(0.35, 0.85))
    blend = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None, None]
    wall = tone * (1 - blend) + second * blend + np.zeros((*shape, 3), np.float32)
    wall *= (1 + 0.10 * fractal_noise(shape, unit * 0.5, rng))[..., None]
    style = rng.integers(0, 4)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    if style == 0:  # bricks
        course = max(3, int(unit * 0.07))
        offset = (rows // course % 2) * course
        joints = (rows % course == 0) | ((columns + offset) % (2 * course) == 0)
        wall[joints] *= 0.75
    elif style == 1:  # panels
        wall[columns % max(6, int(unit * rng.uniform(0.3, 0.8))) < 2] *= 0.6
    elif style == 2:  # foliage
        leaves = fractal_noise(shape, unit * 0.12, rng)
        green = hsv(rng.uniform(70, 140), 0.5, 0.5)
        wall = np.where((leaves > 0)[..., None], green * (1 + 0.25 * leaves)[..., None], wall)
    return np.clip(wall, 0, 255)


def _ground(shape: tuple[int, int], unit: float, rng: np.random.Generator) -> np.ndarray:
    tone = hsv(rng.choice([30, 45, 90, 110, 210, 0]), rng.uniform(0.03, 0.4), rng.uniform(0.3, 0.7))
    near = np.linspace(0.85, 1.12, shape[0], dtype=np.float32)[:, None]
    noise = 0.1 * fractal_noise(shape, unit * 0.2, rng) * near
    ground = tone * (near + noise)[..., None]
    if rng.random() < 0.6:  # tiles or field lines that meet in a vanishing point
        point = np.array([shape[1] * rng.uniform(0.2, 0.8), -unit * 0.4])
        color = np.clip(tone * rng.choice([0.75, 1.35]), 0, 255).tolist()
        for column in np.linspace(-1.5, 2.5, 17) * shape[1]:
            start, end = (int(point[0]), int(point[1])), (int(column), shape[0])
            cv2.line(ground, start, end, color, 1, cv2.LINE_AA)
        for share in (0.04, 0.12, 0.25, 0.45, 0.72):
            row = int(share * shape[0])
            cv2.line(ground, (0, row), (shape[1], row), color, 1, cv2.LINE_AA)
    return np.clip(ground, 0, 255)


def _furnish(canvas: np.ndarray, edge: int, unit: float, rng: np.random.Generator) -> None:
    """One thing that stands at the wall or hangs on it."""
    width = canvas.shape[1]
    color = hsv(rng.uniform(0, 360), rng.uniform(0.05, 0.75), rng.uniform(0.15, 0.95)).tolist()
    dark = (np.array(color) * 0.6).tolist()
    x = int(rng.uniform(0, width))
    foot = edge + int(rng.uniform(0, 0.12) * unit)
    kind = rng.integers(0, 6)
    if kind == 0:  # a poster with lines of text
        w, h = (rng.uniform(0.15, 0.6, 2) * unit).astype(int)
        top = int(edge - rng.uniform(0.4, 1.2) * unit)
        cv2.rectangle(canvas, (x, top), (x + w, top + h), color, -1)
        for line in range(top + 4, top + h - 3, max(4, int(unit * 0.05))):
            cv2.line(canvas, (x + 3, line), (x + int(w * rng.uniform(0.4, 0.9)), line), dark, 1)
    elif kind == 1:  # a pole
        thick = max(1, int(unit * rng.uniform(0.02, 0.06)))
        cv2.line(canvas, (x, foot), (x, int(edge - rng.uniform(0.6, 2) * unit)), color, thick, cv2.LINE_AA)
    elif kind == 2:  # a tree
        cv2.line(canvas, (x, foot), (x, int(edge - 0.7 * unit)), dark, max(2, int(unit * 0.07)))
        for _ in range(12):
            middle = (int(x + rng.normal(0, 0.2) * unit), int(edge - (0.9 + rng.normal(0, 0.2)) * unit))
            leaf = hsv(rng.uniform(60, 140), 0.6, rng.uniform(0.2, 0.6)).tolist()
            cv2.circle(canvas, middle, int(unit * rng.uniform(0.06, 0.16)), leaf, -1, cv2.LINE_AA)
    elif kind == 3:  # a box or bench
        w, h = (rng.uniform(0.2, 0.7, 2) * unit * (1, 0.6)).astype(int)
        cv2.rectangle(canvas, (x, foot - h), (x + w, foot), color, -1)
        cv2.rectangle(canvas, (x, foot - h), (x + w, foot - int(h * 0.8)), dark, -1)
        cv2.rectangle(canvas, (x, foot - h), (x + w, foot), dark, 1)
    elif kind == 4:  # a window or doorway
        w, h = int(rng.uniform(0.2, 0.4) * unit), int(rng.uniform(0.4, 1.1) * unit)
        cv2.rectangle(canvas, (x, foot - h), (x + w, edge), dark, -1)
        cv2.rectangle(canvas, (x, foot - h), (x + w, edge), color, max(1, int(unit * 0.02)))
        cv2.line(canvas, (x + w // 2, foot - h), (x + w // 2, edge), color, 1)
    else:  # a limb-like bar at any angle
        angle, length = rng.uniform(0, np.pi), unit * rng.uniform(0.15, 0.5)
        y = edge - rng.uniform(0.1, 1.0) * unit
        end = (int(x + length * np.cos(angle)), int(y + length * np.sin(angle)))
        cv2.line(canvas, (x, int(y)), end, color, max(2, int(unit * 0.06)), cv2.LINE_AA)
