"""Write drawn frames as a video file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from jmpose_mm.whole_files import whole_file

__all__ = ['write_film']


def write_film(
    path: str | Path, frames: Iterable[np.ndarray], frames_per_second: float = 12.0
) -> Path:
    """Write frames as an mp4 file that appears whole or not at all.

    Args:
        path: Where, ending in ``.mp4``; its directory is made.
        frames: (H, W, 3) uint8 BGR of one size with even sides; a generator keeps memory small.
        frames_per_second: Speed.

    Returns:
        The path.

    Raises:
        ValueError: No frame, frames of several or of odd sizes, or another type of file.
        OSError: The video could not be encoded.
    """
    path = Path(path)
    if path.suffix.lower() != '.mp4':
        raise ValueError(f'path: expected a name that ends in .mp4, got {path}')
    with whole_file(path) as unfinished:
        count = _encode(unfinished, frames, frames_per_second)
        found = _count_frames(unfinished)
        if found != count:
            raise OSError(f'{path}: expected a video of {count} frames, the encoder left {found}')
    return path


def _encode(path: Path, frames: Iterable[np.ndarray], frames_per_second: float) -> int:
    """Write the frames and return how many there were."""
    writer, shape, count = None, None, 0
    try:
        for count, frame in enumerate(frames, start=1):
            shape = shape or frame.shape
            if frame.shape != shape or frame.dtype != np.uint8:
                raise ValueError(
                    f'frame {count - 1}: expected uint8 of shape {shape}, got {frame.dtype} of '
                    f'shape {frame.shape}'
                )
            writer = writer or _open(path, shape, frames_per_second)
            writer.write(np.ascontiguousarray(frame))
    finally:
        if writer is not None:
            writer.release()
    if not count:
        raise ValueError('frames: expected at least one, got none')
    return count


def _open(path: Path, shape: tuple[int, ...], frames_per_second: float) -> cv2.VideoWriter:
    if len(shape) != 3 or shape[2] != 3 or shape[0] % 2 or shape[1] % 2:
        raise ValueError(f'frame 0: expected shape (H, W, 3) with even H and W, got {shape}')
    code = cv2.VideoWriter_fourcc(*'mp4v')  # the one that every OpenCV build can write
    writer = cv2.VideoWriter(str(path), code, frames_per_second, (shape[1], shape[0]))
    if not writer.isOpened():
        raise OSError(f'{path}: OpenCV cannot encode mp4 video here')
    return writer


def _count_frames(path: Path) -> int:
    reader = cv2.VideoCapture(str(path))
    try:
        return int(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        reader.release()
