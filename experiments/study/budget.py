"""Hours of a study, from those of an earlier one."""

from __future__ import annotations

from typing import Any

from experiments.study.plan import Run, chosen_runs
from experiments.study.scales import MAIN, Scale

__all__ = ['CORES', 'estimated_seconds', 'taken_seconds']

CORES = 2
"""Processor cores that hours are told for."""
# Seconds of a step of 8 clips on one thread, with another run on the other core; of a run that is
# not here those of what it is a variant of. AMD EPYC with AVX512-BF16, crops of 128x96, ResNet-18.
STEP_SECONDS = {
    'jm_pose': 0.215,
    'jm_pose-no_joint_learner': 0.177,
    'jm_pose-no_mutual_learning': 0.108,
    'jm_pose-no_orthogonality': 0.168,
    'jm_pose-positions': 0.32,
    'jm_pose-trained_backbone': 0.74,
    'tdmi': 0.472,
    'tdmi-1_stage': 0.273,
    'dcpose': 0.373,
    'fami_pose': 0.215,
    'fami_pose-no_local': 0.08,
    'posewarper': 0.225,
    'tar': 0.205,
    'single_frame-as_many_parameters': 0.038,
}
PERSON_SECONDS = {'single_frame': 0.018, 'single_frame-resnet34': 0.028}  # one training step's
PERSONS = 14_113  # of `hard`
CLIP_SECONDS, TESTED_CLIPS = 0.06, 2_700  # storing features of one; test persons, in both boxes
# A test in one kind of boxes; PoseWarper warps every frame of a window, five times each.
TEST_SECONDS, POSEWARPER_TEST_SECONDS, RENDER_SECONDS = 12.0, 55.0, 250.0


def estimated_seconds(scale: Scale) -> float | None:
    """Core seconds of all runs of a scale; None where nothing is known of such runs."""
    if scale.backbone is not None:
        return None
    runs = chosen_runs(scale)
    shared = CLIP_SECONDS * (scale.samples + TESTED_CLIPS)
    total = RENDER_SECONDS + shared * max(run.seeds for run in runs)
    return total + sum(run.seeds * _run_seconds(run, scale) for run in runs)


def _run_seconds(run: Run, scale: Scale) -> float:
    seconds = POSEWARPER_TEST_SECONDS if run.name == 'posewarper' else TEST_SECONDS
    tests = seconds * (3 if run.group in MAIN else 1)
    if run.name in PERSON_SECONDS:
        return tests + PERSON_SECONDS[run.name] * PERSONS * scale.baseline_epochs
    name = run.name if run.name in STEP_SECONDS else run.of
    return tests + STEP_SECONDS[name] * run.passes * (scale.samples // scale.batch)


def taken_seconds(table: dict[str, Any]) -> float:
    """Core seconds that the runs of a table took, their baselines and their features among them."""
    return sum(sum(filter(None, run['whole_seconds'])) for run in table['runs'].values())
