"""Jitter of the persons of a video, measured as the poses come."""

from __future__ import annotations

from collections import deque

import numpy as np

from jmpose_mm.functional.tracks.smoothing import jitter
from jmpose_mm.video.records import FramePoses

__all__ = ['JitterMeter']


class JitterMeter:
    """Mean :func:`jitter` of each person over each three frames in a row that show it.

    Attributes:
        mean: Pixels per frame squared; NaN as long as there is nothing to measure.
    """

    def __init__(self) -> None:
        self.mean = float('nan')
        self._count = 0
        self._frames: deque[tuple[float, dict[int, np.ndarray]]] = deque(maxlen=3)

    def add(self, poses: FramePoses) -> None:
        """Take the next frame."""
        keypoints = {person.id: person.keypoints.copy() for person in poses.persons}
        self._frames.append((poses.time, keypoints))
        if len(self._frames) < 3:
            return
        times = np.array([time for time, _ in self._frames])
        shown = [keypoints for _, keypoints in self._frames]
        for person in shown[0].keys() & shown[1].keys() & shown[2].keys():
            value = jitter(np.stack([frame[person] for frame in shown]), times)
            if np.isfinite(value):
                self._count += 1
                before = self.mean if self._count > 1 else 0.0
                # The running mean: nothing of the film is kept.
                self.mean = before + (value - before) / self._count
