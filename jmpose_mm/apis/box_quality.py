"""Recall and precision of a box file, against labelled persons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.annotations import joint_names_in, read_annotations
from jmpose_mm.formats.detections import Detections, detected_frames, read_detections
from jmpose_mm.formats.pixel_units import corners_remark
from jmpose_mm.functional.tracks.tracking import box_iou

__all__ = ['judge_boxes']


def judge_boxes(
    ann_file: str | Path, box_file: str | Path, least_score: float = 0.0, least_overlap: float = 0.5
) -> dict[str, Any]:
    """Recall and precision of boxes in the labelled frames.

    The best scored box first, each takes the free person that it overlaps most. A person without a
    box is where its labelled joints are; crowds count neither way.

    Args:
        ann_file: Annotations of any joints, as the data set's ``ann_file``.
        box_file: A file as :func:`make_boxes` writes it.
        least_score: Boxes with a lower score are left out.
        least_overlap: Intersection over union from which on a box shows a person.

    Returns:
        ``labelled persons`` and ``boxes`` that were compared, ``recall`` and ``precision`` in
        [0, 1]; the two are missing where nobody is labelled. ``boxes of unknown images``, if any.

    Raises:
        ValueError: A file is unusable, all its boxes are of unknown images, or they are corners.
    """
    tables = read_annotations(ann_file, joint_names_in(ann_file))
    detections = read_detections(box_file, by_name=tables.image_ids is None)
    frames = detected_frames(tables, detections)[0]
    unknown = _checked(tables, detections, frames, box_file)
    found = defaultdict(list)
    for entry, frame in zip(detections.boxes, frames, strict=True):
        if entry['score'] >= least_score:
            found[frame].append((entry['score'], entry['box']))
    persons = tables.persons
    counts = np.zeros(3, dtype=int)
    for index in range(len(tables.images)):
        rows = np.flatnonzero((persons.image == index) & ~persons.crowd)
        truth = [_box(persons.boxes[n], persons.keypoints[n]) for n in rows]
        truth = [box for box in truth if box is not None]
        if truth:
            boxes = [box for _, box in sorted(found[index], key=lambda entry: -entry[0])]
            counts += [len(truth), len(boxes), _matched(boxes, truth, least_overlap)]
    if not counts[0]:
        return {'labelled persons': 0, **unknown}
    return {
        'labelled persons': int(counts[0]),
        'boxes': int(counts[1]),
        'recall': round(counts[2] / counts[0], 3),
        'precision': round(counts[2] / max(counts[1], 1), 3),
        **unknown,
    }


def _checked(
    tables: AnnotationTables,
    detections: Detections,
    frames: Sequence[int | None],
    file: str | Path,
) -> dict[str, int]:
    """The count of boxes of unknown images, if any."""
    known = [(k, found['box']) for k, found in zip(frames, detections.boxes, strict=True)]
    known = [(k, box) for k, box in known if k is not None]
    unknown = len(frames) - len(known)
    if unknown and not known:
        raise UsageError(
            f'{file}: expected boxes of the {len(tables.images)} images of the annotations, e.g. '
            f'{tables.images[0].name if tables.images else "none"}, got {unknown} of other images'
        )
    sizes = [tables.images[k].size or (np.nan, np.nan) for k, _ in known]
    boxes = np.reshape([box for _, box in known], (-1, 4))
    corners = corners_remark('bbox', boxes, np.reshape(sizes, (-1, 2)))
    if corners:
        raise UsageError(f'{file}: {corners}')
    return {'boxes of unknown images': unknown} if unknown else {}


def _box(box: np.ndarray, keypoints: np.ndarray) -> np.ndarray | None:
    if np.isfinite(box).all():
        return box
    labelled = keypoints[(keypoints != 0).any(axis=-1), :2]
    return (
        # A single joint has no extent to overlap with.
        None if len(labelled) < 2 else np.concatenate((labelled.min(axis=0), labelled.max(axis=0)))
    )


def _matched(boxes: list[np.ndarray], truth: list[np.ndarray], least: float) -> int:
    """How many boxes, the best first, show a person of their own."""
    overlap = box_iou(np.reshape(boxes, (-1, 4)), np.reshape(truth, (-1, 4)))
    count = 0
    for row in overlap:
        best = int(row.argmax())
        if row[best] >= least:
            # Taken: no further box can show the same person.
            overlap[:, best] = 0
            count += 1
    return count
