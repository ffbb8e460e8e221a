"""Spans of frames: first frame, end, and interval."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError

__all__ = ['LazyFrame', 'Position', 'Span']

# An int is the number of a frame, a float a time in seconds.
Position = int | float


class LazyFrame(NamedTuple):
    """A frame's index, time in seconds and file; ``decode`` makes its image, None if it cannot."""

    index: int
    time: float
    name: str
    decode: Callable[[], np.ndarray | None]


class Span(NamedTuple):
    """Every ``stride``-th frame from ``start`` up to, but without, ``end``."""

    start: Position
    end: Position | None
    stride: int

    @classmethod
    def parse(cls, start: Position | str, end: Position | str | None, stride: int) -> Span:
        """Read what a user wrote; see `open_source`.

        Raises:
            UsageError: It makes no sense.
        """
        if stride < 1 or stride % 1:
            raise UsageError(f'stride: expected at least 1, a whole number, got {stride}')
        first = _position('start', start)
        last = None if end is None else _position('end', end)
        if last is not None and type(first) is type(last) and last <= first:
            raise UsageError(f'end: expected something after start ({start}), got {end}')
        return cls(first, last, int(stride))

    @property
    def is_everything(self) -> bool:
        """Whether all frames of a source come."""
        return self.start == 0 and self.end is None and self.stride == 1

    def of(self, frames: Iterable[LazyFrame]) -> Iterator[LazyFrame]:
        """The frames of the span; ``frames`` is not asked for more than needed."""
        first = None
        for frame in frames:
            if self.end is not None and _reached(frame, self.end):
                return
            if first is None and _reached(frame, self.start):
                first = frame.index
            if first is not None and (frame.index - first) % self.stride == 0:
                yield frame

    def length(self, count: int | None, fps: float) -> int | None:
        """Number of frames that the span takes of ``count``, at a constant rate; None: unknown."""
        start = _frame(self.start, fps)
        ends = [count] if count is not None else []
        if self.end is not None:
            ends.append(_frame(self.end, fps))
        if count is None and (not ends or isinstance(self.end, float)):
            return None
        return max(0, math.ceil((min(ends) - start) / self.stride))


def _position(name: str, value: Position | str) -> Position:
    if isinstance(value, int | np.integer):
        position: Position = int(value)
    elif not isinstance(value, str):
        position = float(value)
    elif re.fullmatch(r'\d+', value):
        position = int(value)
    elif found := re.fullmatch(r'(\d+(?:\.\d+)?)s', value):
        position = float(found.group(1))
    elif re.fullmatch(r'(\d+:){1,2}\d+(\.\d+)?', value):
        position = 0.0
        for part in value.split(':'):
            position = 60 * position + float(part)
    else:
        raise UsageError(
            f'{name}: expected the number of a frame (120) or a time (12.5s or 0:01:30), got '
            f'{value!r}'
        )
    if not position >= 0:
        raise UsageError(f'{name}: expected 0 or more, got {value}')
    return position


def _reached(frame: LazyFrame, position: Position) -> bool:
    if isinstance(position, int):
        return frame.index >= position
    # Times are multiples of 1/fps that no float hits.
    return frame.time >= position - 1e-6


def _frame(position: Position, fps: float) -> int:
    """The first frame at or after a position."""
    return position if isinstance(position, int) else math.ceil(position * fps - 1e-6)
