"""Which video a name means, and lists of videos: subsets of a benchmark are given by them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

__all__ = ['read_video_list', 'video_key']

_OFFICIAL = re.compile(r'\d+_(?:mpiinew|mpii|bonn)(?=_|$)')


def video_key(name: str) -> str:
    """What is the same for all names of a video.

    Args:
        name: Name of an image folder or annotation file, with or without the folders before it.

    Returns:
        The last part of the name. PoseTrack's own names (``000342_mpii_test``,
        ``000342_mpii_relpath_5sec_testsub.json``) are cut after their source, ``000342_mpii``,
        since their tail differs between releases and splits.

    Example:
        >>> video_key('images/val/000342_mpii_test'), video_key('walk.json')
        ('000342_mpii', 'walk')
    """
    last = PurePosixPath(name.replace('\\', '/').rstrip('/')).name
    official = _OFFICIAL.match(last)
    return official.group() if official else last.removesuffix('.json')


def read_video_list(videos: str | Path | Iterable[str]) -> frozenset[str]:
    """Read which videos belong to a subset.

    Args:
        videos: Names as `video_key` takes them, or the path of a text file with one in each line;
            there, what follows a ``#`` and empty lines are left out.

    Returns:
        Their keys.

    Raises:
        ValueError: The file cannot be read, or there is no name.

    Example:
        >>> sorted(read_video_list(['000342_mpii_test', 'walk']))
        ['000342_mpii', 'walk']
    """
    names: Iterable[str]
    if isinstance(videos, str | Path):
        try:
            lines = Path(videos).read_text(encoding='utf-8').splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(
                f'videos: expected names, or a text file with one in each line, got {videos!s}: '
                f'{error}'
            ) from error
        names = (line.split('#')[0].strip() for line in lines)
    else:
        names = (name.strip() for name in videos)
    keys = frozenset(video_key(name) for name in names if name)
    if not keys:
        raise ValueError(f'videos: expected at least one name, got none in {videos!s}')
    return keys
