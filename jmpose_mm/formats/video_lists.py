"""Lists of videos: which ones belong to the subset of a benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.frame_names import posix_name, video_key
from jmpose_mm.formats.json_files import read_text

__all__ = ['read_video_list']


def read_video_list(videos: str | int | Path | Sequence[str | int]) -> frozenset[str]:
    """Read which videos belong to a subset.

    Args:
        videos: Names as `video_key` takes them, one name, or the path of a text file with one in
            each line (what follows a ``#`` and empty lines are left out).

    Returns:
        Their keys, with the folders that stand before them.

    Raises:
        UsageError: The file cannot be read, or there is no name.
    """
    if isinstance(videos, str) and not Path(videos).suffix and not Path(videos).exists():
        names = [videos]
    elif isinstance(videos, str | Path):
        try:
            lines = read_text(videos).splitlines()
        except UsageError as error:
            raise UsageError(
                f'videos: expected names, or a text file with one in each line, got {error}'
            ) from error
        names = [line.split('#')[0].strip() for line in lines]
    # Of HiEve names are bare numbers, which configs and command lines make numbers of.
    elif isinstance(videos, int):
        names = [str(videos)]
    elif isinstance(videos, Iterable) and all(isinstance(name, str | int) for name in videos):
        names = [str(name).strip() for name in videos]
    else:
        raise UsageError(f'videos: expected names, or a text file of them, got {videos!r}')
    keys = frozenset(_key(name) for name in names if name)
    if not keys:
        raise UsageError(f'videos: expected at least one name, got none in {videos!s}')
    return keys


def _key(name: str) -> str:
    """The name with its last part as `video_key` has it."""
    folder = PurePosixPath(posix_name(name).rstrip('/')).parent
    return str(folder / video_key(name))
