"""Who is annotated, and which prediction is whose.

Axes: T true persons, K joints. Coordinates are image pixels, boxes xyxy.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jmpose_mm.functional.arrays import BoolArray, FloatArray
from jmpose_mm.functional.crop import box_of_joints, is_usable_box
from jmpose_mm.functional.evaluation.keypoint_similarity import (
    KeypointAP,
    keypoint_ap,
    keypoint_similarity,
    matched_persons,
)

if TYPE_CHECKING:
    from jmpose_mm.formats.annotation_tables import AnnotationTables

__all__ = ['AREA_OF_BOX', 'KeypointTruth', 'annotated_truth', 'paired', 'sampled_truth']

AREA_OF_BOX = 0.53  # what COCO's persons fill of their boxes, as mmpose has it


class KeypointTruth(NamedTuple):
    """Everybody who is annotated.

    Attributes:
        frame: (T,) what a person's frame is known by.
        video: (T,) folder of its video.
        keypoints: (T, K, 2).
        present: (T, K) whether a joint is annotated.
        boxes: (T, 4).
        record: (T,) index of the prediction that was made for a person; None where boxes were
            detected, so that it has to be found.
    """

    frame: list[Any]
    video: list[str]
    keypoints: FloatArray
    present: BoolArray
    boxes: FloatArray
    record: list[int] | None = None


def sampled_truth(records: Sequence[dict[str, Any]]) -> KeypointTruth:
    """The persons that samples were made of."""
    kept = [index for index, record in enumerate(records) if record['present'].any()]
    count = records[0]['keypoints'].shape[1]

    def column(name: str, *shape: int) -> FloatArray:
        return np.concatenate([np.empty((0, *shape)), *(records[index][name] for index in kept)])

    return KeypointTruth(
        [records[index]['frame'] for index in kept],
        [records[index]['video'] for index in kept],
        column('true', count, 2),
        column('present', count).astype(bool),
        column('box', 4),
        kept,
    )


def annotated_truth(tables: AnnotationTables) -> KeypointTruth:
    """The persons of annotation files who have a labelled joint."""
    ids = tables.image_ids or range(len(tables.images))
    points = tables.persons.keypoints
    present = np.isfinite(points).all(axis=2) & (points[..., 2] > 0)
    rows = np.flatnonzero(present.any(axis=1))
    keypoints = np.where(present[..., None], points[..., :2], 0.0)
    boxes = [
        tables.persons.boxes[row]
        if is_usable_box(tables.persons.boxes[row])
        else box_of_joints(keypoints[row][present[row]])
        for row in rows
    ]
    places = tables.persons.image[rows]
    return KeypointTruth(
        [ids[place] for place in places],
        [str(PurePosixPath(tables.images[place].name).parent) for place in places],
        keypoints[rows],
        present[rows],
        np.asarray(boxes, dtype=float).reshape(-1, 4),
    )


def paired(
    records: Sequence[dict[str, Any]], truth: KeypointTruth, sigmas: FloatArray
) -> tuple[FloatArray, KeypointAP]:
    """Predictions in the order of the truth, and the AP of all.

    Args:
        records: Records of `read_sample` with ``frame``, one person in each.
        truth: Who is annotated.
        sigmas: (K,).

    Returns:
        (T, K, 2) pixels, NaN where nobody was found, and the AP.
    """
    sides = truth.boxes[:, 2:] - truth.boxes[:, :2]
    areas = AREA_OF_BOX * np.prod(sides, axis=1)
    persons: dict[Any, list[int]] = {}
    for index, frame in enumerate(truth.frame):
        persons.setdefault(frame, []).append(index)
    # Frames without predictions are in it, since their persons count as missed.
    predictions: dict[Any, list[int]] = {frame: [] for frame in persons}
    for index, record in enumerate(records):
        predictions.setdefault(record['frame'], []).append(index)
    found = np.full(truth.keypoints.shape, np.nan)
    similarities, scores = [], []
    for frame, rows in predictions.items():
        own = persons.get(frame, [])
        points = np.asarray([records[row]['keypoints'][0] for row in rows])
        similarity = keypoint_similarity(
            points.reshape(-1, *truth.keypoints.shape[1:]),
            truth.keypoints[own],
            truth.present[own],
            areas[own],
            sigmas,
        )
        similarities.append(similarity)
        scores.append(np.asarray([_score(records[row]) for row in rows]))
        if truth.record is None:
            for person, partner in zip(own, matched_persons(similarity), strict=True):
                if partner >= 0:
                    found[person] = points[partner]
    if truth.record is not None:
        # The sample itself says whose it is: no matching, however far the prediction lies.
        found = np.asarray([records[row]['keypoints'][0] for row in truth.record]).reshape(
            found.shape
        )
    return found, keypoint_ap(similarities, scores)


def _score(record: dict[str, Any]) -> float:
    """Of a person: the box's, times the mean of the joints'."""
    return float(record['box_scores'][0] * record['scores'][0].mean())
