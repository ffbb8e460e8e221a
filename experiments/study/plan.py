"""The trainings of the study, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from typing import Any

from experiments.study.scales import Scale
from jmpose_mm.errors import UsageError

__all__ = ['METHODS', 'RUNS', 'Run', 'chosen_runs']

_CONFIG = '{}_resnet18_1xb{}_synthetic-128x96.py'
BASELINE = _CONFIG.format('single-frame', 16)
DCPOSE, FAMI, TDMI, JM = (
    _CONFIG.format(name, 8) for name in ('dcpose', 'fami-pose', 'tdmi', 'jm-pose')
)


@dataclass(frozen=True)
class Run:
    """One thing to train and test, with every one of its seeds.

    Attributes:
        name: Name of its files.
        title: For readers.
        group: ``'method'``, ``'ablation'`` or ``'control'``.
        config: Name of the packaged config it starts from.
        changes: Key paths of the config to values.
        ablation: Name of the packaged config whose difference from its base is applied too.
        seeds: It is made with seeds 0 to this, exclusively.
        trained: ``'baseline'``: the single-frame model, which is trained once for each seed and
            frozen in the others; ``'neck'``: what follows the baseline's backbone, on its stored
            features; ``'all'``: all of the model, on images.
        passes: Number of times that a neck sees the samples of the scale.
        copies: The key frame takes the place of every frame, in training and in testing.
        of: The run that an ablation or a control is compared with.
        scales: Names of those at which it is made.
    """

    name: str
    title: str
    group: str
    config: str
    changes: dict[str, Any] = field(default_factory=dict)
    ablation: str = ''
    seeds: int = 3
    trained: str = 'neck'
    passes: int = 1
    copies: bool = False
    of: str = ''
    scales: tuple[str, ...] = ('cpu', 'gpu')


METHODS = [
    Run('single_frame', 'single frame', 'method', BASELINE, trained='baseline'),
    Run('dcpose', 'DCPose', 'method', DCPOSE),
    Run('fami_pose', 'FAMI-Pose', 'method', FAMI),
    Run('tdmi', 'TDMI', 'method', TDMI),
    Run('jm_pose', 'JM-Pose', 'method', JM),
]


def _variant(of: str, name: str, title: str, changes: dict[str, Any], **fields: Any) -> Run:
    """An ablation, or whatever `fields` say, of a method."""
    (method,) = (run for run in METHODS if run.name == of)
    paths = {f'model.{key}': value for key, value in changes.items()}
    defaults = {'group': 'ablation', 'changes': paths, 'seeds': 2, 'of': of, **fields}
    return replace(method, name=f'{of}-{name}', title=title, **defaults)


def _estimated_by(estimator: str) -> dict[str, Any]:
    """JM-Pose's objective by an estimator that has no conditional form: the third term of each
    stage goes, and motion is projected to as many channels as there are heatmaps."""
    changes: dict[str, Any] = {'head.loss_terms.estimator': estimator}
    changes['head.loss_terms.terms.motion_heatmaps.project'] = (32, 17)
    changes['head.loss_terms.terms.motion_heatmaps_given_joint'] = None
    return changes


# Ablations that users run have config files, and those are what the study runs.
_ABLATION_CONFIGS = {
    'jm_pose': 'jm-pose-{}_hrnet-w48_1xb30-20e_posetrack17-384x288.py',
    'tdmi': 'tdmi-{}_hrnet-w48_1xb30-20e_posetrack17-384x288.py',
    'fami_pose': 'fami-pose-{}_hrnet-w48_1xb48-21e_posetrack17-384x288.py',
}
_OF_A_CONFIG = {
    'jm_pose': {
        'no_joint_learner': 'without joint learner',
        'no_mutual_learning': 'without mutual learning',
        'no_orthogonality': 'without orthogonality',
    },
    'tdmi': {
        '1_stage': '1 stage instead of 4',
        'no_disentanglement': 'without disentanglement',
        'no_information': 'without information terms',
    },
    'fami_pose': {
        'no_global': 'without global alignment',
        'no_local': 'without local calibration',
        'no_information': 'without information terms',
    },
}
_JM_ABLATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    'kl': ('orthogonality by kl', _estimated_by('kl')),
    'released': ('orthogonality by released', _estimated_by('released')),
    'difference': ('motion of differences alone', {'neck.motion': 'difference'}),
    '3_frames': ('3 frames instead of 5', {'neck.frame_offsets': (-1, 0, 1)}),
}


def _ablation(of: str, name: str, title: str, **fields: Any) -> Run:
    """What the config file of an ablation changes, in the study's setting."""
    config = _ABLATION_CONFIGS[of].format(name.replace('_', '-'))
    return _variant(of, name, title, {}, ablation=config, **fields)


