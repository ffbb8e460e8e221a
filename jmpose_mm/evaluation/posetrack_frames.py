"""Frames of PoseTrack files and everybody in them.

Axes: N persons, J joints, PoseTrack's 15 in the order of `JOINT_NAMES` unless said otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.functional.evaluation.polygons import Polygons
from jmpose_mm.functional.evaluation.posetrack_persons import (
    JOINT_NAMES,
    PredictedPersons,
    TruePersons,
    head_size,
)
from jmpose_mm.functional.video_names import video_key

__all__ = ['NO_BOX', 'ErrorContext', 'Frame', 'PoseTrackFrames', 'frame_key', 'joint_order']

# The data sets call the same joint by both names.
ALIASES = {'neck': 'head_bottom'}
NO_BOX = (float('nan'),) * 4


class Frame(NamedTuple):
    """One image: its name, its file, its id if it has one, and its true-or-false fields."""

    name: str
    source: Path
    image_id: int | None
    flags: dict[str, bool]


class ErrorContext:
    """Puts the place in the file in front of whatever goes wrong inside the block."""

    def __init__(self, file: Path, at: str) -> None:
        self.file, self.at = file, at

    def __enter__(self) -> ErrorContext:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, KeyError):
            raise ValueError(
                f'{self.file}: {self.at}: expected the key {error}, found none'
            ) from error
        if isinstance(error, AttributeError | IndexError | TypeError | ValueError):
            raise ValueError(f'{self.file}: {self.at}: {error}') from error


@dataclass
class PoseTrackFrames:
    """Frames in evaluation order and everybody in them, those without any joint included.

    Files append to it, whole blocks of persons at a time; `truth` and `predictions` give arrays.

    Attributes:
        joint_names: The J joints that count, in the order of the arrays.
        frames: The frames.
        person_frames: Index of each person's frame.
        joints: Blocks (n, J, 4) of x, y in pixels, score, present (0 or 1), as many as persons.
        head_boxes: x1, y1, x2, y2 of each person in pixels; `NO_BOX` if unknown.
        track_ids: Each person's number in the video; None if it has none.
        listed: True for persons with a list of joints, be it empty; without one, the official
            loader removes the person (its frame still counts).
        region_frames: Index of each ignored region's frame.
        regions: (V, 2) corners of each ignored region in pixels.
        statements: Statement of each file about itself; '' where it says nothing.
    """

    joint_names: tuple[str, ...] = JOINT_NAMES
    frames: list[Frame] = field(default_factory=list)
    person_frames: list[int] = field(default_factory=list)
    joints: list[np.ndarray] = field(default_factory=list)
    head_boxes: list[tuple[float, ...]] = field(default_factory=list)
    track_ids: list[int | None] = field(default_factory=list)
    listed: list[bool] = field(default_factory=list)
    region_frames: list[int] = field(default_factory=list)
    regions: list[np.ndarray] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)

    def add_frame(self, frame: Frame) -> int:
        """Append a frame and return its index."""
        self.frames.append(frame)
        return len(self.frames) - 1

    def add_region(self, frame: int, ring: list[tuple[float, float]]) -> None:
        """Append an ignored region of frame number ``frame``, the corners of a polygon.

        Raises:
            ValueError: It has one or two corners; without any it is empty.
        """
        if len(ring) in (1, 2):
            raise ValueError(f'ignored region: expected at least 3 corners, got {ring}')
        self.region_frames.append(frame)
        self.regions.append(np.asarray(ring, dtype=np.float64).reshape(-1, 2))

    def extend(self, other: PoseTrackFrames) -> None:
        """Append all of ``other``."""
        offset = len(self.frames)
        self.frames += other.frames
        self.person_frames += [offset + index for index in other.person_frames]
        self.joints += other.joints
        self.head_boxes += other.head_boxes
        self.track_ids += other.track_ids
        self.listed += other.listed
        self.region_frames += [offset + index for index in other.region_frames]
        self.regions += other.regions
        self.statements += other.statements

    def add_person(
        self, frame: int, head_box: tuple[float, ...], track_id: int | None, listed: bool = True
    ) -> None:
        """Append a person to frame number ``frame``; the joints follow as a block of many."""
        whole = isinstance(track_id, int) or (isinstance(track_id, float) and track_id % 1 == 0)
        if track_id is not None and not whole:
            raise ValueError(f'track_id: expected a whole number, got {track_id!r}')
        self.person_frames.append(frame)
        self.head_boxes.append(head_box)
        self.track_ids.append(track_id)
        self.listed.append(listed)

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

    def check_head_boxes(self, truth: TruePersons) -> None:
        """Raise ``ValueError`` for persons with joints but no head box: every distance is measured
        in head sizes.
        """
        bad = np.flatnonzero(np.isnan(truth.head_size) & truth.present.any(axis=1))
        if len(bad):
            frame = self.frames[truth.frame[bad[0]]]
            raise ValueError(
                f'{frame.source}: {frame.name}: expected a head box (bbox_head or x1, y1, x2, y2) '
                f'for every annotated person, got none for {len(bad)} persons'
            )

    def _joints(self) -> np.ndarray:
        return np.concatenate([np.empty((0, len(self.joint_names), 4)), *self.joints])

    def _frame_index(self) -> np.ndarray:
        return np.asarray(self.person_frames, dtype=np.int64)


def frame_key(name: str) -> tuple[str, int]:
    """(video, frame number) of an image path: the rule by which images of different files are the
    same.

    The video is the `video_key` of the image's directory, the number the last one in the file's
    name.

    Raises:
        ValueError: The file's name holds no number.
    """
    path = PurePosixPath(name.replace('\\', '/'))
    number = re.search(r'(\d+)\D*$', path.stem)
    if number is None:
        raise ValueError(f'image {name!r}: expected a frame number in the file name, got none')
    return video_key(path.parent.name), int(number.group(1))


def joint_order(
    names: list[str] | tuple[str, ...], where: str, wanted: tuple[str, ...] = JOINT_NAMES
) -> np.ndarray:
    """(J,) position of each of the ``wanted`` joints in a list of their names; two others, the ears
    of the PoseTrack files, may stand in between.
    """
    plain = [name if name in wanted else ALIASES.get(name, name) for name in names]
    missing = [name for name in wanted if name not in plain]
    if len(plain) - len(wanted) not in (0, 2) or missing:
        raise ValueError(
            f'{where}: expected {len(wanted)} or {len(wanted) + 2} joint names with all that are '
            f'evaluated, got {len(plain)} without {missing}'
        )
    return np.asarray([plain.index(name) for name in wanted])
