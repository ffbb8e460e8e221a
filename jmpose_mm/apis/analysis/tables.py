"""The tables of an analysis, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from jmpose_mm.functional.evaluation.posetrack_ap import JointAP, group_means, mean_over_joints
from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_GROUPS, JOINT_NAMES
from jmpose_mm.tables import markdown_table

from .frames import FrameErrors
from .parts import Division, Study, part_counts
from .runs import PROTOCOL, ScoredRun, Truth

__all__ = [
    'JOINTS',
    'TITLES',
    'division_table',
    'frame_table',
    'joint_labels',
    'joint_table',
    'protocol_table',
]

# From head to foot, in the groups that PoseTrack prints.
JOINTS = [joint for group in JOINT_GROUPS.values() for joint in group]
# What `PROTOCOL` is called.
TITLES = {'boxes': 'boxes', 'score': 'score rule', 'NMS': 'NMS', 'protocol': 'protocol'}


def joint_labels() -> list[str]:
    """The joints' names in the order of `JOINTS`, as a reader says them."""
    names = (JOINT_NAMES[joint] for joint in JOINTS)
    return ['neck' if name == 'head_bottom' else name.replace('_', ' ') for name in names]


def protocol_table(runs: list[ScoredRun]) -> str:
    """Source of each run, and the conditions that its files state."""
    rows = [['predictions', *(f'`{run.folder}`' for run in runs)]]
    rows += [[TITLES[name], *(run.protocol[name] for run in runs)] for name in PROTOCOL]
    return markdown_table(['', *(run.name for run in runs)], rows)


def joint_table(results: Sequence[JointAP], runs: list[ScoredRun]) -> str:
    """Every joint, the seven groups, and the mean."""
    if len(runs) == 1:
        (only,) = results
        columns = {
            'AP': (only.ap, '.1f'),
            'precision': (only.precision, '.1f'),
            'recall': (only.recall, '.1f'),
        }
    else:
        first, second = results
        columns = {f'AP, {run.name}': (r.ap, '.1f') for run, r in zip(runs, results, strict=True)}
        columns['Δ AP'] = (second.ap - first.ap, '+.1f')
        columns['Δ precision'] = (second.precision - first.precision, '+.1f')
        columns['Δ recall'] = (second.recall - first.recall, '+.1f')
    true = results[0].num_true

    def row(name: str, pick: Sequence[int]) -> list[str]:
        means = (_number(_mean(values, pick), form) for values, form in columns.values())
        return [name, *means, f'{int(true[list(pick)].sum()):,}']

    rows = [row('**mean**', range(len(JOINT_NAMES)))]
    rows += [row(f'**{name}**', joints) for name, joints in JOINT_GROUPS.items()]
    rows += [row(name, [joint]) for name, joint in zip(joint_labels(), JOINTS, strict=True)]
    return markdown_table(['joint', *columns, 'annotated'], rows)


def division_table(division: Division, study: Study) -> str:
    """A row for each part: counts, mean AP and groups; of two runs the groups' changes."""
    truth, runs, everybody = study
    two = len(runs) == 2
    header = [division.of, 'frames', 'persons']
    header += [f'AP, {run.name}' for run in runs] if two else ['AP']
    header += ['Δ AP', *(f'Δ {name}' for name in JOINT_GROUPS)] if two else [*JOINT_GROUPS]
    rows = []
    for part in (everybody, *division.parts):
        means = [mean_over_joints(result.ap) for result in part.results]
        groups = [list(group_means(result.ap).values()) for result in part.results]
        name = f'**{part.name}**' if part is everybody else part.name
        cells = [name, *(f'{count:,}' for count in part_counts(part, truth))]
        cells += [_number(mean, '.1f') for mean in means]
        if two:
            cells.append(_number(means[1] - means[0], '+.1f'))
            cells += [_number(b - a, '+.1f') for a, b in zip(*groups, strict=True)]
        else:
            cells += [_number(value, '.1f') for value in groups[0]]
        rows.append(cells)
    return markdown_table(header, rows)


def frame_table(
    frames: Iterable[int], truth: Truth, runs: list[ScoredRun], errors: list[FrameErrors]
) -> str:
    """Error and joints found of each run in some frames."""
    header = ['video', 'frame', 'joints']
    for run in runs:
        header += [f'error, {run.name}', f'right, {run.name}'] if len(runs) > 1 else []
    header += ['error', 'right'] if len(runs) == 1 else []
    rows = []
    for frame in frames:
        video, number = truth.keys[frame]
        cells = [video, str(number), f'{errors[0].num_joints[frame]:.0f}']
        for error in errors:
            cells += [f'{error.mean[frame]:.2f}', f'{error.num_found[frame]:.0f}']
        rows.append(cells)
    return markdown_table(header, rows)


def _mean(values: np.ndarray, joints: Sequence[int]) -> float:
    """The official means: of all joints without those that have none, of a group with them."""
    some = values[list(joints)]
    # As the official program prints them: NaN spoils a group, and is left out of the mean.
    return mean_over_joints(some) if len(some) == len(values) else float(some.mean())


def _number(value: float, form: str) -> str:
    return '–' if np.isnan(value) else f'{value:{form}}'
