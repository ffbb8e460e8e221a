"""HiEve's AP of a model that predicts person by person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.functional.arrays import FloatArray
from jmpose_mm.functional.evaluation.hieve_ap import crowd_index, frame_weights, head_size_of_joints
from jmpose_mm.functional.evaluation.posetrack_ap import mean_over_joints, posetrack_ap
from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons, TruePersons
from jmpose_mm.functional.joint_names import HIEVE_JOINTS
from jmpose_mm.registry import METRICS

from .posetrack_ap_metric import PoseTrackAPMetric

__all__ = ['HieveAPMetric']


@METRICS.register_module()
class HieveAPMetric(PoseTrackAPMetric):
    """The parent with HiEve's 14 joints: ``AP@0.5``, ``AP@0.75``, ``AP@0.9`` and their mean
    ``AP@avg``, in percent, where the number is the distance in head sizes that still counts.

    Not the server's numbers: the test labels are not public, neither is the evaluator, and the
    labels have no heads. Here a head is as large as the distance from nose to chest, see
    `head_size_of_joints`; the rules of matching and ranking are PoseTrack's.

    Args:
        ann_file: COCO-like JSON file of ``tools/convert_dataset.py hieve``, or official files.
        boxes: For offline use, as the parent's.
        thresholds: In head sizes, inclusive.
        weighted: Also ``w-AP@...``, where frames weigh more the more crowded they are. The weights
            of the benchmark are not public: these are ours, see `frame_weights`.
        **kwargs: The other arguments of the parent.

    Raises:
        ValueError: As the parent's, or a threshold is not positive.

    Example:
        >>> HieveAPMetric.joint_names[:2]
        ('nose', 'chest')
    """

    default_prefix = 'hieve'
    title = 'HiEve AP (head size: nose to chest)'
    joint_names = HIEVE_JOINTS

    def __init__(
        self,
        ann_file: str,
        boxes: str | None = None,
        thresholds: Sequence[float] = (0.5, 0.75, 0.9),
        weighted: bool = False,
        **kwargs: Any,
    ) -> None:
        if not thresholds or min(thresholds) <= 0:
            raise ValueError(f'thresholds: expected positive numbers, got {thresholds}')
        super().__init__(ann_file, boxes, **kwargs)
        self.thresholds, self.weighted = tuple(thresholds), weighted

    def _truth(self, frames: AnnotationTables) -> TruePersons:
        truth = frames.truth()
        return truth._replace(head_size=head_size_of_joints(truth.keypoints, truth.present))

    def _values(self, truth: TruePersons, predictions: PredictedPersons) -> dict[str, float]:
        kinds: dict[str, FloatArray | None] = {'AP': None}
        if self.weighted:
            kinds['w-AP'] = frame_weights(crowd_index(truth, len(self.frames)))
        values: dict[str, float] = {}
        for kind, weights in kinds.items():
            aps = [
                mean_over_joints(
                    posetrack_ap(truth, predictions, self.ignored, threshold, weights).ap
                )
                # A subset without annotated persons has no AP, as with the parent.
                if len(truth.frame)
                else float('nan')
                for threshold in self.thresholds
            ]
            values |= {f'{kind}@{t:g}': ap for t, ap in zip(self.thresholds, aps, strict=True)}
            values[f'{kind}@avg'] = float(np.mean(aps))
        return values

    def _info(self) -> dict[str, str]:
        weights = {'w-AP': "our weights, the benchmark's are not public"}
        return super()._info() | (weights if self.weighted else {})
