"""Where two models see the same persons differently.

Axes: N persons, K joints. Coordinates are image pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jmpose_mm.video.records import FramePoses, PersonPose

__all__ = ['Difference', 'largest_differences']

APART = 10
"""Frames of a film that lie less far from one that was chosen show the same again."""


class Difference(NamedTuple):
    """A person in a frame.

    Attributes:
        film: Name of the film.
        index: Index of the frame.
        persons: The same person of both models.
        size: Mean distance of its joints, in longer sides of the box.
    """

    film: str
    index: int
    persons: tuple[PersonPose, PersonPose]
    size: float


def largest_differences(
    first: Mapping[str, Sequence[FramePoses]],
    second: Mapping[str, Sequence[FramePoses]],
    count: int,
) -> list[Difference]:
    """Persons whom two models see most differently, each some frames from the others of its film.

    A joint counts by the larger of its two scores, squared: where both guess, nothing is told.

    Args:
        first: Poses by film, of one model.
        second: Poses of the other one, in the same boxes with the same identities.
        count: Number of persons at most.
    """
    found = []
    for film, frames in first.items():
        others = {frame.index: frame for frame in second[film]}
        for frame in frames:
            theirs = {p.id: p for p in others[frame.index].persons} if frame.index in others else {}
            for person in frame.persons:
                if person.id in theirs:
                    pair = (person, theirs[person.id])
                    found.append(Difference(film, frame.index, pair, _distance(*pair)))
    found.sort(key=lambda one: -one.size)
    chosen: list[Difference] = []
    for one in found:
        near = (c for c in chosen if c.film == one.film and abs(c.index - one.index) < APART)
        if len(chosen) < count and next(near, None) is None:
            chosen.append(one)
    return chosen


def _distance(one: PersonPose, other: PersonPose) -> float:
    side = max(float((one.box[2:] - one.box[:2]).max()), 1.0)
    away = np.linalg.norm(one.keypoints - other.keypoints, axis=1) / side
    shares = np.maximum(one.scores, other.scores) ** 2
    return float((shares * away).sum() / max(float(shares.sum()), 1e-9))
