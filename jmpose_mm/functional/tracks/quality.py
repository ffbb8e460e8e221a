r"""Signs of wrong poses in a track, without labels: scores, jumps, bones, sides, gaps.

Axes: T frames in which a person is, in the order of time; K joints; E bones (pairs of joints);
P pairs of a left and a right joint; F frames of a film. Coordinates are pixels (x, y), NaN where a
joint is not seen; times are seconds; boxes are left, top, right, bottom in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import BoolArray, FloatArray, as_floats
from jmpose_mm.functional.tracks.outliers import bone_changes, jumps, outside_box
from jmpose_mm.functional.tracks.repairs import swapped_sides
from jmpose_mm.functional.tracks.smoothing import LONGEST_GAP, accelerations

__all__ = [
    'TrackSigns',
    'gaps',
    'motion',
    'suspicion',
    'suspicions',
    'track_signs',
    'worth_labelling',
]


class TrackSigns(NamedTuple):
    """Signs that speak against each joint (T, K) of a track.

    Attributes:
        scores: The model's own, in [0, 1]; 0 where a joint is not seen.
        jumps: Distance from where its neighbours in time put it, in sizes of the person.
        bones: Change of its bones' lengths, see :func:`bone_changes`.
        swapped: It has changed places with its counterpart of the other side.
        outside: Distance from the person's box, in sizes of the person; 0 inside.
        doubled: Measure in [0, 1] of the whole pose lying on another person's, see
            :func:`lying_on_others`.
    """

    scores: FloatArray
    jumps: FloatArray
    bones: FloatArray
    swapped: BoolArray
    outside: FloatArray
    doubled: FloatArray


def track_signs(
    keypoints: ArrayLike,
    scores: ArrayLike,
    times: ArrayLike,
    boxes: ArrayLike,
    edges: Sequence[tuple[int, int]],
    pairs: Sequence[tuple[int, int]],
    doubled: ArrayLike = 0.0,
) -> TrackSigns:
    """All signs of a track.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        scores: (T, K); above 1, as some models have it, they count as 1.
        times: (T,) seconds, strictly ascending.
        boxes: (T, 4).
        edges: E pairs of joints that bones join.
        pairs: P pairs of joints, see :func:`mirror_pairs`.
        doubled: (T,) from :func:`lying_on_others` of each frame.

    Example:
        >>> still = np.zeros((9, 2, 2)) + [[0.0, 0.0], [0.0, 10.0]]
        >>> boxes = np.tile([0.0, 0.0, 10.0, 20.0], (9, 1))
        >>> signs = track_signs(still, np.ones((9, 2)), np.arange(9.0), boxes, [(0, 1)], [])
        >>> float(signs.jumps.max()), float(signs.bones.max())
        (0.0, 0.0)
    """
    points = as_floats('keypoints', keypoints, 'T K 2')
    swapped = np.zeros(points.shape[:2], dtype=bool)
    outlines = as_floats('boxes', boxes, 'T 4')
    size = np.maximum((outlines[:, 2:] - outlines[:, :2]).max(axis=1, initial=0.0), 1.0)
    # One size for the whole track: the cost of a swap must not change with each box.
    usual_size = float(np.median(size)) if len(size) else 1.0
    for pair in pairs:
        swapped[:, list(pair)] |= swapped_sides(points, [pair], usual_size)[:, None]
    seen = np.isfinite(points).all(axis=-1)
    found = np.where(seen, np.nan_to_num(as_floats('scores', scores, 'T K')), 0.0)
    on_another = np.broadcast_to(as_floats('doubled', doubled), len(points))
    return TrackSigns(
        np.clip(found, 0.0, 1.0),
        jumps(points, times, size),
        bone_changes(points, times, edges),
        swapped,
        outside_box(points, outlines),
        np.repeat(on_another[:, None], points.shape[1], axis=1),
    )


def suspicion(signs: TrackSigns) -> FloatArray:
    """Suspicion that each joint is wrong, (T, K): an order among joints, without a unit.

    What its score lacks counts most; how well this finds true errors is in ``docs/video.md``.

    Example:
        >>> sure, zero = np.full((1, 1), 0.75), np.zeros((1, 1))
        >>> float(suspicion(TrackSigns(sure, zero, zero, zero, zero, zero))[0, 0])
        0.25
    """
    return np.asarray(np.sum(list(suspicions(signs).values()), axis=0))


def suspicions(signs: TrackSigns) -> dict[str, FloatArray]:
    """What each sign adds to :func:`suspicion`, (T, K), by its name for people.

    Example:
        >>> sure, zero = np.full((1, 1), 0.75), np.zeros((1, 1))
        >>> signs = suspicions(TrackSigns(sure, zero, zero, zero, zero, sure))
        >>> {sign: float(added[0, 0]) for sign, added in signs.items() if added.any()}
        {'low score': 0.25, 'on another person': 0.375}
    """
    scores, jumps, bones, swapped, outside, doubled = (as_floats('signs', sign) for sign in signs)
    return {
        'low score': 1 - scores,
        'jump': 2 * jumps,
        'bone length': bones / 2,
        'left and right swapped': swapped / 4,
        # A copy, as the others are: callers may change what they get.
        'outside of the box': +outside,
        'on another person': doubled / 2,
    }


def gaps(times: ArrayLike, longest: float) -> list[tuple[int, int]]:
    """Gaps of a track, in which the person is away.

    Args:
        times: (T,) seconds, strictly ascending.
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
    """Speed and unsteadiness of a person in each frame, means over the joints that are seen.

    Args:
        keypoints: (T, K, 2) pixels, NaN where a joint is not seen.
        times: (T,) seconds, strictly ascending.

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
