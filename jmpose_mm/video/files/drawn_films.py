"""Drawn films of poses: one result, or two side by side.

Drawing and encoding run in a thread beside the inference. A film shows each frame when the source
shows it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.pose_outputs import PoseOutput
from jmpose_mm.video.frames.background import BackgroundCalls
from jmpose_mm.video.records import Frame, FramePoses, PersonPose, Remarks
from jmpose_mm.visualization.comparison import side_by_side
from jmpose_mm.visualization.drawing import draw_poses
from jmpose_mm.visualization.film import Film
from jmpose_mm.visualization.marks import draw_boxes, draw_identities, draw_trails, overlay
from jmpose_mm.visualization.skeleton import Skeleton

__all__ = ['FilmWriter', 'FrameDrawer', 'SideBySideDrawer']

WAITING_FRAMES = 8
TAG_ABOVE_HEAD = 0.02  # of the image's height

Drawer = Callable[[np.ndarray, FramePoses], np.ndarray]


class FrameDrawer:
    """Draws the persons of one frame after the other, over their maps where they have some.

    Args:
        skeleton: Joints and lines of the keypoints.
        threshold: Keypoints with a lower score are left out.
        boxes: Draw them.
        identities: Write the number of each person at the head.
        trail: Over how many frames the way of each person is drawn; 0 for none.
        trail_joint: Name of the keypoint whose way that is; the middle of the box if None.

    Raises:
        UsageError: The skeleton has no such joint.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        threshold: float = 0.2,
        boxes: bool = False,
        identities: bool = True,
        trail: int = 0,
        trail_joint: str | None = None,
    ) -> None:
        if trail < 0:
            raise UsageError(f'trail: expected a number of frames, or 0 for none, got {trail}')
        if trail_joint is not None and trail_joint not in skeleton.joints:
            raise UsageError(
                f'trail_joint: expected one of {", ".join(skeleton.joints)}, got {trail_joint!r}'
            )
        self.skeleton, self.threshold = skeleton, threshold
        self.boxes, self.identities = boxes, identities
        self.trail, self.trail_joint = trail, trail_joint
        self._ways: dict[int, deque[np.ndarray]] = {}

    def __call__(self, image: np.ndarray, poses: FramePoses) -> np.ndarray:
        """A drawn copy of the image (H, W, 3)."""
        persons, own = poses.persons, image
        for layer in (person.layer for person in persons if person.layer is not None):
            image = overlay(image, layer.values, layer.window)
        ids = [person.id for person in persons]
        if self.trail:
            self._walk(persons)
            ways = {identity: np.stack(way) for identity, way in self._ways.items()}
            image = draw_trails(image, ways)
        # One copy of a large picture costs as much as all that is drawn on it.
        image = np.array(image, order='C') if image is own else image
        if not persons:
            return image
        if self.boxes:
            draw_boxes(image, np.stack([person.box for person in persons]), ids, copy=False)
        keypoints = np.stack([person.keypoints for person in persons])
        scores = np.stack([person.scores for person in persons])
        draw_poses(image, keypoints, scores, self.threshold, skeleton=self.skeleton, copy=False)
        if self.identities:
            heads = [self._above_head(person, image.shape[0]) for person in persons]
            draw_identities(image, ids, np.stack(heads), copy=False)
        return image

    def _walk(self, persons: tuple[PersonPose, ...]) -> None:
        """Append where everybody is; NaN for those who are not there, until nothing is left."""
        places = {person.id: self._place(person) for person in persons if person.id > 0}
        for identity in places:
            self._ways.setdefault(identity, deque(maxlen=self.trail + 1))
        for identity, way in list(self._ways.items()):
            way.append(places.get(identity, np.full(2, np.nan)))
            if not np.isfinite(way).any():
                del self._ways[identity]

    def _place(self, person: PersonPose) -> np.ndarray:
        if self.trail_joint is None:
            return (person.box[:2] + person.box[2:]) / 2
        joint = self.skeleton.joints.index(self.trail_joint)
        seen = person.scores[joint] >= self.threshold
        return np.where(seen, person.keypoints[joint], np.nan)

    def _above_head(self, person: PersonPose, height: int) -> np.ndarray:
        """Above the highest joint that is drawn, else in the middle of the box's upper edge."""
        finite = np.isfinite(person.keypoints).all(axis=1)
        shown = self.skeleton.drawn & finite & (person.scores >= self.threshold)
        if not shown.any():
            left, top, right, _ = person.box
            return np.asarray([(left + right) / 2, top])
        points = person.keypoints[shown]
        return points[points[:, 1].argmin()] - [0, TAG_ABOVE_HEAD * height]


