"""Frames of whatever a user has: a video file, images, a camera, arrays.

Axes: H W pixels of the upright frame. Images are uint8 BGR.
"""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames.background import read_ahead
from jmpose_mm.video.frames.captures import camera_frames, probe, video_frames
from jmpose_mm.video.frames.span import LazyFrame, Position, Span
from jmpose_mm.video.records import Frame

__all__ = ['ASSUMED_FPS', 'FrameSource', 'open_source']

ASSUMED_FPS = 25.0  # of images and cameras that do not say theirs
DECODED_AHEAD = 8
IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')

Frames = Callable[[list[str]], Iterator[LazyFrame]]


class FrameSource:
    """Frames in time order, decoded by a thread while the consumer works on earlier ones.

    It can be iterated several times, unless it is a camera or a generator. A loop that ends early
    ends the thread and releases the file; `contextlib.closing(iter(source))` says when.

    Args:
        name: As the user calls it.
        frames: Makes the frames, all of them; what goes wrong meanwhile is appended to its
            argument.
        span: Which of them come.
        size: See the attribute.
        fps: See the attribute.
        count: How many frames there are, before `span`; None if unknown.

    Attributes:
        name: As the user calls it.
        fps: Frames per second of the source, whatever the stride; None if unknown.
        playback_fps: Rate at which the frames that come show the source at its own speed.
        length: How many frames will come, as far as the container tells; None if unknown.
        size: (W, H) of the upright frames, of the first one where they differ; None if unknown.
        problems: After iteration, one line for everything that could not be read.
    """

    def __init__(
        self,
        name: str,
        frames: Frames,
        span: Span,
        size: tuple[int, int] | None,
        fps: float | None,
        count: int | None,
    ) -> None:
        self.name, self.size, self.fps = name, size, fps
        self.playback_fps = (fps or ASSUMED_FPS) / span.stride
        self.length = span.length(count, fps or ASSUMED_FPS)
        self.problems: list[str] = []
        self._frames, self._span = frames, span
        if self.length == 0:
            raise UsageError(f'{name}: none of its {count} frames lies between start and end')

    def __iter__(self) -> Iterator[Frame]:
        self.problems.clear()
        yield from read_ahead(self._decoded(), DECODED_AHEAD)

    def _decoded(self) -> Iterator[Frame]:
        came = 0
        for index, seconds, name, decode in self._span.of(self._frames(self.problems)):
            image = decode()
            if image is None:
                what = name or f'{self.name}: frame {index}'
                self.problems.append(f'{what}: expected an image, found something else; left out')
            else:
                came += 1
                yield Frame(index, seconds, name, image)
        if not came:
            self.problems.append(f'{self.name}: no frame could be read')


def open_source(
    source: str | Path | int | Iterable[Any],
    start: Position | str = 0,
    end: Position | str | None = None,
    stride: int = 1,
    fps: float | None = None,
) -> FrameSource:
    """Open anything that has frames.

    Args:
        source: A video file or address (``rtsp://...``); a folder of images or a pattern with
            ``*``, in natural order (``9.jpg`` before ``10.jpg``); a camera's number; ``'-'`` for
            paths of images on standard input, one a line; or a list of paths or of arrays
            (H, W, 3), or a generator of arrays.
        start: The first frame: its number, or a time, ``'12.5s'`` or ``'hh:mm:ss'``. A number
            without a point is a frame, a float is seconds.
        end: The first frame that does not come; None for all.
        stride: Every how many frames one comes.
        fps: Rate of images and arrays, which do not say theirs; times are at 25 per second without.

    Raises:
        UsageError: There is nothing, or nothing that can be read; or start, end, stride or fps
            make no sense.
    """
    if fps is not None and not fps > 0:
        raise UsageError(f'fps: expected a positive number, got {fps}')
    span = Span.parse(start, end, stride)
    if isinstance(source, int) or (
        isinstance(source, str) and source.isdecimal() and not Path(source).exists()
    ):
        number = int(source)
        seen = probe(number)
        return FrameSource(
            f'camera {number}', partial(camera_frames, number), span, seen.size, seen.fps, None
        )
    if not isinstance(source, str | Path):
        return _listed(source, span, fps)
    name = str(source)
    if name == '-':
        lines = (line.strip() for line in sys.stdin)
        return _images('-', [line for line in lines if line], span, fps)
    path = Path(name)
    if path.is_dir():
        return _images(name, _natural(str(file) for file in path.iterdir()), span, fps)
    if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES:
        return _images(name, [name], span, fps)
    if path.is_file() or '://' in name:
        seen = probe(name)
        frames = partial(video_frames, name, seen, ASSUMED_FPS)
        return FrameSource(name, frames, span, seen.size, seen.fps, seen.count)
    if glob.has_magic(name):
        return _images(name, _natural(glob.glob(name, recursive=True)), span, fps)
    raise UsageError(
        f'{name}: expected a video file, a folder or pattern of images, the number of a camera, or '
        '- for paths on standard input; found nothing'
    )


def _natural(files: Iterable[str]) -> list[str]:
    """The images among some files, numbers in their names by value."""
    images = [file for file in files if Path(file).suffix.lower() in IMAGE_SUFFIXES]
    return sorted(images, key=lambda file: [_value(part) for part in re.split(r'(\d+)', file)])


def _value(part: str) -> tuple[int, str]:
    return (int(part), part) if part.isdecimal() else (-1, part)


def _images(name: str, files: Sequence[str], span: Span, fps: float | None) -> FrameSource:
    if not files:
        raise UsageError(f'{name}: expected images ({", ".join(IMAGE_SUFFIXES)}), found none')

    def frames(problems: list[str]) -> Iterator[LazyFrame]:
        for index, file in enumerate(files):
            yield LazyFrame(index, index / (fps or ASSUMED_FPS), file, partial(cv2.imread, file))

    first = cv2.imread(files[0])
    return FrameSource(name, frames, span, _size(first), fps, len(files))


def _listed(items: Iterable[Any], span: Span, fps: float | None) -> FrameSource:
    known = items if isinstance(items, Sequence | np.ndarray) else None
    if known is not None and len(known) and isinstance(known[0], str | Path):
        return _images('images', [str(item) for item in known], span, fps)

    def frames(problems: list[str]) -> Iterator[LazyFrame]:
        for index, item in enumerate(items):
            seconds = index / (fps or ASSUMED_FPS)
            yield LazyFrame(index, seconds, '', partial(_checked, item, index))

    size = _size(_checked(known[0], 0)) if known is not None and len(known) else None
    return FrameSource('arrays', frames, span, size, fps, None if known is None else len(known))


def _checked(item: Any, index: int) -> np.ndarray:
    image = np.asarray(item)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise UsageError(
            f'frame {index}: expected a uint8 array (H, W, 3), got {image.dtype} {image.shape}'
        )
    return image


def _size(image: np.ndarray | None) -> tuple[int, int] | None:
    return None if image is None else (image.shape[1], image.shape[0])
