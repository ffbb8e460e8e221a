"""Boxes of each frame with identities: detections, tracks, and what was left out on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.video.people.found_boxes import BoxSource, BoxTally, FoundBoxes, found_boxes
from jmpose_mm.video.people.person_choice import PersonChoice, SteadyChoice
from jmpose_mm.video.people.tracker import PersonTracker
from jmpose_mm.video.records import PIXEL_DIGITS, SCORE_DIGITS, Frame, FramePoses, Remarks

__all__ = ['IdentifiedBoxes', 'PersonBoxes']

PersonBoxes = dict[int, tuple[np.ndarray, float]]
"""Identity to box (4,) and score."""


class IdentifiedBoxes:
    """The persons of one film, frame by frame.

    Args:
        source: Source of boxes. One with ``for_film``, as a file of boxes, is told of the film.
        tracker: Gives identities where the source has none.
        detect_every: The source is asked in every so many frames; between them tracks carry on.
        film: Source of the frames, e.g. a :class:`FrameSource`.
        choice: Persons who are wanted.

    Attributes:
        chooses_late: Poses of all persons are to be made, and then given to :meth:`wanted`.
    """

    def __init__(
        self,
        source: BoxSource,
        tracker: PersonTracker,
        detect_every: int,
        film: Any,
        choice: PersonChoice = PersonChoice(),  # noqa: B008 - immutable
    ) -> None:
        self._film_boxes = source.for_film(film) if hasattr(source, 'for_film') else None
        self._source = self._film_boxes.of if self._film_boxes else source
        # Whoever reads from a file says the same again, and has the same left out.
        self._is_repeatable = getattr(source, 'is_repeatable', False)
        self._name = getattr(source, 'name', getattr(source, '__name__', type(source).__name__))
        self._tracker, self._detect_every = tracker, detect_every
        self._tally = BoxTally()
        self._choice = SteadyChoice(choice)
        # Tracks follow poses, so without those of all persons identities would be others.
        self.chooses_late = choice.ids is not None and not getattr(source, 'has_ids', False)
        # A file of poses lacks those who were not wanted, whom the tracker has to know.
        self._is_repeatable = self._is_repeatable or not choice.is_everybody
        self._frames = self._persons = 0
        self._scores: dict[int, float] = {}  # of the last detections, by identity
        self._labels: set[str] = set()

    def of(self, frame: Frame, count: int, done: FramePoses | None = None) -> PersonBoxes:
        """The persons of a frame.

        Args:
            frame: The frame.
            count: Number of frames before it.
            done: Boxes that an earlier run found in it; a detector is not asked again then.
        """
        if count % self._detect_every:
            found = self._carried(frame)
            ids = found.ids
        else:
            is_recorded = done is not None and not self._is_repeatable
            found = _recorded(done) if done is not None and is_recorded else self._asked(frame)
            ids = found.ids
            if ids is None or is_recorded:
                # The same boxes take the tracker the same way as in the earlier run.
                tracked = self._tracker.update(frame.index, found.boxes, found.scores)
                least = self._tracker.min_score
                unborn = int(((tracked == 0) & (found.scores < least)).sum())
                self._tally.count(f'too unsure (below {least:g}) for somebody new', unborn, frame)
                ids = tracked if ids is None else ids
            self._scores = dict(zip(ids.tolist(), found.scores.tolist(), strict=True))
        persons = {
            int(person): (box, float(score))
            for person, box, score in zip(ids, found.boxes, found.scores, strict=True)
            if person > 0
        }
        persons = persons if self.chooses_late else self._choice.of(persons)
        self._frames += 1
        self._persons += len(persons)
        return persons

    def wanted(self, poses: FramePoses) -> FramePoses:
        """The poses of the next frame without those that had to be made for identities alone."""
        return self._choice.of_poses(poses) if self.chooses_late else poses

    def _carried(self, frame: Frame) -> FoundBoxes:
        """Where tracks are expected, as far as that is in the frame."""
        ids, boxes = self._tracker.predict(frame.index)
        scores = np.array([self._scores[person] for person in ids.tolist()], float)
        carried = FoundBoxes(np.round(boxes, PIXEL_DIGITS), scores, ids)
        return BoxTally().usable(carried, frame)

    def _asked(self, frame: Frame) -> FoundBoxes:
        """What the source says of a frame, to the digits that files of poses keep."""
        # A copy: whoever looks for persons may draw into the picture.
        value = self._source(frame._replace(image=frame.image.copy()))
        found = found_boxes(value)
        if isinstance(value, Mapping) and value.get('labels') is not None:
            labels = value['labels']
            labels = labels.tolist() if hasattr(labels, 'tolist') else labels
            self._labels |= set(map(str, labels))
        if found.ids is not None and self._detect_every > 1:
            raise UsageError(
                'detect_every: expected 1 for boxes that bring identities of their own, got '
                f'{self._detect_every}'
            )
        # Not `>=`, which would drop scores that are no numbers without a word.
        found = found.rows(~(found.scores < (self._choice.choice.least_score or 0)))
        boxes, scores = np.round(found.boxes, PIXEL_DIGITS), np.round(found.scores, SCORE_DIGITS)
        return self._tally.usable(FoundBoxes(boxes, scores, found.ids), frame)

    def remarks(self, is_whole: bool) -> Remarks:
        """Remarks on the boxes.

        Args:
            is_whole: All frames of the film came.
        """
        remarks = self._film_boxes.remarks(is_whole) if self._film_boxes else Remarks.none()
        left_out = self._tally.lines()
        if left_out and not self._tally.used:
            remarks.problems.extend([*left_out, 'boxes: no box could be used'])
        else:
            remarks.notes.extend(left_out)
        if len(self._labels) > 1:
            remarks.notes.append(
                f'boxes: those of all labels ({listed(sorted(self._labels), 4)}) were taken for '
                'people; give the rows of people alone if some are of other things'
            )
        lines = self._choice.lines()
        remarks.notes.extend(lines)
        if self._frames and not self._persons and not remarks.problems and not lines:
            remarks.notes.append(
                f'nobody was found in {self._frames} frames by {self._name}; --detector rtmdet-m '
                'or torchvision, a lower --min-score, --boxes FILE, or --detector whole for one '
                'person who fills the picture may help'
            )
        return remarks


def _recorded(done: FramePoses) -> FoundBoxes:
    """The boxes of persons that are known."""
    return FoundBoxes(
        np.array([person.box for person in done.persons], dtype=float).reshape(-1, 4),
        np.array([person.box_score for person in done.persons], dtype=float),
        np.array([person.id for person in done.persons], dtype=int),
    )
