"""The trainings of the study, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from typing import Any

from experiments.study.scales import Scale
from jmpose_mm.errors import UsageError

__all__ = ['METHODS', 'PASSES', 'RUNS', 'Run', 'chosen_runs']

PASSES = 3
"""Passes over the samples: after one, a neck has hardly begun."""
_CONFIG = '{}_resnet18_1xb{}_synthetic-128x96.py'


@dataclass(frozen=True)
class Run:
    """One thing to train and test, with every one of its seeds.

    Attributes:
        name: Name of its files.
        title: For readers.
        group: ``'method'``; ``'part'``, JM-Pose without one; ``'curve'``, JM-Pose after other
            numbers of passes; ``'longer'``, others after more; ``'control'``, and ``'answered'``
            where the answer is known; ``'objective'`` and ``'form'``, other ways of
            JM-Pose's parts; ``'ablation'``. A scale says how many seeds a group has.
        config: Name of the packaged config it starts from.
        changes: Key paths of the config to values.
        ablation: Name of the packaged config whose difference from its base is applied too.
        seeds: It is made with seeds 0 to this, exclusively; the scale's say.
        trained: ``'baseline'``: the single-frame model, which is trained once for each seed and
            frozen in the others; ``'neck'``: what follows the baseline's backbone, on its stored
            features; ``'all'``: all of the model, on images.
        passes: Number of times that a neck sees the samples of the scale.
        objective_from: Share of the training before its objectives beside the heatmaps begin.
        copies: The key frame takes the place of every frame, in training and in testing.
        of: The run that an ablation or a control is compared with.
        scales: Names of those at which it is made; empty for all that have its group.
    """

    name: str
    title: str
    group: str
    config: str
    changes: dict[str, Any] = field(default_factory=dict)
    ablation: str = ''
    seeds: int = 0
    trained: str = 'neck'
    passes: int = PASSES
    objective_from: float = 0.0
    copies: bool = False
    of: str = ''
    scales: tuple[str, ...] = ()


METHODS = [
    Run(
        'single_frame',
        'single frame',
        'method',
        _CONFIG.format('single-frame', 16),
        trained='baseline',
    ),
    *(
        Run(title.lower().replace('-', '_'), title, 'method', _CONFIG.format(title.lower(), 8))
        for title in ('JM-Pose', 'TDMI', 'DCPose', 'FAMI-Pose', 'PoseWarper', 'TAR')
    ),
]


def _variant(of: str, name: str, title: str, changes: dict[str, Any], **fields: Any) -> Run:
    """An ablation, or whatever `fields` say, of a method."""
    (method,) = (run for run in METHODS if run.name == of)
    paths = {f'model.{key}': value for key, value in changes.items()}
    defaults = {'group': 'ablation', 'changes': paths, 'of': of, **fields}
    return replace(method, name=f'{of}-{name}', title=title, **defaults)


# Ablations that users run have config files, and those are what the study runs.
_ABLATION_CONFIGS = {
    'jm_pose': 'jm-pose-{}_hrnet-w48_1xb30-20e_posetrack17-384x288.py',
    'tdmi': 'tdmi-{}_hrnet-w48_1xb30-20e_posetrack17-384x288.py',
    'fami_pose': 'fami-pose-{}_hrnet-w48_1xb48-21e_posetrack17-384x288.py',
}


def _ablation(of: str, name: str, title: str, **fields: Any) -> Run:
    """What the config file of an ablation changes, in the study's setting."""
    config = _ABLATION_CONFIGS[of].format(name.replace('_', '-'))
    return _variant(of, name, title, {}, ablation=config, **fields)


PARTS = [
    _ablation('jm_pose', f'no_{part.replace(" ", "_")}', f'JM-Pose without {part}', group='part')
    for part in ('joint learner', 'mutual learning', 'orthogonality')
]


def _more(of: Run, passes: int, group: str) -> Run:
    """A run after another number of passes."""
    word = 'pass' if passes == 1 else 'passes'
    name, title = f'{of.name}-{passes}_{word}', f'{of.title}, {passes} {word}'
    return replace(of, name=name, title=title, group=group, passes=passes, of=of.name)


JM_POSE = METHODS[1]
# One cycle of the learning rate ends with its pass, so that each length is a training of its own.
CURVE = [_more(JM_POSE, passes, 'curve') for passes in (1, 2, 5)]
_OPEN = [*PARTS, *(run for run in METHODS if run.name in ('dcpose', 'fami_pose'))]
LONGER = [_more(run, 5, 'longer') for run in _OPEN]

