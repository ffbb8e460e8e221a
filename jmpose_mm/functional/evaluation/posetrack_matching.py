"""Who is whom in PoseTrack's evaluation, on whole arrays instead of frame by frame.

Axes: N predicted persons, M annotated persons, P pairs of both inside one frame, J = 15 joints.
Coordinates are image pixels, ``(x, y)``; persons of one frame are in file order, which breaks ties.

The rules are the official evaluator's (github.com/leonid-pishchulin/poseval): persons are matched
by the share of joints within half a head (PCKh), never by scores or boxes. A prediction that loses
its first choice is not offered another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jmpose_mm.functional.arrays import BoolArray, FloatArray, IntArray
from jmpose_mm.functional.evaluation.polygons import Polygons, pairs_inside_frames, points_inside
from jmpose_mm.functional.evaluation.posetrack_persons import (
    PredictedPersons,
    TruePersons,
    as_persons,
)

__all__ = ['HIT_DISTANCE', 'PersonPairs', 'match_joints', 'pair_persons', 'without_ignored']

HIT_DISTANCE = 0.5  # in head sizes, inclusive
PAIRS_AT_ONCE = 8192  # their joints fit into a processor's cache


class PersonPairs(NamedTuple):
    """Every predicted with every annotated person of the same frame.

    Attributes:
        predicted: (P,) index of the prediction.
        true: (P,) index of the annotated person.
        distance: (P, J) in head sizes; meaningless where either joint is absent.
        hit: (P, J) whether both joints are there, within the distance that counts as correct.
    """

    predicted: IntArray
    true: IntArray
    distance: FloatArray
    hit: BoolArray


def match_joints(
    truth: TruePersons, predictions: PredictedPersons, hit_distance: float = HIT_DISTANCE
) -> BoolArray:
    """Assign predicted to annotated persons of the same frame and judge each joint.

    Each prediction votes for the person it fits best, ``PCKh = joints within half a head /
    annotated joints``; each person takes the best of the predictions that voted for it. Ties go to
    the first in file order.

    Returns:
        (N, J) whether the joint is within half a head of the same joint of the person that took its
        prediction.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> int(match_joints(truth, predictions)[0].sum())
        11
    """
    truth, predictions = as_persons(truth), as_persons(predictions)
    n, m, _, hit = pair_persons(truth, predictions, hit_distance)
    pck = hit.sum(axis=1) / np.maximum(1, truth.present.sum(axis=1))[m]
    vote = _first_maximum(pck, n)
    owner = vote[_first_maximum(pck[vote], m[vote])]
    correct = np.zeros(predictions.present.shape, dtype=np.bool_)
    correct[n[owner]] = hit[owner]
    return correct


def pair_persons(
    truth: TruePersons, predictions: PredictedPersons, hit_distance: float = HIT_DISTANCE
) -> PersonPairs:
    """Measure every predicted against every annotated person of its frame.

    Raises:
        ValueError: A prediction with joints meets an annotated person with joints but no head box.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> int(pair_persons(truth, predictions).hit.sum())
        11
    """
    truth, predictions = as_persons(truth), as_persons(predictions)
    n, m = pairs_inside_frames(predictions.frame, truth.frame)
    both = predictions.present[n] & truth.present[m]
    meets = predictions.present.any(axis=1)[n] & truth.present.any(axis=1)[m]
    headless = m[np.isnan(truth.head_size[m]) & meets]
    if len(headless):
        raise ValueError(
            f'annotated person {headless[0]} (frame {truth.frame[headless[0]]}): expected a head '
            'box in a frame that has predictions, got none; the official evaluator stops here too'
        )
    distance = _distances(predictions, truth, n, m)
    return PersonPairs(n, m, distance, both & (distance <= hit_distance))


def without_ignored(
    truth: TruePersons, predictions: PredictedPersons, ignored: Polygons | None
) -> tuple[TruePersons, PredictedPersons]:
    """Both sides without the joints that lie in an ignored region of their frame.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> without_ignored(truth, predictions, None)[0] is truth
        True
    """
    if ignored is None:
        return truth, predictions
    truth, predictions = as_persons(truth), as_persons(predictions)
    return (
        truth._replace(present=_outside(truth, ignored)),
        predictions._replace(present=_outside(predictions, ignored)),
    )


def _distances(
    predictions: PredictedPersons, truth: TruePersons, n: IntArray, m: IntArray
) -> FloatArray:
    """(P, J) distances in head sizes.

    Nothing is squared away: ``distance / head`` is compared as the official code forms it, so that
    a distance of exactly half a head is a hit. A head of size 0 gives infinity or NaN, neither of
    which is one.
    """
    distances = np.empty((len(n), truth.present.shape[1]))
    with np.errstate(divide='ignore', invalid='ignore'):
        for start in range(0, len(n), PAIRS_AT_ONCE):
            some = slice(start, start + PAIRS_AT_ONCE)
            squares = predictions.keypoints[n[some]] - truth.keypoints[m[some]]
            squares *= squares
            pixels = np.sqrt(squares[..., 0] + squares[..., 1])
            np.divide(pixels, truth.head_size[m[some], None], out=distances[some])
    return distances


def _first_maximum(values: FloatArray, groups: IntArray) -> IntArray:
    """For every group, ordered by its number, the index of its first largest value."""
    # lexsort is stable: of equal values the first in the file wins, as officially.
    order = np.lexsort((-values, groups))
    ordered = groups[order]
    starts = np.ones(len(ordered), dtype=np.bool_)
    starts[1:] = ordered[1:] != ordered[:-1]
    chosen: IntArray = order[starts]
    return chosen


def _outside(persons: TruePersons | PredictedPersons, ignored: Polygons) -> BoolArray:
    """(·, J) the present joints that lie in no ignored region of their frame."""
    rows, joints = np.nonzero(persons.present & np.isin(persons.frame, ignored.frame)[:, None])
    inside = points_inside(persons.keypoints[rows, joints], persons.frame[rows], ignored)
    present = persons.present.copy()
    present[rows[inside], joints[inside]] = False
    return present
