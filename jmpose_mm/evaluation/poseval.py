"""Folders of predictions against folders of ground truth, by the rules of the official programs.

Axes: N predicted persons, M annotated persons, F frames, J = 15 joints.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.evaluation.evaluation_notes import evaluation_notes
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.prediction_pairs import read_pairs
from jmpose_mm.functional.arrays import BoolArray, FloatArray, IntArray
from jmpose_mm.functional.evaluation.posetrack_ap import (
    JointAP,
    group_means,
    mean_over_joints,
    posetrack21_ap,
    posetrack_ap,
)
from jmpose_mm.functional.evaluation.posetrack_matching import without_ignored
from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_NAMES, Persons, take_persons
from jmpose_mm.tables import plain_table

if TYPE_CHECKING:
    from jmpose_mm.functional.evaluation.posetrack_tracking import JointTracking, Rules

__all__ = ['KITS', 'FolderResult', 'Kit', 'evaluate_folders', 'format_table']

Kit = Literal['poseval', 'posetrack21']
KITS: tuple[Kit, ...] = ('poseval', 'posetrack21')
# poseval's name of the joint that files call head_bottom
PRINTED_NAMES = tuple('neck' if name == 'head_bottom' else name for name in JOINT_NAMES)
COLUMNS = ('Head', 'Shou', 'Elb', 'Wri', 'Hip', 'Knee', 'Ankl', 'Total')


class FolderResult(NamedTuple):
    """Result of an evaluation of two folders.

    Attributes:
        ap: The AP side.
        tracking: The tracking side if it was asked for.
        kit: Whose rules.
        rules: Name of the rules of tracking; None without tracking.
        predictions: Statement of the prediction files: boxes, score rule and the like.
        files: Number of files, that is videos.
        seconds: Reading included.
        notes: Reasons for numbers other than one might expect, a sentence each.
    """

    ap: JointAP
    tracking: JointTracking | None
    kit: Kit
    rules: Rules | None
    predictions: str
    files: int
    seconds: float
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain types, percent; null where the official evaluator has NaN."""
        groups = {**group_means(self.ap.ap), 'Mean': mean_over_joints(self.ap.ap)}
        content = {
            'ap': _by_joint(self.ap.ap),
            'groups': {name: _nullable(value) for name, value in groups.items()},
            'mean': _nullable(mean_over_joints(self.ap.ap)),
            'n_gt': dict(zip(PRINTED_NAMES, self.ap.num_true.tolist(), strict=True)),
            'files': self.files,
            'seconds': self.seconds,
            'kit': self.kit,
            'predictions': self.predictions,
            'notes': list(self.notes),
        }
        if self.tracking is not None:
            content['mota'] = {
                'rules': self.rules,
                **{name: _by_joint(values) for name, values in self.tracking._asdict().items()},
                'mean': {
                    name: _nullable(mean_over_joints(values))
                    for name, values in self.tracking._asdict().items()
                },
            }
        return content


def evaluate_folders(
    truth_dir: str | Path,
    prediction_dir: str | Path,
    kit: Kit = 'poseval',
    mota: Rules | None = None,
    progress: bool = False,
) -> FolderResult:
    """Evaluate predictions as the official program does: files by name, frames by name, see
    `read_pairs`.

    Args:
        truth_dir: Directory of the official ground-truth files, 2017 or 2018 form.
        prediction_dir: Directory with a file of the same name for each, either form.
        kit: ``'poseval'``, which every paper's number comes from, or ``'posetrack21'``, see
            `posetrack21_ap`.
        mota: Evaluate the tracking too, by the ``'released'`` or the ``'fixed'`` rules, see
            `posetrack_mota`. It needs a track id for every person with joints.
        progress: Show a bar while files are read.

    Raises:
        ValueError: With the file and the key, where something is missing or misshapen.
    """
    start = time.perf_counter()
    pairs = read_pairs(truth_dir, prediction_dir, progress=progress)
    true, predicted = pairs.truth, pairs.predictions
    truth, everybody, ignored = true.truth(), predicted.predictions(), true.ignored()
    for folder, persons, kind in (
        (truth_dir, truth, 'annotated'),
        (prediction_dir, everybody, 'predicted'),
    ):
        if not len(persons.frame):
            raise UsageError(
                f'{folder}: expected {kind} persons, got none in any of {pairs.files} files'
            )
    kept_truth, predictions = without_ignored(truth, everybody, ignored)
    # Nothing is measured in frames without predictions: no head box is needed there.
    met = np.isin(kept_truth.frame, predictions.frame[predictions.present.any(axis=1)])
    true.check_head_boxes(take_persons(kept_truth, met))
    if kit == 'poseval':
        ap = posetrack_ap(kept_truth, predictions)
    else:
        ap = posetrack21_ap(kept_truth, predictions, _labelled(true, predicted))
    return FolderResult(
        ap,
        None if mota is None else _tracking(true, predicted, mota),
        kit,
        mota,
        _statement(predicted.infos),
        pairs.files,
        time.perf_counter() - start,
        evaluation_notes(pairs, truth, everybody, ap),
    )


