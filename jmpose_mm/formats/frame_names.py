"""Names of frames: their video and number, and when two names mean one image.

===================================================  ===========  ======
name                                                 series       number
===================================================  ===========  ======
``images/val/000342_mpii_test/000007.jpg``           ``''``            7
``cage1/cam0/img_0012.png``                          ``'img_'``       12
``06115_crop.jpg``                                   ``''``         6115
``walk_mp4-0004_jpg.rf.<32 digits and letters>.jpg``  ``'walk_mp4-'``   4
``3f2a9c1b-walk_0004.jpg``                           ``'walk_'``       4
``walk_0004_1280x720.jpg``                           ``'walk_'``       4
===================================================  ===========  ======

The number is the last one in the file's name, without what programs add: a hash behind the name
(Roboflow) or before it (Label Studio), or the picture's size. What stands before the number is the
frame's *series*: frames of one folder and several series are several videos.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import PurePath, PurePosixPath
from typing import Any, NamedTuple

from jmpose_mm.errors import UsageError, cut, listed
from jmpose_mm.formats.json_files import LARGEST_WHOLE_NUMBER

__all__ = [
    'FILM_SUFFIXES',
    'IMAGE_SUFFIXES',
    'FrameName',
    'ImageIndex',
    'common_end',
    'distinct_ends',
    'frame_key',
    'frame_keys',
    'frame_name',
    'path_text',
    'posix_name',
    'video_key',
]

FILM_SUFFIXES = (
    *('.3gp', '.asf', '.avi', '.divx', '.dv', '.f4v', '.flv', '.gif', '.m2ts', '.m2v', '.m4v'),
    *('.mkv', '.mov', '.mp4', '.mpe', '.mpeg', '.mpg', '.mts', '.mxf', '.ogg', '.ogv', '.ts'),
    *('.vob', '.webm', '.wmv', '.y4m'),
)
IMAGE_SUFFIXES = (
    *('.bmp', '.jfif', '.jp2', '.jpe', '.jpeg', '.jpg', '.pgm', '.png', '.pnm', '.ppm', '.tif'),
    *('.tiff', '.webp'),
)
"""In lower case, as those of films."""

# PoseTrack's names begin with a number and the collection that the video is from.
_OFFICIAL = re.compile(r'\d+_(?:mpiinew|mpii|bonn)(?=_|$)')
_NUMBER = re.compile(r'(?<!\d)(\d+)\D*$')
# A hash changes from digits to letters, which a name with a number at its end does not.
_HASH_BEHIND = re.compile(r'(?:\.rf\.\w+|[._-](?=[0-9a-f]*[0-9][a-f])[0-9a-f]{8,})$', re.I)
_SIZE_BEHIND = re.compile(r'(?<=\d)[._-]\d{2,5}x\d{2,5}$', re.I)
_HASH_BEFORE = re.compile(r'^(?=[0-9a-f]*[0-9][a-f]|[a-f]+[0-9])[0-9a-f]{8}-(?=.*\d)', re.I)


class FrameName(NamedTuple):
    """A frame's name, taken apart.

    Attributes:
        folder: All before the file's name.
        series: Text before the number.
        number: Number of the frame; None without one.
    """

    folder: PurePosixPath
    series: str
    number: int | None


def path_text(value: Any) -> Any:
    """A path as text, in a mapping too, as mmengine's data sets want it; other values as they are.

    Example:
        >>> path_text({'img': PurePath('frames')}), path_text(3)
        ({'img': 'frames'}, 3)
    """
    if isinstance(value, dict):
        return {key: path_text(entry) for key, entry in value.items()}
    return str(value) if isinstance(value, PurePath) else value


def posix_name(name: str) -> str:
    r"""The name with ``/`` between folders, as Windows' ``\`` has the same meaning."""
    return name.replace('\\', '/')


def frame_name(name: str) -> FrameName:
    """Take a frame's name apart; see the table above."""
    path = PurePosixPath(posix_name(name))
    stem = _SIZE_BEHIND.sub('', _HASH_BEFORE.sub('', _HASH_BEHIND.sub('', path.stem)))
    found = _NUMBER.search(stem)
    # Nanoseconds fit into int64; what does not numbers no frame of a video.
    if found is None or len(found.group(1)) > 19 or int(found.group(1)) > LARGEST_WHOLE_NUMBER:
        return FrameName(path.parent, stem, None)
    return FrameName(path.parent, stem[: found.start()], int(found.group(1)))


def frame_key(name: str) -> tuple[str, int]:
    """(video, frame number) of an image path, to speak of a frame.

    The video is the `video_key` of the image's folder. Two videos may share it: `ImageIndex` says
    which images are the same.

    Raises:
        UsageError: The file's name holds no number.
    """
    parts = frame_name(name)
    if parts.number is None:
        raise UsageError(
            f'image {cut(repr(name))}: expected a frame number in the file name, got none'
        )
    return video_key(parts.folder.name), parts.number


