"""Pictures that put several drawings of the same frames side by side.

Images are uint8 BGR; coordinates are pixels ``(x, y)`` of the whole image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from jmpose_mm.functional.arrays import as_floats
from jmpose_mm.whole_files import whole_file

from .drawing import (
    COLOURS,
    ERROR_COLOUR,
    checked_image,
    checked_skeleton,
    draw_errors,
    draw_poses,
    write_text,
)
from .person_windows import person_window, shift_inside
from .skeleton import Skeleton

__all__ = ['Panel', 'Row', 'comparison_picture', 'save_picture', 'side_by_side']

BACKGROUND = (32, 28, 26)
BRIGHT, DIM = (245, 245, 245), (170, 165, 160)
GAP = 10
MARK_ERRORS_BEYOND = 0.05  # of the window's height


@dataclass(frozen=True)
class Panel:
    """One drawing.

    Attributes:
        keypoints: (N, K, 2) pixels of the whole image.
        scores: (N, K) scores or visibility; see `draw_poses`.
        caption: Said below, e.g. the error in this frame.

    Example:
        >>> panel = Panel(np.full((1, 17, 2), 20.0), caption='12 px off')
        >>> panel.scores is None
        True
    """

    keypoints: np.ndarray
    scores: np.ndarray | None = None
    caption: str = ''


@dataclass(frozen=True)
class Row:
    """One frame drawn several times.

    Attributes:
        title: Says which frame it is.
        image: (H, W, 3) uint8 BGR.
        panels: One for each column.
        truth: (N, K, 2) true places in pixels of the whole image; far-off joints of all panels are
            joined to them. Needs the same persons in every panel.
        known: (N, K) which of them exist.
        window: Rectangle to cut out, (x, y, width, height) in pixels; around everything drawn if
            None.

    Example:
        >>> truth = np.full((1, 17, 2), 20.0)
        >>> image, panels = np.zeros((120, 160, 3), np.uint8), [Panel(truth + 3), Panel(truth)]
        >>> row = Row('frame 7', image, panels, truth, window=(0, 0, 80, 60))
        >>> picture = comparison_picture(['JM-Pose', 'truth'], [row])
    """

    title: str
    image: np.ndarray
    panels: Sequence[Panel]
    truth: np.ndarray | None = None
    known: np.ndarray | None = None
    window: tuple[float, float, float, float] | None = None


def comparison_picture(
    columns: Sequence[str],
    rows: Sequence[Row],
    panel_size: tuple[int, int] = (320, 320),
    skeleton: Skeleton | None = None,
) -> np.ndarray:
    """One labelled picture with a row for each frame and a column for each way of seeing it.

    Frames are cut out around the persons and enlarged before anything is drawn: lines stay sharp.

    Args:
        columns: Title of each column, e.g. ``('single frame', 'JM-Pose', 'truth')``.
        rows: The frames.
        panel_size: Width and height of one drawing in pixels.
        skeleton: Joints and the lines between them; PoseTrack's if None.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        ValueError: A row has another number of panels than there are columns, or there is no row.

    Example:
        >>> points = np.random.default_rng(0).uniform(20, 100, (1, 17, 2))
        >>> image, panels = np.zeros((120, 160, 3), np.uint8), [Panel(points), Panel(points + 5)]
        >>> row = Row('frame 7', image, panels)
        >>> comparison_picture(['single frame', 'JM-Pose'], [row], (160, 120)).shape[2]
        3
    """
    wide, high = panel_size
    if not rows:
        raise ValueError('rows: expected at least one, got none')
    for row in rows:
        if len(row.panels) != len(columns):
            raise ValueError(
                f'row {row.title!r}: expected {len(columns)} panels, got {len(row.panels)}'
            )
    title, caption = max(18, high // 14), max(16, high // 16)
    head = 2 * title
    pitch = title + high + caption + GAP
    width = GAP + len(columns) * (wide + GAP)
    picture = np.full((head + len(rows) * pitch + title, width, 3), BACKGROUND, dtype=np.uint8)
    for column, name in enumerate(columns):
        left = GAP + column * (wide + GAP)
        write_text(picture, name, left, GAP, head - GAP, wide, BRIGHT)
        for number, row in enumerate(rows):
            top = head + number * pitch
            panel = row.panels[column]
            picture[top + title : top + title + high, left : left + wide] = _panel(
                row, panel, panel_size, skeleton
            )
            write_text(picture, panel.caption, left, top + title + high, caption, wide, BRIGHT)
    for number, row in enumerate(rows):
        write_text(picture, row.title, GAP, head + number * pitch, title, width - 2 * GAP, DIM)
    errors = any(row.truth is not None for row in rows)
    _legend(picture, GAP, picture.shape[0] - title, title, width - 2 * GAP, errors)
    return picture


def side_by_side(images: Sequence[np.ndarray], titles: Sequence[str]) -> np.ndarray:
    """Join drawn frames of one video under their titles, at the height of the first one.

    Returns:
        (H, W, 3) uint8 with even H and W, as video files need.
    """
    if not images or len(images) != len(titles):
        raise ValueError(
            f'titles: expected one for each of {len(images)} images, got {len(titles)}'
        )
    images = [checked_image(image) for image in images]
    high = images[0].shape[0]
    band = max(20, high // 16)
    parts = []
    for image, title in zip(images, titles, strict=True):
        wide = max(2, round(image.shape[1] * high / image.shape[0]))
        part = np.full((band + high, wide, 3), BACKGROUND, dtype=np.uint8)
        part[band:] = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)
        write_text(part, title, GAP // 2, 0, band, wide - GAP, BRIGHT)
        parts += [part, np.full((band + high, 2, 3), BACKGROUND, dtype=np.uint8)]
    joined = np.concatenate(parts[:-1], axis=1)
    odd = joined.shape[0] % 2, joined.shape[1] % 2
    return np.pad(joined, ((0, odd[0]), (0, odd[1]), (0, 0)), mode='edge')


def save_picture(path: str | Path, image: np.ndarray) -> Path:
    """Write an image file that appears whole or not at all; makes its directory.

    Args:
        path: File to write; its ending says the format, e.g. ``.png`` or ``.jpg``.
        image: (H, W, 3) uint8 BGR.

    Returns:
        The path.

    Example:
        >>> save_picture('out/picture.png', np.zeros((8, 8, 3), np.uint8)).name
        'picture.png'
    """
    path = Path(path)
    done, data = cv2.imencode(path.suffix or '.png', checked_image(image))
    if not done:
        raise ValueError(f'{path}: expected a file type that OpenCV writes, got {path.suffix!r}')
    with whole_file(path) as unfinished:
        unfinished.write_bytes(data.tobytes())
    return path


def _panel(row: Row, panel: Panel, size: tuple[int, int], skeleton: Skeleton | None) -> np.ndarray:
    image = checked_image(row.image)
    x, y, width, height = row.window or _window(row, size[0] / size[1], skeleton)
    x, y = shift_inside(x, width, image.shape[1]), shift_inside(y, height, image.shape[0])
    scale = np.asarray([size[0] / width, size[1] / height])
    # Pixel centres of the window's corners fall on those of the panel's.
    matrix = np.asarray([[scale[0], 0, -x * scale[0]], [0, scale[1], -y * scale[1]]])
    inter = cv2.INTER_AREA if scale[0] < 1 else cv2.INTER_CUBIC
    cut = cv2.warpAffine(image, matrix, size, flags=inter, borderValue=BACKGROUND)
    keypoints = (as_floats('keypoints', panel.keypoints, 'N K 2') - [x, y]) * scale
    drawn = draw_poses(cut, keypoints, panel.scores, skeleton=skeleton)
    if row.truth is None or row.known is None:
        return drawn
    truth = (as_floats('truth', row.truth, 'N K 2') - [x, y]) * scale
    return draw_errors(drawn, keypoints, truth, row.known, MARK_ERRORS_BEYOND * size[1])


def _window(
    row: Row, aspect: float, skeleton: Skeleton | None
) -> tuple[float, float, float, float]:
    if row.truth is not None and row.known is not None:
        return person_window(row.truth, row.known, aspect)
    every = [as_floats('keypoints', panel.keypoints, 'N K 2') for panel in row.panels]
    points = np.concatenate(every)
    shown = [
        np.ones(some.shape[:2], bool) if panel.scores is None else np.asarray(panel.scores) >= 0.2
        for some, panel in zip(every, row.panels, strict=True)
    ]
    drawn = checked_skeleton(points, skeleton).drawn
    return person_window(points, np.concatenate(shown) & drawn, aspect)


def _legend(image: np.ndarray, left: int, top: int, height: int, width: int, errors: bool) -> None:
    entries = [(COLOURS['right'], "person's right"), (COLOURS['left'], "person's left")]
    entries += [(ERROR_COLOUR, 'to the true place')] if errors else []
    for colour, text in entries:
        centre = (left + height // 2, top + height // 2)
        cv2.circle(image, centre, height // 4, colour, cv2.FILLED, cv2.LINE_AA)
        left += height
        left += write_text(image, text, left, top, height, width // 3, DIM) + height // 2
