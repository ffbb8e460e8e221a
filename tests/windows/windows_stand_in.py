"""A pytest plugin that makes Linux refuse what Windows refuses, in this process and its children.

    PYTHONPATH=tests/windows python -m pytest -p windows_stand_in tests/tools

* Symbolic links are not allowed, as without developer mode.
* What is open or mapped into memory cannot be replaced, renamed or removed, nor its folder.
* Names that differ only in case are one name; reserved names and characters cannot be used.
* Text without a named encoding is not UTF-8, in files and where output is a pipe.
* Workers are spawned; ``fcntl``, ``resource``, ``/proc`` and SIGHUP are not there.

What stays as it is: separators of paths, and SIGTERM, which Python itself sends here.
"""

from __future__ import annotations

import builtins
import fcntl
import io
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENCODING = 'cp1252'
ABSENT = ('fcntl', 'grp', 'pwd', 'resource', 'termios')
RESERVED = re.compile(r'(con|prn|aux|nul|com\d|lpt\d)(\..*)?', re.I)
CREATES = os.O_CREAT | os.O_TRUNC
OURS = ('jmpose_mm', 'experiments', '__main__')
# Tests by a part of their names.
THEIR_OWN = ('videos_are_held_out_and_extracted_frames', 'in_a_forked_process')
# Where this system keeps things that its own libraries need.
FREE = ('/dev/', '/sys/', '/proc/', '/etc/')

_aside = threading.local()


def activate() -> None:
    """From now on, for the rest of the process."""
    _hide()
    del signal.SIGHUP
    _spawn()
    _encode()
    sys.addaudithook(_on_event)


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Tests of links and of forks themselves are left out."""
    import pytest

    for item in items:
        if any(name in item.name for name in THEIR_OWN):
            item.add_marker(pytest.mark.skip(reason='about what is not there'))


def pytest_configure() -> None:
    """Children are like this too."""
    os.environ['PYTHONPATH'] = os.pathsep.join([str(HERE), os.environ.get('PYTHONPATH', '')])
    os.environ['PYTHONIOENCODING'] = ENCODING


def _hide() -> None:
    plain = builtins.__import__

    locks = types.ModuleType('msvcrt')
    locks.LK_NBLCK, locks.locking = 2, _locking  # type: ignore[attr-defined]
    sys.modules['msvcrt'] = locks

    def imported(name: str, globals: Any = None, *rest: Any, **more: Any) -> Any:
        asking = (globals or {}).get('__name__', '').split('.')[0]
        if name in ABSENT and asking in OURS:  # other packages ask for the system's name first
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
        return plain(name, globals, *rest, **more)

    builtins.__import__ = imported


def _locking(number: int, mode: int, count: int) -> None:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PermissionError(13, 'Permission denied') from error


def _spawn() -> None:
    multiprocessing.set_start_method('spawn', force=True)
    plain = multiprocessing.set_start_method

    def set_start_method(method: str | None, force: bool = False) -> None:
        if sys._getframe(1).f_globals['__name__'].startswith('mmengine'):
            return  # which does not ask on Windows
        if method not in (None, 'spawn'):
            raise ValueError(f'cannot find context for {method!r}')
        plain(method, force)

    multiprocessing.set_start_method = set_start_method
    multiprocessing.get_all_start_methods = lambda: ['spawn']
    context = multiprocessing.get_context

    def get_context(method: str | None = None) -> Any:
        if method not in (None, 'spawn'):
            raise ValueError(f'cannot find context for {method!r}')
        return context('spawn')

    multiprocessing.get_context = get_context


def _encode() -> None:
    plain = io.open

    def opened(
        file: Any, mode: str = 'r', buffering: int = -1, encoding: Any = None, *rest, **more
    ):
        if 'b' not in mode and encoding in (None, 'locale'):
            encoding = ENCODING
        return plain(file, mode, buffering, encoding, *rest, **more)

    io.open = builtins.open = opened
    subprocess._text_encoding = lambda: ENCODING  # type: ignore[attr-defined]


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    rule = _RULES.get(event)
    if rule is None or getattr(_aside, 'is_set', False):
        return
    _aside.is_set = True  # what the rule itself does is not asked again
    try:
        rule(*arguments)
    finally:
        _aside.is_set = False


def _path(value: Any) -> str | None:
    return (
        os.path.abspath(os.fsdecode(value))
        if isinstance(value, (str, bytes, os.PathLike))
        else None
    )


def _check_open(file: Any, mode: Any, flags: int) -> None:
    path = _path(file)
    if path is not None and path.startswith('/proc/'):
        raise FileNotFoundError(2, 'No such file or directory', path)
    if path is not None and flags & CREATES:
        _check_new(path)


def _check_new(file: Any, *_: Any) -> None:
    path = _path(file)
    if path is None or path.startswith(FREE):
        return
    folder, name = os.path.split(path)
    if RESERVED.fullmatch(name) or re.search(r'[<>:"|?*\\]|[. ]$', name):
        raise OSError(22, 'Invalid argument', path)
    if not os.path.lexists(path) and os.path.isdir(folder):
        same = [other for other in os.listdir(folder) if other.lower() == name.lower()]
        if same:
            raise FileExistsError(17, f'The name differs only in case from {same[0]}', path)


def _check_free(file: Any, *_: Any) -> None:
    path = _path(file)
    if path is None or path.startswith(FREE):
        return
    path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    for held in _held():
        if held == path or held.startswith(path + os.sep):
            raise PermissionError(13, 'The process cannot access the file, it is being used', path)


def _held() -> set[str]:
    """Files that this process has open or mapped."""
    found = set()
    for number in os.listdir('/proc/self/fd'):
        try:
            found.add(os.readlink(f'/proc/self/fd/{number}'))
        except OSError:  # the one that listed them
            continue
    with open('/proc/self/maps', encoding='utf-8') as maps:
        found |= {line.split(maxsplit=5)[5].rstrip('\n') for line in maps if '/' in line}
    return {path for path in found if os.path.isfile(path)}


def _check_rename(source: Any, target: Any, *_: Any) -> None:
    _check_free(source)
    _check_free(target)
    if str(source).lower() != str(target).lower():
        _check_new(target)


def _is_ours(file: str) -> bool:
    return file.startswith((f'{ROOT}/jmpose_mm', f'{ROOT}/tools', f'{ROOT}/tests')) and (
        file != __file__
    )


def _refuse_link(source: Any, target: Any, *_: Any) -> None:
    frame = sys._getframe()
    while frame is not None and not _is_ours(frame.f_code.co_filename):
        if frame.f_globals.get('__name__') == 'venv':  # makes another kind of folders there
            return
        frame = frame.f_back
    if frame is not None and Path(frame.f_code.co_filename).name.startswith('test_'):
        import pytest

        pytest.skip('a test that makes symbolic links itself')
    raise OSError(22, 'A required privilege is not held by the client', str(target))


_RULES = {
    'open': _check_open,
    'os.mkdir': _check_new,
    'os.link': lambda source, target, *_: _check_new(target),
    'os.symlink': _refuse_link,
    'os.rename': _check_rename,
    'os.remove': _check_free,
    'os.rmdir': _check_free,
}
