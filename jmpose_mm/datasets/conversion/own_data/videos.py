"""Groups images into videos, and numbers the frames of each.

A video is a folder, or a series of names in one (`frame_name`). Folders that say no more than that
there are images, or a split, name no video: an export that deals the frames of a video out to
train, valid and test is put together again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from jmpose_mm.datasets.conversion.own_data.time_stamps import milliseconds, without_time
from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.frame_names import frame_name

__all__ = ['COUNTS', 'OwnFrame', 'OwnVideo', 'grouped_into_videos', 'numbered']

COUNTS = ('auto', 'number', 'order', 'time')
_PLACES = {'images', 'image', 'imgs', 'img', 'img1', 'frames', 'frame', 'data', 'default', 'rgb'}
_PLACES |= {'labels', 'annotations', 'labeled-data', 'jpegimages', 'obj_train_data', 'upload'}
_SPLITS = {'train', 'val', 'valid', 'validation', 'test', 'training', 'testing'}
_FILM = re.compile(r'[_.-](?:mp4|avi|mov|mkv|webm|m4v)$', re.I)


class OwnFrame(NamedTuple):
    """A frame of a video.

    Attributes:
        name: Name in the label file, or on the disk.
        file: On disk; None where it is not.
        number: In the video.
    """

    name: str
    file: Path | None
    number: int


class OwnVideo(NamedTuple):
    """A video.

    Attributes:
        name: A folder's name.
        frames: In time order, of different numbers.
        count: Meaning of the numbers: ``'number'`` of the names, ``'order'``, or ``'time'`` in
            milliseconds.
        said: Line that a reader has to know; empty if none.
    """

    name: str
    frames: tuple[OwnFrame, ...]
    count: str
    said: str = ''


Key = tuple[str, ...]
Named = tuple[PurePosixPath, Path | None]


def grouped_into_videos(
    images: Sequence[Named], pattern: str | None = None
) -> dict[str, list[Named]]:
    """Images by the name of their video.

    Args:
        images: Path below the searched folder, and file, of each.
        pattern: Regular expression with a group ``video``, and perhaps ``frame``, that is looked
            for in the paths.

    Raises:
        UsageError: The pattern is none, or does not match.
    """
    if pattern is not None:
        groups: dict[str, list[Named]] = {}
        for path, file in images:
            groups.setdefault(_safe(_matched(pattern, path)['video']), []).append((path, file))
        return groups
    keys = [_key(path, _PLACES | _SPLITS) for path, _ in images]
    clashing = _clashes(images, keys)
    # Two frames of one number: splits of one name hold different videos.
    keys = [
        _key(path, _PLACES) if key in clashing else key
        for key, (path, _) in zip(keys, images, strict=True)
    ]
    series: dict[Key, set[str]] = {}
    for key in keys:
        series.setdefault(key[:-1], set()).add(key[-1])
    groups = {}
    for key, named in zip(keys, images, strict=True):
        *folders, start = key
        parts = folders if folders and len(series[key[:-1]]) == 1 else [*folders, start]
        groups.setdefault(_safe('_'.join(filter(None, parts))), []).append(named)
    return groups


def _key(path: PurePosixPath, without: set[str]) -> Key:
    """Folders that name something, and the series."""
    folders = [part for part in path.parent.parts if part.lower() not in without]
    folders = [part for part in folders if part not in ('/', '..', '.') and not part.endswith(':')]
    return (*folders, _series(path))


def _series(path: PurePosixPath) -> str:
    before = without_time(_stem(path))
    if before is not None:
        return before
    return frame_name(path.name).series if frame_name(path.name).number is not None else ''


def _clashes(images: Sequence[Named], keys: Sequence[Key]) -> set[Key]:
    """Videos in which two images would be the same frame."""
    seen: dict[tuple[Key, int | None, str], PurePosixPath] = {}
    clashing = set()
    for key, (path, _) in zip(keys, images, strict=True):
        number = _number(path)
        identity = (key, number, '' if number is not None else path.name)
        if seen.setdefault(identity, path) != path:
            clashing.add(key)
    return clashing


def _safe(name: str) -> str:
    """A folder's name on every system, without the film's ending that exports keep."""
    plain = re.sub(r'[^\w.-]+', '_', name).strip('_-. ')
    return _FILM.sub('', plain) or 'video'


def _matched(pattern: str, path: PurePosixPath) -> dict[str, str]:
    try:
        found = re.search(pattern, str(path))
    except re.error as error:
        raise UsageError(f'video_pattern: expected a regular expression, got {error}') from error
    if found is None or not found.groupdict().get('video'):
        raise UsageError(
            'video_pattern: expected a group (?P<video>...) that matches every image, got none in '
            f'{path} by {pattern!r}'
        )
    return found.groupdict()


def numbered(
    name: str, images: Sequence[Named], count: str = 'auto', pattern: str | None = None
) -> OwnVideo:
    """The frames of a video with their numbers.

    Args:
        name: Name of the video.
        images: Path and file of each frame.
        count: One of `COUNTS`. ``'auto'`` takes time stamps where all names have one, the order
            where names have no number or numbers grow in equal steps above 1, else the numbers.
        pattern: See `grouped_into_videos`.

    Raises:
        UsageError: Names lack what is asked for, or two images are one frame.
    """
    numbers = [_number(path, pattern) for path, _ in images]
    stamps = [milliseconds(_stem(path)) for path, _ in images]
    said = [] if pattern is not None else _joined(images)
    if count == 'auto':
        count, why = _chosen(numbers, stamps)
        said += [why] if why else []
    if count == 'time':
        if None in stamps and None not in numbers:
            stamps = numbers  # bare milliseconds
        numbers = stamps
    if count != 'order' and None in numbers:
        bare = images[numbers.index(None)][0]
        raise UsageError(
            f'frames: expected a {"time stamp" if count == "time" else "number"} in every name of '
            f'video {name}, got none in {bare}; `frames` order counts them by name'
        )
    places = range(len(images))
    order = sorted(places, key=lambda k: (_natural(numbers[k]), _natural_name(images[k][0])))
    taken: dict[int, PurePosixPath] = {}
    frames = []
    for rank, k in enumerate(order):
        path, file = images[k]
        number = rank if count == 'order' else int(numbers[k] or 0)
        other = taken.setdefault(number, path)
        if other != path or (count == 'order' and rank and _is_twice(numbers, order, rank)):
            raise UsageError(
                f'video {name}: expected one image for each frame, got {other} and {path} for '
                f'frame {number}; export without augmentation, or tell videos apart by '
                '`video_pattern`'
            )
        frames.append(OwnFrame(str(path), file, number))
    return OwnVideo(name, tuple(frames), count, (said and f'{name}: {"; ".join(said)}') or '')


def _joined(images: Sequence[Named]) -> list[str]:
    """A remark where folders have one name but for blanks and the like."""
    folders = {'/'.join(_key(path, _PLACES | _SPLITS)[:-1]) for path, _ in images}
    if len(folders) < 2:
        return []
    return [f'the folders {listed(sorted(folders), 5)} are taken for one video']


def _is_twice(numbers: list[int | None], order: list[int], rank: int) -> bool:
    number = numbers[order[rank]]
    return number is not None and number == numbers[order[rank - 1]]


def _chosen(numbers: list[int | None], stamps: list[int | None]) -> tuple[str, str]:
    """How frames are counted, and why, where that is remarkable."""
    if None not in stamps:
        return 'time', 'frames by the time stamps of their names'
    if None in numbers:
        return 'order', 'frames by the order of their names, which have no numbers'
    steps = np.diff(sorted(set(numbers)))
    if len(steps) < 2:
        return 'number', ''
    usual = float(np.median(steps))
    if usual > 1 and steps.max() <= 1.25 * usual and steps.min() >= 0.8 * usual:
        return 'order', f'frames by their order, since their numbers lie {usual:g} apart'
    return 'number', ''


def _stem(path: PurePosixPath) -> str:
    return path.name[: -len(path.suffix)] if path.suffix else path.name


def _number(path: PurePosixPath, pattern: str | None = None) -> int | None:
    if pattern is not None:
        given = _matched(pattern, path).get('frame')
        if given is not None and given.isdecimal():
            return int(given)
    return frame_name(path.name).number


def _natural(number: int | None) -> int:
    return -1 if number is None else number


def _natural_name(path: PurePosixPath) -> list[tuple[int, str]]:
    """Key that sorts img2 before img10."""
    return [(int(p), '') if p.isdecimal() else (-1, p) for p in re.split(r'(\d+)', str(path)) if p]
