"""Cluttered places to stand in: walls, streets and fields, each drawn once per video."""

from __future__ import annotations

import cv2
import numpy as np

from jmpose_mm.datasets.synthetic.appearance import hsv

__all__ = ['draw_background', 'fractal_noise']


def fractal_noise(shape: tuple[int, int], cell: float, rng: np.random.Generator) -> np.ndarray:
    """(H, W) float32 noise of unit deviation with cells of `cell`, `cell` / 2.5, ... pixels."""
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
    color = hsv(rng.uniform(0, 360), rng.uniform(0.05, 0.75), rng.uniform(0.15, 0.95))
    dark = color * 0.6
    x = int(rng.uniform(0, canvas.shape[1]))
    foot = edge + int(rng.uniform(0, 0.12) * unit)
    kinds = (_poster, _pole, _tree, _box, _window, _bar)
    draw = kinds[rng.integers(len(kinds))]
    draw(canvas, (x, edge, foot), unit, (color.tolist(), dark.tolist()), rng)


Place = tuple[int, int, int]
"""Column, row of the wall's foot, row where the thing stands."""

Colors = tuple[list[float], list[float]]


def _poster(
    canvas: np.ndarray, place: Place, unit: float, colors: Colors, rng: np.random.Generator
) -> None:
    x, edge, _ = place
    width, height = (rng.uniform(0.15, 0.6, 2) * unit).astype(int)
    top = int(edge - rng.uniform(0.4, 1.2) * unit)
    cv2.rectangle(canvas, (x, top), (x + width, top + height), colors[0], -1)
    for row in range(top + 4, top + height - 3, max(4, int(unit * 0.05))):
        end = x + int(width * rng.uniform(0.4, 0.9))
        cv2.line(canvas, (x + 3, row), (end, row), colors[1], 1)


def _pole(
    canvas: np.ndarray, place: Place, unit: float, colors: Colors, rng: np.random.Generator
) -> None:
    x, edge, foot = place
    thick = max(1, int(unit * rng.uniform(0.02, 0.06)))
    top = int(edge - rng.uniform(0.6, 2) * unit)
    cv2.line(canvas, (x, foot), (x, top), colors[0], thick, cv2.LINE_AA)


def _tree(
    canvas: np.ndarray, place: Place, unit: float, colors: Colors, rng: np.random.Generator
) -> None:
    x, edge, foot = place
    trunk = max(2, int(unit * 0.07))
    cv2.line(canvas, (x, foot), (x, int(edge - 0.7 * unit)), colors[1], trunk)
    hue = rng.uniform(60, 130)
    for _ in range(30):
        dx, dy = rng.normal(0, 0.17, 2) * unit
        leaf = hsv(hue + rng.normal(0, 8), 0.6, rng.uniform(0.2, 0.55)).tolist()
        middle = (int(x + dx), int(edge - 0.9 * unit + dy))
        cv2.circle(canvas, middle, int(unit * rng.uniform(0.03, 0.1)), leaf, -1, cv2.LINE_AA)


def _box(
    canvas: np.ndarray, place: Place, unit: float, colors: Colors, rng: np.random.Generator
) -> None:
    x, _, foot = place
    width, height = (rng.uniform(0.2, 0.7, 2) * unit * (1, 0.6)).astype(int)
    low, high = (x, foot - height), (x + width, foot)
    cv2.rectangle(canvas, low, high, colors[0], -1)
    cv2.rectangle(canvas, low, (x + width, foot - int(height * 0.8)), colors[1], -1)
    cv2.rectangle(canvas, low, high, colors[1], 1)


def _window(
    canvas: np.ndarray, place: Place, unit: float, colors: Colors, rng: np.random.Generator
) -> None:
    x, edge, foot = place
    width, height = int(rng.uniform(0.2, 0.4) * unit), int(rng.uniform(0.4, 1.1) * unit)
    top, middle = foot - height, x + width // 2
    cv2.rectangle(canvas, (x, top), (x + width, edge), colors[1], -1)
    cv2.rectangle(canvas, (x, top), (x + width, edge), colors[0], max(1, int(unit * 0.02)))
    cv2.line(canvas, (middle, top), (middle, edge), colors[0], 1)


def _bar(
    canvas: np.ndarray, place: Place, unit: float, colors: Colors, rng: np.random.Generator
) -> None:
    """A bar at any angle, which a careless eye takes for a limb."""
    x, edge, _ = place
    angle, length = rng.uniform(0, np.pi), unit * rng.uniform(0.15, 0.5)
    y = edge - rng.uniform(0.1, 1.0) * unit
    end = (int(x + length * np.cos(angle)), int(y + length * np.sin(angle)))
    cv2.line(canvas, (x, int(y)), end, colors[0], max(2, int(unit * 0.06)), cv2.LINE_AA)
