"""JSON and text files: read fast, written whole, taken apart with errors of place and cause."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import UsageError, cut
from jmpose_mm.whole_files import whole_file

__all__ = [
    'Place',
    'compact_json',
    'field',
    'list_json_files',
    'numbers',
    'place_in',
    'read_bytes',
    'read_id',
    'read_json',
    'read_text',
    'read_unusual_json',
    'single_value',
    'whole_number',
    'write_compact_json',
]

LARGEST_NUMBER = 1e12  # pixels or scores; areas of such boxes are still finite in float32
LARGEST_WHOLE_NUMBER = 2**63 - 1

_HALF = re.compile(r'\\u[dD][89a-fA-F]')  # perhaps of half a character


class Place:
    """A place in a file, moved along while the file is read.

    Attributes:
        file: The file.
        at: Place in the file, e.g. ``annotations[3]``; empty for the whole.
    """

    def __init__(self, file: str | Path, at: str = '') -> None:
        self.file, self.at = Path(file), at

    def __str__(self) -> str:
        return f'{self.file}: {self.at}: ' if self.at else f'{self.file}: '


@contextmanager
def place_in(file: str | Path, at: str = '') -> Iterator[Place]:
    """Turn errors of bad content inside the block into a ``UsageError`` that begins with the place.

    Blocks may lie inside each other: an error that names its file already passes unchanged.
    """
    place = Place(file, at)
    try:
        yield place
    except KeyError as error:
        raise UsageError(f'{place}expected the key {error}, found none') from error
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError) as error:
        if str(error).startswith(str(file)):
            raise
        raise UsageError(f'{place}{cut(error, 400)}') from error


def read_bytes(path: str | Path, kind: str = 'a JSON file') -> bytes:
    """The content of a file; one that cannot be read is a ``UsageError`` with its path."""
    path = Path(path)
    try:
        # Opening a pipe would wait for a writer, perhaps for ever.
        if path.exists() and not path.is_file():
            found = 'folder' if path.is_dir() else 'device or pipe'
            raise UsageError(f'{path}: expected a readable file, got a {found}')
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f'{path}: expected {kind}, found no file') from error
    except OSError as error:
        raise UsageError(f'{path}: expected a readable file, got {error.strerror}') from error


def read_json(path: str | Path) -> Any:
    """The content of a JSON file.

    Byte-order marks and UTF-16 are read, as are ``NaN`` and ``Infinity``, which Python's own writer
    makes. What follows from numbers that are not finite is left to the reader of a format.

    Raises:
        UsageError: There is no such file, or it is no JSON or nested too deeply.
    """
    content = read_bytes(path)
    try:
        return msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return read_unusual_json(path, content)


def read_text(path: str | Path) -> str:
    """The text of a file: UTF-8, or UTF-16 as consoles of Windows write it, without a mark.

    Raises:
        UsageError: There is no such file, or it is something else.
    """
    content = read_bytes(path, 'a text file')
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError as error:
        raise UsageError(f'{path}: expected text, found something else ({error})') from None


def read_unusual_json(path: str | Path, content: bytes) -> Any:
    """The same by the standard library, which takes more kinds of JSON and says what is wrong."""
    try:
        text = content.decode(json.detect_encoding(content))
        found = json.loads(text)
        if _HALF.search(text):
            # Half a character can be neither written nor drawn; bytes of a file's name can.
            json.dumps(found, ensure_ascii=False).encode('utf-8', 'surrogateescape')
        return found
    except RecursionError as error:
        raise UsageError(f'{path}: expected JSON, got brackets nested too deeply') from error
    except ValueError as error:
        raise UsageError(f'{path}: expected JSON, got {cut(error, 300)}') from error


def list_json_files(path: str | Path) -> list[Path]:
    """The file itself, or the ``*.json`` files of a folder in the order of their names.

    Hidden files, as macOS leaves beside others (``._name.json``), are left aside.

    Raises:
        UsageError: The folder holds none.
    """
    path = Path(path)
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.glob('*.json') if not file.name.startswith('.'))
    if not files:
        raise UsageError(f'{path}: expected *.json files in the folder, got none')
    return files


def compact_json(content: Any, finite: bool = True) -> str:
    """JSON without spaces.

    Raises:
        ValueError: A number is not finite, and ``finite`` asks for that.
    """
    return json.dumps(content, separators=(',', ':'), allow_nan=not finite)


def write_compact_json(path: str | Path, content: Any, finite: bool = True) -> None:
    """Write JSON without spaces, whole or not at all.

    Raises:
        ValueError: A number is not finite, and ``finite`` asks for that.
    """
    with whole_file(path) as unfinished:
        unfinished.write_text(compact_json(content, finite) + '\n', encoding='utf-8')


def field(entry: Any, key: str, *kinds: type) -> Any:
    """The value of a key that must be there and of one of some types; true is no number.

    Raises:
        KeyError: It is not there.
        ValueError: It, or the entry, is of another type.
    """
    if not isinstance(entry, dict):
        raise ValueError(f'expected an object, got {cut(repr(entry))}')
    value = entry[key]
    if not isinstance(value, kinds) or isinstance(value, bool):
        expected = ' or '.join(kind.__name__ for kind in kinds)
        raise ValueError(f'{key}: expected {expected}, got {cut(repr(value))}')
    return value


def numbers(values: Any, key: str, count: int) -> NDArray[Any]:
    """A list of `count` numbers as float64, each at most ``LARGEST_NUMBER``; null is NaN."""
    try:
        array = np.array(values, dtype=np.float64)
    except (OverflowError, TypeError, ValueError):
        array = np.empty(0)
    if array.shape != (count,):
        raise ValueError(f'{key}: expected {count} numbers, got {cut(repr(values))}')
    if (np.isfinite(array) & (np.abs(array) > LARGEST_NUMBER)).any():
        raise ValueError(
            f'{key}: expected numbers up to {LARGEST_NUMBER:g}, got {cut(repr(values))}'
        )
    return array


def whole_number(value: Any, key: str) -> int:
    """A whole number of at most 63 bits, also written ``3.0`` or ``"3"``."""
    number: int | None = None
    # 63 bits are at most 19 digits.
    if isinstance(value, str) and value.strip().lstrip('+-').isdecimal() and len(value) < 20:
        number = int(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0:
        number = int(value)
    # Arrays of ids are int64.
    if number is not None and abs(number) <= LARGEST_WHOLE_NUMBER:
        return number
    raise ValueError(f'{key}: expected a whole number, got {cut(repr(value))}')


def read_id(value: Any, key: str) -> int | str:
    """An id: a whole number, also written ``3.0`` or ``"3"``, or other text."""
    try:
        return whole_number(value, key)
    except ValueError:
        if isinstance(value, str) and value:
            return value
        raise ValueError(
            f'{key}: expected a whole number or text, got {cut(repr(value))}'
        ) from None


def single_value(value: Any) -> Any:
    """The value itself, or the only entry of a list: PoseTrack17 wraps what is single."""
    if isinstance(value, list):
        if not value:
            raise ValueError('expected a list of one, got []')
        return value[0]
    return value
