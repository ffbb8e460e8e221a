"""One grammar for errors at the border: what was checked, what was expected, what was found."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

__all__ = ['check_choice', 'check_rank', 'check_same_shape']


def check_rank(name: str, tensor: Tensor, axes: str) -> None:
    """Raise ``ValueError`` unless ``tensor`` has one dimension for each name in ``axes``.

    Args:
        name: The caller's name of the tensor.
        tensor: Any tensor.
        axes: Axis names separated by spaces, e.g. ``'B C H W'``.

    Example:
        >>> import torch
        >>> check_rank('features', torch.zeros(2, 3, 8, 8), 'B C H W')
    """
    _check_tensor(name, tensor)
    if tensor.dim() != len(axes.split()):
        raise ValueError(
            f'{name}: expected a tensor with axes ({axes}), got shape {tuple(tensor.shape)}'
        )


def _check_tensor(name: str, tensor: object) -> None:
    if not isinstance(tensor, Tensor):
        raise ValueError(
            f'{name}: expected a tensor, got {type(tensor).__name__}; torch.as_tensor makes one'
        )


def check_same_shape(first: str, a: Tensor, second: str, b: Tensor) -> None:
    """Raise ``ValueError`` unless ``a`` and ``b`` have one shape.

    Example:
        >>> import torch
        >>> check_same_shape('prediction', torch.zeros(2, 3), 'target', torch.ones(2, 3))
    """
    _check_tensor(first, a)
    _check_tensor(second, b)
    if a.shape != b.shape:
        raise ValueError(
            f'{first} and {second}: expected one shape, got {tuple(a.shape)} and {tuple(b.shape)}'
        )


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Raise ``ValueError`` unless ``value`` is one of ``choices``.

    Example:
        >>> check_choice('warp', 'classic', ('classic', 'released'))
    """
    choices = tuple(choices)
    if value not in choices:
        raise ValueError(f'{name}: expected one of {choices}, got {value!r}')
