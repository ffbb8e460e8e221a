"""What makes an evaluation's numbers other than one might expect, said in sentences.

Axes: N predicted persons, M annotated persons, J = 15 joints.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from jmpose_mm.errors import listed
from jmpose_mm.formats.prediction_pairs import PredictionPairs
from jmpose_mm.functional.evaluation.posetrack_ap import JointAP, mean_over_joints
from jmpose_mm.functional.evaluation.posetrack_persons import (
    JOINT_NAMES,
    MISSING_SCORE,
    PredictedPersons,
    TruePersons,
)

__all__ = ['evaluation_notes', 'missed_frames_note', 'prediction_notes']


_FEW = 10  # of fewer joints nothing can be said


def evaluation_notes(
    pairs: PredictionPairs, truth: TruePersons, predictions: PredictedPersons, ap: JointAP
) -> tuple[str, ...]:
    """Sentences about losses and about official rules that decide the numbers.

    Args:
        pairs: Content of the files.
        truth: (M,) everybody who is annotated, in ignored regions too.
        predictions: (N,) everybody who is predicted, in ignored regions too.
        ap: The result.
    """
    notes = [
        *_of_reading(pairs),
        *_of_empty_files(pairs, predictions),
        *prediction_notes(truth, predictions),
    ]
    if _is_the_truth(truth, predictions):
        notes += _why_truth_falls_short(truth, ap)
    return tuple(notes)


def prediction_notes(truth: TruePersons, predictions: PredictedPersons) -> list[str]:
    """Sentences about scores, frames and places of predictions that decide the numbers.

    Args:
        truth: (M,) everybody who is annotated.
        predictions: (N,) everybody who is predicted, in the truth's frames.
    """
    return [
        *_of_scores(predictions),
        *missed_frames_note(truth, predictions),
        *_of_scales(truth, predictions),
    ]


def _of_reading(pairs: PredictionPairs) -> Iterator[str]:
    for words, count in pairs.pairing.items():
        yield f'{count} of {pairs.files} files: {words}'
    if pairs.extra:
        yield (
            f'{len(pairs.extra)} prediction files have no ground truth of their name and do not '
            f'count: {listed(pairs.extra, 3)}'
        )
    for side, tables in (('truth', pairs.truth), ('predictions', pairs.predictions)):
        for words, count in tables.lost.items():
            if count:
                yield f'{side}: {count} {words}'


def _of_empty_files(pairs: PredictionPairs, predictions: PredictedPersons) -> Iterator[str]:
    files = [image.source for image in pairs.predictions.images]
    populated = {files[frame] for frame in np.unique(predictions.frame)}
    empty = [file.name for file in dict.fromkeys(files) if file not in populated]
    if empty:
        yield f'{len(empty)} of {pairs.files} prediction files have no persons: {listed(empty, 3)}'


def _of_scores(predictions: PredictedPersons) -> Iterator[str]:
    scores = predictions.scores[predictions.present]
    missing = int((scores == MISSING_SCORE).sum())
    if missing:
        yield (
            f'{missing} of {len(scores)} predicted joints have no score; officially they rank last '
            f'({MISSING_SCORE:g})'
        )
    if len(scores) > 1 and scores.min() == scores.max():
        yield 'all predicted joints have one score: their order in the files decides the ranking'


def missed_frames_note(truth: TruePersons, predictions: PredictedPersons) -> Iterator[str]:
    """A sentence where half of the annotated frames or more have no prediction.

    Args:
        truth: (M,) everybody who is annotated.
        predictions: (N,) everybody who is predicted, in the truth's frames.
    """
    annotated = np.unique(truth.frame[truth.present.any(axis=1)])
    found = int(np.isin(annotated, predictions.frame[predictions.present.any(axis=1)]).sum())
    if 2 * found <= len(annotated):
        yield (
            f'only {found} of {len(annotated)} frames with annotated persons have predictions: '
            'everybody in the others counts as missed'
        )


def _of_scales(truth: TruePersons, predictions: PredictedPersons) -> Iterator[str]:
    flat = int((truth.present.any(axis=1) & (truth.head_size == 0)).sum())
    if flat:
        yield f'{flat} persons have a head of size 0: officially nothing is near enough to them'
    annotated, found = (p.keypoints[p.present] for p in (truth, predictions))
    if not len(annotated) or not len(found):
        return
    low, high = annotated.min(axis=0), annotated.max(axis=0)
    slack = high - low
    outside = int(((found < low - slack) | (found > high + slack)).any(axis=1).sum())
    if 2 * outside > len(found):
        yield (
            f'{outside} of {len(found)} predicted joints lie far from all annotated ones: are they '
            'in pixels of another image size?'
        )
    leave, exchanged = (
        int(((points < low) | (points > high)).any(axis=1).sum())
        for points in (found, found[:, ::-1])
    )
    if leave >= _FEW and 10 * leave > len(found) and 20 * exchanged < leave:
        yield (
            f'{leave} of {len(found)} predicted joints lie beyond all annotated ones, and '
            f'{exchanged} would if x and y changed places: is y before x?'
        )


def _is_the_truth(truth: TruePersons, predictions: PredictedPersons) -> bool:
    if not np.array_equal(truth.frame, predictions.frame):
        return False
    there = truth.present & predictions.present
    same = np.array_equal(truth.keypoints[there], predictions.keypoints[there])
    return bool(same and there.any() and np.array_equal(truth.present, predictions.present))


def _why_truth_falls_short(truth: TruePersons, ap: JointAP) -> Iterator[str]:
    mean = mean_over_joints(ap.ap)
    yield f'the predictions are the ground truth itself: AP {mean:.1f}'
    absent = [name for name, count in zip(JOINT_NAMES, ap.num_true, strict=True) if count == 0]
    if absent and mean < 100:
        yield f'annotated nowhere, which officially counts as AP 0: {listed(absent, 15)}'
    # Sorted by pose, then by frame: equal poses of a frame are neighbours.
    order = np.lexsort(truth.keypoints.reshape(len(truth.frame), -1).T[::-1])
    order = order[np.argsort(truth.frame[order], kind='stable')]
    twins = (truth.keypoints[order[1:]] == truth.keypoints[order[:-1]]).all(axis=(1, 2))
    twins &= truth.frame[order[1:]] == truth.frame[order[:-1]]
    twins &= truth.present[order[1:]].any(axis=1)
    if twins.any():
        yield (
            f'{int(twins.sum())} persons lie exactly on another one: officially both predictions '
            'vote for the first of them'
        )
