"""What users see when something fails: one line, whose exit status says whose turn it is.

Reading this module imports nothing but the standard library.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = [
    'NotFiniteError',
    'Terminated',
    'UsageError',
    'cut',
    'listed',
    'naming',
    'run_tool',
    'without_credentials',
]

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
LONGEST_MESSAGE = 800
# An operating system's error that says that a name on the command line is wrong.
WRONG_NAMES = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)
SECRET = r'pass|pwd|token|key|secret|sig|auth|user|cred'


class UsageError(ValueError):
    """What the user asked for cannot be done; the message is one line that says what to change.

    A message that begins with a parameter's name and a colon, or holds it in backquotes, is told
    in the words of a command line by `run_tool`: ``resume: …`` becomes ``--resume: …``.

    Example:
        >>> from jmpose_mm import load_config
        >>> load_config('jm-pose_debgu.py')
        Traceback (most recent call last):
        jmpose_mm.errors.UsageError: config 'jm-pose_debgu.py' is neither a file nor ...
    """


class NotFiniteError(ArithmeticError):
    """A training has left the finite numbers; the message names the iteration and the term."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM, SIGHUP), which is handled as Ctrl-C is."""


def listed(items: Iterable[Any], most: int = 8) -> str:
    """The items with commas between them; beyond `most` of them only their number."""
    texts = [str(item) for item in items]
    rest = len(texts) - most
    return ', '.join(texts[:most]) + (f' and {rest} more' if rest > 0 else '')


def cut(text: Any, longest: int = 80) -> str:
    """The text on one line; of a longer one the beginning and the number of characters left out."""
    line = ' '.join(str(text).split())
    rest = len(line) - longest
    return f'{line[:longest]}… ({rest} more characters)' if rest > 0 else line


def without_credentials(text: str) -> str:
    """The text, its addresses without user names, passwords and keys.

    ``rtsp://user:password@camera/1?token=abc`` becomes ``rtsp://camera/1?token=***``.
    """
    # Only whole words: from every letter of a long one the search would begin anew.
    text = re.sub(r'\b(\w+://)[^/?#\s\'"]*@', r'\1', text)
    return re.sub(
        rf'([?&;][^=&;\s\'"]*(?:{SECRET})[^=&;\s\'"]*=)[^&;#\s\'"]+', r'\1***', text, flags=re.I
    )


