"""Frames of videos on disk: one directory listing for each folder, one table for all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.frame_names import IMAGE_SUFFIXES, frame_name, posix_name
from jmpose_mm.formats.persons import Image

__all__ = ['FrameTables']

# The longest window of the papers: a shorter video repeats frames in every window.
_WINDOW = 5


class FrameTables:
    """Paths of frames by video and number.

    A video is a folder. Where a folder holds several series (`frame_name`), each is a video; where
    the file gives images of one folder several `video_id`, so is each of these (`split`).

    Args:
        prefix: Directory that image names are relative to.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._folders: dict[str, dict[str, str]] = {}  # folder -> series -> video
        self._tables: dict[str, dict[int, str]] = {}
        self._parts: dict[str, dict[int, str]] = {}  # video -> number -> its part of the video
        self._taken: dict[str, str] = {}  # folder on disk -> the absolute one that is found there

    def __getitem__(self, video: str) -> dict[int, str]:
        """Paths of a video's frames by number, in time order; the same object every time."""
        return self._tables.get(video, {})

    def find(self, name: str) -> tuple[str, int | None]:
        """(video, number) of an image; the number is None where it is not on disk.

        The folder ``images`` that official names start with may be the prefix itself. Of an
        absolute name, which comes from another machine, the first folders may be missing here.
        """
        parts = frame_name(name)
        for folder in self._candidates(parts.folder):
            video = self._series(folder).get(parts.series)
            if video is not None and parts.number in self._tables[video]:
                if _is_absolute(parts.folder):
                    # Two folders of the other machine must not become one here.
                    wanted = self._taken.setdefault(folder, str(parts.folder))
                    if wanted != str(parts.folder):
                        continue
                owners = self._parts.get(video)
                return (owners[parts.number] if owners else video), parts.number
        return str(PurePosixPath(self.prefix, parts.folder)), None

    def split(self, images: Iterable[Image]) -> None:
        """Tell videos in one folder apart by the images' `video_id`.

        Frames that no image names belong to the named frames around them, if these are of one
        video, else to none.
        """
        named: dict[str, dict[int, str]] = {}
        for image in images:
            video, number = self.find(image.name)
            if image.video_id is not None and number is not None:
                named.setdefault(video, {})[number] = image.video_id
        for video, identities in named.items():
            if len(set(identities.values())) > 1:
                self._split(video, identities)

    def _split(self, video: str, identities: dict[int, str]) -> None:
        table = self._tables[video]
        before = _carried(table, identities)
        after = _carried(reversed(table), identities)
        owners = {}
        for number, path in table.items():
            # Before the first named frame and after the last one, the one side that has a name
            # decides.
            ends = {before[number] or after[number], after[number] or before[number]}
            part = f'{video} ({ends.pop()})' if len(ends) == 1 else f'{video} (unnamed)'
            self._tables.setdefault(part, {})[number] = path
            owners[number] = part
        self._parts[video] = owners

    def counts(self) -> Counter[str]:
        """Counts of short videos and of gaps in the numbers."""
        tables = [t for name, t in self._tables.items() if t and name not in self._parts]
        return Counter(
            {
                f'videos of fewer than {_WINDOW} frames': sum(len(t) < _WINDOW for t in tables),
                'numbers missing within videos': sum(
                    max(table) - min(table) + 1 - len(table) for table in tables
                ),
            }
        )

    def _candidates(self, folder: PurePosixPath) -> list[str]:
        names = [folder]
        if folder.parts[:1] == ('images',):
            names.append(PurePosixPath(*folder.parts[1:]))
        # A data set that was moved: its folders are looked for below the prefix, the longest first.
        if _is_absolute(folder):
            names += [PurePosixPath(*folder.parts[k:]) for k in range(1, len(folder.parts) + 1)]
        return [str(PurePosixPath(posix_name(self.prefix), name)) for name in names]

    def _series(self, folder: str) -> dict[str, str]:
        """The video of each series in a folder."""
        if folder not in self._folders:
            listed = _listed(folder)
            videos = {s: f'{folder}/{s}*' if len(listed) > 1 else folder for s in listed}
            self._folders[folder] = videos
            self._tables |= {videos[series]: table for series, table in listed.items()}
        return self._folders[folder]


def _is_absolute(folder: PurePosixPath) -> bool:
    # A drive of Windows too, on whatever system the file is read.
    return folder.is_absolute() or (folder.parts[:1] != () and folder.parts[0].endswith(':'))


def _carried(numbers: Iterable[int], identities: dict[int, str]) -> dict[int, str]:
    """The identity of the latest named frame at each number; empty before the first."""
    latest, carried = '', {}
    for number in numbers:
        carried[number] = latest = identities.get(number, latest)
    return carried


def _is_there(entry: os.DirEntry[str]) -> bool:
    """No folder, and no link that leads nowhere or in a circle."""
    return os.path.exists(entry.path) if entry.is_symlink() else not entry.is_dir()


def _listed(directory: str) -> dict[str, dict[int, str]]:
    """Paths by series and number."""
    try:
        # Sorted: systems list files in different orders, and the message names the first of two.
        with os.scandir(directory) as found:
            names = sorted(entry.name for entry in found if _is_there(entry))
    # A name that no path may have, as one with a null character, is a ValueError.
    except (OSError, ValueError):
        return {}
    numbered: dict[str, dict[int, str]] = {}
    for name in names:
        if name.startswith('.') or not name.lower().endswith(IMAGE_SUFFIXES):
            continue
        _, series, number = frame_name(name)
        if number is None:
            continue
        table = numbered.setdefault(series, {})
        path = str(PurePosixPath(posix_name(directory), name))
        other = PurePosixPath(table.setdefault(number, path)).name
        if other != name:
            raise UsageError(
                f'{directory}: expected one image for each frame number, got {other} and {name}; '
                'keep one naming in a folder'
            )
    return {series: dict(sorted(table.items())) for series, table in numbered.items()}
