"""A track: what a tracker knows of one person.

Axes: K keypoints. Boxes are xyxy in image pixels; keypoints are NaN where a joint is not seen.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from jmpose_mm.functional.tracks.tracking import (
    LEAST_JOINTS,
    box_carried_by_pose,
    common_velocity,
    joints_seen,
)

__all__ = ['Track']

HISTORY = 5
"""Detections and poses that the velocity comes from. Of 3, 5 and 8, on noisy detections of real and
synthetic annotated videos, longer histories kept more identities and carried boxes better; 8 gained
little over 5 and notices a turn later."""


class Track:
    """The last detections and poses of a person.

    Attributes:
        id: Identity, 0 before birth.
        hits: Detections so far.
    """

    def __init__(self) -> None:
        self.id = 0
        self.hits = 0
        self._boxes: deque[tuple[int, np.ndarray]] = deque(maxlen=HISTORY)
        self._poses: deque[tuple[int, np.ndarray]] = deque(maxlen=HISTORY)
        self._detected_pose: np.ndarray | None = None  # in the frame of the last detection

    @property
    def detected(self) -> int:
        """Frame of the last detection."""
        return self._boxes[-1][0]

    @property
    def detected_box(self) -> np.ndarray:
        """(4,) the last detection."""
        return self._boxes[-1][1]

    def add_box(self, index: int, box: np.ndarray) -> None:
        """Note a detection (4,) in a frame after the last one's."""
        self.hits += 1
        self._boxes.append((index, box.copy()))  # the caller may use its array again
        self._detected_pose = None

    def add_pose(self, index: int, pose: np.ndarray) -> None:
        """Note a pose (K, 2), unless it says too little or is older than the last one."""
        newest = self._poses[-1][0] if self._poses else -1
        if index < newest or joints_seen(pose).sum() < LEAST_JOINTS:
            return
        # A better pose of the same frame, from the model instead of the detector, takes its place.
        if index == newest:
            self._poses.pop()
        self._poses.append((index, pose.copy()))
        if index == self.detected:
            self._detected_pose = self._poses[-1][1]

    def velocity(self) -> np.ndarray:
        """(2,) pixels per frame, from the boxes' middles and the joints that all poses show."""
        frames, boxes = zip(*self._boxes, strict=True)
        corners = np.stack(boxes)
        series = [(frames, (corners[:, :2] + corners[:, 2:]) / 2)]
        if self._poses:
            frames, poses = zip(*self._poses, strict=True)
            joints = np.stack(poses)
            seen = joints_seen(joints).all(axis=0)
            if seen.sum() >= LEAST_JOINTS:
                series.append((frames, joints[:, seen].mean(axis=1)))
        return common_velocity(series)

    def box_at(self, index: int) -> np.ndarray:
        """(4,) the last detection, carried by the poses as far as they reach, then by velocity."""
        start, box = self._boxes[-1]
        if self._detected_pose is not None and self._poses[-1][0] > start:
            carried = box_carried_by_pose(box, self._detected_pose, self._poses[-1][1])
            if carried is not None:
                start, box = self._poses[-1][0], carried
        return box + np.tile(self.velocity() * (index - start), 2)

    def pose_at(self, index: int) -> np.ndarray | None:
        """(K, 2) the last pose moved on by velocity; None before the first."""
        if not self._poses:
            return None
        start, pose = self._poses[-1]
        return pose + self.velocity() * (index - start)
