"""Images on disk, found by the names that label files have for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.frame_names import IMAGE_SUFFIXES, posix_name
from jmpose_mm.formats.labels.label_files import visible

__all__ = ['ImageFiles']


class ImageFiles:
    """All images below some folders.

    Args:
        roots: Folders; hidden ones in them are left aside.
        aside: Folders that are not looked into.

    Attributes:
        roots: See the argument.
    """

    def __init__(self, roots: Iterable[Path], aside: Iterable[Path] = ()) -> None:
        self.roots = list(dict.fromkeys(Path(root).absolute() for root in roots))
        self._by_name: dict[str, list[Path]] = {}
        self._folders: dict[Path, list[Path]] = {}
        without = [Path(path).resolve() for path in aside]
        for root in self.roots:
            for file in sorted(root.rglob('*')):
                # links in an earlier OUT lead out of it: their folder counts
                folders = {file.parent.resolve(), *file.parent.resolve().parents}
                if file.suffix.lower() in IMAGE_SUFFIXES and visible(file, root):
                    if not folders & set(without) and file.is_file():
                        self._add(file)

    def _add(self, file: Path) -> None:
        if file not in self._folders.setdefault(file.parent, []):
            self._folders[file.parent].append(file)
            self._by_name.setdefault(file.name.lower(), []).append(file)

    def __len__(self) -> int:
        return sum(map(len, self._folders.values()))

    def find(self, name: str, near: Path) -> Path | None:
        """The image that a label file means; None where it is not on disk.

        The file's name must be equal but for case. Of several, that one is taken whose folders
        agree with the name furthest, then that one nearest to the label file.

        Args:
            name: A path in any form: from another machine, of Windows, percent-encoded.
            near: Folder of the label file.

        Raises:
            UsageError: Several are left.
        """
        name = posix_name(name)
        direct = near / name
        if direct.is_file() and direct.suffix.lower() in IMAGE_SUFFIXES:
            return direct.absolute()
        places = self._by_name.get(PurePosixPath(name).name.lower(), [])
        if not places and '%' in name:
            name = unquote(name)
            places = self._by_name.get(PurePosixPath(name).name.lower(), [])
        if len(places) > 1:
            places = _best(places, lambda p: _agreement(p.parts, PurePosixPath(name).parts))
        if len(places) > 1:
            near = near.absolute()
            places = _best(places, lambda p: _depth(p, near))
        if len(places) > 1:
            raise UsageError(
                f'image {name!r}: expected a name that means one image, got one that means '
                f'{listed(places, 3)}'
            )
        return places[0] if places else None

    def beside(self, file: Path) -> list[Path]:
        """All images in the folder of one."""
        return self._folders.get(file.parent, [file])

    def relative(self, file: Path) -> PurePosixPath:
        """The path below the folder that was searched, or the last two parts of another one."""
        for root in self.roots:
            if root in file.parents:
                return PurePosixPath(*file.relative_to(root).parts)
        return PurePosixPath(*file.parts[-2:])


def _best(places: list[Path], rank: Callable[[Path], int]) -> list[Path]:
    ranks = [rank(place) for place in places]
    return [place for place, value in zip(places, ranks, strict=True) if value == max(ranks)]


def _agreement(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many parts two paths have in common at their ends."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0].lower() == pair[1].lower(), pairs))


def _depth(file: Path, near: Path) -> int:
    """How many folders a file and a folder share from the top."""
    pairs = zip(file.parts, near.parts, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
