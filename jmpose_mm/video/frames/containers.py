"""Video files and addresses through PyAV, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from typing import Any, NamedTuple

import av

from jmpose_mm.errors import UsageError, without_credentials
from jmpose_mm.visualization import codec_threads  # noqa: F401

__all__ = ['VideoInfo', 'opened', 'probe']

FASTEST_CAMERA = 1000.0  # what says more is a clock's rate, not a camera's
FASTEST_USUAL = 300.0
# Some seconds of film: enough for a mean rate, little enough to read from an address.
MEASURED_PACKETS = 200
TIMEOUT = (20.0, 60.0)  # seconds to open an address, and to wait for its data


class VideoInfo(NamedTuple):
    """Facts that a video states about itself.

    Attributes:
        size: (W, H) of the upright frames.
        fps: Mean frames per second; None if unknown.
        count: Number of frames as the container counts them; None if it does not.
        seconds: Length in seconds; None if unknown.
        origin: Time of the first frame, in the stream's unit.
        began: The same in seconds.
        aspect: Width of a pixel by its height.
        has_sound: True if there is sound.
    """

    size: tuple[int, int]
    fps: float | None
    count: int | None
    seconds: float | None
    origin: int
    began: float
    aspect: Fraction
    has_sound: bool

    @property
    def length(self) -> int | None:
        """Number of frames, where necessary by duration and rate; None if unknown."""
        if self.count is not None or self.seconds is None or self.fps is None:
            return self.count
        return round(self.seconds * self.fps)


def probe(name: str) -> VideoInfo:
    """Open a video file or an address, and look at its beginning.

    Raises:
        UsageError: It is none, or nothing can decode it.
    """
    with opened(name) as (container, stream):
        unit, origin = stream.time_base, stream.start_time or 0
        aspect = stream.sample_aspect_ratio or Fraction(1)
        frame = _first_frame(name, container, stream)
        size = frame.width, frame.height
        if frame.rotation % 180:
            size, aspect = size[::-1], 1 / aspect
        if frame.pts is not None:
            origin = frame.pts
        seconds = None
        if stream.duration:
            seconds = float(stream.duration * unit)
        elif container.duration:
            seconds = container.duration / av.time_base
        rate, is_stated = _rate(container, stream)
        return VideoInfo(
            size,
            rate,
            _count(stream) if is_stated else None,
            seconds,
            origin,
            float(origin * unit),
            aspect if aspect > 0 else Fraction(1),
            bool(container.streams.audio),
        )


@contextmanager
def opened(name: str) -> Iterator[tuple[Any, Any]]:
    """A container, and the stream in it that shows most.

    Raises:
        UsageError: There is none, or no decoder for it.
    """
    shown = without_credentials(name)
    try:
        container = av.open(name, timeout=TIMEOUT if '://' in name else None)
    except (av.FFmpegError, OSError) as error:
        raise UsageError(
            f'{shown}: expected a video, found something else, or the file is damaged '
            f'({error.strerror or type(error).__name__})'
        ) from error
    with container:
        streams = [s for s in container.streams.video if not _is_cover(s)]
        if not streams:
            raise UsageError(f'{shown}: expected a video, found a file without pictures')
        stream = max(streams, key=_area)
        if stream.codec_context is None:
            raise UsageError(
                f'{shown}: no decoder for its video codec in PyAV {av.__version__}; convert it to '
                'H.264, or install another PyAV'
            )
        # Frames in parallel too; the default decodes slices alone, and many films have one a frame.
        stream.thread_type = 'AUTO'
        yield container, stream


def _count(stream: Any) -> int | None:
    """How many frames the container says are shown; None if it does not."""
    entries = list(stream.index_entries)
    if len(entries) != stream.frames:
        return stream.frames or None
    # AVI has empty entries where the frame before stays.
    return sum(entry.size > 0 and not entry.is_discard for entry in entries) or None


def _first_frame(name: str, container: Any, stream: Any) -> Any:
    """The first frame that can be decoded."""
    shown, reason = without_credentials(name), 'no frame in it'
    for packet in islice(container.demux(stream), MEASURED_PACKETS):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            reason = str(error.strerror)
            continue
        if frames:
            return frames[0]
    raise UsageError(
        f'{shown}: expected a video that can be decoded; its codec is '
        f'{stream.codec_context.name}, and PyAV {av.__version__} found: {reason}'
    )


def _rate(container: Any, stream: Any) -> tuple[float | None, bool]:
    """Mean rate, and whether it is the one that the container states.

    What is stated may be a clock's rate, or wrong: the packets at the beginning tell.
    """
    stated = float(stream.average_rate or 0)
    stamps = set()
    for packet in islice(container.demux(stream), MEASURED_PACKETS):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and packet.size:
            stamps.add(stamp)
    if len(stamps) < 2:
        return (stated, True) if 0 < stated <= FASTEST_CAMERA else (None, True)
    measured = (len(stamps) - 1) / float((max(stamps) - min(stamps)) * stream.time_base)
    # Stamps that are rounded to milliseconds differ by less.
    if abs(measured - stated) < 0.05 * stated:
        return stated, True
    if stated <= FASTEST_USUAL and stream.frames > 1 and stream.duration:
        # Of a variable rate, the mean over all of it.
        overall = stream.frames / float(stream.duration * stream.time_base)
        if abs(overall - stated) < 0.01 * stated:
            return stated, True
    return measured, False


def _is_cover(stream: Any) -> bool:
    """Whether it is the picture of a song or of a film's box."""
    return bool(int(stream.disposition) & int(av.stream.Disposition.attached_pic))


def _area(stream: Any) -> int:
    context = stream.codec_context
    return 0 if context is None else context.width * context.height
