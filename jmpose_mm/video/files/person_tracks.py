"""Poses of a recording by person, as arrays.

Axes: T frames in which the person is, K joints. Memory grows with the number of poses, not with the
number of persons times that of frames.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.video.files.recordings import Recording

__all__ = ['PersonTrack', 'person_tracks']


class PersonTrack(NamedTuple):
    """One person of a recording.

    Attributes:
        id: The identity.
        rows: (T,) position of each frame among those of the recording.
        times: (T,) seconds.
        keypoints: (T, K, 2) pixels, NaN where a joint has no place.
        scores: (T, K).
        sizes: (T,) larger side of the box in pixels, at least 1.
    """

    id: int
    rows: np.ndarray
    times: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    sizes: np.ndarray


def person_tracks(recording: Recording) -> list[PersonTrack]:
    """All persons with an identity, by rising identity."""
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    last = float('-inf')
    for row, poses in enumerate(recording):
        # Damaged films may repeat a time; what follows needs ascending ones.
        last = max(poses.time, np.nextafter(last, np.inf))
        for person in poses.persons:
            if person.id > 0:
                size = max(float((person.box[2:] - person.box[:2]).max()), 1.0)
                entry = (row, last, person.keypoints, person.scores, size)
                found[person.id].append(entry)
    return [
        PersonTrack(identity, *(np.array(part) for part in zip(*found[identity], strict=True)))
        for identity in sorted(found)
    ]
