"""Numbers for any skeleton: PCK, OKS-AP and distances."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from mmengine.logging import MMLogger

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.frame_names import distinct_ends, posix_name
from jmpose_mm.formats.predictions import check_replaceable
from jmpose_mm.functional.arrays import FloatArray
from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.evaluation.pck import COMPARISONS, box_size
from jmpose_mm.registry import METRICS

from .judged_joints import JudgedJoints, finite_or_none, known_mean
from .keypoint_truth import AREA_OF_BOX, KeypointTruth, annotated_truth, paired, sampled_truth
from .prediction_files import FILE, write_sample_predictions
from .reporting import LabelledMetric, log_table
from .sample_predictions import check_parts, plain_array, read_sample, unique_samples

__all__ = ['KeypointMetric']

MOST_ROWS = 20


@METRICS.register_module()
class KeypointMetric(LabelledMetric):
    """PCK, OKS-AP and distances of any joints, by the data set's own truth.

    With annotated boxes, a sample is judged by its own person. With detected boxes, the data set
    tells who is annotated (a run does that by itself; offline call `take_truth`): predicted and
    true persons of a frame are paired by the greatest sum of OKS. True persons without a partner
    count as missed in PCK and AP, and not in distances. No annotation file is read beside the data
    set's, so that joint order, categories and crowds are as in training.

    Results: ``PCK@0.05`` ... over all annotated joints alike, in percent, and ``PCK@0.2_<joint>``;
    ``AP``, ``AP50``, ``AP75`` and ``AR`` of COCO; ``error_px``, the mean distance in pixels, and
    ``error_lengths``, in lengths of the body. A table for each video follows in the log.

    Without any label, as in a test split, predictions are written and there are no numbers.

    Args:
        boxes: For offline use: source of the person boxes, see `LabelledMetric`.
        size: Length of a body: ``'box'``, the longer side of the annotated box, or two joints, the
            ends of a bone, e.g. ``('nose', 'tail_base')``. Persons without both ends are left out
            of PCK and ``error_lengths``, and counted.
        thresholds: Shares of that length, or one; joints are reported at the last one.
        comparison: ``'<='``, a distance of exactly the threshold is right, or ``'<'``.
        out_dir: Folder for ``predictions.json`` and, with labels, the tables.
        **kwargs: ``prefix`` and ``collect_device`` of mmengine's `BaseMetric`.

    Raises:
        ValueError: An argument or a prediction is unusable.

    Example:
        >>> metric = KeypointMetric(boxes='ground truth', thresholds=(0.1,))
        >>> metric.dataset_meta = {'keypoint_id2name': {0: 'nose', 1: 'tail'}, 'sigmas': [0.1, 0.1]}
        >>> points = np.array([[[10.0, 10.0], [60.0, 10.0]]])
        >>> truth = {'keypoints': points, 'keypoints_visible': np.ones((1, 2))}
        >>> truth |= {'bboxes': np.array([[0, 0, 100, 50]]), 'bbox_scores': np.ones(1)}
        >>> found = {'keypoints': points + [[[0, 0], [20, 0]]], 'keypoint_scores': np.ones((1, 2))}
        >>> sample = {'id': 1, 'img_id': 1, 'img_path': 'a/1.png', 'pred_instances': found}
        >>> metric.process(None, [{**sample, 'gt_instances': truth}])
        >>> numbers = metric.evaluate(1)
        >>> numbers['keypoints/PCK@0.1'], numbers['keypoints/error_px']
        (50.0, 10.0)
    """

    default_prefix = 'keypoints'

    def __init__(
        self,
        boxes: str | None = None,
        size: str | Sequence[str] = 'box',
        thresholds: float | Sequence[float] = (0.05, 0.1, 0.2),
        comparison: str = '<=',
        out_dir: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(boxes, **kwargs)
        check_choice('comparison', comparison, COMPARISONS)
        self.thresholds = tuple(np.atleast_1d(np.asarray(thresholds, float)).tolist())
        if not self.thresholds or min(self.thresholds) <= 0:
            raise ValueError(f'thresholds: expected positive numbers, got {thresholds}')
        is_bone = not isinstance(size, str) and len(size) == 2 and size[0] != size[1]
        if size != 'box' and not is_bone:
            raise ValueError(f"size: expected 'box' or the two ends of a bone, got {size!r}")
        self.size: str | tuple[str, ...] = size if isinstance(size, str) else tuple(size)
        self.comparison = comparison
        self.out_dir = out_dir
        self._truth: KeypointTruth | None = None

    def take_truth(self, dataset: Any) -> None:
        """Judge by everybody whom a data set's annotations have, as detected boxes need.

        Args:
            dataset: With ``truth()``, as those of this package; its samples are those that come.

        Raises:
            UsageError: It has no labels, and no folder for predictions was named.
        """
        truth = annotated_truth(dataset.truth())
        if not truth.frame and self.out_dir is None:
            raise UsageError(
                'out_dir: expected a folder for the predictions, since the annotations have no '
                'labels to judge them by'
            )
        self._truth = truth

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep predictions and truth of a batch of data samples, in their dictionary form."""
        names = self.joints_of_dataset()
        if self.size != 'box' and not set(self.size) <= set(names):
            raise UsageError(f'size: expected two of {listed(names, 40)}, got {self.size}')
        if self.out_dir is not None and not self.results:
            check_replaceable(Path(self.out_dir, FILE))
        for sample in data_samples:
            record = read_sample(sample, len(names))
            record['video'] = str(PurePosixPath(posix_name(record['image'])).parent)
            if self._truth is None:
                record |= self._own_person(sample)
                record['frame'] = record['image']  # ids may start anew in every data set
            else:
                record['frame'] = sample.get('img_id', record['image'])
            self.results.append(record)

    def _own_person(self, sample: dict[str, Any]) -> dict[str, Any]:
        """The person that a sample was made of; nobody where its box was detected."""
        check_parts(sample, 'gt_instances', ('keypoints', 'keypoints_visible', 'bboxes'))
        truth = sample['gt_instances']
        visible = plain_array(truth['keypoints_visible'])
        # mmpose may keep a weight beside each visibility.
        visible = visible[..., 0] if visible.ndim == 3 else visible
        true = plain_array(truth['keypoints'])[:1]
        # A sample of a detected box says visible of joints that are all at (0, 0).
        present = (visible[:1] > 0) & bool(true.any())
        return {'true': true, 'present': present, 'box': plain_array(truth['bboxes'])[:1]}

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """All numbers; they are in the log and in the folder, too."""
        records = unique_samples(results)
        if not records:
            raise UsageError('keypoints: expected at least one predicted sample, got none')
        truth = self._truth if self._truth is not None else sampled_truth(records)
        values: dict[str, float] = {}
        tables: dict[str, Any] = {}
        if len(truth.frame):
            values, tables = self._numbers(records, truth)
        else:
            MMLogger.get_current_instance().warning(
                'keypoints: no sample has a label: no numbers, predictions alone'
            )
        if self.out_dir is not None:
            said = finite_or_none({'info': self._info(), 'metrics': values, **tables})
            said |= {'provenance': self.provenance} if self.provenance else {}
            write_sample_predictions(self.out_dir, records, self.dataset_meta, said)
        return values

    def _info(self) -> dict[str, str]:
        length = 'longer side of the box' if self.size == 'box' else f'bone {"-".join(self.size)}'
        return {
            **self.label,
            'PCK': f'distance {self.comparison} threshold * {length}',
            'OKS': f'sigmas of the data set, area {AREA_OF_BOX:g} of the annotated box',
        }

    def _numbers(
        self, records: list[dict[str, Any]], truth: KeypointTruth
    ) -> tuple[dict[str, float], dict[str, Any]]:
        """Values by name; and for joints and for videos."""
        names = self.joints_of_dataset()
        found, ap = paired(records, truth, np.asarray(self.dataset_meta['sigmas'], dtype=float))
        pixels = np.hypot(*np.moveaxis(found - truth.keypoints, -1, 0))
        lengths = self._lengths(truth, names)
        relative = pixels / lengths[:, None]
        judged = JudgedJoints(
            truth.present, pixels, relative, np.isfinite(lengths), self.comparison
        )
        everybody, last = np.ones(len(truth.frame), dtype=bool), self.thresholds[-1]
        values = {f'PCK@{t:g}': judged.pck(everybody, t) for t in self.thresholds}
        # OKS from 0.5 to 0.95 in steps of 0.05.
        values |= {'AP': float(ap.ap.mean()), 'AP50': float(ap.ap[0]), 'AP75': float(ap.ap[5])}
        values |= {'AR': float(ap.recall.mean()), 'error_px': judged.error(everybody)}
        values['error_lengths'] = known_mean(relative[truth.present])
        of_video = {
            '/'.join(end): np.asarray([video == folder for video in truth.video])
            for folder, end in distinct_ends(truth.video).items()
        }
        tables = {
            'joints': {name: judged.row(everybody, last, k) for k, name in enumerate(names)},
            'videos': {video: judged.row(own, last) for video, own in of_video.items()},
        }
        missed = int(np.isnan(found).all(axis=(1, 2)).sum())
        counts = {'persons': len(truth.frame), 'not found': missed}
        counts['without that bone'] = int((~np.isfinite(lengths)).sum())
        self._log(values, tables, counts)
        of_joint = {name: row[f'PCK@{last:g}'] for name, row in tables['joints'].items()}
        return values | {f'PCK@{last:g}_{name}': pck for name, pck in of_joint.items()}, tables

    def _lengths(self, truth: KeypointTruth, names: list[str]) -> FloatArray:
        """(T,) length of each body in pixels; NaN where it is unknown."""
        if self.size == 'box':
            return box_size(truth.boxes)
        first, second = (names.index(name) for name in self.size)
        length = np.hypot(*(truth.keypoints[:, first] - truth.keypoints[:, second]).T)
        known = truth.present[:, first] & truth.present[:, second] & (length > 0)
        return np.where(known, length, np.nan)

    def _log(
        self, values: dict[str, float], tables: dict[str, Any], counts: dict[str, int]
    ) -> None:
        info = self._info() | {name: str(n) for name, n in counts.items() if n or name == 'persons'}
        log_table('Keypoints', info, [list(values), [f'{value:.2f}' for value in values.values()]])
        for kind, rows in tables.items():
            worst = sorted(rows.items(), key=lambda item: list(item[1].values())[1])[:MOST_ROWS]
            heads = list(worst[0][1])
            cells = [[name, *(f'{row[h]:.4g}' for h in heads)] for name, row in worst]
            log_table(f'Keypoints, {kind}, the worst first', {}, [[kind, *heads], *cells])
