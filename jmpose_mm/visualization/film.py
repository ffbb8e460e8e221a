"""Write drawn frames as a video file that plays in browsers, slides and on phones."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from jmpose_mm.visualization import codec_threads  # noqa: F401
from jmpose_mm.visualization.film_codecs import CODECS, check_encoding
from jmpose_mm.visualization.film_sizes import fit_to_film, playable_size
from jmpose_mm.visualization.film_sound import FilmSound
from jmpose_mm.whole_files import whole_file

__all__ = ['Film', 'is_drawn_film', 'write_film']

USUAL_RATE = 25.0
UNIT = Fraction(1, 90000)  # of times; films of every usual rate have whole numbers of it
BT709, LIMITED = 1, 1  # in the numbers of H.273, which all these codecs use
MARK = 'poses drawn by jmpose_mm'


class Film:
    """An mp4 file that takes its name when it is closed; what was added until then can be played.

    Args:
        path: File to write, ending in ``.mp4``; its directory is made.
        frames_per_second: Speed of frames without a time of their own; 0 or NaN, as OpenCV has for
            unknown, is 25.
        codec: One of :data:`CODECS`; H.264 plays everywhere.
        quality: The encoder's constant rate factor, less is better; 23 is usual, 18 looks as the
            original.
        sound: Source of its sound.
        aspect: Width of a pixel by its height.

    Attributes:
        path: File to write.
        count: Number of frames so far.
        size: (W, H) of the film, known with the first frame: even, and no larger than players take.

    Raises:
        ValueError: Another type of file or codec.
    """

    def __init__(
        self,
        path: str | Path,
        frames_per_second: float = 12.0,
        codec: str = 'h264',
        quality: int = 23,
        sound: FilmSound | None = None,
        aspect: Fraction = Fraction(1),
    ) -> None:
        self.path, self.count = Path(path), 0
        if self.path.suffix.lower() != '.mp4':
            raise ValueError(f'path: expected a name that ends in .mp4, got {path}')
        check_encoding(codec, quality)
        if frames_per_second < 0 or math.isinf(frames_per_second):
            raise ValueError(f'frames_per_second: expected 0 or more, got {frames_per_second}')
        self._rate = frames_per_second if frames_per_second > 0 else USUAL_RATE
        self.size = (0, 0)
        self._codec, self._quality, self._sound, self._aspect = codec, quality, sound, aspect
        self._shape: tuple[int, ...] | None = None
        self._container: Any = None
        self._converter = VideoReformatter()
        self._stream: Any = None
        self._first, self._last = 0.0, -1
        self._whole = ExitStack()
        self._unfinished = self._whole.enter_context(whole_file(self.path))

    def add(self, image: np.ndarray, time: float | None = None) -> None:
        """Append a frame.

        Args:
            image: (H, W, 3), uint8 BGR; odd sizes lose nothing but gain a line.
            time: Seconds at which it is shown, on any clock that all frames share.

        Raises:
            ValueError: It is no such image, or has another size than the first one.
            OSError: It cannot be encoded or written.
        """
        image = np.asarray(image)
        shape = self._shape or image.shape
        if image.dtype != np.uint8 or image.shape != shape or shape[2:] != (3,):
            expected = self._shape or '(H, W, 3)'
            raise ValueError(
                f'frame {self.count}: expected uint8 of shape {expected}, got {image.dtype} of '
                f'shape {image.shape}'
            )
        time = self.count / self._rate if time is None else time
        with self._encoding():
            if self._container is None:
                self._begin(shape, time)
            frame = av.VideoFrame.from_ndarray(fit_to_film(image, self.size), format='bgr24')
            frame = self._converter.reformat(frame, format='yuv420p', dst_colorspace='itu709')
            # Two frames at one time would be refused.
            self._last = max(self._last + 1, round((time - self._first) / UNIT))
            frame.pts, frame.time_base = self._last, UNIT
            self._container.mux(self._stream.encode(frame))
            if self._sound is not None:
                self._sound.copy_until(time)
        self.count += 1

    def close(self) -> None:
        """Finish the file, which is now at its path.

        Raises:
            ValueError: There is no frame; nothing is written.
            OSError: The encoder lost frames, or they cannot be written; nothing is.
        """
        with self._whole, self._encoding():
            if self._container is not None:
                self._container.mux(self._stream.encode())
            self._release()
            if not self.count:
                raise ValueError('frames: expected at least one, got none')
            found = _count_frames(self._unfinished)
            # Encoders may drop frames without an error.
            if found != self.count:
                said = f'expected a video of {self.count} frames, the encoder left {found}'
                raise OSError(f'{self.path}: {said}')

    def discard(self) -> None:
        """Remove what was written, unless it is closed; a file that was at the path stays."""
        with suppress(av.FFmpegError):
            self._release()
        with suppress(_DiscardedError), self._whole:
            raise _DiscardedError

    def _begin(self, shape: tuple[int, ...], time: float) -> None:
        """Open the file for frames of a shape, the first of which is shown at a time."""
        # Wheels of PyAV differ in their encoders: the best one that is there.
        names, settings = CODECS[self._codec]
        encoder = next((name for name in names if name in av.codecs_available), None)
        if encoder is None:
            raise OSError(f'{self.path}: PyAV {av.__version__} cannot encode {self._codec} here')
        os.environ.setdefault('SVT_LOG', '1')  # errors alone
        self._shape, self._first, self.size = shape, time, playable_size(shape[1], shape[0])
        container = av.open(
            # The index comes first, so that browsers play a film before they have all of it.
            str(self._unfinished),
            'w',
            format='mp4',
            options={'movflags': '+faststart'},
        )
        self._container = container
        container.metadata['comment'] = MARK
        rate = Fraction(self._rate).limit_denominator(1001)
        settings = {'crf': str(self._quality), **settings}
        tag = settings.pop('tag', None)
        stream = container.add_stream(encoder, rate=max(rate, Fraction(1, 1001)), options=settings)
        stream.width, stream.height, stream.pix_fmt = *self.size, 'yuv420p'
        context = stream.codec_context
        context.time_base, context.thread_type = UNIT, 'AUTO'
        context.sample_aspect_ratio = self._aspect
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        if tag:
            context.codec_tag = tag
        self._stream = stream
        if self._sound is not None:
            self._sound.begin(container, time)

    def _release(self) -> None:
        container, self._container = self._container, None
        if self._sound is not None:
            self._sound.close()
        if container is not None:
            container.close()

    @contextmanager
    def _encoding(self) -> Iterator[None]:
        try:
            yield
        except av.FFmpegError as error:
            raise OSError(error.errno, f'{self.path}: {error.strerror}') from error


class _DiscardedError(Exception):
    """Tells `whole_file` that the file is not wanted."""


def write_film(
    path: str | Path, frames: Iterable[np.ndarray], frames_per_second: float = 12.0
) -> Path:
    """Write frames as an mp4 file that appears whole or not at all.

    Args:
        path: File to write, ending in ``.mp4``.
        frames: (H, W, 3) uint8 BGR of one size; a generator keeps memory small.
        frames_per_second: Rate; 0 or NaN, as OpenCV has for unknown, is 25.

    Returns:
        The path.

    Raises:
        ValueError: No frame, frames of several sizes, or another type of file.
        OSError: The video could not be encoded.

    Example:
        >>> from jmpose_mm.apis import open_source
        >>> frames = [np.full((48, 64, 3), level, np.uint8) for level in (20, 90, 160)]
        >>> film = write_film('walk.mp4', frames, frames_per_second=25)
        >>> len(list(open_source(film)))
        3
    """
    film = Film(path, frames_per_second)
    try:
        for frame in frames:
            film.add(frame)
        film.close()
    finally:
        film.discard()
    return film.path


def is_drawn_film(path: str | Path) -> bool:
    """Whether a file is a film of this module."""
    try:
        with av.open(str(path)) as container:
            return container.metadata.get('comment') == MARK
    except (av.FFmpegError, OSError):
        return False


def _count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return int(container.streams.video[0].frames)
