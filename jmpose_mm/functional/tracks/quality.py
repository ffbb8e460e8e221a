r"""Signs of wrong poses in a track, without labels: scores, jumps, bones, sides, gaps.

Axes: T frames in which a person is, in the order of time; K joints; E bones (pairs of joints);
P pairs of a left and a right joint; F frames of a film. Coordinates are pixels (x, y), NaN where a
joint is not seen; times are seconds; ``size`` is the larger side of the person's box in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import BoolArray, FloatArray, as_floats
from jmpose_mm.functional.tracks.outliers import bone_changes, jumps
from jmpose_mm.functional.tracks.repairs import swapped_sides
from jmpose_mm.functional.tracks.smoothing import LONGEST_GAP, accelerations

__all__ = [
    'TrackSigns',
    'gaps',
    'motion',
    'suspicion',
    'track_signs',
    'worth_labelling',
]


class TrackSigns(NamedTuple):
    """What speaks against each joint (T, K) of a track.

    Attributes:
        scores: The model's own, in [0, 1]; 0 where a joint is not seen.
        jumps: Distance from where its neighbours in time put it, in sizes of the person.
        bones: Change of its bones' lengths, see :func:`bone_changes`.
        swapped: It has changed places with its counterpart of the other side.
    """

    scores: FloatArray
    jumps: FloatArray
    bones: FloatArray
    swapped: BoolArray


def track_signs(
    keypoints: ArrayLike,
    scores: ArrayLike,
    times: ArrayLike,
    size: ArrayLike,
    edges: Sequence[tuple[int, int]],
    pairs: Sequence[tuple[int, int]],
) -> TrackSigns:
    """All signs of a track.

    Args:
        keypoints: (T, K, 2).
        scores: (T, K).
        times: (T,), strictly ascending.
        size: (T,), or one number.
        edges: E pairs of joints that bones join.
        pairs: P pairs of joints, see :func:`mirror_pairs`.

    Example:
        >>> still = np.zeros((9, 2, 2)) + [[0.0, 0.0], [0.0, 10.0]]
        >>> signs = track_signs(still, np.ones((9, 2)), np.arange(9.0), 20.0, [(0, 1)], [])
        >>> float(signs.jumps.max()), float(signs.bones.max())
        (0.0, 0.0)
    """
    points = as_floats('keypoints', keypoints, 'T K 2')
    swapped = np.zeros(points.shape[:2], dtype=bool)
    usual_size = float(np.median(as_floats('size', size)))
    for pair in pairs:
        swapped[:, list(pair)] |= swapped_sides(points, [pair], usual_size)[:, None]
    seen = np.isfinite(points).all(axis=-1)
    found = np.where(seen, np.nan_to_num(as_floats('scores', scores, 'T K')), 0.0)
    return TrackSigns(
        found, jumps(points, times, size), bone_changes(points, times, edges), swapped
    )


def suspicion(signs: TrackSigns) -> FloatArray:
    """How likely each joint is wrong, for an order among them; (T, K), without a unit.

    What its score lacks counts most; how well this finds true errors is in ``docs/video.md``.

    Example:
        >>> sure, zero = np.full((1, 1), 0.75), np.zeros((1, 1))
        >>> float(suspicion(TrackSigns(sure, zero, zero, zero))[0, 0])
        0.25
    """
    scores, jumps, bones, swapped = (as_floats('signs', values) for values in signs)
    return np.asarray(1 - scores + 2 * jumps + bones / 2 + swapped / 4)


def gaps(times: ArrayLike, longest: float) -> list[tuple[int, int]]:
    """Where a person is away.

    Args:
        times: (T,), strictly ascending.
        longest: Seconds between two samples that are no gap.

    Returns:
        Positions of the last sample before each gap and of the first one behind it.

    Example:
        >>> gaps([0.0, 0.1, 0.5, 0.6], longest=0.15)
        [(1, 2)]
    """
    seconds = as_floats('times', times, 'T')
    return [(int(t), int(t) + 1) for t in np.flatnonzero(np.diff(seconds) > longest)]


def motion(keypoints: ArrayLike, times: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """How fast and how unsteady a person is in each frame, as means over the joints that are seen.

    Args:
        keypoints: (T, K, 2).
        times: (T,), strictly ascending.

    Returns:
        Speed (T,) since the frame before in pixels per second, acceleration (T,) in pixels per step
        squared, as :func:`accelerations` has it; NaN where it is not known, and behind gaps.

    Example:
        >>> import numpy as np
        >>> way = np.array([[[0.0, 0.0]], [[1.0, 0.0]], [[2.0, 0.0]]])
        >>> motion(way, np.arange(3) / 25)
        (array([nan, 25., 25.]), array([nan,  0., nan]))
    """
    points, seconds = as_floats('keypoints', keypoints, 'T K 2'), as_floats('times', times, 'T')
    passed = np.diff(seconds)
    steady = passed <= LONGEST_GAP * np.median(passed) if len(passed) else passed
    ways = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    speed = np.full(len(points), np.nan)
    speed[1:] = _mean_of_known(ways) / np.where(steady, passed, np.nan)
    jitter = np.full(len(points), np.nan)
    jitter[1:-1] = _mean_of_known(accelerations(points, seconds))
    return speed, jitter


def worth_labelling(
    suspicions: ArrayLike, times: ArrayLike, count: int, apart: float = 0.5
) -> list[int]:
    """The most suspicious frames, no two of which show nearly the same.

    Args:
        suspicions: (F,) of each frame.
        times: (F,).
        count: At most so many.
        apart: Seconds that two of them are apart at least.

    Returns:
        Positions, the most suspicious first.

    Example:
        >>> worth_labelling([0.1, 0.9, 0.8, 0.5], [0.0, 0.1, 0.2, 0.9], count=3)
        [1, 3]
    """
    values, seconds = as_floats('suspicions', suspicions, 'F'), as_floats('times', times, 'F')
    chosen: list[int] = []
    for frame in np.argsort(-values, kind='stable').tolist():
        if len(chosen) == count:
            break
        if (np.abs(seconds[chosen] - seconds[frame]) >= apart).all():
            chosen.append(frame)
    return chosen


def _mean_of_known(values: FloatArray) -> FloatArray:
    """Mean over the last axis of what is finite; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
