"""Values of any kind compared, and overwritten in place, as a caller may."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, MutableMapping, MutableSequence
from typing import Any

import numpy as np
import torch


def equal(a: Any, b: Any, tolerance: float = 0.0) -> bool:
    """Whether two values hold the same numbers, in containers of any kind."""
    if isinstance(a, torch.Tensor):
        a = a.detach().numpy()
    if isinstance(b, torch.Tensor):
        b = b.detach().numpy()
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(equal(a[key], b[key], tolerance) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(equal(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, (np.ndarray, float, int, np.generic)) and not isinstance(a, str):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            return False
        if a.dtype == object:
            return all(equal(x, y, tolerance) for x, y in zip(a.flat, b.flat, strict=True))
        near = {'rtol': tolerance, 'atol': tolerance, 'equal_nan': a.dtype.kind == 'f'}
        return bool(np.allclose(a, b, **near))
    if hasattr(a, 'all_items'):  # mmengine's data elements
        return equal(dict(a.all_items()), dict(b.all_items()), tolerance)
    if dataclasses.is_dataclass(a) or type(a).__eq__ is object.__eq__:
        return equal(vars(a), vars(b), tolerance) if hasattr(a, '__dict__') else True
    return bool(a == b)


def scribble(value: Any) -> int:
    """Overwrite what can be overwritten, in place; how much was."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return _fill(value)
    parts: list[Any] = []
    if isinstance(value, Mapping):
        parts = list(value.values())
    elif isinstance(value, (list, tuple)):
        parts = list(value)
    elif hasattr(value, 'all_items'):
        parts = [part for _, part in value.all_items()]
    elif dataclasses.is_dataclass(value):
        parts = list(vars(value).values())
    done = sum(map(scribble, parts))
    if isinstance(value, MutableMapping):
        value['scribbled'] = 7
    if isinstance(value, MutableSequence):
        value.append(7)
    return done + isinstance(value, (MutableMapping, MutableSequence))


def _fill(values: torch.Tensor | np.ndarray) -> int:
    if isinstance(values, torch.Tensor):
        with torch.no_grad():
            values.logical_not_() if values.dtype == torch.bool else values.fill_(7)
        return 1
    if not values.flags.writeable or values.dtype.kind not in 'biuf':
        return 0
    values[...] = ~values if values.dtype.kind == 'b' else 7
    return 1
