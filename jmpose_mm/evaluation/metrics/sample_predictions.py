"""What models predict for single samples, brought together: persons of all frames.

Axes: N persons of one sample, K joints of the model, J joints that are evaluated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.arrays import FloatArray, IntArray
from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons

__all__ = ['check_parts', 'join_samples', 'oks_nms', 'plain_array', 'read_sample', 'unique_samples']

SCORE_THRESHOLD = 0.2  # joints below say nothing about the person


def read_sample(sample: dict[str, Any], num_joints: int) -> dict[str, Any]:
    """Check one data sample in its dictionary form, and keep what matters.

    Args:
        sample: With ``pred_instances`` and ``gt_instances`` of mmpose.
        num_joints: K of the data set.

    Returns:
        ``sample``, what makes it different from others; ``image``, its name for messages, and
        ``image_id`` (None without one);
        ``keypoints`` (N, K, 2) in pixels; ``scores`` (N, K) of the joints, ``box_scores`` (N,)
        and ``areas`` (N,) of the persons' boxes in pixels, or of their joints' boxes where
        ``bbox_scales`` are not given.

    Raises:
        ValueError: Something is missing, shapes disagree with the data set, or a number is not
            finite.
    """
    image = sample.get('img_path', f'img_id {sample.get("img_id")}')
    check_parts(sample, 'pred_instances', ('keypoints', 'keypoint_scores'))
    check_parts(sample, 'gt_instances', ('bbox_scores',))
    if 'id' not in sample:
        raise UsageError(
            f'{image}: expected id, what tells samples of an image apart, got {sorted(sample)}; '
            "put 'id' into meta_keys of PackPoseInputs"
        )
    keypoints = plain_array(sample['pred_instances']['keypoints'])
    scores = plain_array(sample['pred_instances']['keypoint_scores'])
    if keypoints.shape[1:] != (num_joints, 2) or scores.shape != keypoints.shape[:2]:
        raise ValueError(
            f'{image}: expected keypoints (N, {num_joints}, 2) and scores (N, {num_joints}), got '
            f'{keypoints.shape} and {scores.shape}'
        )
    for name, values in (('keypoints', keypoints), ('scores', scores)):
        if not np.isfinite(values).all():
            raise ValueError(f'{image}: expected finite {name}, got {values.tolist()}')
    boxes = sample['gt_instances']
    sides = plain_array(boxes['bbox_scales']) if 'bbox_scales' in boxes else np.ptp(keypoints, 1)
    return {
        'sample': (image, sample['id']),  # ids may start anew in every annotation file
        'image': image,
        'image_id': sample.get('img_id'),
        'keypoints': keypoints,
        'scores': scores,
        'box_scores': plain_array(boxes['bbox_scores']).reshape(-1),
        'areas': np.prod(sides, axis=1),
    }


def unique_samples(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The different samples, in the order of their ``frame``, whatever the number of processes."""
    unique = {(record['frame'], record['sample']): record for record in reversed(records)}

    # Ids of one file may be numbers and words, which have no order among each other.
    def place(key: tuple[Any, tuple[str, Any]]) -> list[tuple[bool, Any]]:
        frame, (image, identity) = key
        return [(isinstance(part, str), part) for part in (frame, image, identity)]

    return [unique[key] for key in sorted(unique, key=place)]


def oks_nms(
    records: list[dict[str, Any]], threshold: float, sigmas: FloatArray
) -> list[dict[str, Any]]:
    """Leave out persons whose OKS with one of a higher score in their frame is above a threshold.

    The rule of mmpose's `PoseTrack18Metric`: a person's score is the box's times the mean of the
    joint scores above 0.2, 0 if there are none; OKS-NMS is greedy.

    Args:
        records: Records of `read_sample`, with ``frame``.
        threshold: An OKS.
        sigmas: (K,) of the data set.

    Returns:
        The records in their order, with the persons that are left.
    """
    from mmpose.evaluation.functional import oks_nms

    persons = defaultdict(list)
    for number, record in enumerate(records):
        joints = np.concatenate([record['keypoints'], record['scores'][..., None]], axis=2)
        certain = np.where(record['scores'] > SCORE_THRESHOLD, record['scores'], 0)
        means = certain.sum(axis=1) / np.maximum(1, (certain > 0).sum(axis=1))
        scores = record['box_scores'] * means
        for row, person in enumerate(zip(joints, record['areas'], scores, strict=True)):
            candidate = dict(zip(('keypoints', 'area', 'score'), person, strict=True))
            persons[record['frame']].append((number, row, candidate))
    kept = defaultdict(list)
    for of_frame in persons.values():
        candidates = [candidate for *_, candidate in of_frame]
        for winner in oks_nms(candidates, threshold, sigmas=np.asarray(sigmas)):
            number, row, _ = of_frame[winner]
            kept[number].append(row)
    columns = ('keypoints', 'scores', 'box_scores', 'areas')
    return [
        {**record, **{name: record[name][sorted(kept[number])] for name in columns}}
        for number, record in enumerate(records)
    ]


def join_samples(
    records: list[dict[str, Any]], order: IntArray, with_box_scores: bool
) -> PredictedPersons:
    """All persons as arrays.

    Args:
        records: Records of `read_sample`, with ``frame``.
        order: (J,) place of each evaluated joint among the K of the model.
        with_box_scores: Multiply joint scores by those of the boxes.
    """
    counts = [len(record['keypoints']) for record in records]
    frame = np.repeat(np.asarray([r['frame'] for r in records], dtype=np.int64), counts)
    keypoints = [record['keypoints'][:, order] for record in records]
    scores = [
        record['scores'][:, order] * (record['box_scores'][:, None] if with_box_scores else 1)
        for record in records
    ]
    joints = len(order)
    return PredictedPersons(
        frame,
        np.concatenate([np.empty((0, joints, 2)), *keypoints]),
        np.ones((len(frame), joints), dtype=bool),
        np.concatenate([np.empty((0, joints)), *scores]),
    )


def plain_array(values: Any) -> FloatArray:
    """A copy as float64; tensors may still live on another device."""
    values = values.detach().cpu().numpy() if hasattr(values, 'detach') else values
    return np.array(values, dtype=np.float64)


def check_parts(sample: dict[str, Any], part: str, names: Sequence[str]) -> None:
    """Raise `UsageError` unless a part of a sample has some fields."""
    found = sample.get(part, {})
    missing = [name for name in names if name not in found]
    if missing:
        image = sample.get('img_path', sample.get('img_id'))
        raise UsageError(
            f'{image}: expected {", ".join(missing)} in {part} of the sample, got '
            f"{sorted(found.keys())}; mmpose's PackPoseInputs and the model bring them"
        )
