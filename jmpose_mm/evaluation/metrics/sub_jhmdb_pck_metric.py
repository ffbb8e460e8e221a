"""PCK on Sub-JHMDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.joints import joint_places
from jmpose_mm.functional.arrays import FloatArray
from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.evaluation.pck import COMPARISONS, box_size, joint_pck, torso_size
from jmpose_mm.functional.joint_names import SUB_JHMDB_JOINTS
from jmpose_mm.registry import METRICS

from .reporting import LabelledMetric, log_table
from .sample_predictions import check_parts, plain_array, read_sample, unique_samples

__all__ = ['SubJhmdbPCKMetric']

GROUPS = ('Head', 'Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')


@METRICS.register_module()
class SubJhmdbPCKMetric(LabelledMetric):
    """Percentage of correct keypoints, one person in a frame.

    A joint is correct where its distance is at most, or (``'<'``) less than, a share of the
    person's size: ``box``, the longer side of the annotated box, or ``torso``, from left shoulder
    to right hip. Papers quote the box at 0.2 and differ in the average, so both are given:
    ``Mean`` over the 15 joints and ``GroupMean`` over the seven groups, which leave out neck and
    belly. With all joints annotated, as here, ``Mean`` counts all joints of all frames alike.

    Results are named like ``PCK@0.2_box_Mean`` and ``PCK@0.05_torso_Wrist``, in percent. The
    benchmark's number is the mean over its three splits.

    Args:
        boxes: For offline use: source of the person boxes, see `LabelledMetric`.
        comparison: ``'<='`` as LSTM Pose Machines, or ``'<'`` as mmpose.
        thresholds: Shares of the person's size.
        **kwargs: ``prefix`` and ``collect_device`` of mmengine's `BaseMetric`.

    Raises:
        ValueError: An argument or a prediction is unusable.

    Example:
        >>> metric = SubJhmdbPCKMetric(boxes='ground truth')
        >>> metric.dataset_meta = {'keypoint_id2name': dict(enumerate(SUB_JHMDB_JOINTS))}
        >>> points = np.random.default_rng(0).uniform(0, 99, (1, 15, 2))
        >>> truth = {'keypoints': points, 'keypoints_visible': np.ones((1, 15))}
        >>> truth |= {'bboxes': np.array([[0, 0, 99, 99]]), 'bbox_scores': np.ones(1)}
        >>> found = {'keypoints': points, 'keypoint_scores': np.ones((1, 15))}
        >>> sample = {'id': 1, 'img_path': 'a/1.png', 'pred_instances': found}
        >>> metric.process(None, [{**sample, 'gt_instances': truth}])
        >>> metric.evaluate(1)['sub-jhmdb/PCK@0.2_box_Mean']
        100.0
    """

    default_prefix = 'sub-jhmdb'

    def __init__(
        self,
        boxes: str | None = None,
        comparison: str = '<=',
        thresholds: Sequence[float] = (0.05, 0.1, 0.2),
        **kwargs: Any,
    ) -> None:
        super().__init__(boxes, **kwargs)
        check_choice('comparison', comparison, COMPARISONS)
        if not thresholds or min(thresholds) <= 0:
            raise ValueError(f'thresholds: expected positive numbers, got {thresholds}')
        self.comparison, self.thresholds = comparison, tuple(thresholds)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep predictions and truth of a batch of data samples, in their dictionary form."""
        names = self.joints_of_dataset()
        order = joint_places(names, SUB_JHMDB_JOINTS, 'dataset_meta.keypoint_id2name')
        for sample in data_samples:
            record, truth = read_sample(sample, len(names)), sample['gt_instances']
            check_parts(sample, 'gt_instances', ('keypoints', 'keypoints_visible', 'bboxes'))
            visible = plain_array(truth['keypoints_visible'])
            # mmpose may keep a weight beside each visibility.
            visible = visible[..., 0] if visible.ndim == 3 else visible
            if not plain_array(truth['keypoints']).any():
                raise UsageError(
                    f'{record["image"]}: expected the sample of an annotated person, got one of a '
                    'detected box, which has no labels; leave bbox_file out, or take '
                    "type='jmpose_mm.KeypointMetric'"
                )
            self.results.append(
                {
                    'frame': record['sample'][0],
                    'sample': record['sample'],
                    'predicted': record['keypoints'][:1, order],
                    'true': plain_array(truth['keypoints'])[:1, order],
                    'present': visible[:1, order] > 0,
                    'box': plain_array(truth['bboxes'])[:1],
                }
            )

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """PCK by both sizes at every threshold."""
        records = unique_samples(results)
        if not records:
            raise UsageError('Sub-JHMDB PCK: expected at least one predicted sample, got none')
        predicted, true, present, boxes = (
            np.concatenate([record[name] for record in records])
            for name in ('predicted', 'true', 'present', 'box')
        )
        shoulder, hip = map(SUB_JHMDB_JOINTS.index, ('left_shoulder', 'right_hip'))
        sizes = {'box': box_size(boxes), 'torso': torso_size(true, predicted, shoulder, hip)}
        pixels = np.hypot(*np.moveaxis(predicted - true, -1, 0))
        metrics, rows = {}, []
        for kind, size in sizes.items():
            # A torso of length 0 makes distances infinite or NaN: no threshold takes them.
            with np.errstate(divide='ignore', invalid='ignore'):
                distances = pixels / size[:, None]
            for threshold in self.thresholds:
                name = f'PCK@{threshold:g}_{kind}'
                values = _averages(joint_pck(distances, present, threshold, self.comparison))
                metrics.update({f'{name}_{key}': value for key, value in values.items()})
                rows.append([name, *(f'{value:.2f}' for value in values.values())])
        info = {
            **self.label,
            'correct': f'distance {self.comparison} threshold * size',
            'frames': str(len(records)),
        }
        log_table('Sub-JHMDB PCK', info, [['', *values], *rows])
        return metrics


def _averages(pck: FloatArray) -> dict[str, float]:
    """The seven groups and both means of the joints' (K,) shares."""
    groups = {
        group: float(
            np.mean([pck[k] for k, n in enumerate(SUB_JHMDB_JOINTS) if n.endswith(group.lower())])
        )
        for group in GROUPS
    }
    means = {'Mean': float(np.nanmean(pck)), 'GroupMean': float(np.mean(list(groups.values())))}
    return groups | means
