"""Start, end and stride."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames.span import LazyFrame, Span


def frames(count: int, fps: float = 10.0, asked: list[int] | None = None) -> Iterator[LazyFrame]:
    for index in range(count):
        if asked is not None:
            asked.append(index)
        yield LazyFrame(index, index / fps, '', lambda: None)


def chosen(start: object, end: object, stride: int, count: int = 40) -> list[int]:
    span = Span.parse(start, end, stride)  # type: ignore[arg-type]
    found = [frame.index for frame in span.of(frames(count))]
    # The progress bar agrees with what comes, at a constant rate.
    assert span.length(count, 10.0) == len(found)
    return found


@pytest.mark.parametrize(
    ('start', 'end', 'stride', 'expected'),
    [
        (0, None, 1, list(range(40))),
        (5, 9, 1, [5, 6, 7, 8]),
        (5, 12, 3, [5, 8, 11]),
        ('5', '9', 2, [5, 7]),
        ('0.5s', '0.9s', 1, [5, 6, 7, 8]),
        (0.3, 0.6, 1, [3, 4, 5]),
        ('0.45s', None, 15, [5, 20, 35]),
        ('0:00:03', None, 4, [30, 34, 38]),
        ('0:03.5', '0:04', 1, [35, 36, 37, 38, 39]),
        ('1s', 12, 1, [10, 11]),
        (38, 100, 1, [38, 39]),
        (40, None, 1, []),
    ],
)
def test_span__frames_and_times(
    start: object, end: object, stride: int, expected: list[int]
) -> None:
    assert chosen(start, end, stride) == expected


def test_span__times_count_at_a_variable_rate() -> None:
    times = [0.0, 0.1, 0.2, 1.0, 1.8, 1.9]
    found = Span.parse('0.15s', '1.8s', 1).of(
        LazyFrame(index, time, '', lambda: None) for index, time in enumerate(times)
    )
    assert [frame.index for frame in found] == [2, 3]


def test_span__rounding_moves_nothing() -> None:
    almost = sum([0.1] * 8)
    assert almost < 0.8
    frame = LazyFrame(8, almost, '', lambda: None)
    assert list(Span.parse('0.8s', None, 1).of([frame])) == [frame]
    assert 0.07 * 100 > 7
    assert Span.parse('0.07s', None, 1).length(100, 100) == 93


def test_span__asks_for_no_frame_beyond_the_end() -> None:
    asked: list[int] = []
    assert len(list(Span.parse(0, 5, 1).of(frames(40, asked=asked)))) == 5
    assert max(asked) == 5


def test_span__length_without_a_count() -> None:
    assert Span.parse(10, 20, 3).length(None, 25) == 4
    assert Span.parse(10, None, 3).length(None, 25) is None
    assert Span.parse(0, '2s', 1).length(None, 25) is None


@pytest.mark.parametrize(
    ('start', 'end', 'stride', 'message'),
    [
        ('soon', None, 1, r"start: expected the number of a frame .* got 'soon'"),
        (0, '1:2:3:4', 1, "end: expected the number of a frame .* got '1:2:3:4'"),
        (-3, None, 1, 'start: expected 0 or more, got -3'),
        (float('nan'), None, 1, 'start: expected 0 or more, got nan'),
        (9, 9, 1, r'end: expected something after start \(9\), got 9'),
        ('9s', '0:05', 1, r'end: expected something after start \(9s\), got 0:05'),
        (0, None, 0, 'stride: expected at least 1, a whole number, got 0'),
    ],
)
def test_span__refusals(start: object, end: object, stride: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Span.parse(start, end, stride)  # type: ignore[arg-type]
