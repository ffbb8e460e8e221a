"""Poses of a recording by person, as arrays.

Axes: T frames in which the person is, K joints. Memory grows with the number of poses, not with the
number of persons times that of frames.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.functional.tracks.outliers import lying_on_others
from jmpose_mm.video.files.recordings import Recording
from jmpose_mm.video.records import PersonPose

__all__ = ['PersonTrack', 'doubled_poses', 'person_tracks']


class PersonTrack(NamedTuple):
    """One person of a recording.

    Attributes:
        id: The identity.
        rows: (T,) position of each frame among those of the recording.
        times: (T,) seconds.
        keypoints: (T, K, 2) pixels, NaN where a joint has no place.
        scores: (T, K).
        boxes: (T, 4) left, top, right, bottom in pixels.
        doubled: (T,) measure in [0, 1] of the pose lying on another person's, see
            :func:`lying_on_others`.
    """

    id: int
    rows: np.ndarray
    times: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    doubled: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """(T,) larger side of the box in pixels, at least 1."""
        return np.maximum((self.boxes[:, 2:] - self.boxes[:, :2]).max(axis=1), 1.0)


def person_tracks(recording: Recording) -> list[PersonTrack]:
    """All persons with an identity, by rising identity."""
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    last, drawn = float('-inf'), recording.header.skeleton.drawn
    for row, poses in enumerate(recording):
        # Damaged films may repeat a time; what follows needs ascending ones.
        last = max(poses.time, np.nextafter(last, np.inf))
        for person, doubled in zip(poses.persons, doubled_poses(poses.persons, drawn), strict=True):
            if person.id > 0:
                entry = (row, last, person.keypoints, person.scores, person.box, doubled)
                found[person.id].append(entry)
    return [
        PersonTrack(identity, *(np.array(part) for part in zip(*found[identity], strict=True)))
        for identity in sorted(found)
    ]


def doubled_poses(persons: Sequence[PersonPose], drawn: np.ndarray) -> np.ndarray:
    """How much the pose of each of N persons of a frame lies on another's, (N,).

    Args:
        persons: Persons of the frame.
        drawn: (K,) joints that count.
    """
    if len(persons) < 2:
        return np.zeros(len(persons))
    return lying_on_others(
        np.stack([person.keypoints[drawn] for person in persons]),
        np.stack([person.scores[drawn] for person in persons]),
        np.stack([person.box for person in persons]),
    )