# The released estimator has no conditional form: the third term of each stage goes, and motion is
# projected to as many channels as there are heatmaps.
_RELEASED: dict[str, Any] = {
    'head.loss_terms.estimator': 'released',
    'head.loss_terms.terms.motion_heatmaps.project': (32, 17),
    'head.loss_terms.terms.motion_heatmaps_given_joint': None,
}
OBJECTIVES = [
    _variant(
        'jm_pose',
        'weight_1e-5',
        'JM-Pose, orthogonality 1e-5 instead of 1e-4',
        {'head.loss_terms.weight': 1e-5},
        group='objective',
    ),
    _variant(
        'jm_pose',
        'late',
        'JM-Pose, orthogonality in the second half alone',
        {},
        group='objective',
        objective_from=0.5,
    ),
    _variant(
        'jm_pose', 'released', 'JM-Pose, orthogonality as released', _RELEASED, group='objective'
    ),
]
FORMS = [
    _variant('jm_pose', name, f'JM-Pose, {title}', {f'neck.{key}': value}, group='form')
    for name, title, key, value in (
        ('positions', 'attention over positions', 'mutual_learning.tokens', 'positions'),
        ('pooled', 'attention to pooled positions', 'mutual_learning.tokens', 'pooled_positions'),
        ('key_guides', "guided by the key frame's heatmaps", 'joint_learner.heatmaps', 'key'),
        ('motion_guides', 'guided by motion alone', 'joint_learner.heatmaps', 'none'),
    )
]
ABLATIONS = [
    _ablation('tdmi', '1_stage', 'TDMI, 1 stage instead of 4'),
    _ablation('tdmi', 'no_disentanglement', 'TDMI without disentanglement'),
    _ablation('tdmi', 'no_information', 'TDMI without information terms'),
    _ablation('fami_pose', 'no_global', 'FAMI-Pose without global alignment'),
    _ablation('fami_pose', 'no_local', 'FAMI-Pose without local calibration'),
    _ablation('fami_pose', 'no_information', 'FAMI-Pose without information terms'),
    # The stages between one and four take processors too long.
    *(_ablation('tdmi', f'{n}_stages', f'TDMI, {n} stages', scales=('gpu',)) for n in (2, 3)),
]


def _copies(method: Run, group: str) -> Run:
    title = f'{method.title}, on copies'
    return _variant(method.name, 'copies', title, {}, group=group, copies=True)


# Three convolutions over the frozen backbone: half a percent from JM-Pose's parameters.
_AS_MANY = {
    'frozen': ('backbone',),
    'head.conv_out_channels': (151, 151, 151),
    'head.conv_kernel_sizes': (3, 3, 3),
}
_HRNET_W48 = {
    f'backbone.extra.stage{stage}.num_channels': (48, 96, 192, 384)[:stage] for stage in (2, 3, 4)
} | {'head.in_channels': 48}


def _control(of: str, name: str, title: str, changes: dict[str, Any], **fields: Any) -> Run:
    return _variant(of, name, title, changes, **{'group': 'answered', 'trained': 'all', **fields})


CONTROLS = [
    _copies(JM_POSE, 'control'),
    _control(
        'single_frame',
        'as_many_parameters',
        "single frame, JM-Pose's parameters",
        _AS_MANY,
        group='control',
        trained='neck',
    ),
    *(_copies(run, 'answered') for run in METHODS if run.name in ('dcpose', 'fami_pose', 'tdmi')),
    _control(
        'single_frame',
        'resnet34',
        'single frame, ResNet-34',
        {'backbone.backbone.depth': 34},
        scales=('night',),
    ),
    _control('single_frame', 'hrnet_w48', 'single frame, HRNet-W48', _HRNET_W48, scales=('gpu',)),
    _control('jm_pose', 'trained_backbone', 'JM-Pose, backbone trained too', {'frozen': ()}),
    _variant(
        'jm_pose',
        'difference',
        'JM-Pose, motion of differences alone',
        {'neck.motion': 'difference'},
        group='answered',
    ),
    _variant(
        'jm_pose',
        '3_frames',
        'JM-Pose, 3 frames instead of 5',
        {'neck.frame_offsets': (-1, 0, 1)},
        group='answered',
    ),
]

# Within a seed, in this order: what tells most comes first.
RUNS = [*METHODS[:2], *PARTS, *METHODS[2:]]
RUNS += [*CURVE, *OBJECTIVES, *CONTROLS, *FORMS, *ABLATIONS, *LONGER]


def chosen_runs(scale: Scale, only: str = '*') -> list[Run]:
    """The runs made at a scale whose names match a pattern, each with its number of seeds.

    Args:
        scale: The scale.
        only: Patterns such as ``jm_pose*``, with commas between them.

    Raises:
        UsageError: No name matches.
    """
    runs = [
        replace(run, seeds=scale.seeds.get(run.name, scale.seeds[run.group]))
        for run in RUNS
        if run.group in scale.seeds and scale.name in (run.scales or (scale.name,))
    ]
    chosen = [run for run in runs if any(fnmatch(run.name, one) for one in only.split(','))]
    if not chosen:
        raise UsageError(f'only: expected a pattern of {[r.name for r in runs]}, got {only!r}')
    return chosen
