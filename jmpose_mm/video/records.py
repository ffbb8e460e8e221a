"""What the parts of running on video hand to each other.

Axes: K keypoints, H W pixels. Coordinates are pixels (x, y) of the upright frame, 0-based.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ['Frame', 'FramePoses', 'PersonLayer', 'PersonPose']


class Frame(NamedTuple):
    """A decoded frame.

    Attributes:
        index: Position in the source, from 0, whatever the stride.
        time: Seconds since the source's first frame.
        name: File of a frame in a folder, else ``''``.
        image: ``(H, W, 3)`` uint8 BGR, upright.
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
    """

    id: int
    box: np.ndarray
    box_score: float
    keypoints: np.ndarray
    scores: np.ndarray
    layer: PersonLayer | None = None


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
