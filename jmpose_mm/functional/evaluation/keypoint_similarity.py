"""Object keypoint similarity (OKS), and the average precision that COCO makes of it.

Axes: P predicted and T true persons, K joints. Coordinates are image pixels.
Source: the evaluation of the COCO keypoint challenge (Lin et al., ECCV 2014).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from jmpose_mm.functional.arrays import FloatArray, IntArray, as_floats, as_mask
from jmpose_mm.functional.tracks.tracking import oks

__all__ = ['KeypointAP', 'keypoint_ap', 'keypoint_similarity', 'matched_persons']

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
MOST_DETECTIONS = 20  # of a frame


class KeypointAP(NamedTuple):
    """Average precision in percent; NaN without truth.

    Attributes:
        ap: (10,) at OKS 0.5, 0.55, ... 0.95.
        recall: (10,) the highest recall at each.
    """

    ap: FloatArray
    recall: FloatArray


def keypoint_similarity(
    predicted: ArrayLike,
    true: ArrayLike,
    present: ArrayLike,
    areas: ArrayLike,
    sigmas: ArrayLike,
) -> FloatArray:
    """OKS (P, T) of every pair; 0 with a person without joints.

    Args:
        predicted: (P, K, 2) pixels.
        true: (T, K, 2) pixels.
        present: (T, K) whether a joint is annotated.
        areas: (T,) square pixels.
        sigmas: (K,) spread of each joint's annotations, in units of the root of the area.

    Example:
        >>> import numpy as np
        >>> points = np.zeros((1, 3, 2))
        >>> keypoint_similarity(points, points, np.ones((1, 3), bool), [100.0], [0.1] * 3)
        array([[1.]])
    """
    true, present = as_floats('true', true, 'T K 2'), as_mask('present', present)
    annotated = np.where(present[..., None], true, np.nan)
    return np.nan_to_num(oks(predicted, annotated, areas, sigmas))


def matched_persons(similarity: ArrayLike) -> IntArray:
    """For each of T true persons the predicted one, or -1: pairs of the greatest sum above 0.

    Example:
        >>> matched_persons([[0.9, 0.8], [0.8, 0.0]]).tolist()
        [1, 0]
    """
    similarity = as_floats('similarity', similarity)
    partners = np.full(similarity.shape[1], -1, dtype=np.int64)
    if similarity.size:
        rows, columns = linear_sum_assignment(similarity, maximize=True)
        kept = similarity[rows, columns] > 0
        partners[columns[kept]] = rows[kept]
    return partners


def keypoint_ap(similarities: list[FloatArray], scores: list[FloatArray]) -> KeypointAP:
    """COCO's average precision.

    Args:
        similarities: OKS (P, T) of each frame.
        scores: (P,) of each frame's predicted persons; the best 20 of a frame count.

    Returns:
        AP and recall at each threshold.

    Example:
        >>> import numpy as np
        >>> keypoint_ap([np.array([[0.7]])], [np.array([0.9])]).ap.tolist()[3:6]
        [100.0, 100.0, 0.0]
    """
    total = sum(similarity.shape[1] for similarity in similarities)
    nothing = np.full(len(THRESHOLDS), np.nan)
    if not total:
        return KeypointAP(nothing, nothing.copy())
    hits, ranks = [], []
    for similarity, score in zip(similarities, scores, strict=True):
        order = np.argsort(-score, kind='stable')[:MOST_DETECTIONS]
        hits.append(_hits(similarity[order]))
        ranks.append(score[order])
    order = np.argsort(-np.concatenate(ranks), kind='stable')
    correct = np.concatenate(hits, axis=1)[:, order]
    return KeypointAP(*_average_precision(correct, total))


def _hits(similarity: FloatArray) -> NDArray[np.bool_]:
    """(10, P) whether each prediction, the best first, takes a person that is still free."""
    count, persons = similarity.shape
    hits = np.zeros((len(THRESHOLDS), count), dtype=bool)
    for level, threshold in enumerate(THRESHOLDS):
        free = np.ones(persons, dtype=bool)
        for row in range(count):
            left = np.where(free, similarity[row], -1.0)
            # of equal ones COCO takes the last
            best = persons - 1 - int(np.argmax(left[::-1])) if persons else -1
            # COCO's guard against rounding at an OKS of 1.
            if best >= 0 and left[best] >= min(threshold, 1 - 1e-10):
                free[best], hits[level, row] = False, True
    return hits


def _average_precision(correct: NDArray[np.bool_], total: int) -> tuple[FloatArray, FloatArray]:
    ap, recalls = np.zeros(len(correct)), np.zeros(len(correct))
    for level, row in enumerate(correct):
        true = np.cumsum(row)
        if not len(true):
            continue
        recall, precision = true / total, true / np.arange(1, len(row) + 1)
        # COCO's envelope: at each recall the best precision at that recall or a higher one.
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        places = np.searchsorted(recall, RECALLS, side='left')
        reached = places < len(recall)
        ap[level] = precision[places[reached]].sum() / len(RECALLS)
        recalls[level] = recall[-1]
    return 100 * ap, 100 * recalls
