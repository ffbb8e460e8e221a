"""How good targets were: a look back that nothing else reads.

Axes: K joints. Coordinates are image pixels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.functional.crop import xywh_to_xyxy
from jmpose_mm.functional.evaluation.keypoint_similarity import matched_persons
from jmpose_mm.functional.tracks.tracking import box_iou

__all__ = ['targets_error']


def targets_error(labels: Path, truth: Path) -> dict[str, float]:
    """How far targets lie from the truth.

    Returns:
        Mean distance in longer sides of the box, each joint by its weight in training, over the
        persons whose boxes overlap: over ``all`` frames and over the ``degraded`` ones; and the
        mean weight in each, ``weight`` and ``weight_degraded``.
    """
    sums = np.zeros((2, 3))
    for is_degraded, true, made in _pairs(labels, truth):
        points, known = _points(true), _points(made)
        side = max(true['bbox'][2:])
        away = np.linalg.norm(points[:, :2] - known[:, :2], axis=1) / side
        present = (points[:, 2] > 0) & (known[:, 2] > 0)
        share = np.asarray(made['keypoint_weights']) * present
        row = [(share * away).sum(), share.sum(), (points[:, 2] > 0).sum()]
        sums[0] += row
        sums[1] += row if is_degraded else 0
    error, weight = sums[:, 0] / sums[:, 1], sums[:, 1] / sums[:, 2]
    values = {'all': error[0], 'degraded': error[1]}
    values |= {'weight': weight[0], 'weight_degraded': weight[1]}
    return {name: round(float(value), 4) for name, value in values.items()}


def _pairs(labels: Path, truth: Path) -> Iterator[tuple[bool, dict[str, Any], dict[str, Any]]]:
    """Whether the frame is degraded, a true person, and the target that is taken for it."""
    made, _ = _by_image(labels)
    true, degraded = _by_image(truth)
    for name, persons in true.items():
        others = made.get(name, [])
        if not others:
            continue
        overlap = box_iou(
            *(
                xywh_to_xyxy(np.array([p['bbox'] for p in some], float))
                for some in (others, persons)
            )
        )
        for person, partner in zip(persons, matched_persons(overlap), strict=True):
            if partner >= 0:
                yield name in degraded, person, others[partner]


def _by_image(file: Path) -> tuple[dict[str, list[dict[str, Any]]], set[str]]:
    document = json.loads(file.read_text(encoding='utf-8'))
    names = {image['id']: image['file_name'] for image in document['images']}
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in document['annotations']:
        found.setdefault(names[entry['image_id']], []).append(entry)
    return found, {i['file_name'] for i in document['images'] if i.get('degraded')}


def _points(entry: dict[str, Any]) -> np.ndarray:
    return np.reshape(entry['keypoints'], (-1, 3))
