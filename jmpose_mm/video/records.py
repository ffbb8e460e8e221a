"""Records that the parts of running on video hand to each other.

Axes: K keypoints, H W pixels. Coordinates are pixels (x, y) of the upright frame, 0-based.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    'PIXEL_DIGITS',
    'SCORE_DIGITS',
    'Frame',
    'FramePoses',
    'PersonLayer',
    'PersonPose',
    'Remarks',
]

# Positions and scores are kept to these, in files and in memory: a run that goes on after an
# interruption knows exactly what the one before it knew.
PIXEL_DIGITS, SCORE_DIGITS = 2, 4


class Remarks(NamedTuple):
    """Lines that a user should read about a film.

    Attributes:
        problems: Requests that could not be met.
        notes: Things done, but maybe not as expected.
    """

    problems: list[str]
    notes: list[str]

    @classmethod
    def none(cls) -> Remarks:
        """No remarks so far."""
        return cls([], [])

    def add(self, other: Remarks) -> None:
        """Take over the lines that are not there yet."""
        for own, more in zip(self, other, strict=True):
            own.extend(line for line in more if line not in own)


class Frame(NamedTuple):
    """A decoded frame.

    Attributes:
        index: Position in the source, from 0, whatever the stride.
        time: Seconds since the source's first frame.
        name: File of a frame in a folder, else ``''``.
        image: ``(H, W, 3)`` uint8 BGR, upright; read-only, as others look at it too.
    """

    index: int
    time: float
    name: str
    image: np.ndarray


class PersonLayer(NamedTuple):
    """A map to lay over a person.

    Attributes:
        values: ``(h, w)`` in [0, 1].
        window: Left, top, right, bottom of what the map covers, in image pixels.
    """

    values: np.ndarray
    window: np.ndarray


class PersonPose(NamedTuple):
    """One person in one frame.

    Attributes:
        id: Identity over the video, from 1; 0 where nothing tracks.
        box: ``(4,)`` left, top, right, bottom.
        box_score: In [0, 1].
        keypoints: ``(K, 2)``.
        scores: ``(K,)``, heights of the heatmaps' peaks.
        layer: Only for drawing, where it is asked for; files of poses do not keep it.
        unsmoothed: ``(K, 2)`` keypoints before smoothing, where there is one.
    """

    id: int
    box: np.ndarray
    box_score: float
    keypoints: np.ndarray
    scores: np.ndarray
    layer: PersonLayer | None = None
    unsmoothed: np.ndarray | None = None

    @property
    def measured(self) -> np.ndarray:
        """``(K, 2)`` keypoints as the model gave them."""
        return self.keypoints if self.unsmoothed is None else self.unsmoothed


class FramePoses(NamedTuple):
    """All persons of a frame.

    Attributes:
        index: The frame's.
        time: The frame's.
        name: The frame's.
        size: ``(W, H)`` of the frame.
        persons: In no particular order.
    """

    index: int
    time: float
    name: str
    size: tuple[int, int]
    persons: tuple[PersonPose, ...]
