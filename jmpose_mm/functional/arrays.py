"""Lists, tuples, NumPy arrays and tensors of a user, made into the arrays to compute with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ['as_floats', 'as_indices', 'as_mask']

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def as_floats(name: str, values: Any, axes: str | None = None) -> NDArray[np.float64]:
    """Numbers as float64; an array of that type is handed through, not copied.

    Args:
        name: The caller's name of the argument.
        values: A list, a tuple, an array or a tensor, of any kind of number.
        axes: Expected axes separated by spaces, e.g. ``'N K 2'``: letters stand for any length.

    Raises:
        ValueError: They are no numbers, or have other axes.

    Example:
        >>> as_floats('boxes', [[10, 20, 40, 60]], 'N 4')
        array([[10., 20., 40., 60.]])
    """
    found = _plain(name, values).astype(np.float64, copy=False)
    wanted = axes.split() if axes is not None else [''] * found.ndim
    fits = found.ndim == len(wanted) and all(
        not axis.isdigit() or int(axis) == length
        for axis, length in zip(wanted, found.shape, strict=True)
    )
    if not fits:
        raise ValueError(f'{name}: expected shape ({", ".join(wanted)}), got {found.shape}')
    return found


def as_indices(name: str, values: Any) -> NDArray[np.int64]:
    """Whole numbers as int64, those that are written as floats too.

    Raises:
        ValueError: One of them is not whole.

    Example:
        >>> as_indices('frame', [0, 1.0, 2])
        array([0, 1, 2])
    """
    found = _plain(name, values)
    if found.dtype.kind == 'b' or (found.dtype.kind == 'f' and not _all_whole(found)):
        raise ValueError(f'{name}: expected whole numbers, got {_some(found)}')
    return found.astype(np.int64, copy=False)


def as_mask(name: str, values: Any) -> NDArray[np.bool_]:
    """A mask of the entries that are there, from booleans or from COCO's visibility.

    Args:
        name: The caller's name of the argument.
        values: True and False, or 0 (no), 1 and 2 (yes: hidden, visible).

    Raises:
        ValueError: Another number is among them.

    Example:
        >>> as_mask('present', [0, 1, 2])
        array([False,  True,  True])
    """
    found = _plain(name, values)
    if found.dtype.kind == 'b':
        return found
    if not np.isin(found, (0, 1, 2)).all():
        others = found[~np.isin(found, (0, 1, 2))]
        raise ValueError(
            f'{name}: expected booleans, or visibility as 0, 1 and 2, got {_some(others)}'
        )
    return np.asarray(found != 0)


def _plain(name: str, values: Any) -> NDArray[Any]:
    if hasattr(values, 'detach'):
        values = values.detach().cpu()
        values = values.numpy() if str(values.dtype) != 'torch.bfloat16' else values.float().numpy()
    try:
        found = np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f'{name}: expected an array of numbers, got {error}') from error
    if found.dtype.kind not in 'biuf':
        raise ValueError(f'{name}: expected an array of numbers, got {_some(found)}')
    return found


def _all_whole(values: NDArray[Any]) -> bool:
    return bool((np.isfinite(values) & (values == np.round(values))).all())


def _some(values: NDArray[Any]) -> str:
    """The first few values, for a message."""
    return f'{values.ravel()[:3].tolist()} ({values.dtype})'
