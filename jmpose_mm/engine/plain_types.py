"""Trees of plain Python types and tensors, which is what torch's safe ``torch.load`` accepts.

mmengine puts numpy arrays, numpy scalars and `HistoryBuffer` into its checkpoints, which the safe
default refuses. `to_plain` replaces them and notes what it replaced; `from_plain` puts them back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

Path = tuple[Any, ...]
# (where in the tree, what stood there, its numpy type or '')
Replaced = tuple[Path, str, str]

_LEAVES = (str, bytes, bool, int, float, complex, type(None), torch.Tensor)
_KINDS = 'biufU'
_UNREPRESENTABLE = object()


def to_plain(tree: Any, drop: Callable[[Path, Any], None]) -> tuple[Any, list[Replaced]]:
    """A plain copy of `tree` (tensors are shared, not copied) and the list of what was replaced.

    Args:
        tree: Nested mappings, lists and tuples of anything.
        drop: Called with the path and the value of everything that has no plain form; it is left
            out.
    """
    replaced: list[Replaced] = []
    return _plain(tree, (), replaced, drop), replaced


def _plain(
    value: Any, path: Path, replaced: list[Replaced], drop: Callable[[Path, Any], None]
) -> Any:
    if isinstance(value, Mapping):
        items = {k: _plain(v, (*path, k), replaced, drop) for k, v in value.items()}
        kept = {k: v for k, v in items.items() if v is not _UNREPRESENTABLE}
        return OrderedDict(kept) if isinstance(value, OrderedDict) else kept
    if isinstance(value, (list, tuple)):
        entries = [_plain(v, (*path, i), replaced, drop) for i, v in enumerate(value)]
        # None keeps the places of the others, which the paths in `replaced` count
        entries = [None if entry is _UNREPRESENTABLE else entry for entry in entries]
        return tuple(entries) if isinstance(value, tuple) else entries
    return _plain_leaf(value, path, replaced, drop)


def _plain_leaf(
    value: Any, path: Path, replaced: list[Replaced], drop: Callable[[Path, Any], None]
) -> Any:
    if isinstance(value, HistoryBuffer):
        replaced.append((path, 'history', ''))
        values, counts = value.data
        return {
            'values': torch.from_numpy(np.array(values)),
            'counts': torch.from_numpy(np.array(counts)),
            'max_length': value.max_length,
        }
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
        replaced.append((path, 'array', str(value.dtype)))
        return value.tolist()
    # np.float64 is a float, and np.str_ a str, but neither is pickled as one
    if isinstance(value, np.generic) and value.dtype.kind in _KINDS:
        replaced.append((path, 'scalar', str(value.dtype)))
        return value.item()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, _LEAVES) and type(value).__module__ in ('builtins', 'torch'):
        return value
    if isinstance(value, torch.nn.Parameter):
        return value
    drop(path, value)
    return _UNREPRESENTABLE


def from_plain(tree: Any, replaced: list[Replaced]) -> Any:
    """Put back into `tree` what `to_plain` replaced, in place but for tuples; returns it."""
    for path, kind, dtype in replaced:
        tree = _put(tree, tuple(path), kind, dtype)
    return tree


def _put(tree: Any, path: Path, kind: str, dtype: str) -> Any:
    if not path:
        return _restored(tree, kind, dtype)
    head, rest = path[0], path[1:]
    if isinstance(tree, tuple):
        entries = list(tree)
        entries[head] = _put(entries[head], rest, kind, dtype)
        return tuple(entries)
    # another hook may have removed an entry since
    if isinstance(tree, dict) and head not in tree:
        return tree
    tree[head] = _put(tree[head], rest, kind, dtype)
    return tree


def _restored(value: Any, kind: str, dtype: str) -> Any:
    if kind == 'history':
        buffer = HistoryBuffer(max_length=value['max_length'])
        buffer._log_history = value['values'].cpu().numpy()
        buffer._count_history = value['counts'].cpu().numpy()
        return buffer
    if np.dtype(dtype).kind not in _KINDS:
        raise ValueError(f'expected a type of numbers or text, got {dtype!r}')
    array = np.array(value, dtype=dtype)
    return array if kind == 'array' else array[()]
