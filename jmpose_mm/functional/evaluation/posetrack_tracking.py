"""Keypoint tracking accuracy as PoseTrack measures it, for each joint class apart.

Axes: N predicted persons, M annotated persons, F frames, J = 15 joints.

Any two joints within half a head may match, whatever the matching of persons for the AP says.
``rules='released'`` gives the numbers of the official evaluator (poseval with py-motmetrics 1.4),
with what looks like oversights in it; ``rules='fixed'`` corrects each:

1. Released: the last frame of every sequence is left out, so that a sequence of one frame stops the
   evaluator. Fixed: all frames count.
2. Released: a frame without any annotated or any predicted person counts as one miss and one false
   positive for each joint class, whatever is in it. Fixed: as the misses or false positives that it
   holds.
3. Released: MOTP sums a table that lists every pair within half a head besides the matched ones,
   and changes of identity once more; it can be negative. Fixed: matched pairs, once.
4. Released: MOTP of a joint without any match is 0. Fixed: NaN, and left out of the mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from jmpose_mm.functional.arrays import BoolArray, FloatArray, IntArray, as_indices
from jmpose_mm.functional.evaluation.clear_mot import TrackEvents
from jmpose_mm.functional.evaluation.polygons import Polygons
from jmpose_mm.functional.evaluation.posetrack_matching import pair_persons, without_ignored
from jmpose_mm.functional.evaluation.posetrack_persons import (
    Persons,
    PredictedPersons,
    TruePersons,
    checked_persons,
    take_persons,
)

__all__ = ['JointTracking', 'Rules', 'TrackIds', 'posetrack_mota']

Rules = Literal['released', 'fixed']

# A track that nobody predicted and a prediction of nobody.
NOBODY = (np.zeros(1, np.int64), np.zeros(1, np.int64), np.full((1, 1), np.nan))


class JointTracking(NamedTuple):
    """Results of each joint class, all (J,), in percent; NaN where there is nothing to count.

    Attributes:
        mota: ``1 - (misses + false positives + switches) / annotated``; can be negative.
        motp: ``1 - mean distance of the matches in head sizes``.
        precision: ``matches / (matches + false positives)``.
        recall: ``matches / annotated``.
    """

    mota: FloatArray
    motp: FloatArray
    precision: FloatArray
    recall: FloatArray


class TrackIds(NamedTuple):
    """Identities of the persons over the frames of a sequence.

    Attributes:
        true: (M,) number of each annotated person's track.
        predicted: (N,) number of each predicted person's track.
        sequence: (F,) number of each frame's sequence; -1 leaves the frame out.
    """

    true: IntArray
    predicted: IntArray
    sequence: IntArray


def posetrack_mota(
    truth: TruePersons,
    predictions: PredictedPersons,
    tracks: TrackIds,
    ignored: Polygons | None = None,
    rules: Rules = 'fixed',
) -> JointTracking:
    """Tracking accuracy of each joint class over all sequences.

    Args:
        truth: Annotated persons.
        predictions: Predicted persons.
        tracks: Who is who.
        ignored: Regions inside which joints of both sides are not judged.
        rules: ``'released'`` or ``'fixed'``, see the top of this file.

    Raises:
        ValueError: As for the AP; or, by the released rules, a sequence with a single frame.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> once = TrackIds(np.array([0]), np.array([0]), np.array([0]))
        >>> posetrack_mota(truth, predictions, once).mota[:2]
        array([100., 100.])
    """
    truth, predictions = checked_persons(truth, predictions)
    tracks = TrackIds(
        *(as_indices(f'tracks.{name}', ids) for name, ids in tracks._asdict().items())
    )
    truth, predictions = without_ignored(truth, predictions, ignored)
    truth, true_ids = _by_frame(truth, tracks.true)
    predictions, predicted_ids = _by_frame(predictions, tracks.predicted)
    pairs = pair_persons(truth, predictions)
    distances = np.where(pairs.hit, pairs.distance, np.nan)
    frame_of_pair = predictions.frame[pairs.predicted]
    # Only where there are regions does the official code remove persons without joints.
    clipped = set() if ignored is None else set(ignored.frame.tolist())
    totals = [TrackEvents().sums for _ in truth.present.T]
    for frames in _sequences(tracks.sequence, rules):
        events = [TrackEvents() for _ in totals]
        for frame in frames.tolist():
            m, n = _rows(truth.frame, frame), _rows(predictions.frame, frame)
            true, predicted = truth.present[m], predictions.present[n]
            here = distances[_rows(frame_of_pair, frame)].reshape(len(predicted), *true.shape)
            both = all(_anybody(present, frame in clipped) for present in (true, predicted))
            if rules == 'released' and not both:
                for of_joint in events:
                    of_joint.add(*NOBODY)
                continue
            for j, of_joint in enumerate(events):
                g, h = np.flatnonzero(true[:, j]), np.flatnonzero(predicted[:, j])
                of_joint.add(true_ids[m][g], predicted_ids[n][h], here[np.ix_(h, g)][..., j].T)
        for total, of_joint in zip(totals, events, strict=True):
            for name, value in of_joint.sums.items():
                total[name] += value
    return _scores(totals, rules)


def _sequences(sequence: IntArray, rules: Rules) -> Iterator[IntArray]:
    """The judged frames of each sequence, in their order."""
    for number in np.unique(sequence[sequence >= 0]):
        frames = np.flatnonzero(sequence == number)
        if rules == 'released' and len(frames) < 2:
            raise ValueError(
                f'sequence {number}: expected at least two frames with annotated persons, got one '
                f"(frame {frames[0]}), where the released evaluator stops; the rules 'fixed' go on"
            )
        # The official loop stops one frame short of the end.
        yield frames[:-1] if rules == 'released' else frames


def _anybody(present: BoolArray, clipped: bool) -> bool:
    """Whether the released evaluator finds a person among some, (n, J): those without any joint are
    removed only where regions are ignored.
    """
    return bool(present.any()) if clipped else len(present) > 0


def _by_frame(persons: Persons, ids: IntArray) -> tuple[Persons, IntArray]:
    """Persons and their tracks in the order of the frames."""
    order = np.argsort(persons.frame, kind='stable')
    return take_persons(persons, order), ids[order]


def _rows(ordered: IntArray, value: int) -> slice:
    """Where ``value`` is in an array that is in order."""
    first, last = np.searchsorted(ordered, [value, value + 1])
    return slice(int(first), int(last))


def _scores(totals: list[defaultdict[str, float]], rules: Rules) -> JointTracking:
    objects, matches, switches, misses, false = (
        np.asarray([total[name] for total in totals])
        for name in ('objects', 'matches', 'switches', 'misses', 'false')
    )
    summed = 'listed distance' if rules == 'released' else 'matched distance'
    distance = np.asarray([total[summed] for total in totals])
    with np.errstate(invalid='ignore', divide='ignore'):
        motp = 1 - distance / matches
        if rules == 'released':
            motp[matches == 0] = 0
        # Nobody to find has no accuracy: a division by 0 would give an infinite one.
        objects[objects == 0] = np.nan
        return JointTracking(
            100 * (1 - (misses + switches + false) / objects),
            100 * motp,
            100 * (matches / (matches + false)),
            100 * (matches / objects),
        )
