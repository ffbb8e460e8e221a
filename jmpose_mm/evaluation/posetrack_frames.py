"""Frames of PoseTrack files and everybody in them.

Axes: N persons, J = 15 joints in the order of `JOINT_NAMES`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from jmpose_mm.functional.polygons import Polygons
from jmpose_mm.functional.posetrack_persons import (
    JOINT_NAMES,
    PredictedPersons,
    TruePersons,
    head_size,
)

__all__ = ['Frame', 'PoseTrackFrames', 'frame_key', 'joint_order']

# The data sets call the same joint by both names.
ALIASES = {'neck': 'head_bottom'}


class Frame(NamedTuple):
    """One image: its name, its file, its id if it has one, and its true-or-false fields."""

    name: str
    source: Path
    image_id: int | None
    flags: dict[str, bool]


@dataclass
class PoseTrackFrames:
    """Frames in evaluation order and everybody in them, those without any joint included.

    Files are read one person at a time; `truth` and `predictions` give arrays.
    """

    frames: list[Frame] = field(default_factory=list)
    person_frames: list[int] = field(default_factory=list)
    joints: list[np.ndarray] = field(default_factory=list)
    head_boxes: list[tuple[float, ...]] = field(default_factory=list)
    track_ids: list[int | None] = field(default_factory=list)
    region_frames: list[int] = field(default_factory=list)
    regions: list[np.ndarray] = field(default_factory=list)

    def add_frame(self, frame: Frame) -> int:
        """Append a frame and return its index."""
        self.frames.append(frame)
        return len(self.frames) - 1

    def add_person(
        self,
        frame: int,
        joints: np.ndarray,
        head_box: tuple[float, ...] = (float('nan'),) * 4,
        track_id: int | None = None,
    ) -> None:
        """Append a person to frame number ``frame``.

        Args:
            frame: Index of its frame.
            joints: (J, 4) x, y, score, present (0 or 1); x and y in pixels.
            head_box: x1, y1, x2, y2 in pixels; NaN if unknown.
            track_id: Its number in the video.
        """
        self.person_frames.append(frame)
        self.joints.append(joints)
        self.head_boxes.append(head_box)
        self.track_ids.append(track_id)

    def add_region(self, frame: int, ring: list[tuple[float, float]]) -> None:
        """Append an ignored region, the corners of a polygon in pixels."""
        self.region_frames.append(frame)
        self.regions.append(np.asarray(ring, dtype=np.float64).reshape(-1, 2))

    def truth(self) -> TruePersons:
        """The persons as ground truth."""
        boxes = np.asarray(self.head_boxes, dtype=np.float64).reshape(-1, 4)
        joints = self._joints()
        return TruePersons(
            self._frame_index(), joints[..., :2], joints[..., 3] > 0, head_size(boxes)
        )

    def predictions(self) -> PredictedPersons:
        """The persons as predictions."""
        joints = self._joints()
        return PredictedPersons(
            self._frame_index(), joints[..., :2], joints[..., 3] > 0, joints[..., 2]
        )

    def ignored(self) -> Polygons:
        """The ignored regions."""
        return Polygons.from_lists(self.region_frames, self.regions)

    def _joints(self) -> np.ndarray:
        return np.asarray(self.joints, dtype=np.float64).reshape(-1, len(JOINT_NAMES), 4)

    def _frame_index(self) -> np.ndarray:
        return np.asarray(self.person_frames, dtype=np.int64)


def frame_key(name: str) -> tuple[str, int]:
    """(video, frame number) of an image path: the rule by which images of different files are the
    same.

    The video is the name of the image's directory; official names (``000342_mpii_test``) are cut
    after their source, since their tail differs between releases. The number is the last one in the
    file's name.

    Raises:
        ValueError: The file's name holds no number.
    """
    path = PurePosixPath(name.replace('\\', '/'))
    number = re.search(r'(\d+)\D*$', path.stem)
    if number is None:
        raise ValueError(f'image {name!r}: expected a frame number in the file name, got none')
    official = re.match(r'\d+_(?:mpiinew|mpii|bonn)(?=_|$)', path.parent.name)
    return official.group() if official else path.parent.name, int(number.group(1))


def joint_order(names: list[str] | tuple[str, ...], where: str) -> np.ndarray:
    """(J,) position of each joint of `JOINT_NAMES` in a list of 15 or 17 names."""
    plain = [ALIASES.get(name, name) for name in names]
    missing = [name for name in JOINT_NAMES if name not in plain]
    if len(plain) not in (15, 17) or missing:
        raise ValueError(
            f'{where}: expected 15 or 17 joint names with all that PoseTrack evaluates, got '
            f'{len(plain)} without {missing}'
        )
    return np.asarray([plain.index(name) for name in JOINT_NAMES])
