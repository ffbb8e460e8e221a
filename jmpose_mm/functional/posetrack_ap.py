"""PoseTrack's average precision of joints, on whole arrays instead of frame by frame.

Axes: N predicted persons, M annotated persons, P pairs of both inside one frame, J = 15 joints.
Coordinates are image pixels, ``(x, y)``; persons of one frame are in file order, which breaks ties.

The rules are the official evaluator's (github.com/leonid-pishchulin/poseval). Those that surprise:

* A frame without any annotated person is left out together with its predictions; a frame whose
  persons have no joints stays, and every prediction in it is false.
* Persons are matched by the share of joints within half a head (PCKh), never by scores or boxes; a
  prediction that loses its first choice is not offered another.
* A joint predicted for a matched person is false where that person's joint is not annotated.
* Scores rank joints, over the whole data set, for each joint class apart.
* The mean is over the 15 joints, not over the seven groups that are printed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .polygons import Polygons, pairs_inside_frames, points_inside
from .posetrack_persons import (
    JOINT_GROUPS,
    PredictedPersons,
    TruePersons,
    check_persons,
    take_persons,
)

__all__ = ['JointAP', 'group_means', 'match_joints', 'mean_over_joints', 'posetrack_ap']

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HIT_DISTANCE = 0.5  # in head sizes, inclusive


class JointAP(NamedTuple):
    """Results of each joint class, all (J,); the first three in percent.

    Attributes:
        ap: Area under the interpolated precision–recall curve. 0 where nothing is predicted, NaN
            where something is predicted and nothing annotated.
        precision: Over all predictions.
        recall: Over all predictions; 0 and NaN as for ``ap``.
        num_true: Annotated joints.
        num_predicted: Predicted joints.
        num_correct: Predicted joints within the distance of their person's joint.
    """

    ap: FloatArray
    precision: FloatArray
    recall: FloatArray
    num_true: IntArray
    num_predicted: IntArray
    num_correct: IntArray


def posetrack_ap(
    truth: TruePersons, predictions: PredictedPersons, ignored: Polygons | None = None
) -> JointAP:
    """Evaluate predictions as the official PoseTrack evaluator does.

    Tied scores: the official evaluator sorts with an unstable sort, so its number depends on the
    machine where scores tie. Here the later of two tied joints, in frame and file order, ranks
    first on every machine, which is what the official code does on short lists.

    Args:
        truth: Annotated persons, any order of frames.
        predictions: Predicted persons, any order of frames.
        ignored: Regions inside which joints of both sides are not judged.

    Raises:
        ValueError: Shapes disagree, a score is not finite, or a prediction meets a person without
            head box.
    """
    check_persons(truth, predictions)
    predictions = take_persons(predictions, np.isin(predictions.frame, truth.frame))
    predictions = take_persons(predictions, np.argsort(predictions.frame, kind='stable'))
    if ignored is not None:
        truth = truth._replace(present=_outside(truth, ignored))
        predictions = predictions._replace(present=_outside(predictions, ignored))
    correct = match_joints(truth, predictions)
    num_true = truth.present.sum(axis=0)
    curves = [
        _joint_curve(predictions.scores[chosen, j], correct[chosen, j], int(num_true[j]))
        for j, chosen in enumerate(predictions.present.T)
    ]
    ap, precision, recall = np.asarray(curves, dtype=np.float64).reshape(-1, 3).T
    num_correct = (correct & predictions.present).sum(axis=0)
    return JointAP(ap, precision, recall, num_true, predictions.present.sum(axis=0), num_correct)


def match_joints(truth: TruePersons, predictions: PredictedPersons) -> BoolArray:
    """Assign predicted to annotated persons of the same frame and judge each joint.

    Each prediction votes for the person it fits best, ``PCKh = joints within half a head /
    annotated joints``; each person takes the best of the predictions that voted for it. Ties go to
    the first in file order.

    Returns:
        (N, J) whether the joint is within half a head of the same joint of the person that took its
        prediction.
    """
    n, m = pairs_inside_frames(predictions.frame, truth.frame)
    both = predictions.present[n] & truth.present[m]
    meets = predictions.present.any(axis=1)[n] & truth.present.any(axis=1)[m]
    headless = m[np.isnan(truth.head_size[m]) & meets]
    if len(headless):
        raise ValueError(
            f'annotated person {headless[0]} (frame {truth.frame[headless[0]]}): expected a head '
            'box in a frame that has predictions, got none; the official evaluator stops here too'
        )
    hit = both & (_distances(predictions, truth, n, m) <= HIT_DISTANCE)
    pck = hit.sum(axis=1) / np.maximum(1, truth.present.sum(axis=1))[m]
    vote = _first_maximum(pck, n)
    owner = vote[_first_maximum(pck[vote], m[vote])]
    correct = np.zeros(predictions.present.shape, dtype=np.bool_)
    correct[n[owner]] = hit[owner]
    return correct


def mean_over_joints(values: FloatArray) -> float:
    """Mean of (J,) values without the NaN ones; NaN if all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float('nan')


def group_means(values: FloatArray) -> dict[str, float]:
    """Means of (15,) values over the seven groups that PoseTrack prints; NaN spoils its group."""
    return {name: float(values[list(joints)].mean()) for name, joints in JOINT_GROUPS.items()}


def _joint_curve(scores: FloatArray, correct: BoolArray, num_true: int) -> tuple[float, ...]:
    """(AP, precision, recall) in percent of one joint class from its predictions, (n,) each."""
    if not len(scores):
        return 0.0, 0.0, 0.0
    order = np.argsort(scores, kind='stable')[::-1]
    ranked = correct[order]
    found = np.cumsum(ranked)
    precision = found / np.arange(1, len(ranked) + 1)
    if not num_true:
        return float('nan'), 100 * float(precision[-1]), float('nan')
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    area = float(envelope[ranked].sum()) / num_true
    return 100 * area, 100 * float(precision[-1]), 100 * float(found[-1]) / num_true


def _distances(
    predictions: PredictedPersons, truth: TruePersons, n: IntArray, m: IntArray
) -> FloatArray:
    """(P, J) distances in head sizes.

    Nothing is squared away: ``distance / head`` is compared as the official code forms it, so that
    a distance of exactly half a head is a hit. A head of size 0 gives infinity or NaN, neither of
    which is one.
    """
    offset = predictions.keypoints[n] - truth.keypoints[m]
    pixels = np.sqrt(offset[..., 0] ** 2 + offset[..., 1] ** 2)
    with np.errstate(divide='ignore', invalid='ignore'):
        distances: FloatArray = pixels / truth.head_size[m][:, None]
    return distances


def _first_maximum(values: FloatArray, groups: IntArray) -> IntArray:
    """For every group, ordered by its number, the index of its first largest value."""
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