class SideBySideDrawer:
    """Draws two results of a video side by side, under their titles.

    Args:
        titles: Titles of the other result and of the one that is called with.
        drawers: Drawers of both; two objects, since each remembers its trails.
        others: The other result, e.g. a :class:`Recording`; frames that it lacks are left bare.

    Attributes:
        notes: Lines about what may not be as expected, for whoever writes the film.
    """

    def __init__(
        self,
        titles: tuple[str, str],
        drawers: tuple[FrameDrawer, FrameDrawer],
        others: Iterable[FramePoses],
    ) -> None:
        self.titles, self.drawers, self.notes = titles, drawers, list[str]()
        self._others = iter(others)
        self._other: FramePoses | None = next(self._others, None)

    def __call__(self, image: np.ndarray, poses: FramePoses) -> np.ndarray:
        """A drawn picture of both, left the other one."""
        while self._other is not None and self._other.index < poses.index:
            self._other = next(self._others, None)
        found = self._other is not None and self._other.index == poses.index
        other = self._other if found else poses._replace(persons=())
        drawn = [self.drawers[0](image, other), self.drawers[1](image, poses)]
        return side_by_side(drawn, self.titles)


class FilmWriter(PoseOutput):
    """An mp4 of drawn frames that can be played however early it is closed.

    A film that cannot be written ends nothing else: the reason is a problem in ``remarks``.

    Args:
        path: File to write, ending in ``.mp4``; it appears when it is closed.
        fps: Mean frames per second; each frame is shown at its own time.
        draw: Makes the picture of a frame, e.g. a :class:`FrameDrawer`.
        settings: Further arguments of :class:`Film`: ``codec``, ``quality``, ``sound``, ``aspect``.

    Attributes:
        remarks: Once it is closed: why there is no film, or only its beginning; what is not as the
            source has it.

    Raises:
        ValueError: Another type of file.
    """

    def __init__(self, path: str | Path, fps: float, draw: Drawer, **settings: Any) -> None:
        self.remarks = Remarks.none()
        self._draw, self._size, self._sound = draw, (0, 0), settings.get('sound')
        self._film = Film(path, fps, **settings)
        self._later = BackgroundCalls(self._append, WAITING_FRAMES)

    def add(self, frame: Frame | None, poses: FramePoses) -> None:
        """Have a frame drawn."""
        if frame is None:
            raise ValueError(f'frame {poses.index}: expected an image to draw on, got None')
        if not self.remarks.problems:
            with self._problem():
                self._later(frame, poses)

    def close(self, complete: bool = True) -> None:
        """Wait for the frames that were added, and finish the film; without any there is none."""
        with self._problem():
            self._later.close()
        with self._problem():
            if self._film.count:
                self._film.close()
        self._film.discard()
        self._remark()

    def discard(self) -> None:
        """End without a film."""
        with self._problem():
            self._later.close()
        self._film.discard()

    @contextmanager
    def _problem(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, RuntimeError, cv2.error) as error:
            name, count = self._film.path.name, self._film.count
            said = str(error) or type(error).__name__
            self.remarks.problems[:] = [
                f'{name}: no more than {count} frames could be drawn, since {said}'
            ]

    def _append(self, frame: Frame, poses: FramePoses) -> None:
        picture = self._draw(frame.image, poses)
        # The first picture decides the size; players take no other within a film.
        if not self._film.count:
            self._size = picture.shape[1], picture.shape[0]
        self._film.add(_fitted(picture, self._size), frame.time)

    def _remark(self) -> None:
        """What is not as the source has it."""
        name, (wide, high) = self._film.path.name, self._film.size
        if any(side - own > 1 for side, own in zip(self._size, (wide, high), strict=True)):
            drawn = ' x '.join(map(str, self._size))
            self.remarks.notes.append(
                f'{name}: {wide} x {high} pixels, since players show no {drawn}'
            )
        if self._sound is not None and self._sound.problem:
            self.remarks.notes.append(f'{name}: {self._sound.problem}')


def _fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture with bars around it, as large as fits (W, H): images of a folder may differ."""
    high, wide = picture.shape[:2]
    if (wide, high) == size:
        return picture
    scale = min(size[0] / wide, size[1] / high)
    inner = max(1, round(wide * scale)), max(1, round(high * scale))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    fitted = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    small = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
    fitted[top : top + inner[1], left : left + inner[0]] = small
    return fitted
