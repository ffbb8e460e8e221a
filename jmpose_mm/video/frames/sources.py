"""Frames of whatever a user has: a video file, images, a camera, arrays.

Axes: H W pixels of the upright frame. Images are uint8 BGR.
"""

from __future__ import annotations

import glob
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError, without_credentials
from jmpose_mm.formats.frame_names import IMAGE_SUFFIXES
from jmpose_mm.video.frames.background import read_ahead
from jmpose_mm.video.frames.captures import camera_frames, probe_camera
from jmpose_mm.video.frames.containers import VideoInfo, probe
from jmpose_mm.video.frames.film_decoding import film_frames
from jmpose_mm.video.frames.images import (
    animation_notes,
    as_frame,
    image_frames,
    left_beside,
    natural_images,
    page_counts,
    read_image,
    unreadable_kind,
)
from jmpose_mm.video.frames.span import LazyFrame, Position, Span
from jmpose_mm.video.records import Frame, Remarks

__all__ = ['ASSUMED_FPS', 'FrameSource', 'open_source']

ASSUMED_FPS = 25.0  # of images and cameras that do not say theirs
DECODED_AHEAD = 8

Frames = Callable[[Remarks, Position], Iterator[LazyFrame]]


class FrameSource:
    """Frames in time order, decoded by a thread while the consumer works on earlier ones.

    It can be iterated several times, unless it is a camera or a generator. A loop that ends early
    ends the thread and releases the file; `contextlib.closing(iter(source))` says when.

    Args:
        name: As the user calls it.
        frames: Makes the frames from before a position on; what goes wrong meanwhile is added to
            its first argument.
        span: Range of the frames that come.
        size: See the attribute.
        fps: See the attribute.
        count: Number of frames before `span`; None if unknown.
        files: Files that are read: no output may take their place.
        seen: Facts that a video states about itself.

    Attributes:
        name: Name that the user gave; an address comes without user, password and query.
        fps: Frames per second of the source, whatever the stride; None if unknown.
        playback_fps: Rate at which the frames that come show the source at its own speed.
        length: Number of frames that will come, as far as the container tells; None if unknown.
        count: Number of frames before `span`; None if unknown.
        size: (W, H) of the upright frames, of the first one where they differ; None if unknown.
        files: See the argument.
        seen: See the argument; None for what is no video.
        is_live: True for a camera or a stream, which shows other frames each time.
        is_iterator: True for a generator, whose frames come once.
        remarks: Remarks of the last iteration: a problem for everything that could not be read.
    """

    is_live = is_iterator = False

    def __init__(
        self,
        name: str,
        frames: Frames,
        span: Span,
        size: tuple[int, int] | None,
        fps: float | None,
        count: int | None,
        files: Sequence[str] = (),
        seen: VideoInfo | None = None,
    ) -> None:
        self.name, self.size, self.fps, self.count = name, size, fps, count
        self.files, self.seen = tuple(files), seen
        self.playback_fps = (fps or ASSUMED_FPS) / span.stride
        self.length = span.length(count, fps or ASSUMED_FPS)
        self.span, self.remarks = span, Remarks.none()
        self._frames = frames
        if seen is not None and seen.count is None:
            self.length = self.length or None  # a guess from the mean rate of the beginning
        if self.length == 0:
            raise UsageError(f'{name}: none of its {count} frames lies between start and end')

    @property
    def problems(self) -> list[str]:
        """A line for everything that could not be read in the last iteration."""
        return self.remarks.problems

    def __iter__(self) -> Iterator[Frame]:
        self.remarks = Remarks.none()
        yield from self.read(self.remarks)

    def read(self, remarks: Remarks) -> Iterator[Frame]:
        """The frames; what cannot be read is added to ``remarks``. Several may read at a time."""
        yield from read_ahead(self._decoded(remarks), DECODED_AHEAD)

    def _decoded(self, remarks: Remarks) -> Iterator[Frame]:
        came = 0
        for index, seconds, name, decode in self.span.of(self._frames(remarks, self.span.start)):
            image = decode()
            if image is None:
                what, found = name or f'{self.name}: frame {index}', unreadable_kind(name)
                remarks.problems.append(f'{what}: expected an image, found {found}; left out')
            else:
                came += 1
                image.flags.writeable = False
                yield Frame(index, seconds, name, image)
        if not came:
            remarks.problems.append(f'{self.name}: no frame could be read')


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
            (H, W, 3) or of PIL's images, or a generator of such.
        start: The first frame: its number, or a time, ``'12.5s'`` or ``'hh:mm:ss'``. A number
            without a point is a frame, a float is seconds.
        end: The first frame that does not come; None for all.
        stride: Every how many frames one comes.
        fps: Rate of images and arrays, which do not say theirs; times are at 25 per second without.
            Refused for a film that has times of its own.

    Raises:
        UsageError: There is nothing, or nothing that can be read; or start, end, stride or fps
            make no sense.

    Example:
        >>> frames = np.zeros((10, 48, 64, 3), np.uint8)
        >>> source = open_source(frames, start=2, stride=3, fps=25)
        >>> [(frame.index, frame.time) for frame in source]
        [(2, 0.08), (5, 0.2), (8, 0.32)]
    """
    if fps is not None and not 0 < fps < float('inf'):
        raise UsageError(f'fps: expected a positive number, got {fps}')
    span = Span.parse(start, end, stride)
    if isinstance(source, int | np.integer) or (
        isinstance(source, str) and source.isdecimal() and not Path(source).exists()
    ):
        number = int(source)
        size, rate = probe_camera(number)
        _check_rate(fps, rate, f'camera {number}')
        frames = partial(camera_frames, number)
        camera = FrameSource(f'camera {number}', frames, span, size, rate or fps, None)
        camera.is_live = True
        return camera
    if not isinstance(source, str | Path | Iterable):
        raise UsageError(f'source: expected a film, a list or a number, got {source!r}')
    if not isinstance(source, str | Path):
        return _listed(source, span, fps)
    name = str(source)
    if name == '-':
        lines = (line.strip('\ufeff\r\n') for line in sys.stdin)
        return _images('-', [line for line in lines if line], span, fps)
    path = Path(name)
    if path.is_dir():
        files = [str(file) for file in path.iterdir()]
        return _images(name, natural_images(files), span, fps, left_beside(name, files))
    if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES:
        return _images(name, [name], span, fps, animation_notes(name))
    if path.is_file() or '://' in name:
        return _film(name, span, fps)
    if glob.has_magic(name):
        files = glob.glob(name, recursive=True)
        return _images(name, natural_images(files), span, fps, left_beside(name, files))
    raise UsageError(
        f'{name}: expected a video file, a folder or pattern of images, the number of a camera, or '
        '- for paths on standard input; found nothing'
    )


def _film(name: str, span: Span, fps: float | None) -> FrameSource:
    seen = probe(name)
    shown, files = without_credentials(name), [name] if Path(name).is_file() else []
    _check_rate(fps, seen.fps, shown)
    frames = partial(film_frames, name, seen, fps or ASSUMED_FPS)
    film = FrameSource(shown, frames, span, seen.size, seen.fps or fps, seen.length, files, seen)
    film.is_live = not files and seen.length is None
    return film


def _check_rate(asked: float | None, known: float | None, name: str) -> None:
    if asked and known:
        raise UsageError(f'fps: expected none for {name}, which says its times, got {asked:g}')


def _images(
    name: str, files: Sequence[str], span: Span, fps: float | None, notes: Sequence[str] = ()
) -> FrameSource:
    if not files:
        raise UsageError(
            f'{name}: expected images ({", ".join(IMAGE_SUFFIXES)}) or films, found none'
        )
    pages = page_counts(files)

    def frames(remarks: Remarks, start: Position) -> Iterator[LazyFrame]:
        remarks.notes.extend(notes)
        yield from image_frames(files, pages, fps or ASSUMED_FPS, remarks, start)

    first = _size(read_image(files[0]))
    return FrameSource(name, frames, span, first, fps, sum(pages), files)


def _listed(items: Iterable[Any], span: Span, fps: float | None) -> FrameSource:
    if isinstance(items, np.ndarray) and items.ndim == 3 and items.shape[2] == 3:
        items = items[None]  # one picture
    known = items if isinstance(items, Sequence | np.ndarray) else None
    if known is not None and len(known) and isinstance(known[0], str | Path):
        return _images('images', [str(item) for item in known], span, fps)

    def frames(remarks: Remarks, start: Position) -> Iterator[LazyFrame]:
        for index, item in enumerate(items):
            seconds = index / (fps or ASSUMED_FPS)
            yield LazyFrame(index, seconds, '', partial(as_frame, item, index))

    size = _size(as_frame(known[0], 0)) if known is not None and len(known) else None
    count = None if known is None else len(known)
    arrays = FrameSource('arrays', frames, span, size, fps, count)
    arrays.is_iterator = isinstance(items, Iterator)
    return arrays


def _size(image: np.ndarray | None) -> tuple[int, int] | None:
    return None if image is None else (image.shape[1], image.shape[0])
