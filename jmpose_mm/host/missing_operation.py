"""The error for an operation of mmcv that neither mmcv-lite nor torchvision has."""

from __future__ import annotations

from typing import NoReturn

__all__ = ['MissingOperationError', 'missing']


class MissingOperationError(RuntimeError):
    """A compiled mmcv operation was called, and mmcv was installed without them."""


def missing(name: str) -> NoReturn:
    """Raise the error for the operation `name`."""
    raise MissingOperationError(
        f'mmcv has no operation `{name}`: the installed mmcv is mmcv-lite, and torchvision has '
        'none either. Choose a model without it'
    )
