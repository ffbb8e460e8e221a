"""PoseTrack AP of a model that predicts person by person."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from mmengine.logging import MMLogger

from jmpose_mm.errors import UsageError
from jmpose_mm.evaluation.evaluation_notes import missed_frames_note
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.frame_names import ImageIndex
from jmpose_mm.formats.joints import joint_places
from jmpose_mm.formats.predictions import check_predictions, write_predictions
from jmpose_mm.formats.video_lists import read_video_list
from jmpose_mm.functional.arrays import BoolArray, IntArray
from jmpose_mm.functional.evaluation.posetrack_ap import group_means, mean_over_joints, posetrack_ap
from jmpose_mm.functional.evaluation.posetrack_persons import (
    JOINT_NAMES,
    PredictedPersons,
    TruePersons,
    select_frames,
)
from jmpose_mm.registry import METRICS

from .reporting import LabelledMetric, log_table
from .sample_predictions import join_samples, oks_nms, read_sample, unique_samples

__all__ = ['PoseTrackAPMetric']

SCORE_RULES = ('keypoint*box', 'keypoint')
ALL_FRAMES = 'all'

Group = TypeVar('Group', bound=Hashable)


@METRICS.register_module()
class PoseTrackAPMetric(LabelledMetric):
    """AP of the 15 PoseTrack joints, equal to the official evaluator's.

    A data sample belongs to the ground-truth frame that its image's path means, see `ImageIndex`; a
    sample without ``img_path`` to the frame with its ``img_id``. Crowds are no truth, as they are
    no samples of the data set. Positions in lists play no role. Samples that come twice, as
    distributed samplers pad, count once, by image and ``id``. Frames without any prediction
    cost recall only; frames that nobody annotated are left out.

    Evaluation gives the mean over the joints as ``AP`` and the seven groups as ``Head`` ...
    ``Ankle``, in percent. With ``subset='degraded'`` the same follow over the frames where that
    field is true (``AP_degraded``, ``Head_degraded``, ...) and over those where it is false
    (``AP_not_degraded``, ...); with ``subset=['degraded', 'not_occluder']`` over exactly these two;
    NaN where there are none. A joint that is predicted but nowhere annotated is left out of ``AP``
    and makes its group NaN, as in the official evaluator.

    Args:
        ann_file: PoseTrack JSON file of any generation, one video or merged, or a directory of
            them.
        boxes: For offline use: source of the person boxes, see `LabelledMetric`. A run reads
            it off its data set and warns of another statement.
        score_rule: ``'keypoint*box'`` ranks joints by keypoint score times box score, as the
            papers' code does; ``'keypoint'`` by the keypoint score alone, as mmpose does.
        nms: Leave out persons whose OKS with one of a higher score in their frame is above this, as
            mmpose's metric does at 0.9; by default none, as the papers' code. The person's
            score is the box's times the mean of the joint scores above 0.2.
        subset: A true-or-false field of the ground truth's images to report apart, where true and
            where false; or a sequence of them, where true, or with ``not_`` in front where false.
        videos: Keep these videos of the ground truth only, the subset of a benchmark: names, or
            the path of a text file with one in each line, see `read_video_list`.
        out_dir: Directory for the predictions in both official formats, see `write_predictions`.
        **kwargs: ``prefix`` and ``collect_device`` of mmengine's `BaseMetric`.

    Raises:
        ValueError: An argument or the ground truth is unusable, or a prediction is not finite, has
            another number of joints than the data set names or belongs to no frame.

    Example:
        >>> from jmpose_mm.datasets.synthetic import make_synthetic
        >>> tiny = {'videos_train': 0, 'videos_val': 1, 'frames': 3, 'size': (96, 72)}
        >>> counts = make_synthetic('data', workers=1, progress=False, **tiny)['counts']
        >>> metric = PoseTrackAPMetric('data/annotations/posetrack18_val.json')
        >>> len(metric.frames)
        3
    """

    default_prefix = 'posetrack'
    title = 'PoseTrack AP'
    joint_names: tuple[str, ...] = JOINT_NAMES

    def __init__(
        self,
        ann_file: str,
        boxes: str | None = None,
        score_rule: str = 'keypoint*box',
        nms: float | None = None,
        subset: str | Sequence[str] | None = None,
        videos: str | list[str] | None = None,
        out_dir: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(boxes, **kwargs)
        if score_rule not in SCORE_RULES:
            raise ValueError(f'score_rule: expected one of {SCORE_RULES}, got {score_rule!r}')
        if nms is not None and not 0 < nms <= 1:
            raise ValueError(f'nms: expected an OKS above 0 and at most 1, or None, got {nms}')
        self.score_rule, self.nms, self.out_dir = score_rule, nms, out_dir
        kept = None if videos is None else read_video_list(videos)
        truth = read_annotations(ann_file, self.joint_names, kept).without_crowds()
        self.frames, self.truth, self.ignored = truth.images, self._truth(truth), truth.ignored()
        self.index, self.by_id = _index_frames(truth)
        # One name asks for both halves, so that a gain can be placed.
        names = [subset, f'not_{subset}'] if isinstance(subset, str) else subset or ()
        self.groups = {ALL_FRAMES: np.ones(len(self.frames), dtype=bool)}
        self.groups |= {name: _flagged(truth, name) for name in names}
        truth.check_head_boxes(self.truth)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the predictions of a batch of data samples, in their dictionary form."""
        # What does not fit is found before the first prediction is made.
        self._order()
        if self.out_dir is not None and not self.results:
            check_predictions(self.out_dir, self.frames)
        num_joints = len(self.joints_of_dataset())
        for sample in data_samples:
            record = read_sample(sample, num_joints)
            self.results.append({**record, 'frame': self._frame_index(sample)})

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """AP of the collected predictions over all frames and, if asked, over the subsets'."""
        predictions = self._predictions(results)
        for note in missed_frames_note(self.truth, predictions):
            MMLogger.get_current_instance().warning(
                '%s: %s; does the data set take fewer frames (videos, sample_interval, indices)?',
                self.title,
                note,
            )
        values = self._group_values(predictions, self.groups)
        rows = []
        for name, frames in self.groups.items():
            count = len(np.unique(self.truth.frame[frames[self.truth.frame]]))
            cells = (f'{value:.2f}' for value in values[name].values())
            rows.append([name.replace('_', ' '), str(count), *cells])
        log_table(self.title, self._info(), [['frames', 'count', *values[ALL_FRAMES]], *rows])
        if self.out_dir is not None:
            said = {'info': self._info()}
            said |= {'provenance': self.provenance} if self.provenance else {}
            write_predictions(self.out_dir, self.frames, predictions, said, self.joint_names)
        return {
            name if group == ALL_FRAMES else f'{name}_{group}': value
            for group, of_group in values.items()
            for name, value in of_group.items()
        }

    def group_values(
        self, results: list[dict[str, Any]], groups: Mapping[Group, BoolArray]
    ) -> dict[Group, dict[str, float]]:
        """AP of the collected predictions over groups of frames.

        Args:
            results: Records that :meth:`process` collected.
            groups: (F,) bool for each group: which of :attr:`frames` are in it.

        Returns:
            ``AP`` and the seven joint groups of each group, in percent; NaN where nobody is
            annotated.
        """
        return self._group_values(self._predictions(results), groups)

    def _predictions(self, results: list[dict[str, Any]]) -> PredictedPersons:
        records = unique_samples(results)
        if self.nms is not None:
            records = oks_nms(records, self.nms, self.dataset_meta['sigmas'])
        return join_samples(records, self._order(), self.score_rule == 'keypoint*box')

    def _group_values(
        self, predictions: PredictedPersons, groups: Mapping[Group, BoolArray]
    ) -> dict[Group, dict[str, float]]:
        return {
            group: self._values(*select_frames(self.truth, predictions, frames))
            for group, frames in groups.items()
        }

    def _truth(self, frames: AnnotationTables) -> TruePersons:
        return frames.truth()

    def _values(self, truth: TruePersons, predictions: PredictedPersons) -> dict[str, float]:
        ap = posetrack_ap(truth, predictions, self.ignored).ap
        # The evaluator says 0 where nobody is predicted, even of a subset that has nobody to find.
        if not len(truth.frame):
            ap = np.full(len(ap), np.nan)
        return {'AP': mean_over_joints(ap), **group_means(ap)}

    def _order(self) -> IntArray:
        """(J,) Index of each evaluated joint among the joints of the model."""
        names = self.joints_of_dataset()
        return joint_places(names, self.joint_names, 'dataset_meta.keypoint_id2name')

    def _frame_index(self, sample: dict[str, Any]) -> int:
        # The name first: ids of several files may repeat, paths do not.
        path, image_id = sample.get('img_path'), sample.get('img_id')
        index = self.by_id.get(image_id) if path is None else self.index.find(path)
        if index is None:
            raise UsageError(
                f'image {path or image_id}: expected a frame of the ground truth ('
                f'{self.frames[0].source}: {self.frames[0].name} ...), found none of this video '
                'and number; is ann_file that of another split?'
            )
        return index

    def _info(self) -> dict[str, str]:
        return {
            'boxes': self.label['boxes'],
            'score': self.score_rule,
            'protocol': self.label['protocol'],
            'NMS': 'none' if self.nms is None else f'OKS > {self.nms}',
            'truth': str(self.frames[0].source),
        }


def _index_frames(truth: AnnotationTables) -> tuple[ImageIndex, dict[Any, int]]:
    index = truth.index()
    twice = index.repeated()
    if twice is not None:
        one, other = (truth.images[place] for place in twice)
        raise UsageError(
            f'{other.source}: {other.name}: expected one frame for each video and number, got '
            f'{one.name} ({one.source}) too'
        )
    return index, {identity: k for k, identity in enumerate(truth.image_ids or [])}


def _flagged(truth: AnnotationTables, name: str) -> BoolArray:
    """(F,) bool: the frames where a field is true, or false for ``not_`` and its name."""
    field = name.removeprefix('not_')
    for frame in truth.images:
        if field not in frame.flags:
            raise ValueError(
                f'{frame.source}: {frame.name}: expected the true-or-false field {field!r} '
                f'(argument subset), got {sorted(frame.flags)}'
            )
    return np.asarray([frame.flags[field] == (field == name) for frame in truth.images], dtype=bool)
