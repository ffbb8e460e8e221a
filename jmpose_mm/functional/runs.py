"""Orders of training windows in which neighbouring key frames of a person come together.

A run is a stretch of a person's key frames that follow each other. Neighbouring windows share most
of their frames, so what is made of one frame alone is made once for a run.

Axes: N samples.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ['Stretch', 'batch_sizes', 'draw_stretches', 'fill_batches', 'sample_tracks']


class Stretch(NamedTuple):
    """Key frames of a track.

    Attributes:
        track: Number of the track.
        start: Place of the first one in the track.
        stop: Place behind the last one.
    """

    track: int
    start: int
    stop: int


def sample_tracks(
    persons: NDArray[np.int64], numbers: NDArray[np.int64], reach: int
) -> list[NDArray[np.int64]]:
    """Cut the samples of each person where neighbouring key frames have no frame in common.

    Args:
        persons: Number of each sample's person, ``(N,)``.
        numbers: Number of its key frame in the person's video, ``(N,)``.
        reach: Largest distance of two key frames whose windows share a frame; 0 leaves every
            sample alone.

    Returns:
        Indices of the samples of each track in the order of time. Two samples of one person in one
        frame are in different tracks.

    Example:
        >>> persons, numbers = np.array([0, 0, 0, 1]), np.array([3, 2, 9, 3])
        >>> [track.tolist() for track in sample_tracks(persons, numbers, reach=4)]
        [[1, 0], [2], [3]]
    """
    persons, numbers = np.asarray(persons), np.asarray(numbers)
    order = np.lexsort((numbers, persons))
    distance = np.diff(numbers[order])
    cut = (np.diff(persons[order]) != 0) | (distance > reach) | (distance == 0)
    return np.split(order, np.flatnonzero(cut) + 1) if len(order) else []


def draw_stretches(
    tracks: Sequence[NDArray[np.int64]], length: int, rng: np.random.Generator | None
) -> list[Stretch]:
    """Cut tracks into stretches of ``length``; where the first one of a track starts is drawn.

    Args:
        tracks: Samples of each track, as :func:`sample_tracks` gives them.
        length: Key frames in a stretch; those at the ends of a track can be shorter.
        rng: Source of randomness; without one, stretches start with the track.

    Example:
        >>> draw_stretches([np.arange(5)], length=2, rng=None)
        [Stretch(track=0, start=0, stop=2), Stretch(track=0, start=2, stop=4), \
Stretch(track=0, start=4, stop=5)]
    """
    phases = np.zeros(len(tracks), int) if rng is None else rng.integers(length, size=len(tracks))
    stretches = []
    for number, (track, phase) in enumerate(zip(tracks, phases.tolist(), strict=True)):
        starts = [0, *range(phase or length, len(track), length)]
        stops = [*starts[1:], len(track)]
        stretches += [Stretch(number, *ends) for ends in zip(starts, stops, strict=True)]
    return stretches


def batch_sizes(
    windows: int, batch_size: int, processes: int = 1, drop_last: bool = False
) -> list[int]:
    """Number of windows in each batch of an epoch; all processes make equally many steps.

    Batches are full but for the last step, whose processes share what is left. Where there is less
    left than processes, the last two steps are shared out evenly.

    Args:
        windows: Number of windows of an epoch.
        batch_size: Windows of a full batch.
        processes: Processes that train together.
        drop_last: Leave out what does not fill a step.

    Returns:
        A number for every process in the first step, then in the second one, and so on. A batch
        has more than ``batch_size`` windows only where that is 1 and processes would idle else.

    Raises:
        ValueError: There are fewer windows than processes.

    Example:
        >>> batch_sizes(11, batch_size=4), batch_sizes(25, batch_size=4, processes=3)
        ([4, 4, 3], [4, 4, 4, 3, 2, 2, 2, 2, 2])
    """
    steps, rest = divmod(windows, batch_size * processes)
    if drop_last or not rest:
        return [batch_size] * (steps * processes)
    if rest < processes:
        if not steps:
            raise ValueError(
                f'windows: expected at least one for each of {processes} processes, got {windows}'
            )
        steps, rest = steps - 1, rest + batch_size * processes
    slots = processes * (1 if rest <= batch_size * processes or rest < 2 * processes else 2)
    each, more = divmod(rest, slots)
    last = [each + 1] * more + [each] * (slots - more)
    return [batch_size] * (steps * processes) + last


def fill_batches(stretches: Sequence[Stretch], sizes: Sequence[int]) -> list[list[Stretch]]:
    """Share stretches out to batches of given sizes, in their order as far as it goes.

    The first one that fits comes next. Where none does, the first one is cut: no sample comes
    twice, and a batch is as large as it was said.

    Args:
        stretches: In the order wanted.
        sizes: Key frames of each batch, together at most those of all stretches.

    Example:
        >>> stretches = [Stretch(0, 0, 4), Stretch(1, 0, 4), Stretch(2, 0, 2)]
        >>> batches = fill_batches(stretches, [6, 4])
        >>> [[stop - start for _, start, stop in batch] for batch in batches]
        [[4, 2], [4]]
    """
    waiting: dict[int, list[tuple[int, Stretch]]] = {}
    for place, stretch in enumerate(stretches):
        waiting.setdefault(stretch.stop - stretch.start, []).append((place, stretch))
    batches = []
    for size in sizes:
        batch: list[Stretch] = []
        while size:
            fitting = [queue[0] for length, queue in waiting.items() if queue and length <= size]
            # The earliest in the order wanted, whatever its length.
            place, stretch = min(fitting or [queue[0] for queue in waiting.values() if queue])
            heapq.heappop(waiting[stretch.stop - stretch.start])
            middle = min(stretch.start + size, stretch.stop)
            if middle < stretch.stop:
                rest = Stretch(stretch.track, middle, stretch.stop)
                heapq.heappush(waiting.setdefault(rest.stop - middle, []), (place, rest))
            batch.append(Stretch(stretch.track, stretch.start, middle))
            size -= middle - stretch.start
        batches.append(batch)
    return batches