@contextmanager
def naming(file: str | Path, expected: str = 'a readable file') -> Iterator[None]:
    """Around reading a file: whatever is wrong with its content becomes a `UsageError` naming it.

    Errors that name the file already, and those of the operating system, pass unchanged.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        if error.errno in (None, errno.EINVAL):  # torch calls a file that is cut so
            said = cut(error.strerror or error, 300)
            raise UsageError(f'{file}: expected {expected}, got {said}') from error
        raise type(error)(error.errno, error.strerror, str(file)) from error
    except RecursionError as error:
        raise UsageError(
            f'{file}: expected {expected}, got one that is nested too deeply'
        ) from error
    except Exception as error:
        if isinstance(error, ValueError) and str(file) in str(error):
            raise
        said = f'{error}' if isinstance(error, ValueError) else f'{type(error).__name__}: {error}'
        raise UsageError(f'{file}: expected {expected}, got {cut(said, 300)}') from error


def run_tool(
    parser: argparse.ArgumentParser,
    arguments: argparse.Namespace,
    work: Callable[[argparse.Namespace], int | None],
    interrupted: str = 'interrupted',
) -> int:
    """Do the work of a command; whatever ends it early is told in one line on stderr.

    Args:
        parser: The parser of the command line, which gives the tool's and the options' names.
        arguments: The parsed command line. With ``debug`` set, errors come with their
            traceback; `work` is given the rest.
        work: Does it; returns the exit status, or nothing for 0.
        interrupted: Message after Ctrl-C and SIGTERM.

    Returns:
        The exit status: 0 where the work was done, 2 for a wrong command, 1 for a failure, 130
        after Ctrl-C, SIGTERM and SIGHUP.
    """
    debug = vars(arguments).pop('debug', False)
    with suppress(AttributeError, ValueError):  # names that the console's code page does not have
        sys.stdout.reconfigure(errors='backslashreplace')  # type: ignore[union-attr]
    with _signals():
        try:
            status = work(arguments) or 0
            print(end='', flush=True)  # which a closed stdout lets pass
            return status
        except KeyboardInterrupt as error:
            stopped = interrupted
            if isinstance(error, Terminated):
                stopped = re.sub(r'^interrupted', 'terminated', interrupted)
            _tell(parser, stopped, error if debug else None, kind='')
            return INTERRUPTED
        except Exception as error:
            status, message = _said(error)
            if message is None:
                message = _unexpected(parser, error)
            _tell(parser, message, error if debug else None)
            if isinstance(error, BrokenPipeError):
                _close_stdout()
            return status


@contextmanager
def _signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end the block as Ctrl-C does, the latter in this process alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    process = os.getpid()

    def end(number: int, frame: Any) -> None:
        if os.getpid() != process:  # a worker that was forked, which its pool may end
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        signal.signal(number, signal.SIG_IGN)
        raise Terminated(signal.Signals(number).name)

    handlers = {'SIGINT': signal.default_int_handler, 'SIGTERM': end, 'SIGHUP': end}
    chosen = {getattr(signal, n): how for n, how in handlers.items() if hasattr(signal, n)}
    before = {number: signal.getsignal(number) for number in chosen}
    for number, handler in chosen.items():
        # nohup ignores SIGHUP, a job in the background SIGINT
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            # None is a handler that was not set from Python
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)


def _said(error: Exception) -> tuple[int, str | None]:
    """Exit status and message; no message for what nobody expected."""
    if isinstance(error, BrokenPipeError):
        return FAILED, 'whoever read the output stopped reading'
    if isinstance(error, OSError):
        names = [str(name) for name in (error.filename, error.filename2) if name is not None]
        text = ' -> '.join(names) + (': ' if names else '') + (error.strerror or str(error))
        if error.errno in (errno.ENOSPC, getattr(errno, 'EDQUOT', None)):
            text += '; make room and run the same command again'
        return MISUSED if isinstance(error, WRONG_NAMES) else FAILED, text
    if isinstance(error, RecursionError):
        return MISUSED, 'something that was read is nested too deeply'
    if isinstance(error, ValueError):
        return MISUSED, str(error) or None
    if isinstance(error, MemoryError) or 'OutOfMemory' in type(error).__name__:
        return FAILED, f'not enough memory: {cut(error, 200) or "make the batches smaller"}'
    own = isinstance(error, ImportError) or type(error).__module__.startswith('jmpose_mm')
    return FAILED, str(error) if own else None


def _unexpected(parser: argparse.ArgumentParser, error: Exception) -> str:
    """A line about a fault that no message was written for, with the traceback kept in a file."""
    place = ''
    with suppress(OSError):
        number, name = tempfile.mkstemp('.txt', f'{Path(parser.prog).stem}-traceback-')
        with os.fdopen(number, 'w', encoding='utf-8', errors='backslashreplace') as file:
            file.write(without_credentials(''.join(traceback.format_exception(error))))
        place = f' (traceback: {name})'
    return f'unexpected {type(error).__name__}: {cut(error, 500)}{place}'


def _tell(
    parser: argparse.ArgumentParser,
    message: str,
    error: BaseException | None,
    kind: str = 'error: ',
) -> None:
    """Write one line to stderr, after the traceback of `error` if there is one."""
    if error is not None:
        traceback.print_exception(error)
    line = cut(without_credentials(_in_options(parser, message)), LONGEST_MESSAGE)
    with suppress(OSError):
        printable = f'{parser.prog}: {kind}{line}'.encode('utf-8', 'backslashreplace').decode()
        print(printable, file=sys.stderr, flush=True)


def _in_options(parser: argparse.ArgumentParser, message: str) -> str:
    """The message with options in the place of parameters."""
    names = {
        action.dest: max(action.option_strings, key=len, default=action.metavar or action.dest)
        for action in parser._actions
    }

    def option(match: re.Match[str]) -> str:
        return str(names.get(match['first'] or match['quoted'], match[0]))

    return re.sub(r'^(?P<first>[a-z_]+)(?=: )|`(?P<quoted>[a-z_]+)`', option, message)


def _close_stdout() -> None:
    """Nothing more is written there, so that Python's own flush at the end has nothing to say."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
