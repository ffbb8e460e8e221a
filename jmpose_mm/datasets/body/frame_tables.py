"""Which frames of a video are on disk: one directory listing for each video, one table for all."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import PurePosixPath

__all__ = ['FrameTables', 'frame_number', 'video_and_frame']

_IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png')
# The longest window of the papers: a shorter video repeats frames in every window.
_WINDOW = 5


def frame_number(file_name: str) -> int | None:
    """The last number in a frame's file name, whatever its width; None without one."""
    found = re.search(r'(\d+)\D*$', PurePosixPath(file_name).stem)
    return None if found is None else int(found.group(1))


def video_and_frame(file_name: str) -> tuple[str, str]:
    """Folder and frame name: detection files write the folders before them in many ways.

    The name and not its number: six digits count from 0 and eight from 1. Detections of one
    generation, used with annotations of another, so find no frame instead of the neighbour.
    """
    path = PurePosixPath(file_name)
    return path.parent.name, path.stem


class FrameTables:
    """Paths of frames by video and number.

    Args:
        prefix: Directory that image names are relative to.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._tables: dict[str, dict[int, str]] = {}

    def __getitem__(self, video: str) -> dict[int, str]:
        """Paths of a video's frames by number, in time order; the same object every time."""
        if video not in self._tables:
            self._tables[video] = _listed(video)
        return self._tables[video]

    def video_of(self, file_name: str) -> str:
        """The directory of an image.

        The folder ``images`` that official names start with may be the prefix itself.
        """
        name = PurePosixPath(file_name)
        candidates = [str(PurePosixPath(self.prefix, name).parent)]
        if name.parts[0] == 'images':
            candidates.append(str(PurePosixPath(self.prefix, *name.parts[1:]).parent))
        return next((video for video in candidates if self[video]), candidates[0])

    def counts(self) -> Counter[str]:
        """What is remarkable about the videos, counted."""
        tables = [table for table in self._tables.values() if table]
        return Counter(
            {
                f'videos of fewer than {_WINDOW} frames': sum(len(t) < _WINDOW for t in tables),
                'numbers missing within videos': sum(
                    max(table) - min(table) + 1 - len(table) for table in tables
                ),
            }
        )


def _listed(directory: str) -> dict[int, str]:
    try:
        names = sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    numbered: dict[int, str] = {}
    for name in names:
        number = frame_number(name)
        if number is None or name.startswith('.') or not name.lower().endswith(_IMAGE_SUFFIXES):
            continue
        other = PurePosixPath(numbered.setdefault(number, str(PurePosixPath(directory, name)))).name
        if other != name:
            raise ValueError(
                f'{directory}: expected one image for each frame number, got {other} and {name}; '
                'keep one naming in a folder'
            )
    return dict(sorted(numbered.items()))
