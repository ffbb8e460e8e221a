"""Poses with identities from any video: boxes, tracks, the engine, smoothing, in one loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.tracks.one_euro_filter import OneEuroFilter
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.people.boxes import BoxSource, FoundBoxes, box_source
from jmpose_mm.video.people.tracker import PersonTracker
from jmpose_mm.video.poses.clip_model import ClipModel
from jmpose_mm.video.poses.engine import ClipEngine, Pose
from jmpose_mm.video.poses.jitter_meter import JitterMeter
from jmpose_mm.video.records import Frame, FramePoses, PersonPose

if TYPE_CHECKING:
    import torch

__all__ = ['VideoPoseInferencer']

# Identity to box (4,) and score.
TrackedBoxes = dict[int, tuple[np.ndarray, float]]


class _Waiting(NamedTuple):
    """A frame whose poses are being made, or are known already."""

    frame: Frame
    boxes: TrackedBoxes
    is_done: bool


class _EarlierRun:
    """What an interrupted run has left: its poses, its identities, and the frames at its end.

    The tracker sees the recorded boxes again; its identities and the recorded ones need not be the
    same numbers.
    """

    def __init__(self, done: Iterable[FramePoses], tracker: PersonTracker, before: int) -> None:
        self.rest, self.tracker = iter(done), tracker
        self.next = next(self.rest, None)
        self.ends: deque[_Waiting] = deque(maxlen=before)
        self.recorded: dict[int, int] = {}  # by the tracker's identity

    def of(self, frame: Frame) -> FramePoses | None:
        """The frame's poses, with the tracker brought up to them; None if there are none."""
        while self.next is not None and self.next.index < frame.index:
            self.next = next(self.rest, None)
        poses = self.next
        if poses is None or poses.index > frame.index:
            return None
        boxes = np.array([person.box for person in poses.persons], dtype=float).reshape(-1, 4)
        # Whoever is recorded had a track.
        scores = np.array([max(p.box_score, self.tracker.min_score) for p in poses.persons])
        ids = self.tracker.update(frame.index, boxes, scores)
        for tracked, person in zip(ids, poses.persons, strict=True):
            if tracked > 0:
                self.recorded[int(tracked)] = person.id
                self.tracker.observe(frame.index, int(tracked), person.keypoints, person.scores)
        boxes_of = {person.id: (person.box, person.box_score) for person in poses.persons}
        self.ends.append(_Waiting(frame, boxes_of, True))
        return poses

    def name_of(self, tracked: int) -> int:
        """The identity in the recording of a track; later ones count on from the last recorded."""
        ahead = max(self.recorded.values(), default=0) - max(self.recorded, default=0)
        return self.recorded.get(tracked, tracked + max(ahead, 0))

    def track_of(self, name: int) -> int:
        """The track that is recorded under an identity."""
        return next((t for t in (*self.recorded, *self.tracker.ids) if self.name_of(t) == name), 0)

    def last_frames(self) -> list[_Waiting]:
        """The frames that the next ones need around them, once."""
        frames = list(self.ends)
        self.ends.clear()
        return frames


