"""Files under another name, without a copy; and nothing outside of the folder that is made.

A symbolic link where it is allowed, else (Windows without developer mode) a hard link, which needs
the same disk. Where neither is possible, images stay where they are, and the report says what
configs need to find them; or they are copied, if that was asked for: it may be 100 gigabytes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

from jmpose_mm.errors import UsageError, cut

__all__ = ['check_inside', 'inner_path', 'is_link_to', 'link_file', 'link_folder']


def inner_path(name: str, what: str) -> PurePosixPath:
    """A name that a download gives, as a path below a folder.

    Raises:
        UsageError: It is absolute, leads upwards, or holds what no file name may.
    """
    path = PurePosixPath(name)
    outside = path.is_absolute() or PureWindowsPath(name).is_absolute() or '..' in path.parts
    if outside or not path.parts or any(ord(letter) < 32 for letter in name):
        raise UsageError(f'{what}: expected a name below the folder, got {cut(repr(name))}')
    return path


def check_inside(folder: Path, targets: Iterable[Path]) -> None:
    """Raise `UsageError` where a file to write is not below ``folder``, e.g. through a link."""
    root = Path(os.path.realpath(folder))
    for target in targets:
        place = Path(os.path.realpath(target.parent))
        if place != root and root not in place.parents:
            raise UsageError(
                f'{target}: expected a place below {folder}, which this is a link out of'
            )


def is_link_to(file: Path, sources: Path) -> bool:
    """Whether a file is a link, symbolic or hard, to a file of the folder ``sources``."""
    if file.is_symlink():
        return Path(os.path.realpath(file)).parent == Path(os.path.realpath(sources))
    if not file.is_file() or not sources.is_dir():
        return False
    status = file.stat()
    return status.st_nlink > 1 and any(
        os.path.samestat(status, f.stat()) for f in sources.iterdir()
    )


def link_file(source: Path, link: Path, copy: bool = False) -> None:
    """Let ``link`` be the file ``source`` under another name.

    Args:
        source: Existing file or folder.
        link: The other name; nothing is there.
        copy: Copy where no link can be made.

    Raises:
        UsageError: No link can be made, and no copy was asked for.
    """
    try:
        link.symlink_to(source.resolve())
    except OSError:
        try:
            os.link(source.resolve(), link)
        except OSError as error:
            if not copy:
                size = sum(file.stat().st_size for file in source.parent.iterdir()) / 1e6
                raise UsageError(
                    f'{link}: cannot be a link to {source} ({error.strerror}); put OUT on the disk '
                    f'of the download, or copy the images (--copy; {size:.0f} MB in this folder)'
                ) from error
            shutil.copyfile(source, link)


def link_folder(source: Path, link: Path, copy: bool = False) -> bool:
    """Let ``link`` be the folder ``source`` under another name.

    Args:
        source: Existing file or folder.
        link: The other name.
        copy: Copy where no link can be made.

    Returns:
        Whether it is. Without, images have to be looked for in ``source``.

    Raises:
        UsageError: Something else is there.
    """
    # An earlier run has made it.
    if link.exists() and link.samefile(source):
        return True
    # A link to another place, or a folder with files of the user's: neither is replaced.
    if link.is_symlink() or (link.exists() and not _mirrors(link, source)):
        raise UsageError(f'{link}: expected nothing or a link to {source}, found something else')
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not link.exists():
            link.symlink_to(source.resolve(), target_is_directory=True)
            return True
    except OSError:
        pass
    return _mirror(source, link, copy)


def _mirror(source: Path, link: Path, copy: bool) -> bool:
    """Folders of hard links, or copies; False where the first link cannot be made."""
    for file in sorted(source.rglob('*')):
        target = link / file.relative_to(source)
        if not file.is_file() or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file, target)
        except OSError:
            if not copy:
                # What lies in it is of this call or an earlier one: `_mirrors` has looked.
                shutil.rmtree(link)
                return False
            shutil.copyfile(file, target)
    return True


def _mirrors(link: Path, source: Path) -> bool:
    """Whether all that is in a folder is, by name, in the other: an earlier run's links."""
    files = [file for file in link.rglob('*') if file.is_file()]
    return link.is_dir() and all((source / file.relative_to(link)).is_file() for file in files)
