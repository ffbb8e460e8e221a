"""Poses of one film as they come: all that a run over a film keeps, and nothing of any other."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.functional.crop import clip_boxes, is_usable_box
from jmpose_mm.video.frames.sources import FrameSource
from jmpose_mm.video.people.identified_boxes import IdentifiedBoxes, PersonBoxes
from jmpose_mm.video.people.tracker import PersonTracker
from jmpose_mm.video.poses.engine import ClipEngine, Pose
from jmpose_mm.video.poses.jitter_meter import JitterMeter
from jmpose_mm.video.poses.whole_tracks import OneEuroTracks
from jmpose_mm.video.records import (
    PIXEL_DIGITS,
    SCORE_DIGITS,
    Frame,
    FramePoses,
    PersonPose,
    Remarks,
)

__all__ = ['EarlierPoses', 'PoseStream']

Pairs = Generator[tuple[Frame, FramePoses], None, None]


class EarlierPoses(NamedTuple):
    """Poses that an interrupted run has left.

    Attributes:
        poses: Poses of the frames, in order.
        count: Number of frames.
    """

    poses: Iterator[FramePoses]
    count: int


class PoseStream(Iterator[FramePoses]):
    """An iterator over the poses of a film's frames, in order.

    At the end, problems and notes are Python warnings too. Left early, it ends what runs beside it.

    Args:
        making: Maker of the poses.

    Attributes:
        jitter: Before and after smoothing online, so far.
    """

    def __init__(self, making: PoseMaking) -> None:
        self._making = making
        self._pairs: Pairs = making.pairs()
        self.jitter = making.jitter

    def __next__(self) -> FramePoses:
        try:
            return next(self._pairs)[1]
        except StopIteration:
            for line in (*self.problems, *self.notes):
                warnings.warn(line, stacklevel=2)
            raise

    @property
    def problems(self) -> list[str]:
        """A line for everything that was asked for and could not be done, so far."""
        return self._making.remarks.problems

    @property
    def notes(self) -> list[str]:
        """A line for everything that may not be as expected, so far."""
        return self._making.remarks.notes

    @property
    def remarks(self) -> Remarks:
        """Problems and notes together."""
        return self._making.remarks

    def with_frames(self) -> Pairs:
        """The same, each with its frame; nothing is warned of."""
        return self._pairs

    def close(self) -> None:
        """End the run; there are no further poses."""
        self._pairs.close()


class _Waiting(NamedTuple):
    """A frame whose poses are being made, or are known from an earlier run."""

    frame: Frame
    boxes: PersonBoxes
    done: FramePoses | None


class PoseMaking:
    """Makes the poses of the frames of a film.

    Args:
        source: An open source.
        people: Boxes and identities of its frames.
        tracker: Is told the poses.
        engine: A new one.
        one_euro: Arguments of :class:`OneEuroFilter` to smooth online; None does not.
        earlier: Poses of the first frames, which are not computed again.
    """

    def __init__(
        self,
        source: FrameSource,
        people: IdentifiedBoxes,
        tracker: PersonTracker,
        engine: ClipEngine,
        one_euro: dict[str, Any] | None = None,
        earlier: EarlierPoses | None = None,
    ) -> None:
        self.remarks = Remarks.none()
        self.jitter = JitterMeter(), JitterMeter()
        self._source, self._people, self._tracker, self._engine = source, people, tracker, engine
        self._one_euro = None if one_euro is None else OneEuroTracks(one_euro)
        self._earlier = earlier or EarlierPoses(iter(()), 0)
        self._engine.known_frames = self._earlier.count
        self._waiting: deque[_Waiting] = deque()

    def pairs(self) -> Pairs:
        """Frames with their poses; the latency is the engine's."""
        known = next(self._earlier.poses, None)
        for count, frame in enumerate(self._source.read(self.remarks)):
            done = None
            # By number, not by place: frames that cannot be decoded are passed over.
            if known is not None and known.index == frame.index:
                done, known = known, next(self._earlier.poses, None)
            boxes = self._people.of(frame, count, done)
            self._waiting.append(_Waiting(frame, boxes, done))
            seen = {person: _seen_box(box, frame.image) for person, (box, _) in boxes.items()}
            yield from self._finished(self._engine.add(frame.image, seen, _known_poses(done)))
            # Filters of people who are gone are not kept.
            if self._one_euro is not None:
                waiting = (person for item in self._waiting for person in item.boxes)
                self._one_euro.keep({*self._tracker.ids, *waiting, *boxes})
        yield from self._finished(self._engine.finish())
        self.remarks.add(self._people.remarks(is_whole=self._source.span.is_everything))

    def _finished(self, results: list) -> Pairs:
        for _, persons in results:
            frame, boxes, done = self._waiting.popleft()
            poses = _frame_poses(frame, boxes, persons)
            for person in poses.persons:
                # Unsmoothed: a smoothed pose lags behind a fast person, and boxes are predicted
                # from it.
                self._tracker.observe(frame.index, person.id, person.keypoints, person.scores)
            steadied = self._steadied(self._people.wanted(poses))
            yield frame, done or _copied(steadied)

    def _steadied(self, poses: FramePoses) -> FramePoses:
        """The same, smoothed if so wished."""
        if self._one_euro is None:
            return poses
        steadied = self._one_euro(poses)
        for meter, some in zip(self.jitter, (poses, steadied), strict=True):
            meter.add(some)
        return steadied


def _known_poses(done: FramePoses | None) -> dict[int, Pose] | None:
    if done is None:
        return None
    return {person.id: (person.measured, person.scores, None) for person in done.persons}


def _seen_box(box: np.ndarray, image: np.ndarray) -> np.ndarray:
    """What of a box (4,) lies in the picture, as the data sets crop it in training and testing."""
    clipped = clip_boxes(box, image.shape[1], image.shape[0])
    return clipped if is_usable_box(clipped) else box


def _frame_poses(frame: Frame, boxes: PersonBoxes, persons: dict[int, Pose]) -> FramePoses:
    height, width = frame.image.shape[:2]
    made = tuple(
        PersonPose(
            person,
            *boxes[person],
            np.round(np.asarray(keypoints, dtype=np.float64), PIXEL_DIGITS),
            np.round(np.asarray(scores, dtype=np.float64), SCORE_DIGITS),
            layer,
        )
        for person, (keypoints, scores, layer) in persons.items()
    )
    return FramePoses(frame.index, frame.time, frame.name, (width, height), made)


def _copied(poses: FramePoses) -> FramePoses:
    """With arrays of its own: what others do with them changes nothing here."""
    persons = tuple(
        person._replace(
            box=person.box.copy(), keypoints=person.keypoints.copy(), scores=person.scores.copy()
        )
        for person in poses.persons
    )
    return poses._replace(persons=persons)
