"""Which frames of films are trained on, and their pictures on disk.

Images are uint8 BGR (H, W, 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jmpose_mm.apis.video_training.pseudo_labels import FilmLabels
from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames.sources import FrameSource
from jmpose_mm.visualization.comparison import save_picture

__all__ = ['REACH', 'choose_frames', 'write_pictures']

REACH = 2
"""Frames on each side that windows see."""


def choose_frames(films: Mapping[str, FilmLabels], count: int) -> dict[str, list[int]]:
    """About so many frames of all films: in equal spans of time, the one of the surest labels.

    A film's share is that of its frames with persons. Frames with true labels come in any case.

    Args:
        films: Labels by the name of the film.
        count: Number of frames.

    Returns:
        Indices of frames, ascending, by the name of the film.

    Raises:
        UsageError: Nobody was found in any film.
    """
    total = sum(len(labels.certainty) for labels in films.values())
    if not total:
        raise UsageError(
            'videos: expected people, found nobody; --detector or --boxes may find them'
        )
    chosen = {}
    for name, labels in films.items():
        indices = sorted(labels.certainty)
        share = min(len(indices), -(-count * len(indices) // total))
        spans = np.array_split(indices, share) if share else []
        best = {max(map(int, span), key=labels.certainty.__getitem__) for span in spans}
        true = {
            index
            for index, entries in labels.frames.items()
            if any(entry.get('is_true') for entry in entries)
        }
        chosen[name] = sorted(best | true)
    return chosen


def write_pictures(source: FrameSource, chosen: Sequence[int], folder: Path) -> tuple[int, int]:
    """Write chosen frames and `REACH` on each side; those that are there stay.

    Args:
        source: The film.
        chosen: Indices of its frames.
        folder: Where to, as ``000012.jpg``.

    Returns:
        (W, H) of the pictures.

    Raises:
        UsageError: Frames of the film differ in size, or it is read differently than before.
    """
    wanted = {index + step for index in chosen for step in range(-REACH, REACH + 1)}
    sizes: set[tuple[int, int]] = set()
    seen: set[int] = set()
    for frame in source:
        if frame.index in wanted:
            seen.add(frame.index)
            sizes.add((frame.image.shape[1], frame.image.shape[0]))
            file = folder / f'{frame.index:06d}.jpg'
            if not file.exists():
                save_picture(file, frame.image)
    if len(sizes) != 1 or not seen.issuperset(chosen):
        raise UsageError(
            f'{source.name}: expected frames of one size, the same as when poses were made, got '
            f'sizes {sorted(sizes)} and {len(set(chosen) - seen)} frames missing'
        )
    return sizes.pop()
