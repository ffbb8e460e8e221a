"""Matlab files, read into what JSON could hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

__all__ = ['read_matlab', 'read_matlab_structure']


def read_matlab(path: Path) -> dict[str, Any]:
    """The variables of a file as arrays, structures as dicts, structure arrays as lists.

    Raises:
        ValueError: The file is missing, damaged, or of Matlab's version 7.3.
    """
    try:
        return loadmat(str(path), simplify_cells=True)
    except NotImplementedError as error:
        raise ValueError(
            f'{path}: expected a Matlab file of version 5 to 7.2, got 7.3; write it again in '
            "Matlab or Octave with save(..., '-v7')"
        ) from error
    except FileNotFoundError as error:
        raise ValueError(f'{path}: expected a Matlab file, found no file') from error
    # a damaged file makes scipy raise nearly anything, zlib's and struct's own errors included
    except Exception as error:
        raise ValueError(f'{path}: expected a Matlab file, got {error}') from error


def read_matlab_structure(path: Path, name: str) -> list[dict[str, Any]]:
    """A structure array as the list that PoseTrack17's JSON files have for it.

    There, numbers are lists of one, text stays text, and structures are lists of objects. Empty
    fields are left out.

    Raises:
        ValueError: See `read_matlab`, or there is no such variable.
    """
    content = read_matlab(path)
    if name not in content:
        found = sorted(key for key in content if not key.startswith('__'))
        raise ValueError(f'{path}: missing key {name!r}, found {found}')
    structure = _listed(content[name])
    if not all(isinstance(entry, dict) for entry in structure):
        raise ValueError(f'{path}: key {name!r}: expected a structure array')
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
