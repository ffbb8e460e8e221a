"""One run at a time in a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from jmpose_mm.errors import UsageError

__all__ = ['folder_lock']

NAME = '.running'


@contextmanager
def folder_lock(folder: str | Path, what: str = 'run') -> Iterator[None]:
    """Hold a folder for the block; the operating system lets go of it however the process ends.

    A folder that is missing is made, and removed again if nothing is in it after the block.

    Args:
        folder: Where results go.
        what: What may happen once at a time, for the message.

    Raises:
        UsageError: Another process holds it, or it is a file.
        OSError: It cannot be made or written to.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f'{folder}: expected a folder, found a file')
    made = _make(folder)
    try:
        with _held(
            folder / NAME,
            f'{folder}: another {what} writes into it now; wait for its end, '
            'or choose another folder',
        ):
            yield
    finally:
        for part in made:
            with suppress(OSError):  # not empty, as it should be
                part.rmdir()


def _make(folder: Path) -> list[Path]:
    """Make a folder and those above it that are missing; returns them, the innermost first."""
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


@contextmanager
def _held(path: Path, refusal: str) -> Iterator[None]:
    """Hold a file that is made for that, and removed afterwards."""
    while True:
        file = path.open('a+b')
        if not _locked(file):
            file.close()
            raise UsageError(refusal)
        # Its holder may have removed it between the two lines above.
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            break
        file.close()
    try:
        yield
    finally:
        if sys.platform == 'win32':  # an open file cannot be removed there
            file.close()
        with suppress(OSError):
            path.unlink()
        file.close()


def _locked(file: BinaryIO) -> bool:
    """Lock a file until it is closed; False if somebody else has."""
    if sys.platform == 'win32':
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