def _method_ablations(method: str) -> list[Run]:
    changed = _JM_ABLATIONS if method == 'jm_pose' else {}
    return [
        *(_ablation(method, name, title) for name, title in _OF_A_CONFIG[method].items()),
        *(_variant(method, name, title, changes) for name, (title, changes) in changed.items()),
    ]


ABLATIONS = [
    *(run for method in _OF_A_CONFIG for run in _method_ablations(method)),
    # The stages between one and four take processors too long.
    *(_ablation('tdmi', f'{n}_stages', f'{n} stages', scales=('gpu',)) for n in (2, 3)),
]

_COPIES = [
    _variant(
        method.name,
        'copies',
        f'{method.title}, on copies',
        {},
        group='control',
        copies=True,
        seeds=1,
    )
    for method in METHODS[1:]
]
# Three convolutions over the frozen backbone: half a percent from JM-Pose's parameters.
_AS_MANY = {
    'frozen': ('backbone',),
    'head.conv_out_channels': (151, 151, 151),
    'head.conv_kernel_sizes': (3, 3, 3),
}
_RESNET34 = {'backbone.backbone.depth': 34}
_HRNET_W48 = {
    f'backbone.extra.stage{stage}.num_channels': (48, 96, 192, 384)[:stage] for stage in (2, 3, 4)
} | {'head.in_channels': 48}
CONTROLS = [
    *_COPIES,
    _variant(
        'single_frame',
        'as_many_parameters',
        "single frame, JM-Pose's parameters",
        _AS_MANY,
        group='control',
        trained='neck',
    ),
    _variant(
        'single_frame',
        'resnet34',
        'single frame, ResNet-34',
        _RESNET34,
        group='control',
        trained='all',
        seeds=1,
        scales=('cpu',),
    ),
    _variant(
        'single_frame',
        'hrnet_w48',
        'single frame, HRNet-W48',
        _HRNET_W48,
        group='control',
        trained='all',
        seeds=1,
        scales=('gpu',),
    ),
    _variant(
        'jm_pose',
        'trained_backbone',
        'JM-Pose, backbone trained too',
        {'frozen': ()},
        group='control',
        trained='all',
        seeds=1,
    ),
]


def _longer(name: str) -> Run:
    """A run after three passes; of the same after one, an ablation of its method after three."""
    (run,) = (run for run in [*METHODS, *ABLATIONS, *CONTROLS] if run.name == name)
    ablation = run.group == 'ablation'
    title = f'JM-Pose {run.title}' if ablation else run.title
    of = f'{run.of}-3_passes' if ablation else name
    fields = {'name': f'{name}-3_passes', 'title': f'{title}, 3 passes', 'of': of}
    return replace(run, **fields, group='control', seeds=1, passes=3)


# Whether an answer is the small budget's.
LONGER = [
    _longer(name)
    for name in (
        'jm_pose',
        'jm_pose-no_joint_learner',
        'jm_pose-no_mutual_learning',
        'jm_pose-no_orthogonality',
        'single_frame-as_many_parameters',
    )
]

RUNS = [*METHODS, *ABLATIONS, *CONTROLS, *LONGER]


def chosen_runs(scale: Scale, only: str = '*') -> list[Run]:
    """The runs made at a scale whose names match a pattern such as ``jm_pose*``.

    Raises:
        UsageError: No name matches.
    """
    runs = [run for run in RUNS if scale.name in run.scales]
    chosen = [run for run in runs if fnmatch(run.name, only)]
    if not chosen:
        raise UsageError(f'only: expected a pattern of {[r.name for r in runs]}, got {only!r}')
    return [replace(run, seeds=min(run.seeds, scale.most_seeds)) for run in chosen]
