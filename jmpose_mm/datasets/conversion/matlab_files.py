"""Matlab files, read into what JSON could hold.

scipy's reader can take its process with it, or loop, where a file is damaged. So a process of its
own reads them (`matlab_worker`), one for all files; it is started again after it died.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError, cut

__all__ = ['read_matlab', 'read_matlab_structure']

# A damaged file may keep scipy busy for ever: it gets a minute, and a second a megabyte.
SECONDS = 60.0
SECONDS_PER_BYTE = 1e-6


class _Reader:
    """The process that reads; used by one process and one thread at a time."""

    def __init__(self) -> None:
        self.owner, self.lock = os.getpid(), threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name('matlab_worker.py'))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for the command, which then ends this process by closing its input
            start_new_session=True,
        )

    def read(self, path: Path) -> tuple[bool, Any]:
        """Read a file in the process: ``(True, variables)`` or ``(False, message)``.

        Raises:
            EOFError: It died over this file, or took too long and was ended.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        size = path.stat().st_size if path.is_file() else 0
        with self.lock:
            clock = threading.Timer(SECONDS + SECONDS_PER_BYTE * size, self.process.kill)
            clock.daemon = True
            clock.start()
            try:
                self.process.stdin.write(json.dumps(str(path.absolute())).encode() + b'\n')
                self.process.stdin.flush()
                length = int.from_bytes(self._bytes(8), 'little')
                # Our own process has pickled this; of the file itself nothing is unpickled.
                answer: tuple[bool, Any] = pickle.loads(self._bytes(length))
            except BrokenPipeError as error:
                raise EOFError from error
            finally:
                clock.cancel()
        return answer

    def _bytes(self, count: int) -> bytes:
        assert self.process.stdout is not None
        content = self.process.stdout.read(count)
        if len(content) < count:
            raise EOFError
        return content

    def end(self) -> None:
        """End the process and wait for it."""
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        # After a fork the child holds the pipes too, and must not end its parent's process.
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()


_readers: list[_Reader] = []  # one at most; that of another process, after a fork, is left to it


def _reader() -> _Reader:
    if _readers and (_readers[0].owner != os.getpid() or _readers[0].process.poll() is not None):
        _readers.pop().end()
    if not _readers:
        _readers.append(_Reader())
        atexit.register(_readers[0].end)
    return _readers[0]


def read_matlab(path: Path) -> dict[str, Any]:
    """The variables of a file as arrays, structures as dicts, structure arrays as lists.

    Raises:
        UsageError: The file is missing, damaged, or of Matlab's version 7.3.
    """
    try:
        is_read, content = _reader().read(path)
    except EOFError:
        _readers.pop().end()
        raise UsageError(
            f'{path}: expected a Matlab file, got one that ends the program that reads it'
        ) from None
    if not is_read:
        raise UsageError(f'{path}: {cut(content, 300)}')
    return dict(content)


def read_matlab_structure(path: Path, name: str) -> list[dict[str, Any]]:
    """A structure array as the list that PoseTrack17's JSON files have for it.

    There, numbers are lists of one, text stays text, and structures are lists of objects. Empty
    fields are left out.

    Raises:
        UsageError: See `read_matlab`, or there is no such variable.
    """
    content = read_matlab(path)
    if name not in content:
        found = sorted(key for key in content if not key.startswith('__'))
        raise UsageError(f'{path}: missing key {name!r}, found {found}')
    structure = _listed(content[name])
    if not all(isinstance(entry, dict) for entry in structure):
        raise UsageError(f'{path}: key {name!r}: expected a structure array')
    return structure


def _listed(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, list | np.ndarray):
        return [_entry(entry) for entry in np.ravel(np.asarray(value, dtype=object))]
    return [_plain(value)]


def _entry(entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        return _plain(entry)
    fields = {key: _listed(value) for key, value in entry.items()}
    return {key: value for key, value in fields.items() if value not in ([], '')}


def _plain(value: Any) -> Any:
    """A number of numpy as Python's."""
    return value.item() if isinstance(value, np.generic) else value