def _statement(infos: list[Any]) -> str:
    """What the files say about themselves, in one line."""
    said = sorted({_words(info) for info in infos})
    return (said[0] or 'not stated') if len(said) == 1 else f'{len(said)} different statements'


def _words(info: Any) -> str:
    if isinstance(info, dict):
        return ', '.join(f'{name}: {value}' for name, value in info.items())
    return '' if info is None else str(info)


def format_table(result: FolderResult) -> str:
    """The official table with its columns, then a row for each joint."""
    ap = result.ap
    lines = [
        f'Average precision, rules: {result.kit}, videos: {result.files}, '
        f'predictions: {result.predictions}',
        *(f'note: {note}' for note in result.notes),
        *_official_rows({'AP': ap.ap, 'Precision': ap.precision, 'Recall': ap.recall}),
    ]
    if result.tracking is not None:
        lines += ['', f'Tracking, rules: {result.rules}']
        lines += _official_rows(
            {
                # MOTA and MOTP are abbreviations, precision and recall are words.
                name.upper() if len(name) == 4 else name.capitalize(): values
                for name, values in result.tracking._asdict().items()
            }
        )
    joints = zip(PRINTED_NAMES, ap.ap, ap.num_true, ap.num_predicted, ap.num_correct, strict=True)
    rows = [[name, f'{value:.2f}', *map(str, counts)] for name, value, *counts in joints]
    header = ['joint', 'AP', 'annotated', 'predicted', 'correct']
    return '\n'.join([*lines, '', plain_table([header, *rows])])


def _official_rows(quantities: dict[str, FloatArray]) -> list[str]:
    """The columns of the official table, ready for LaTeX as there."""
    lines = [f'{"":10}& ' + ' & '.join(f'{name:>6}' for name in COLUMNS) + r' \\']
    for name, values in quantities.items():
        cells = [*group_means(values).values(), mean_over_joints(values)]
        lines.append(f'{name:10}& ' + ' & '.join(f'{cell:6.1f}' for cell in cells) + r' \\')
    return lines


def _labelled(true: AnnotationTables, predicted: AnnotationTables) -> BoolArray:
    """(F,) which frames the kit of PoseTrack21 judges."""
    regions = set(true.region_images)
    for index, (frame, other) in enumerate(zip(true.images, predicted.images, strict=True)):
        if 'is_labeled' not in frame.flags:
            raise UsageError(
                f"{frame.source}: {frame.name}: expected the key 'is_labeled', which the "
                'rules of PoseTrack21 choose frames by; found none'
            )
        if index in regions and other.image_id != frame.image_id:
            raise UsageError(
                f'{other.source}: {other.name}: id: expected {frame.image_id} as in '
                f'{frame.source}, got {other.image_id}'
            )
    return np.asarray([frame.flags['is_labeled'] for frame in true.images], dtype=bool)


def _tracking(true: AnnotationTables, predicted: AnnotationTables, rules: Rules) -> JointTracking:
    # scipy takes longer to load than the AP of fifty videos
    from jmpose_mm.functional.evaluation.posetrack_tracking import TrackIds, posetrack_mota

    truth, true_ids = _tracked(true, true.truth())
    predictions, predicted_ids = _tracked(predicted, predicted.predictions())
    number: dict[Path, int] = {}
    sequence = np.asarray([number.setdefault(f.source, len(number)) for f in true.images])
    # The official loader drops frames without annotated persons.
    sequence[~np.isin(np.arange(len(sequence)), true.persons.image)] = -1
    if rules == 'released':
        for file, index in number.items():
            if np.count_nonzero(sequence == index) == 1:
                raise UsageError(
                    f'{file}: expected at least two frames with annotated persons for the released '
                    'rules of tracking, where the official evaluator stops; got one'
                )
    tracks = TrackIds(true_ids, predicted_ids, sequence)
    return posetrack_mota(truth, predictions, tracks, true.ignored(), rules)


def _tracked(frames: AnnotationTables, persons: Persons) -> tuple[Persons, IntArray]:
    """The persons that the official loader keeps, and their tracks."""
    tracks = frames.persons.track_ids
    for row in np.flatnonzero(persons.present.any(axis=1)).tolist():
        if tracks[row] is None:
            frame = frames.images[frames.persons.image[row]]
            raise UsageError(
                f'{frame.source}: {frame.name}: expected a track_id for every person, which '
                'tracking is judged by; found none'
            )
    # Only persons without joints are left without a track, and those are in no pair.
    ids = np.asarray([-1 if track is None else track for track in tracks], dtype=np.int64)
    return take_persons(persons, frames.persons.listed), ids[frames.persons.listed]


def _by_joint(values: FloatArray) -> dict[str, float | None]:
    return dict(zip(PRINTED_NAMES, map(_nullable, values.tolist()), strict=True))


def _nullable(value: float) -> float | None:
    return None if np.isnan(value) else value
