"""Speed of annotated persons and errors of predictions, person by person.

Axes: N predicted persons, M annotated persons, F frames, P pairs of both inside one frame, J = 15
joints. Coordinates are image pixels, ``(x, y)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from jmpose_mm.functional.arrays import FloatArray, IntArray, as_indices
from jmpose_mm.functional.evaluation.posetrack_matching import pair_persons
from jmpose_mm.functional.evaluation.posetrack_persons import (
    PredictedPersons,
    TruePersons,
    as_persons,
    take_persons,
)

__all__ = ['FARTHEST_FIT', 'LONGEST_STEP', 'fit_persons', 'joint_errors', 'motion_speed']

# In frames. PoseTrack labels every fourth frame outside of a video's middle.
LONGEST_STEP = 4
# In head sizes; half a person's height. Farther off, a prediction means somebody else.
FARTHEST_FIT = 4.0
OUT_OF_REACH = 1e6


def motion_speed(
    truth: TruePersons, video: ArrayLike, number: ArrayLike, track: ArrayLike
) -> FloatArray:
    """Mean way of a person's joints since the frame before, in head sizes per frame.

    The mean distance of the joints that are annotated in both frames, in the image: the camera's
    motion counts. Where the person is not annotated in the frame before, the last frame where it
    is, up to `LONGEST_STEP` frames earlier, and their distance in time take its place.

    Args:
        truth: Annotated persons.
        video: (F,) which video a frame belongs to.
        number: (F,) its place in the video.
        track: (M,) number of the person in its video; below 0 if unknown.

    Returns:
        (M,) head sizes of the later frame per frame; NaN where there is no earlier place, no joint
        in common or no head size.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points = np.stack([np.full((15, 2), 50.0), np.full((15, 2), [56.0, 58.0])])
        >>> truth = TruePersons(np.array([0, 1]), points, np.ones((2, 15), bool), np.full(2, 5.0))
        >>> motion_speed(truth, np.zeros(2, int), np.array([0, 1]), np.zeros(2, int))
        array([nan,  2.])
    """
    truth = as_persons(truth)
    video, number, track = (
        as_indices(name, values)
        for name, values in (('video', video), ('number', number), ('track', track))
    )
    speed = np.full(len(truth.frame), np.nan)
    rows = np.flatnonzero(truth.present.any(axis=1) & (track >= 0))
    keys = np.stack([video[truth.frame[rows]], track[rows], number[truth.frame[rows]]])
    order = np.lexsort(keys[::-1])
    rows, keys = rows[order], keys[:, order]
    step = np.diff(keys[2])
    linked = (np.diff(keys[:2]) == 0).all(axis=0) & (step > 0) & (step <= LONGEST_STEP)
    before, after = rows[:-1][linked], rows[1:][linked]
    common = truth.present[before] & truth.present[after]
    distance = np.linalg.norm(truth.keypoints[after] - truth.keypoints[before], axis=-1)
    with np.errstate(divide='ignore', invalid='ignore'):
        mean = (distance * common).sum(axis=1) / common.sum(axis=1)
        values = mean / step[linked] / truth.head_size[after]
    speed[after] = np.where(np.isfinite(values), values, np.nan)
    return speed


def fit_persons(truth: TruePersons, predictions: PredictedPersons) -> IntArray:
    """The prediction that fits each annotated person best, for looking at errors.

    Unlike the evaluator, which matches only where a joint is right, it finds the prediction that
    was meant: inside each frame as many predictions as possible are assigned, each once, with a
    median joint distance of up to `FARTHEST_FIT` head sizes. The sum of these is smallest.

    Returns:
        (M,) index of the prediction; -1 where none is left.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> fit_persons(truth, predictions)
        array([0])
    """
    truth, predictions = as_persons(truth), as_persons(predictions)
    order = np.argsort(predictions.frame, kind='stable')
    n, m, distance, _ = pair_persons(truth, take_persons(predictions, order))
    both = predictions.present[order][n] & truth.present[m]
    median = _median(np.where(both & np.isfinite(distance), distance, np.nan))
    cost = np.where(median <= FARTHEST_FIT, median, OUT_OF_REACH)
    found = np.full(len(truth.frame), -1, dtype=np.int64)
    # Predictions are in the order of frames, and so are the pairs: one block for each frame.
    starts = np.flatnonzero(np.diff(truth.frame[m], prepend=-1))
    for block in np.split(np.arange(len(n)), starts[1:]) if len(n) else []:
        table = cost[block].reshape(len(np.unique(n[block])), -1)
        for row, column in zip(*linear_sum_assignment(table), strict=True):
            pair = block[row * table.shape[1] + column]
            if cost[pair] < OUT_OF_REACH:
                found[m[pair]] = order[n[pair]]
    return found


def joint_errors(
    truth: TruePersons, predictions: PredictedPersons, fitted: ArrayLike
) -> FloatArray:
    """Distance of every annotated joint from the fitted prediction's, in head sizes, at most 1.

    The bound keeps one joint at the other end of the image from outweighing all others.

    Args:
        truth: Annotated persons.
        predictions: Predicted persons.
        fitted: (M,) what `fit_persons` gives for both.

    Returns:
        (M, J) errors, 1 where the joint is not predicted, NaN where it is not annotated.

    Example:
        >>> import numpy as np
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons
        >>> from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons
        >>> points, present = np.full((1, 15, 2), 50.0), np.ones((1, 15), bool)
        >>> truth = TruePersons(np.array([0]), points, present, np.array([10.0]))
        >>> shift = np.linspace(0, 7, 15)[None, :, None] * [1, 0]
        >>> predictions = PredictedPersons(np.array([0]), points + shift, present, np.ones((1, 15)))
        >>> joint_errors(truth, predictions, np.array([0]))[0, :4]
        array([0.  , 0.05, 0.1 , 0.15])
    """
    truth, predictions = as_persons(truth), as_persons(predictions)
    fitted = as_indices('fitted', fitted)
    errors = np.where(truth.present, 1.0, np.nan)
    rows = np.flatnonzero(fitted >= 0)
    offset = predictions.keypoints[fitted[rows]] - truth.keypoints[rows]
    with np.errstate(divide='ignore', invalid='ignore'):
        distance = np.linalg.norm(offset, axis=-1) / truth.head_size[rows, None]
    judged = truth.present[rows] & predictions.present[fitted[rows]] & np.isfinite(distance)
    errors[rows] = np.where(judged, np.minimum(distance, 1), errors[rows])
    return errors


def _median(values: FloatArray) -> FloatArray:
    """(P,) medians of the finite entries of (P, J) rows; infinite where there is none."""
    medians = np.full(len(values), np.inf)
    known = np.isfinite(values).any(axis=1)
    if known.any():
        medians[known] = np.nanmedian(values[known], axis=1)
    return medians
