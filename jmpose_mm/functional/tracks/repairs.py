"""Tracks repaired once they are known as a whole: gaps filled, sides put right, pieces joined.

Axes: T samples of a track in time order, K keypoints, N tracks. Coordinates are (x, y) in image
pixels. A *step* is the median of the times between a track's samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jmpose_mm.functional.arrays import FloatArray, as_floats
from jmpose_mm.functional.tracks.tracking import assign

__all__ = ['TrackEnds', 'fill_joints', 'joined_tracks', 'swapped_sides']

SWAP_PENALTY = 0.02
"""A frame with swapped sides costs so many person sizes: without evidence nothing is swapped."""


class TrackEnds(NamedTuple):
    """The beginning and the end of a track.

    Attributes:
        times: First and last time in seconds.
        boxes: (2, 4) xyxy boxes at these times.
        velocities: (2, 2) in pixels per second at these times.
    """

    times: tuple[float, float]
    boxes: FloatArray
    velocities: FloatArray


def fill_joints(
    keypoints: ArrayLike, times: ArrayLike, scores: ArrayLike, least: float = 0.2, gap: float = 0.5
) -> tuple[FloatArray, FloatArray]:
    """Lay joints that are hardly seen on the line between the samples before and after.

    That is a joint with a score below ``least``, or without a place. The samples before and after
    that show it may lie ``gap`` seconds apart at most. Its score becomes the lower one of theirs.
    Nothing is added before the first and behind the last of these.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        times: (T,) seconds, strictly ascending.
        scores: (T, K).
        least: Scores of at least that show a joint.
        gap: Longest time that is filled.

    Returns:
        Keypoints (T, K, 2) and scores (T, K).

    Example:
        >>> points = [[[0.0, 0.0]], [[9.0, 9.0]], [[2.0, 4.0]]]
        >>> filled, scores = fill_joints(points, [0.0, 0.1, 0.2], [[0.9], [0.1], [0.5]])
        >>> filled[1].tolist(), scores.ravel().tolist()
        ([[1.0, 2.0]], [0.9, 0.5, 0.5])
    """
    points, seconds = as_floats('keypoints', keypoints, 'T K 2').copy(), as_floats('times', times)
    seen = as_floats('scores', scores).copy()
    shown = np.isfinite(points).all(axis=-1) & (seen >= least)
    for k in range(points.shape[1]):
        anchors = np.flatnonzero(shown[:, k])
        for before, after in pairwise(anchors.tolist()):
            span = seconds[after] - seconds[before]
            inside = slice(before + 1, after)
            if after == before + 1 or span > gap:
                continue
            share = ((seconds[inside] - seconds[before]) / span)[:, None]
            points[inside, k] = (1 - share) * points[before, k] + share * points[after, k]
            seen[inside, k] = min(seen[before, k], seen[after, k])
    return points, seen


def swapped_sides(
    keypoints: ArrayLike, pairs: Sequence[tuple[int, int]], size: float
) -> NDArray[np.bool_]:
    """Tell the samples in which the left and the right joints of a limb have changed places.

    Of all ways to swap some samples, that with the least acceleration of the joints is taken
    (Viterbi over the sides of two samples). A swapped sample costs :data:`SWAP_PENALTY` besides, so
    that nothing is swapped without evidence. Samples that do not show the whole limb part a track
    into pieces that do not know of each other; in each of them the sides that most samples have
    win.

    Args:
        keypoints: (T, K, 2), NaN where a joint is not seen.
        pairs: Indices of the left and the right joint of each pair of the limb.
        size: Size of the person in pixels.

    Returns:
        (T,) True where the sides are to be exchanged.

    Example:
        >>> track = np.tile([[[0.0, 0.0], [50.0, 0.0]]], (5, 1, 1))
        >>> track[2] = track[2, ::-1]
        >>> swapped_sides(track, [(0, 1)], size=100.0).tolist()
        [False, False, True, False, False]
    """
    points = as_floats('keypoints', keypoints, 'T K 2')
    left, right = (list(side) for side in zip(*pairs, strict=True))
    both = np.stack((points[:, left + right], points[:, right + left]))  # (2, T, 2P, 2)
    swapped = np.zeros(len(points), dtype=np.bool_)
    shown = np.flatnonzero(np.isfinite(both[0]).all(axis=(1, 2)))
    for piece in np.split(shown, np.flatnonzero(np.diff(shown) > 1) + 1):
        if len(piece) > 2:
            found = _least_acceleration(both[:, piece], SWAP_PENALTY * size * len(left))
            # Motion tells that sides change, not which is which: what most samples have is taken as
            # right.
            swapped[piece] = ~found if found.mean() > 0.5 else found
    return swapped


def _least_acceleration(both: FloatArray, penalty: float) -> NDArray[np.bool_]:
    """(T,) which of both (2, T, J, 2) is on the smoothest way through all samples."""
    count = both.shape[1]
    cost = np.array([[0.0, penalty], [penalty, 2 * penalty]])  # of the last two samples' sides
    back = np.zeros((count, 2, 2), dtype=np.int64)
    for t in range(2, count):
        # Axes: sides of the samples t - 2, t - 1, t.
        bend = both[:, t - 2][:, None, None] - 2 * both[:, t - 1][None, :, None]
        bend = np.linalg.norm(bend + both[:, t], axis=-1).sum(axis=-1)
        ways = cost[:, :, None] + bend + np.array([0.0, penalty])
        back[t], cost = ways.argmin(axis=0), ways.min(axis=0)
    before, now = np.unravel_index(int(cost.argmin()), cost.shape)
    sides = [int(now), int(before)]
    for t in range(count - 1, 1, -1):
        sides.append(int(back[t, sides[-1], sides[-2]]))
    return np.asarray(sides[::-1], dtype=np.bool_)


def joined_tracks(tracks: Sequence[TrackEnds], gap: float, reach: float = 0.5) -> dict[int, int]:
    """Tell which tracks go on in others after a gap, by place, motion and size alone.

    A track may go on in one that begins up to ``gap`` seconds after its end. Half-way between the
    two, both are moved on at their velocities: their middles may lie ``reach`` box heights apart at
    most, plus another half of that for each second of the gap. Heights may differ by a third. The
    nearest pairs are joined, each track once; how somebody looks plays no part.

    Args:
        tracks: Ends of each track.
        gap: Longest time in seconds.
        reach: Distance in box heights.

    Returns:
        Index of a track to that of the one that it continues.

    Example:
        >>> box, still = np.array([0.0, 0.0, 10.0, 20.0]), np.zeros((2, 2))
        >>> ends = [TrackEnds((t, t + 1.0), np.stack((box, box)), still) for t in (0.0, 1.5)]
        >>> joined_tracks(ends, gap=1.0), joined_tracks(ends, gap=0.2)
        ({1: 0}, {})
    """
    likeness = np.zeros((len(tracks), len(tracks)))
    for n, later in enumerate(tracks):
        for m, earlier in enumerate(tracks):
            passed = later.times[0] - earlier.times[1]
            if n != m and 0 < passed <= gap:
                likeness[n, m] = _continuation(earlier, later, passed, reach)
    return dict(assign(likeness, float(np.finfo(float).tiny)))


def _continuation(earlier: TrackEnds, later: TrackEnds, passed: float, reach: float) -> float:
    """From 1 where a track goes on exactly as expected, down to 0 where it cannot."""
    last, first = earlier.boxes[1], later.boxes[0]
    heights = last[3] - last[1], first[3] - first[1]
    if min(heights) <= 0 or max(heights) / min(heights) > 4 / 3:
        return 0.0
    # Met half-way, errors of both velocities grow over half of the gap only.
    expected = (last[:2] + last[2:]) / 2 + earlier.velocities[1] * passed / 2
    met = (first[:2] + first[2:]) / 2 - later.velocities[0] * passed / 2
    allowed = reach * (1 + passed / 2) * float(np.mean(heights))
    return max(0.0, 1.0 - float(np.linalg.norm(expected - met)) / allowed)
