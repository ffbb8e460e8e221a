"""Body parts as antialiased, textured, shaded shapes.

Each function blends one part into `canvas` (H, W, 3) float32 and writes `label` into `labels` (H,
W) int32 wherever the part covers at least half of a pixel. Coordinates are pixels; pixel centres
have whole coordinates.
"""

from __future__ import annotations

import cv2
import numpy as np

__all__ = ['Layer', 'draw_capsule', 'draw_head', 'draw_shadow', 'draw_torso']


class Layer:
    """A picture with the map of what covers each pixel.

    Args:
        canvas: (H, W, 3) float32 BGR, drawn into.
        light: (2,) unit direction in the picture that light comes from.
    """

    def __init__(self, canvas: np.ndarray, light: np.ndarray) -> None:
        self.canvas = canvas
        self.labels = np.zeros(canvas.shape[:2], np.int32)
        self.light = np.asarray(light, np.float32)

    def window(self, low: np.ndarray, high: np.ndarray) -> tuple[slice, slice] | None:
        """Rows and columns of the pixels between two corners x, y, or None if they are outside."""
        x0, y0 = np.maximum(np.floor(low).astype(int), 0)
        x1, y1 = np.minimum(np.ceil(high).astype(int) + 1, self.canvas.shape[1::-1])
        return (slice(y0, y1), slice(x0, x1)) if x0 < x1 and y0 < y1 else None

    def blend(
        self, window: tuple[slice, slice], color: np.ndarray, alpha: np.ndarray, label: int
    ) -> None:
        """Lay `color` (h, w, 3) over the window with coverage `alpha` (h, w) in [0, 1]."""
        region = self.canvas[window]
        region += alpha[..., None] * (color - region)
        # A pixel belongs to what covers most of it.
        self.labels[window][alpha >= 0.5] = label


def _grid(window: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = window
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None]
    return x, y


def draw_capsule(
    layer: Layer,
    ends: tuple[np.ndarray, np.ndarray],
    radii: tuple[float, float],
    texture: np.ndarray,
    label: int,
) -> None:
    """A tapered limb from one end to the other.

    Args:
        layer: Drawn into.
        ends: Two points (2,).
        radii: Half-width at either end.
        texture: (along, across, 3); or (3,) for a plain colour.
        label: Name of the limb.
    """
    start, end = np.asarray(ends[0], np.float32), np.asarray(ends[1], np.float32)
    reach = max(radii) + 1
    window = layer.window(np.minimum(start, end) - reach, np.maximum(start, end) + reach)
    if window is None:
        return
    x, y = _grid(window)
    axis = end - start
    length = max(float(np.hypot(*axis)), 1e-3)
    ux, uy = axis / length
    along = (x - start[0]) * ux + (y - start[1]) * uy
    across = (y - start[1]) * ux - (x - start[0]) * uy
    share = np.clip(along / length, 0, 1)
    radius = radii[0] + (radii[1] - radii[0]) * share
    beyond = along - share * length
    alpha = np.clip(radius - np.sqrt(across * across + beyond * beyond) + 0.5, 0, 1)
    relative = np.clip(across / radius, -1, 1)
    color = _sample(texture, share, relative)
    # A cylinder lit from one side: the normal's part towards the light, plus what comes from
    # everywhere.
    facing = relative * (layer.light[1] * ux - layer.light[0] * uy)
    shade = 0.62 + 0.3 * np.sqrt(1 - 0.9 * relative * relative) + 0.22 * facing
    layer.blend(window, color * shade[..., None], alpha, label)


def _sample(texture: np.ndarray, share: np.ndarray, relative: np.ndarray) -> np.ndarray:
    if texture.ndim == 1:
        return texture
    rows = (share * (texture.shape[0] - 1)).astype(np.int32)
    columns = ((relative + 1) * (0.5 * (texture.shape[1] - 1))).astype(np.int32)
    return texture[rows, columns]


def draw_torso(
    layer: Layer,
    outline: np.ndarray,
    axes: tuple[np.ndarray, np.ndarray, np.ndarray],
    textures: tuple[np.ndarray, float],
    label: int,
) -> None:
    """The trunk: the convex hull of points on its surface, textured along the spine.

    Args:
        layer: Drawn into.
        outline: (M, 2) points on the surface.
        axes: Neck and hip centre (2,), and the trunk's left axis as seen (2,), in pixels.
        textures: (2, along, across, 3) front and back, and how much the chest faces the camera, -1
            to 1.
        label: Name of the trunk.
    """
    window = layer.window(outline.min(0) - 1, outline.max(0) + 1)
    if window is None:
        return
    x, y = _grid(window)
    hull = cv2.convexHull(outline.astype(np.float32))[:, 0]
    corner = np.array([window[1].start, window[0].start])
    mask = np.zeros((y.shape[0], x.shape[1]), np.uint8)
    # Four bits behind the point, which OpenCV is told by its last argument.
    fixed = np.round((hull - corner) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, fixed, 255, cv2.LINE_AA, 4)
    neck, hips, _ = axes
    axis = hips - neck
    length = max(float(np.hypot(*axis)), 1e-3)
    ux, uy = (axis / length).astype(np.float32)
    share = np.clip(((x - neck[0]) * ux + (y - neck[1]) * uy) / length, 0, 1)
    across = (y - neck[1]) * ux - (x - neck[0]) * uy
    spread = np.abs((hull - neck) @ np.array([-uy, ux])).max() + 0.5
    relative = np.clip(across / spread, -1, 1).astype(np.float32)
    cloth, facing = textures
    color = _sample(cloth[0 if facing > 0 else 1], share, relative)
    side = relative * (layer.light[1] * ux - layer.light[0] * uy)
    shade = 0.64 + 0.3 * np.sqrt(1 - 0.85 * relative * relative) + 0.2 * side
    layer.blend(window, color * shade[..., None], mask.astype(np.float32) / 255, label)


