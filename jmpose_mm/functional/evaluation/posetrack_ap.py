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
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import BoolArray, FloatArray, IntArray, as_floats, as_mask
from jmpose_mm.functional.evaluation.polygons import Polygons
from jmpose_mm.functional.evaluation.posetrack_matching import (
    HIT_DISTANCE,
    match_joints,
    without_ignored,
)
from jmpose_mm.functional.evaluation.posetrack_persons import (
    JOINT_GROUPS,
    PredictedPersons,
    TruePersons,
    checked_persons,
    select_frames,
    take_persons,
)

__all__ = [
    'JointAP',
    'group_means',
    'mean_over_joints',
    'posetrack21_ap',
    'posetrack_ap',
]


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
    truth: TruePersons,
    predictions: PredictedPersons,
    ignored: Polygons | None = None,
    hit_distance: float = HIT_DISTANCE,
    frame_weights: ArrayLike | None = None,
) -> JointAP:
    """Evaluate predictions as the official PoseTrack evaluator does.

    Tied scores: the official evaluator sorts with an unstable sort, so its number depends on the
    machine where scores tie. Here the later of two tied joints, in frame and file order, ranks
    first on every machine, which is what the official code does on short lists.

    Args:
        truth: Annotated persons, any order of frames.
        predictions: Predicted persons, any order of frames.
        ignored: Regions inside which joints of both sides are not judged.
        hit_distance: In head sizes, inclusive.
        frame_weights: (number of frames,) how often each joint of a frame counts; once by default.

    Raises:
        ValueError: Shapes disagree, a score is not finite, or a prediction meets a person without
            head box.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> posetrack_ap(truth, predictions).ap
        array([100., 100., 100., 100., 100., 100., 100., 100., 100., 100., 100.,
                 0.,   0.,   0.,   0.])
    """
    truth, predictions = checked_persons(truth, predictions)
    # The official evaluator skips frames without annotated persons: predictions there are not
    # false.
    judged = np.isin(predictions.frame, truth.frame)
    if frame_weights is None:
        frame_weights = np.ones(int(truth.frame.max(initial=-1)) + 1)
    frame_weights = as_floats('frame_weights', frame_weights, 'F')
    predictions = take_persons(predictions, judged)
    return _ap_of_frames(truth, predictions, ignored, hit_distance, frame_weights)


def posetrack21_ap(
    truth: TruePersons,
    predictions: PredictedPersons,
    labelled: ArrayLike,
    ignored: Polygons | None = None,
) -> JointAP:
    """Evaluate predictions as the kit of PoseTrack21 does (``eval_type='pose_estim'``).

    It differs from `posetrack_ap` in three rules: frames count where they are labelled, whoever is
    in them; a joint counts, on both sides, where x and y are positive; a joint that is nowhere
    annotated has AP and recall 0. In one case this function goes on where the kit stops with an
    error: predictions in a labelled frame without annotated person are false.

    Args:
        truth: Annotated persons.
        predictions: Predicted persons.
        labelled: (number of frames,) which frames count.
        ignored: Regions inside which joints of both sides are not judged.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> posetrack21_ap(truth, predictions, labelled=np.array([True])).ap[:2]
        array([100., 100.])
    """
    truth, predictions = checked_persons(truth, predictions)
    labelled = as_mask('labelled', labelled)
    truth, predictions = select_frames(truth, predictions, labelled)
    truth = truth._replace(present=_positive(truth))
    predictions = predictions._replace(present=_positive(predictions))
    result = _ap_of_frames(truth, predictions, ignored, HIT_DISTANCE, np.ones(len(labelled)))
    known = result.num_true > 0
    return result._replace(
        ap=np.where(known, result.ap, 0), recall=np.where(known, result.recall, 0)
    )


def mean_over_joints(values: ArrayLike) -> float:
    """Mean of (J,) values without the NaN ones; NaN if all are.

    Example:
        >>> import numpy as np
        >>> float(mean_over_joints(np.array([80.0, np.nan, 60.0])))
        70.0
    """
    values = as_floats('values', values)
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float('nan')


def group_means(values: ArrayLike) -> dict[str, float]:
    """Means of (15,) values over the seven groups that PoseTrack prints; NaN spoils its group.

    Example:
        >>> import numpy as np
        >>> float(group_means(np.arange(15.0))['Head'])
        13.0
    """
    values = as_floats('values', values, '15')
    return {name: float(values[list(joints)].mean()) for name, joints in JOINT_GROUPS.items()}


def _ap_of_frames(
    truth: TruePersons,
    predictions: PredictedPersons,
    ignored: Polygons | None,
    hit_distance: float,
    frame_weights: FloatArray,
) -> JointAP:
    """AP of all persons that are given."""
    predictions = take_persons(predictions, np.argsort(predictions.frame, kind='stable'))
    truth, predictions = without_ignored(truth, predictions, ignored)
    correct = match_joints(truth, predictions, hit_distance)
    weights = frame_weights[predictions.frame]
    sum_true = frame_weights[truth.frame] @ truth.present
    curves = [
        _joint_curve(
            predictions.scores[chosen, j], correct[chosen, j], weights[chosen], float(sum_true[j])
        )
        for j, chosen in enumerate(predictions.present.T)
    ]
    ap, precision, recall = np.asarray(curves, dtype=np.float64).reshape(-1, 3).T
    num_true, num_predicted = truth.present.sum(axis=0), predictions.present.sum(axis=0)
    num_correct = (correct & predictions.present).sum(axis=0)
    return JointAP(ap, precision, recall, num_true, num_predicted, num_correct)


def _joint_curve(
    scores: FloatArray, correct: BoolArray, weights: FloatArray, sum_true: float
) -> tuple[float, ...]:
    """(AP, precision, recall) in percent of one joint class from its predictions, (n,) each."""
    if not len(scores):
        return 0.0, 0.0, 0.0
    # The official code reverses an unstable sort, whose ties are chance; here they have one order.
    order = _stable_order(scores)[::-1]
    weights = weights[order]
    gained = weights * correct[order]
    found = np.cumsum(gained)
    precision = found / np.cumsum(weights)
    if not sum_true:
        return float('nan'), 100 * float(precision[-1]), float('nan')
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    # The exact area under the envelope, which rises in steps where a joint is found.
    area = float(envelope @ gained) / sum_true
    return 100 * area, 100 * float(precision[-1]), 100 * float(found[-1]) / sum_true


def _stable_order(values: FloatArray) -> IntArray:
    """What a stable sort gives; where all values differ, any sort does, and others are faster."""
    order = np.argsort(values)
    ordered = values[order]
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(values, kind='stable')
    return order


def _positive(persons: TruePersons | PredictedPersons) -> BoolArray:
    """(·, J) the present joints whose coordinates are both positive."""
    positive: BoolArray = persons.present & (persons.keypoints > 0).all(axis=-1)
    return positive
