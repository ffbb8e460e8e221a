"""Picture files as frames: pages, depth of colour, names, order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.frame_names import FILM_SUFFIXES, IMAGE_SUFFIXES
from jmpose_mm.video.frames.span import LazyFrame, Position
from jmpose_mm.video.records import Remarks

__all__ = [
    'animation_notes',
    'as_frame',
    'image_frames',
    'left_beside',
    'natural_images',
    'page_counts',
    'read_image',
    'unreadable_kind',
]

# Of phones and cameras.
UNREAD_SUFFIXES = ('.arw', '.cr2', '.cr3', '.dng', '.heic', '.heif', '.nef', '.raf', '.rw2')
PAGED_SUFFIXES = ('.tif', '.tiff')
BIT_DEPTHS = (8, 10, 12, 14, 16)


def natural_images(files: Iterable[str]) -> list[str]:
    """The images among some files, numbers in their names by value; hidden files are none."""
    images = [
        file
        for file in files
        if Path(file).suffix.lower() in IMAGE_SUFFIXES and not Path(file).name.startswith('.')
    ]
    return sorted(images, key=lambda file: [_value(part) for part in re.split(r'(\d+)', file)])


def page_counts(files: Sequence[str]) -> list[int]:
    """Number of pictures in each file; 1 where it cannot be read."""
    return [
        max(1, cv2.imcount(file)) if Path(file).suffix.lower() in PAGED_SUFFIXES else 1
        for file in files
    ]


def image_frames(
    files: Sequence[str], pages: Sequence[int], fps: float, remarks: Remarks, start: Position = 0
) -> Iterator[LazyFrame]:
    """All pictures of some files, in order.

    Args:
        files: Paths of the images.
        pages: Number of pictures in each file.
        fps: Times are at this rate.
        remarks: Gets a line about pictures of more than 8 bits.
        start: Not used: passing over costs nothing.
    """
    depth = _Depth(remarks.notes)
    index = 0
    for file, count in zip(files, pages, strict=True):
        for page in range(count):
            yield LazyFrame(index, index / fps, file, partial(_decoded, file, page, count, depth))
            index += 1


def read_image(file: str, page: int = 0, count: int = 1) -> np.ndarray | None:
    """A picture, upright, (H, W, 3) BGR in its own depth; None if it cannot be read."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    try:
        if count > 1:
            done, images = cv2.imreadmulti(file, start=page, count=1, flags=flags)
            return images[0] if done and images else None
        # Not cv2.imread, which knows no names outside of the code page on Windows.
        data = np.fromfile(file, dtype=np.uint8)
        return cv2.imdecode(data, flags) if len(data) else None
    except (OSError, cv2.error):
        return None


def animation_notes(file: str) -> list[str]:
    """A note where a PNG or WebP shows several pictures, of which OpenCV reads the first."""
    with open(file, 'rb') as opened:
        head = opened.read(4096)
    is_webp = head[:4] == b'RIFF' and head[12:16] == b'VP8X'
    if not (head[20] & 2 if is_webp else b'acTL' in head.partition(b'IDAT')[0]):
        return []
    return [f'{file}: an animation, of which the first picture alone is taken; a film shows all']


def left_beside(name: str, files: Sequence[str]) -> list[str]:
    """Notes where films, or pictures that OpenCV does not read, lie among the images."""
    visible = [Path(file) for file in files if not Path(file).name.startswith('.')]
    notes = []
    for what, suffixes in (('films', FILM_SUFFIXES), ('pictures', UNREAD_SUFFIXES)):
        found = sorted(str(file) for file in visible if file.suffix.lower() in suffixes)
        if found:
            notes.append(
                f'{name}: the frames are its images; not taken are {len(found)} {what} beside '
                f'them, {found[0]}'
            )
    return notes


def as_frame(item: Any, index: int) -> np.ndarray:
    """A frame that somebody gives as an array, or as a picture of PIL, copied.

    Raises:
        UsageError: It is none.
    """
    if hasattr(item, 'detach'):  # a tensor, on whatever device
        item = item.detach().cpu().numpy()
    if hasattr(item, 'getbands'):  # a picture of PIL, whose colours are red, green, blue
        item = np.array(item.convert('RGB'))[..., ::-1]
    if isinstance(item, str | Path):
        raise UsageError(f'frame {index}: expected an array, got {item}; give paths as a list')
    image = np.array(item)  # a copy: the next frame may be written into the same array
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise UsageError(
            f'frame {index}: expected a uint8 array (H, W, 3), got {image.dtype} {image.shape}'
        )
    return image


def unreadable_kind(file: str) -> str:
    """What is in the place of an image that cannot be read, in words."""
    try:
        with open(file, 'rb') as opened:
            return 'something else' if not file or opened.read(1) else 'an empty file'
    except OSError as error:
        if os.path.islink(file) and not os.path.exists(file):
            return 'a link that leads nowhere'
        return f'something unreadable ({error.strerror})' if file else 'something else'


class _Depth:
    """Brings pictures of more than 8 bits to 8, by the bits that they use.

    A camera of 12 bits writes files of 16; the brightest picture so far says how many are used.
    """

    def __init__(self, notes: list[str]) -> None:
        self.bits, self._notes = 0, notes

    def as_bytes(self, image: np.ndarray, file: str) -> np.ndarray | None:
        if image.dtype == np.uint8:
            return image
        if image.dtype != np.uint16:
            return None  # numbers of any range, as in depth maps
        # Files do not say how many of the 16 bits the camera used.
        highest = int(image.max(initial=0))
        bits = next(bits for bits in BIT_DEPTHS if highest < 2**bits)
        if bits > self.bits:
            self.bits = bits
            self._notes.append(
                f'{file}: a picture of 16 bits that uses {bits}; read as one of {bits} bits'
            )
        return (image >> (self.bits - 8)).astype(np.uint8)


def _decoded(file: str, page: int, count: int, depth: _Depth) -> np.ndarray | None:
    image = read_image(file, page, count)
    return None if image is None else depth.as_bytes(image, file)


def _value(part: str) -> tuple[int, str]:
    return (int(part), part) if part.isdecimal() else (-1, part)