def draw_head(
    layer: Layer,
    ends: tuple[np.ndarray, np.ndarray, float],
    axes: np.ndarray,
    colors: tuple[np.ndarray, np.ndarray, float],
    label: int,
) -> None:
    """An egg with hair, eyes, brows and mouth where its orientation puts them.

    Args:
        layer: Drawn into.
        ends: Chin and crown (2,), and the half-width.
        axes: (3, 3) rows left, up, forward of the head in the world frame (z towards the camera).
        colors: Skin, hair, and the cosine above which the crown is hair.
        label: Name of the head.
    """
    chin, crown, half_width = ends
    center = (chin + crown) / 2
    # Seen from above a head is short, but never shorter than wide.
    half_height = max(float(np.hypot(*(crown - chin))) / 2, half_width)
    up = (crown - chin) / max(float(np.hypot(*(crown - chin))), 1e-3)
    window = layer.window(center - half_height - 1, center + half_height + 1)
    if window is None:
        return
    x, y = _grid(window)
    b = ((x - center[0]) * up[0] + (y - center[1]) * up[1]) / half_height
    a = ((x - center[0]) * -up[1] + (y - center[1]) * up[0]) / half_width
    norm = np.sqrt(a * a + b * b)
    alpha = np.clip((1 - norm) * half_width + 0.5, 0, 1)
    c = np.sqrt(np.clip(1 - norm * norm, 0, 1))
    # World axes of the egg's own picture axes: rows grow downwards in the picture, upwards in the
    # world.
    right = np.array([-up[1], -up[0], 0.0])
    upwards = np.array([up[0], -up[1], 0.0])
    left_, up_, ahead = (
        a * float(axis @ right) + b * float(axis @ upwards) + c * float(axis[2]) for axis in axes
    )
    color = _face(left_, up_, ahead, colors)
    shade = 0.66 + 0.32 * c + 0.16 * (a * (-up[1] * layer.light[0] + up[0] * layer.light[1]))
    layer.blend(window, color * shade[..., None], alpha, label)


def _face(
    left: np.ndarray,
    up: np.ndarray,
    ahead: np.ndarray,
    colors: tuple[np.ndarray, np.ndarray, float],
) -> np.ndarray:
    skin, hair, hair_line = colors
    color = np.empty((*left.shape, 3), np.float32)
    color[...] = skin
    side = np.abs(left)
    color[(ahead > 0.5) & (np.abs(up - 0.29) < 0.045) & (np.abs(side - 0.38) < 0.15)] = hair * 0.8
    color[(ahead > 0.5) & (np.abs(up - 0.08) < 0.08) & (np.abs(side - 0.36) < 0.13)] = 245
    color[(ahead > 0.5) & (np.abs(up - 0.08) < 0.08) & (np.abs(side - 0.36) < 0.07)] = 25
    color[(ahead > 0.4) & (np.abs(up + 0.52) < 0.08) & (side < 0.28)] = skin * (0.55, 0.5, 0.75)
    color[(ahead > 0.3) & (side < 0.12) & (up < 0.05) & (up > -0.28)] = skin * 0.82
    color[(np.abs(ahead) < 0.16) & (np.abs(up) < 0.24) & (side > 0.6)] = skin * 0.8  # the ears
    color[(up > hair_line + 0.25 * ahead) | ((ahead < -0.05) & (up > -0.55) & (ahead < -0.2))] = (
        hair
    )
    return color


def draw_shadow(layer: Layer, center: np.ndarray, radii: tuple[float, float]) -> None:
    """A soft dark ellipse on the ground; covers nothing."""
    size = np.array(radii, np.float32)
    window = layer.window(center - 1.5 * size, center + 1.5 * size)
    if window is None:
        return
    x, y = _grid(window)
    squared = ((x - center[0]) / size[0]) ** 2 + ((y - center[1]) / size[1]) ** 2
    layer.canvas[window] *= (1 - 0.5 * np.exp(-2 * squared))[..., None]
