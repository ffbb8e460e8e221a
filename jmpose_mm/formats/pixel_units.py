"""Coordinates are pixels: a file that counts in parts of the picture, from 0 to 1, is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import UsageError

__all__ = ['check_pixels']

_PARTS = (-0.5, 1.5)  # of the picture: what is partly outside of it lies a little beyond


def check_pixels(file: str | Path, key: str, values: NDArray[Any]) -> None:
    """Raise where coordinates of a whole file can only be parts of the picture.

    Nobody is smaller than a pixel and a half, and the corner of the picture is not where everybody
    is. Whole numbers alone are let pass: zeros stand for what is not known.

    Args:
        file: The file, for the message.
        key: Name of the coordinates in it.
        values: (...) all coordinates of the file; those that are not finite do not count.

    Raises:
        UsageError: All lie between 0 and 1 or a little beyond, and not all are whole numbers.
    """
    values = values[np.isfinite(values)]
    least, most = values.min(initial=np.inf), values.max(initial=-np.inf)
    if least < _PARTS[0] or most > _PARTS[1] or not (values % 1).any():
        return
    raise UsageError(
        f'{file}: {key}: expected pixels of the image, got parts of it, numbers from {least:.3g} '
        f'to {most:.3g}; multiply them by the width and the height of the image'
    )
