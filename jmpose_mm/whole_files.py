"""Files that are there whole or not at all, and never in the place of what was read."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jmpose_mm.errors import UsageError

__all__ = [
    'alone_in',
    'check_output',
    'file_digest',
    'flush_to_disk',
    'remove_unfinished',
    'whole_file',
    'whole_folder',
    'write_json',
]

_FAR = 1 << 30  # beyond all that a mark says
_WAITING = 0.2  # seconds between two looks at a lock
_HELD: set[int] = set()  # numbers of the open files that this process has locked
_NO_FLUSHING = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EROFS)


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A path beside ``path`` to write to, which takes its name at the end of the block.

    What was written is flushed to the disk before. If the block raises, it is removed, and a file
    that was at ``path`` stays. Missing folders are made. The suffix is kept, for writers that
    choose their format by it.

    Raises:
        UsageError: A folder, a device or a pipe is at ``path``, or a file where its folder must be.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        found = 'a folder' if path.is_dir() else 'a device or a pipe'
        raise UsageError(f'{path}: expected the name of a file to write, found {found}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f'{path}: expected a folder at {error.filename}, found a file') from error
    unfinished = path.with_name(f'.{path.stem}.unfinished{path.suffix}')
    try:
        yield unfinished
        flush_to_disk(unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name at the end of the block.

    What has the name then, and what a killed run left, is removed.
    """
    unfinished = path.with_name(f'.{path.name}.unfinished')
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        flush_to_disk(unfinished)
        # No folder can take the place of one that is not empty.
        shutil.rmtree(path, ignore_errors=True)
        os.replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def file_digest(file: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with Path(file).open('rb') as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def flush_to_disk(path: str | Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk: after it, power may fail."""
    folder = os.path.isdir(path)
    if folder and os.name == 'nt':  # where folders cannot be opened
        return
    number = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    try:
        os.fsync(number)
    except OSError as error:
        # some network file systems cannot; what cannot be written is another error
        if error.errno not in _NO_FLUSHING:
            raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(number)


def remove_unfinished(folder: str | Path) -> None:
    """Remove what killed runs left unfinished in a folder."""
    for file in Path(folder).glob('.*.unfinished*'):
        if file.is_file():
            file.unlink()


def write_json(path: str | Path, content: Any) -> None:
    """Write ``content`` as indented JSON; a number that is not finite is a ``ValueError``."""
    with whole_file(path) as unfinished:
        unfinished.write_text(
            json.dumps(content, indent=2, allow_nan=False) + '\n', encoding='utf-8'
        )


def check_output(
    output: str | Path, inputs: Iterable[str | Path], name: str = 'out', folder: bool = False
) -> None:
    """Raise `UsageError` where writing would replace what is read, or be read the next time.

    Before anything is done: also where the output cannot be, for another kind of thing is there.

    Args:
        output: The file to write: it is no input, and in no folder that is one.
        inputs: Files and folders that are read; those that do not exist are left aside.
        name: Name of the parameter, for the message.
        folder: The output is a folder to write into: it is no input, but may lie in one.
    """
    target = Path(os.path.realpath(output))
    present = next(path for path in (target, *target.parents) if path.exists())
    fits = target.is_dir() if folder else target.is_file()
    if (present == target and not fits) or (present != target and not present.is_dir()):
        kind = 'folder' if folder or present != target else 'file'
        raise UsageError(f'{name}: expected {output} to be a {kind}, or its name to be free')
    for one in inputs:
        source = Path(os.path.realpath(one))
        if not source.exists():
            continue
        inside = source.is_dir() and source in target.parents and not folder
        linked = source.is_file() and target.is_file() and os.path.samefile(source, target)
        if target == source or linked or inside:
            raise UsageError(
                f'{name}: {output} is read by this command ({one}), and is not overwritten; '
                'choose another place'
            )


@contextmanager
def alone_in(folder: str | Path, mark: str = '.in_use', patient: bool = False) -> Iterator[None]:
    """Keep other runs out of a folder for the length of the block; the folder is made.

    Of the processes of one distributed run, the first holds the folder for all. A run that was
    killed holds nothing any more. Where the file system has no locks, nothing is kept out.

    Args:
        folder: Folder that the run writes into.
        mark: Name of the locked file in it; runs with another mark are not kept out.
        patient: Wait for the others, those of one distributed run among them.

    Raises:
        UsageError: Another run is in there.
    """
    if not patient and os.environ.get('RANK', '0') != '0':
        yield
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f'{folder}: expected a folder to write into, found a file') from error
    file = Path(folder, mark)
    number = _locked(file, patient)
    try:
        yield
    finally:
        if number in _HELD:  # else this is a forked process, and the lock another's
            _HELD.remove(number)
            _give_up(file, number)


def _leave_locks() -> None:
    """A forked process gives up its copy of every lock: a loader's worker can outlive its run."""
    while _HELD:
        os.close(_HELD.pop())


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_leave_locks)


def _give_up(mark: Path, number: int) -> None:
    """Remove the file, then its lock: a run that waits for the lock sees that its file is gone."""
    try:
        mark.unlink(missing_ok=True)
        os.close(number)
    except PermissionError:  # Windows removes no open file, and the next run's is open again
        os.close(number)
        with suppress(OSError):
            mark.unlink()


def _lock(number: int) -> None:
    """Lock an open file, or raise `OSError`; a `BlockingIOError` where another run has it."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        os.lseek(number, _FAR, os.SEEK_SET)  # what is locked cannot be read by others
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except PermissionError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
        finally:
            os.lseek(number, 0, os.SEEK_SET)
    else:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _locked(mark: Path, patient: bool) -> int | None:
    """The number of the open file, with a lock on it; None where there are no locks."""
    while True:
        number = os.open(mark, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(number)
        except BlockingIOError as error:
            process = os.read(number, 20).decode(errors='replace') or 'unknown'
            os.close(number)
            if patient:
                time.sleep(_WAITING)
                continue
            raise UsageError(
                f'{mark.parent}: another run (process {process}) writes there: wait for its end, '
                'or choose another folder'
            ) from error
        except OSError:
            os.close(number)
            return None
        # The run before may have removed the file between opening and locking: then again.
        if mark.exists() and os.path.samestat(os.fstat(number), mark.stat()):
            os.ftruncate(number, 0)
            os.write(number, str(os.getpid()).encode())
            _HELD.add(number)
            return number
        os.close(number)
