"""Videos made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

SHADES = 20  # frame number n is a plain image of brightness 20 n


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Makes a video without sound whose left half is dark and whose right half tells the frame."""

    def make(name: str = 'film.mp4', count: int = 12, code: str = 'mp4v', fps: float = 10) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), fps, (96, 64))
        assert writer.isOpened()
        for number in range(count):
            image = np.zeros((64, 96, 3), dtype=np.uint8)
            image[:, 48:] = SHADES * number % 256
            writer.write(image)
        writer.release()
        return path

    return make
