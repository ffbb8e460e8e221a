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
        degrade: Key frames are degraded, half of them.
        labels: True labels of a video, evenly over its frames.
        copies: Each frame of a window is the key frame, in training and in testing.
    """

    name: str
    title: str
    method: str = 'jm_pose'
    targets: str = 'agreed'
    degrade: bool = True
    labels: int = 0
    copies: bool = False


ARMS = [
    Arm('teacher', 'teacher', 'single_frame', 'none', False),
    Arm('ceiling', 'JM-Pose, true labels of all', targets='true', degrade=False),
    Arm('plain', "JM-Pose, teacher's poses", targets='teacher', degrade=False),
    Arm('degraded', "JM-Pose, teacher's poses, key frame degraded", targets='teacher'),
    Arm('agreed', 'JM-Pose, poses agreed over time', degrade=False),
    Arm('agreed_degraded', 'JM-Pose, agreed, degraded'),
    Arm('self_training', 'single frame, agreed, degraded', 'single_frame'),
    Arm('copies', 'JM-Pose on copies, agreed, degraded', copies=True),
    Arm('longer', 'teacher, trained longer', 'single_frame', 'labelled', False),
    Arm('labels_1', 'JM-Pose, agreed, degraded, 1 label a video', labels=1),
    Arm('labels_5', 'JM-Pose, agreed, degraded, 5 labels a video', labels=5),
    Arm('ceiling_degraded', 'JM-Pose, true labels of all, degraded', targets='true'),
]
