"""Persons of many frames as arrays, in the joints that PoseTrack evaluates.

Axes: N predicted persons, M annotated persons, J = 15 joints. Coordinates are image pixels, ``(x,
    y)``;
persons of one frame are in file order, which breaks ties.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jmpose_mm.functional.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_floats,
    as_indices,
    as_mask,
)

__all__ = [
    'FILE_JOINT_NAMES',
    'JOINT_GROUPS',
    'JOINT_NAMES',
    'MISSING_SCORE',
    'PredictedPersons',
    'TruePersons',
    'as_persons',
    'checked_persons',
    'head_size',
    'select_frames',
    'take_persons',
]

JOINT_NAMES = (
    'right_ankle',
    'right_knee',
    'right_hip',
    'left_hip',
    'left_knee',
    'left_ankle',
    'right_wrist',
    'right_elbow',
    'right_shoulder',
    'left_shoulder',
    'left_elbow',
    'left_wrist',
    'head_bottom',
    'nose',
    'head_top',
)
# The order in the files of 2018 and 2021; the ears are placeholders that nobody evaluates.
FILE_JOINT_NAMES = (
    'nose',
    'head_bottom',
    'head_top',
    'left_ear',
    'right_ear',
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
)
JOINT_GROUPS = {
    'Head': (14, 12, 13),
    'Shoulder': (8, 9),
    'Elbow': (7, 10),
    'Wrist': (6, 11),
    'Hip': (2, 3),
    'Knee': (1, 4),
    'Ankle': (0, 5),
}
HEAD_SHARE = 0.6  # of the head box's diagonal; it makes the size comparable to MPII's
MISSING_SCORE = -9999.0  # stands for a predicted joint without a score


class TruePersons(NamedTuple):
    """Annotated persons of all frames, those without any joint included: they decide which frames
    count.

    Attributes:
        frame: (M,) frame index.
        keypoints: (M, J, 2) pixels.
        present: (M, J) whether a joint is annotated; visibility plays no role.
        head_size: (M,) pixels, see `head_size`; NaN where the file has no head box.
    """

    frame: IntArray
    keypoints: FloatArray
    present: BoolArray
    head_size: FloatArray


class PredictedPersons(NamedTuple):
    """Predicted persons of all frames.

    Attributes:
        frame: (N,) frame index.
        keypoints: (N, J, 2) pixels.
        present: (N, J) whether a joint is predicted.
        scores: (N, J) any finite numbers; `MISSING_SCORE` where there is none.
    """

    frame: IntArray
    keypoints: FloatArray
    present: BoolArray
    scores: FloatArray


Persons = TypeVar('Persons', TruePersons, PredictedPersons)


def head_size(boxes: ArrayLike) -> FloatArray:
    """0.6 times the diagonal of head boxes (..., 4) ``(x1, y1, x2, y2)``, in pixels (...).

    Example:
        >>> import numpy as np
        >>> float(head_size(np.array([0.0, 0.0, 30.0, 40.0])))
        30.0
    """
    boxes = as_floats('boxes', boxes)
    size: FloatArray = HEAD_SHARE * np.sqrt(
        (boxes[..., 2] - boxes[..., 0]) ** 2 + (boxes[..., 3] - boxes[..., 1]) ** 2
    )
    return size


def select_frames(
    truth: TruePersons, predictions: PredictedPersons, frames: BoolArray
) -> tuple[TruePersons, PredictedPersons]:
    """Keep the persons of the frames whose entry in ``frames`` (number of frames,) is true.

    Example:
        >>> points, present = np.zeros((2, 15, 2)), np.ones((2, 15), bool)
        >>> truth = TruePersons(np.array([0, 1]), points, present, np.ones(2))
        >>> predictions = PredictedPersons(np.array([0, 1]), points, present, np.ones((2, 15)))
        >>> select_frames(truth, predictions, np.array([False, True]))[0].frame
        array([1])
    """
    truth, predictions = as_persons(truth), as_persons(predictions)
    frames = as_mask('frames', frames)
    return (
        take_persons(truth, frames[truth.frame]),
        take_persons(predictions, frames[predictions.frame]),
    )


def take_persons(persons: Persons, rows: BoolArray | IntArray) -> Persons:
    """The persons at ``rows``, a mask or indices.

    Example:
        >>> points, present = np.zeros((2, 15, 2)), np.ones((2, 15), bool)
        >>> truth = TruePersons(np.array([0, 1]), points, present, np.ones(2))
        >>> take_persons(truth, np.array([1])).frame
        array([1])
    """
    chosen, persons = np.asarray(rows), as_persons(persons)
    # copying everybody takes as long as the matching
    if len(chosen) == len(persons.frame) and _is_everybody(chosen):
        return persons
    columns = (column[chosen] for column in persons)
    return type(persons)(*columns)


def _is_everybody(rows: NDArray[Any]) -> bool:
    counted = rows if rows.dtype == np.bool_ else rows == np.arange(len(rows))
    return bool(counted.all())


_COLUMNS = {'frame': as_indices, 'present': as_mask}


def as_persons(persons: Persons) -> Persons:
    """The same persons with their columns as arrays of the types above, whatever they came as.

    Raises:
        ValueError: A column does not hold such values.

    Example:
        >>> points, present = [[[5, 5]] * 15], [[1] * 15]
        >>> as_persons(TruePersons([0], points, present, [10])).present.dtype
        dtype('bool')
    """
    kind = 'truth' if isinstance(persons, TruePersons) else 'predictions'
    columns = (
        _COLUMNS.get(name, as_floats)(f'{kind}.{name}', column)
        for name, column in zip(persons._fields, persons, strict=True)
    )
    return type(persons)(*columns)  # type: ignore[arg-type]


def checked_persons(
    truth: TruePersons, predictions: PredictedPersons
) -> tuple[TruePersons, PredictedPersons]:
    """Both by `as_persons`, if all shapes agree and scores of predicted joints are finite.

    Raises:
        ValueError: They do not.

    Example:
        >>> points, present = np.zeros((2, 15, 2)), np.ones((2, 15), bool)
        >>> truth = TruePersons(np.array([0, 1]), points, present, np.ones(2))
        >>> predictions = PredictedPersons(np.array([0, 1]), points, present, np.ones((2, 15)))
        >>> checked_persons(truth, predictions)[0].frame
        array([0, 1])
    """
    truth, predictions = as_persons(truth), as_persons(predictions)
    joints = truth.present.shape[1:]
    for persons in (truth, predictions):
        kind = 'truth' if isinstance(persons, TruePersons) else 'predictions'
        count = len(persons.frame)
        shapes = {'keypoints': (count, *joints, 2), 'present': (count, *joints)}
        shapes |= {'head_size': (count,)} if persons is truth else {'scores': (count, *joints)}
        for name, expected in shapes.items():
            got = getattr(persons, name).shape
            if got != expected:
                raise ValueError(f'{kind}.{name}: expected shape {expected}, got {got}')
    bad = np.flatnonzero((predictions.present & ~np.isfinite(predictions.scores)).any(axis=1))
    if len(bad):
        raise ValueError(
            f'predictions.scores: expected finite numbers, got {predictions.scores[bad[0]]} for '
            f'person {bad[0]} (frame {predictions.frame[bad[0]]})'
        )
    return truth, predictions