def frame_keys(names: Sequence[str]) -> list[tuple[str, int]]:
    """The `frame_key` of each name, with more of its path where videos share their folder's name.

    Raises:
        UsageError: A name holds no number, or two name one frame.
    """
    keys = [frame_key(name) for name in names]
    parts = [frame_name(name) for name in names]
    depth = 1
    while len(set(keys)) < len(keys):
        depth += 1
        if depth > max(len(part.folder.parts) for part in parts) + 1:
            twice = next(place for place, key in enumerate(keys) if key in keys[:place])
            raise UsageError(f'image {names[twice]!r}: expected each image once, got it twice')
        keys = [
            ('/'.join([*part.folder.parts[-depth:], *([part.series] if part.series else [])]), k)
            for part, (_, k) in zip(parts, keys, strict=True)
        ]
    return keys


def video_key(name: str) -> str:
    """The part of a name that all names of a video share.

    Args:
        name: Name of an image folder or annotation file, with or without the folders before it.

    Returns:
        The last part of the name. PoseTrack's own names (``000342_mpii_test``,
        ``000342_mpii_relpath_5sec_testsub.json``) are cut after their source, ``000342_mpii``,
        since their tail differs between releases and splits.
    """
    last = PurePosixPath(posix_name(name).rstrip('/')).name
    official = _OFFICIAL.match(last)
    return official.group() if official else last.removesuffix('.json')


def distinct_ends(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The last parts of different paths, as many of them as make them different.

    Args:
        paths: Paths in any order; equal ones count once.

    Returns:
        Parts by path, in the order of the paths' names.

    Example:
        >>> distinct_ends(['cage1/cam0', 'cage2/cam0'])
        {'cage1/cam0': ('cage1', 'cam0'), 'cage2/cam0': ('cage2', 'cam0')}
    """
    parts = {path: PurePosixPath(posix_name(path)).parts for path in sorted(set(paths))}
    longest = max(map(len, parts.values()), default=1)
    for depth in range(1, longest + 1):
        ends = {path: found[-depth:] for path, found in parts.items()}
        if len(set(ends.values())) == len(ends):
            return ends
    return parts


class ImageIndex:
    """Finds images by name: the one rule by which names of different files mean one image.

    Two names mean one image where video (`video_key` of the folder), series and number are equal.
    Folders before the video's are written in many ways, so they count only where several images
    are left (``cage1/cam0`` and ``cage2/cam0``): then that one whose folders agree further.

    Args:
        names: Names of the images, in their order.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = [posix_name(name) for name in names]
        self._places: dict[tuple[str, str, int | None], list[int]] = {}
        for place, name in enumerate(self.names):
            self._places.setdefault(_identity(name), []).append(place)

    def find(self, name: str, same_stem: bool = False) -> int | None:
        """The place of the image that a name means; None for an unknown one.

        Args:
            name: A path in any form.
            same_stem: The file's name must be equal but for its ending. Six digits count from 0
                and eight from 1: boxes of one numbering are not those of neighbours in another.

        Raises:
            UsageError: The name means several images.
        """
        name = posix_name(name)
        places = self._places.get(_identity(name), [])
        if same_stem:
            stem = PurePosixPath(name).stem
            places = [p for p in places if PurePosixPath(self.names[p]).stem == stem]
        if len(places) > 1:
            ends = [common_end(self.names[place], name) for place in places]
            places = [p for p, end in zip(places, ends, strict=True) if end == max(ends)]
        if len(places) > 1:
            raise UsageError(
                f'image {name!r}: expected a name that means one image, got one that means '
                f'{listed([self.names[place] for place in places], 3)}'
            )
        return places[0] if places else None

    def repeated(self) -> tuple[int, int] | None:
        """The first two places with the same name, video, series and number; None if all differ."""
        seen: dict[tuple[PurePosixPath, str, int | None, str], int] = {}
        for place, name in enumerate(self.names):
            parts = frame_name(name)
            # Images without a number are told apart by their names.
            nameless = name if parts.number is None else ''
            key = (parts.folder, parts.series, parts.number, nameless)
            if seen.setdefault(key, place) != place:
                return seen[key], place
        return None


def _identity(name: str) -> tuple[str, str, int | None]:
    folder, series, number = frame_name(name)
    return video_key(folder.name), series, number


def common_end(one: str, other: str) -> int:
    """How many folders two paths of images have in common at their ends."""
    parts = (PurePosixPath(name).parent.parts for name in (one, other))
    folders = (map(video_key, reversed(names)) for names in parts)
    # Not strict: the paths may differ in depth.
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*folders, strict=False)))
