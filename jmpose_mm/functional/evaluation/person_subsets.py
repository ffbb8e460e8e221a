"""PoseTrack AP of some of the annotated persons: those of a video, the small ones, the fast ones.

Axes: N predicted persons, M annotated persons, J = 15 joints.

One rule for every subset:

* Everybody is matched once, with all annotated persons there, by the official rules.
* The true joints are those of the chosen persons.
* A prediction that took a person is judged where that person is; one that took nobody is false in
  every subset that has a person in its frame.

It follows that all persons together have the AP of the official evaluator; that all persons of some
frames have the AP of these frames alone; and that subsets which divide the persons of one frame
share its false persons.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import (
    FloatArray,
    IntArray,
    as_floats,
    as_indices,
    as_mask,
)
from jmpose_mm.functional.evaluation.posetrack_ap import JointAP, posetrack_ap
from jmpose_mm.functional.evaluation.posetrack_matching import match_joints, pair_persons
from jmpose_mm.functional.evaluation.posetrack_persons import (
    PredictedPersons,
    TruePersons,
    as_persons,
    take_persons,
)

__all__ = ['ap_of_persons', 'divide_by_quantiles', 'match_persons']


def match_persons(truth: TruePersons, predictions: PredictedPersons) -> IntArray:
    """Index of the annotated person that each prediction took, by the rules of `match_joints`.

    Args:
        truth: Annotated persons.
        predictions: Predicted persons.

    Returns:
        (N,) index of the annotated person; -1 where the prediction took nobody.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> match_persons(truth, predictions)
        array([0])
    """
    truth, predictions = as_persons(truth), as_persons(predictions)
    n, m, _, hit = pair_persons(truth, predictions)
    share = hit.sum(axis=1) / np.maximum(1, truth.present.sum(axis=1))[m]
    # Pairs come by n, then m, and the sort is stable: of equal shares the first person is taken.
    order = np.lexsort((-share, n))
    voters, best = np.unique(n[order], return_index=True)
    owner = np.full(len(predictions.frame), -1, dtype=np.int64)
    owner[voters] = m[order[best]]
    owner[~match_joints(truth, predictions).any(axis=1)] = -1
    return owner


def ap_of_persons(
    truth: TruePersons, predictions: PredictedPersons, owner: ArrayLike, chosen: ArrayLike
) -> JointAP:
    """Evaluate on some of the annotated persons; see the top of the file for the rule.

    Args:
        truth: Annotated persons of all frames.
        predictions: Predictions of all frames, without those in ignored regions.
        owner: (N,) what `match_persons` gives for both.
        chosen: (M,) the annotated persons to evaluate on.

    Raises:
        ValueError: ``owner`` or ``chosen`` has another length.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> result = ap_of_persons(truth, predictions, np.array([0]), np.array([True]))
        >>> result.ap[:2]
        array([100., 100.])
    """
    truth, predictions = as_persons(truth), as_persons(predictions)
    owner, chosen = as_indices('owner', owner), as_mask('chosen', chosen)
    for name, values, persons in (('owner', owner, predictions), ('chosen', chosen, truth)):
        if values.shape != persons.frame.shape:
            raise ValueError(f'{name}: expected shape {persons.frame.shape}, got {values.shape}')
    taken = owner >= 0
    judged = np.isin(predictions.frame, truth.frame[chosen]) & ~taken
    judged[taken] = chosen[owner[taken]]
    order = np.argsort(predictions.frame, kind='stable')
    rows = order[judged[order]]
    alone = np.arange(len(rows))
    missed = np.flatnonzero(chosen & ~np.isin(np.arange(len(chosen)), owner))
    # Each prediction in a frame of its own, with the person that it took or one without joints,
    # leaves the evaluator nothing to match anew; persons that nobody took follow.
    partner = take_persons(truth, owner[rows])
    partner.present[~taken[rows]] = False
    rest = take_persons(truth, missed)
    apart = [np.concatenate(pair) for pair in zip(partner, rest, strict=True)]
    apart[0] = np.arange(len(rows) + len(missed))
    return posetrack_ap(TruePersons(*apart), take_persons(predictions, rows)._replace(frame=alone))


def divide_by_quantiles(
    values: ArrayLike, count: int, least: int = 1
) -> tuple[FloatArray, IntArray]:
    """Bins with about equally many values in each.

    Args:
        values: (M,) numbers; those that are not finite belong to no bin.
        count: Largest number of bins.
        least: With fewer values in each than that, fewer bins are made.

    Returns:
        The ascending edges (B + 1,) of B bins, and the number (M,) of each value's bin, -1 for
        none. A bin holds its lower edge, the last one its upper edge too. Without any finite value
        there is no edge.

    Example:
        >>> import numpy as np
        >>> edges, number = divide_by_quantiles(np.array([1.0, 2.0, 3.0, 4.0]), count=2)
        >>> edges, number
        (array([1. , 2.5, 4. ]), array([0, 0, 1, 1]))
    """
    values = as_floats('values', values, 'M')
    known = np.isfinite(values)
    number = np.full(len(values), -1, dtype=np.int64)
    if not known.any():
        return np.empty(0), number
    count = max(1, min(count, int(known.sum()) // max(least, 1)))
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, count + 1)))
    if len(edges) == 1:
        edges = np.repeat(edges, 2)
    inside = np.searchsorted(edges, values[known], side='right') - 1
    number[known] = np.clip(inside, 0, len(edges) - 2)
    return edges, number
