"""Values of JSON files, taken out with errors that say where and what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ['ErrorContext', 'field_of', 'numbers_of', 'read_json', 'scalar_of']


class ErrorContext:
    """Turns errors of unpacking into a ``ValueError`` that says where."""

    def __init__(self, file: Path, where: str = '') -> None:
        self.where = f'{file}{" " + where if where else ""}'

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, KeyError):
            raise ValueError(f'{self.where}: missing key {error}') from error
        if isinstance(error, (ValueError, TypeError, AttributeError, IndexError)):
            raise ValueError(f'{self.where}: {error}') from error


def read_json(path: Path) -> Any:
    """The content of a file; one that is missing or no JSON is a ``ValueError`` with its path."""
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        raise ValueError(f'{path}: expected an annotation file, found no file') from error
    except OSError as error:
        raise ValueError(f'{path}: expected a readable file, got {error.strerror}') from error
    except ValueError as error:
        raise ValueError(f'{path}: expected JSON, got {error}') from error


def field_of(entry: dict[str, Any], key: str, *kinds: type) -> Any:
    """The value of a key that must be there and of one of some types."""
    value = entry[key]
    if not isinstance(value, kinds) or isinstance(value, bool):
        expected = ' or '.join(kind.__name__ for kind in kinds)
        raise ValueError(f'key {key!r}: expected {expected}, got {value!r:.80}')
    return value


def numbers_of(values: Any, key: str, count: int) -> np.ndarray:
    """A list of so many numbers; JSON's null becomes NaN."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f'key {key!r}: expected {count} numbers, got {values!r}') from error
    if array.shape != (count,):
        raise ValueError(f'key {key!r}: expected {count} numbers, got {values!r}')
    return array


def scalar_of(entry: dict[str, Any], key: str) -> float:
    """A number, which PoseTrack17 writes as a list of one."""
    value = entry[key]
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(value, int | float):
        raise ValueError(f'key {key!r}: expected a list of one number, got {entry[key]!r}')
    return value
