"""What is compared, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.study.scales import Scale

__all__ = ['ARMS', 'SCALE', 'UNLABELLED', 'Arm']

SCALE = Scale(preset='demo', samples=1920, baseline_epochs=8, test_interval=1, workers=0)
"""Labelled videos of the teacher, test videos, and samples that a student sees: those of `demo`,
whose teacher needs 15,000 samples to be of use; one of `hard` needs 42,000."""
UNLABELLED: dict[str, Any] = {'seed': 1, 'videos_train': 48, 'videos_val': 0}
"""The films that nobody labelled, rendered with another seed."""


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes:
        name: Name of its files.
        title: For readers.
        method: ``'jm_pose'`` on the teacher's frozen backbone, or ``'single_frame'``, all of which
            is trained on from the teacher.
        targets: ``'none'``, ``'labelled'``: the teacher's own data; ``'true'``: the true labels of
            the unlabelled videos; ``'teacher'``: its poses; ``'agreed'``: these after frames around
            them spoke.
        degrade: Share of the samples whose key frame is degraded.
        labels: True labels of a video, evenly over its frames.
        copies: Each frame of a window is the key frame, in training and in testing.
        passes: Number of times that a student sees the samples.
        teacher: Name of the arm whose student, in the mean with its own teacher, says the targets
            instead of the teacher: a second round.
    """

    name: str
    title: str
    method: str = 'jm_pose'
    targets: str = 'agreed'
    degrade: float = 0.5
    labels: int = 0
    copies: bool = False
    passes: int = 1
    teacher: str = ''


ARMS = [
    Arm('teacher', 'teacher', 'single_frame', 'none', 0.0),
    Arm('ceiling', 'JM-Pose, true labels of all', targets='true', degrade=0.0),
    Arm('plain', "JM-Pose, teacher's poses", targets='teacher', degrade=0.0),
    Arm('degraded', "JM-Pose, teacher's poses, key frame degraded", targets='teacher'),
    Arm('agreed', 'JM-Pose, poses agreed over time', degrade=0.0),
    Arm('agreed_degraded', 'JM-Pose, agreed, degraded'),
    Arm('self_training', 'single frame, agreed, degraded', 'single_frame'),
    Arm('copies', 'JM-Pose on copies, agreed, degraded', copies=True),
    Arm('longer', 'teacher, trained longer', 'single_frame', 'labelled', 0.0),
    Arm('quarter', 'JM-Pose, agreed, a quarter degraded', degrade=0.25),
    Arm('labels_1', 'JM-Pose, agreed, degraded, 1 label a video', labels=1),
    Arm('labels_5', 'JM-Pose, agreed, degraded, 5 labels a video', labels=5),
    Arm('ceiling_degraded', 'JM-Pose, true labels of all, degraded', targets='true'),
    Arm(
        'ceiling_3', 'JM-Pose, true labels of all, 3 passes', targets='true', degrade=0.0, passes=3
    ),
    Arm(
        'ceiling_quarter_3',
        'JM-Pose, true labels of all, a quarter degraded, 3 passes',
        targets='true',
        degrade=0.25,
        passes=3,
    ),
    Arm('quarter_3', 'JM-Pose, agreed, a quarter degraded, 3 passes', degrade=0.25, passes=3),
    Arm('half_3', 'JM-Pose, agreed, degraded, 3 passes', passes=3),
    Arm(
        'unagreed_3',
        "JM-Pose, teacher's poses, a quarter degraded, 3 passes",
        targets='teacher',
        degrade=0.25,
        passes=3,
    ),
    Arm(
        'second_round',
        'JM-Pose, agreed poses of the first student, a quarter degraded, 3 passes',
        degrade=0.25,
        passes=3,
        teacher='quarter_3',
    ),
    *(
        Arm(
            f'quarter_3_labels_{n}',
            f'JM-Pose, agreed, a quarter degraded, 3 passes, labelled frames a video: {n}',
            degrade=0.25,
            passes=3,
            labels=n,
        )
        for n in (1, 2, 5, 10)
    ),
]