class VideoPoseInferencer:
    """A trained model on any video.

    >>> inferencer = VideoPoseInferencer('jm-pose_….py', 'jm-pose.pth')  # doctest: +SKIP
    >>> for poses in inferencer('walk.mp4'):  # doctest: +SKIP
    ...     print(poses.time, [(person.id, person.keypoints) for person in poses.persons])

    Args:
        config: Path or packaged name; single-frame configs work too.
        checkpoint: Its weights; every entry must fit.
        device: ``'auto'``, ``'cpu'``, ``'cuda'``, ``'cuda:1'`` or ``'mps'``; see
            :func:`jmpose_mm.engine.devices.choose_device`.
        boxes: ``'hog'``, ``'whole'``, ``'mmdet:CONFIG,CHECKPOINT'``, the path of a box file, or a
            callable from :class:`Frame` to :class:`FoundBoxes`.
        detect_every: Boxes are looked for in every so many frames; between them tracks carry on.
        one_euro: Arguments of :class:`OneEuroFilter` to smooth online; None does not.
        engine: Arguments of :class:`ClipEngine`: ``crop``, ``causal``, ``batch_size``, ...
        model: Further arguments of :class:`ClipModel`: ``dtype``, ``flip_test``, ``compile``.

    Attributes:
        jitter: Before and after smoothing online, over the frames of the last run.

    Raises:
        UsageError: What was asked for does not exist or does not fit together.
    """

    def __init__(
        self,
        config: str,
        checkpoint: str | None,
        device: str | torch.device | None = 'auto',
        boxes: str | BoxSource = 'hog',
        detect_every: int = 1,
        one_euro: dict[str, Any] | None = None,
        engine: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
    ) -> None:
        if detect_every < 1:
            raise ValueError(f'detect_every: expected at least 1, got {detect_every}')
        self.model = ClipModel(config, checkpoint, device, **(model or {}))
        self.boxes = box_source(boxes, device=device) if isinstance(boxes, str) else boxes
        self.detect_every, self.one_euro = detect_every, one_euro
        self.engine = ClipEngine(self.model, **(engine or {}))
        self.jitter = JitterMeter(), JitterMeter()

    def __call__(self, source: Any) -> Iterator[FramePoses]:
        """Poses of each frame of a source (see :func:`open_source`), in order."""
        for _, poses in self.run(open_source(source)):
            yield poses

    def run(
        self, source: Iterable[Frame], done: Iterable[FramePoses] = ()
    ) -> Iterator[tuple[Frame, FramePoses]]:
        """Frames of an open source with their poses; the latency is the engine's.

        Args:
            source: Frames in order.
            done: Poses of the first frames, of an earlier run; they are not computed again.
        """
        self.jitter = JitterMeter(), JitterMeter()
        tracker = PersonTracker(self.model.dataset_meta['sigmas'])
        earlier = _EarlierRun(done, tracker, -self.engine.offsets[0])
        smoothing: dict[int, OneEuroFilter] = {}
        waiting: deque[_Waiting] = deque()

        def finished(results: list) -> Iterator[tuple[Frame, FramePoses]]:
            for _, persons in results:
                frame, boxes, is_done = waiting.popleft()
                if is_done:
                    continue
                for person, (keypoints, scores, _) in persons.items():
                    tracker.observe(frame.index, earlier.track_of(person), keypoints, scores)
                yield frame, self._steadied(_poses_of(frame, boxes, persons), smoothing)

        for count, frame in enumerate(source):
            poses = earlier.of(frame)
            if poses is not None:
                yield frame, poses
                continue
            found = self._tracked(tracker, frame, count)
            boxes = {earlier.name_of(person): value for person, value in found.items()}
            tracked = _Waiting(frame, boxes, False)
            # Filters of people who are gone are not kept.
            living = {*map(earlier.name_of, tracker.ids), *boxes}
            living |= {person for item in waiting for person in item.boxes}
            smoothing = {person: smoothing[person] for person in smoothing if person in living}
            for item in (*earlier.last_frames(), tracked):
                waiting.append(item)
                crops = {person: box for person, (box, _) in item.boxes.items()}
                yield from finished(self.engine.add(item.frame.image, crops))
        yield from finished(self.engine.finish())

    def _tracked(self, tracker: PersonTracker, frame: Frame, count: int) -> TrackedBoxes:
        """Identity to box and score in a frame, from detections or from tracks that carry on."""
        if count % self.detect_every:
            ids, boxes = tracker.predict(frame.index)
            found = FoundBoxes(boxes, np.ones(len(ids)), ids)
        else:
            found = self.boxes(frame)
        ids = found.ids
        if ids is not None and self.detect_every > 1 and not count % self.detect_every:
            raise UsageError(
                'detect_every: expected 1 for boxes that bring identities of their own, got '
                f'{self.detect_every}'
            )
        if ids is None:
            ids = tracker.update(frame.index, found.boxes, found.scores)
        return {
            int(person): (box, float(score))
            for person, box, score in zip(ids, found.boxes, found.scores, strict=True)
            if person > 0
        }

    def _steadied(self, poses: FramePoses, filters: dict[int, OneEuroFilter]) -> FramePoses:
        """The same, smoothed if so wished."""
        if self.one_euro is None:
            return poses
        made = []
        for person in poses.persons:
            if person.id not in filters:
                filters[person.id] = OneEuroFilter(**self.one_euro)
            size = max(float(max(person.box[2:] - person.box[:2])), 1.0)
            keypoints = filters[person.id](person.keypoints, poses.time, size)
            made.append(person._replace(keypoints=keypoints))
        steadied = poses._replace(persons=tuple(made))
        for meter, some in zip(self.jitter, (poses, steadied), strict=True):
            meter.add(some)
        return steadied


def _poses_of(frame: Frame, boxes: TrackedBoxes, persons: dict[int, Pose]) -> FramePoses:
    height, width = frame.image.shape[:2]
    made = tuple(PersonPose(person, *boxes[person], *pose) for person, pose in persons.items())
    return FramePoses(frame.index, frame.time, frame.name, (width, height), made)
