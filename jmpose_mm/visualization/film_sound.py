"""The sound of a film: that of another one, copied where mp4 can hold it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

__all__ = ['FilmSound']

# What browsers play in mp4; other sound is encoded anew.
COPIED = ('aac', 'mp3', 'ac3', 'eac3', 'opus', 'flac', 'alac')
ENCODER = 'aac'


class FilmSound:
    """The sound of a video for a film of its frames.

    A film without sound is better than none: what cannot be read ends the sound alone.

    Args:
        source: The video.
        origin: Seconds on its own clock at which its first frame is shown.

    Attributes:
        problem: Why the sound ends early; empty if it does not.
    """

    def __init__(self, source: str | Path, origin: float = 0.0) -> None:
        self.source, self.origin, self.problem = str(source), origin, ''
        self._input: Any = None
        self._output: Any = None
        self._stream: Any = None
        self._packets: Iterator[Any] = iter(())
        self._next: Any = None
        self._begin = 0.0

    def begin(self, container: Any, time: float) -> None:
        """Add a stream to a film whose first frame is shown at a time of the source."""
        self._begin, self._output = time + self.origin, container
        try:
            self._input = av.open(self.source)
            heard = self._input.streams.audio[0]
            if heard.codec_context.name in COPIED:
                self._stream = container.add_stream_from_template(heard)
                self._packets = self._copied(heard)
            else:
                self._stream = container.add_stream(ENCODER, rate=heard.codec_context.sample_rate)
                self._packets = self._encoded(heard)
            if time > 0:
                self._input.seek(int(self._begin / heard.time_base), stream=heard)
            self._next = next(self._packets, None)
        except (av.FFmpegError, OSError, ValueError, IndexError) as error:
            self._end(error)

    def copy_until(self, time: float) -> None:
        """Write what is heard until a time of the source."""
        end = time + self.origin - self._begin
        try:
            while self._next is not None and float(self._next.pts * self._next.time_base) <= end:
                self._output.mux(self._next)
                self._next = next(self._packets, None)
        except (av.FFmpegError, OSError, ValueError) as error:
            self._end(error)

    def close(self) -> None:
        """Let go of the source."""
        self._packets, self._next = iter(()), None
        if self._input is not None:
            self._input.close()
            self._input = None

    def _end(self, error: Exception) -> None:
        said = getattr(error, 'strerror', None) or str(error) or type(error).__name__
        self.problem = f'no more sound: {said}'
        self.close()

    def _copied(self, heard: Any) -> Iterator[Any]:
        for packet in self._input.demux(heard):
            if packet.pts is None:
                continue
            # The film's clock begins with its first frame, wherever that lies in the source.
            shift = int(self._begin / packet.time_base)
            if packet.pts < shift:
                continue
            packet.pts -= shift
            # Sound is never reordered.
            packet.dts = packet.pts
            packet.stream = self._stream
            yield packet

    def _encoded(self, heard: Any) -> Iterator[Any]:
        # What AAC's encoder takes: planar floats.
        rate, samples = heard.codec_context.sample_rate, -1
        resampler = av.AudioResampler('fltp', 'stereo', rate)
        for frame in self._input.decode(heard):
            if frame.time is None or frame.time < self._begin:
                continue
            if samples < 0:  # sound may begin later than the film
                samples = round((frame.time - self._begin) * rate)
            for part in resampler.resample(frame):
                part.pts = samples
                samples += part.samples
                yield from self._stream.encode(part)
        yield from self._stream.encode(None)
