"""Write drawn frames as a video file."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

import cv2
import numpy as np

from jmpose_mm.whole_files import whole_file

__all__ = ['Film', 'write_film']

CODE = 'mp4v'  # the one that every OpenCV build can write
SLOWEST = 0.01


class Film:
    """An mp4 file that takes its name when it is closed; what was added until then can be played.

    Args:
        path: Where, ending in ``.mp4``; its directory is made.
        frames_per_second: Speed; two digits after the point count, the encoder takes no more.

    Attributes:
        path: Where.
        count: Number of frames so far.

    Raises:
        ValueError: Another type of file.
    """

    def __init__(self, path: str | Path, frames_per_second: float = 12.0) -> None:
        self.path, self.count = Path(path), 0
        if self.path.suffix.lower() != '.mp4':
            raise ValueError(f'path: expected a name that ends in .mp4, got {path}')
        self._rate = max(SLOWEST, round(frames_per_second, 2))
        self._shape: tuple[int, ...] | None = None
        self._writer: cv2.VideoWriter | None = None
        self._whole = ExitStack()
        self._unfinished = self._whole.enter_context(whole_file(self.path))

    def add(self, image: np.ndarray) -> None:
        """Append a frame (H, W, 3), uint8 BGR; odd sizes lose nothing but gain a line.

        Raises:
            ValueError: It is no such image, or has another size than the first one.
            OSError: OpenCV cannot encode.
        """
        shape = self._shape or image.shape
        if image.dtype != np.uint8 or image.shape != shape or shape[2:] != (3,):
            expected = self._shape or '(H, W, 3)'
            raise ValueError(
                f'frame {self.count}: expected uint8 of shape {expected}, got {image.dtype} of '
                f'shape {image.shape}'
            )
        high, wide = shape[0] + shape[0] % 2, shape[1] + shape[1] % 2
        if self._writer is None:
            code = cv2.VideoWriter_fourcc(*CODE)
            writer = cv2.VideoWriter(str(self._unfinished), code, self._rate, (wide, high))
            if not writer.isOpened():
                raise OSError(f'{self.path}: OpenCV cannot encode mp4 video here')
            self._shape, self._writer = shape, writer
        rest = high - shape[0], wide - shape[1]
        if any(rest):
            image = cv2.copyMakeBorder(image, 0, rest[0], 0, rest[1], cv2.BORDER_REPLICATE)
        self._writer.write(np.ascontiguousarray(image))
        self.count += 1

    def close(self) -> None:
        """Finish the file, which is now at its path.

        Raises:
            ValueError: There is no frame; nothing is written.
            OSError: The encoder lost frames; nothing is written.
        """
        self._release()
        with self._whole:
            if not self.count:
                raise ValueError('frames: expected at least one, got none')
            found = _count_frames(self._unfinished)
            if found != self.count:
                raise OSError(
                    f'{self.path}: expected a video of {self.count} frames, the encoder left '
                    f'{found}'
                )

    def discard(self) -> None:
        """Remove what was written, unless it is closed; a file that was at the path stays."""
        self._release()
        with suppress(_DiscardedError), self._whole:
            raise _DiscardedError

    def _release(self) -> None:
        if self._writer is not None:
            self._writer.release()
            self._writer = None


class _DiscardedError(Exception):
    """Tells `whole_file` that the file is not wanted."""


def write_film(
    path: str | Path, frames: Iterable[np.ndarray], frames_per_second: float = 12.0
) -> Path:
    """Write frames as an mp4 file that appears whole or not at all.

    Args:
        path: As of :class:`Film`.
        frames: (H, W, 3) uint8 BGR of one size; a generator keeps memory small.
        frames_per_second: As of :class:`Film`.

    Returns:
        The path.

    Raises:
        ValueError: No frame, frames of several sizes, or another type of file.
        OSError: The video could not be encoded.
    """
    film = Film(path, frames_per_second)
    try:
        for frame in frames:
            film.add(frame)
        film.close()
    finally:
        film.discard()
    return film.path


def _count_frames(path: Path) -> int:
    reader = cv2.VideoCapture(str(path))
    try:
        return int(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        reader.release()
