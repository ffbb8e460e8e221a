"""Frames of videos as files: their numbers, names and folders."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath

__all__ = ['find_video', 'frame_number', 'name_key']

_IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png')


def frame_number(file_name: str) -> int | None:
    """The number that a frame's file name ends with, whatever its width; None without one."""
    found = re.search(r'(\d+)$', PurePosixPath(file_name).stem)
    return None if found is None else int(found.group())


def name_key(file_name: str) -> tuple[str, str]:
    """Video and frame name: detection files write the folders before them in many ways.

    The name, not its number: six digits count from 0 and eight from 1, so that a detection file of
    one generation used with the other's annotations finds nothing instead of the wrong frames.
    """
    path = PurePosixPath(file_name)
    return path.parent.name, path.stem


def find_video(tables: dict[str, dict[int, str]], prefix: str, file_name: str) -> str:
    """The directory of an image, listed into ``tables`` unless it is there already.

    The folder that official names start with, ``images/``, may be the prefix itself.

    Raises:
        ValueError: Two files of the directory have the same number.
    """
    name = PurePosixPath(file_name)
    candidates = [str(PurePosixPath(prefix, name).parent)]
    if name.parts[0] == 'images':
        candidates.append(str(PurePosixPath(prefix, *name.parts[1:]).parent))
    for video in candidates:
        if video not in tables:
            tables[video] = _frame_table(video)
        if tables[video]:
            return video
    return candidates[0]


def _frame_table(directory: str) -> dict[int, str]:
    """Paths of the frames in a directory by their number, in time order."""
    try:
        names = sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    numbered: dict[int, str] = {}
    for name in names:
        number = frame_number(name)
        if number is None or name.startswith('.') or not name.lower().endswith(_IMAGE_SUFFIXES):
            continue
        if number in numbered:
            raise ValueError(
                f'{directory}: expected one image for each frame number, got '
                f'{PurePosixPath(numbered[number]).name} and {name}; keep one naming in a folder'
            )
        numbered[number] = str(PurePosixPath(directory, name))
    return dict(sorted(numbered.items()))
