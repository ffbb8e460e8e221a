"""PoseTrack AP: the command and its core against a per-frame loop."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

import jmpose_mm
from experiments.benchmarks.per_frame_ap import evaluate_per_frame, read_per_frame
from experiments.benchmarks.poseval_set import write_poseval_set
from experiments.benchmarks.timing import Comparison, measure_seconds
from jmpose_mm.formats.prediction_pairs import read_pairs
from jmpose_mm.functional.evaluation.posetrack_ap import posetrack_ap

__all__ = ['PoseSetSize', 'measure']

TOOL = Path(jmpose_mm.__file__).parent / '.mim' / 'tools' / 'eval_posetrack.py'


class PoseSetSize(NamedTuple):
    """Size of the made-up set and of the measurement."""

    videos: int
    frames: int
    people: int
    runs: int


FULL, QUICK = PoseSetSize(50, 100, 8, 7), PoseSetSize(3, 40, 8, 2)


def measure(quick: bool = False, size: PoseSetSize | None = None) -> list[Comparison]:
    """Time both ways on a made-up set after making sure that they agree.

    Args:
        quick: A small set and two runs.
        size: Another set, instead.

    Raises:
        RuntimeError: The two ways do not give the same AP.
    """
    size = size or (QUICK if quick else FULL)
    with tempfile.TemporaryDirectory() as folder:
        write_poseval_set(Path(folder), size.videos, size.frames, size.people)
        truth_dir, prediction_dir = Path(folder, 'gt'), Path(folder, 'pred')
        command = [sys.executable, TOOL, truth_dir, prediction_dir]
        true, predicted, *_ = read_pairs(truth_dir, prediction_dir)
        arrays = true.truth(), predicted.predictions(), true.ignored()
        frames = read_per_frame(truth_dir, prediction_dir)
        _check(evaluate_per_frame(frames), posetrack_ap(*arrays).ap)
        columns: list[list[float]] = [[] for _ in range(4)]
        for _ in tqdm(range(size.runs), desc='timing', leave=False, disable=None):
            seconds = (
                measure_seconds(lambda: read_per_frame(truth_dir, prediction_dir)),
                measure_seconds(lambda: evaluate_per_frame(frames)),
                measure_seconds(lambda: subprocess.run(command, check=True, capture_output=True)),
                measure_seconds(lambda: posetrack_ap(*arrays)),
            )
            for column, value in zip(columns, seconds, strict=True):
                column.append(value)
    reading, loop, whole, core = columns
    loop_and_reading = [a + b for a, b in zip(reading, loop, strict=True)]
    what = f'{size.videos} videos x {size.frames} frames x {size.people} people'
    return [
        Comparison(
            'whole command',
            'reading and evaluating in a per-frame loop, interpreter started',
            'tools/eval_posetrack.py from start to end',
            loop_and_reading,
            whole,
            what + '.',
        ),
        Comparison(
            'matching and AP',
            'a per-frame loop over joints',
            'posetrack_ap on arrays',
            loop,
            core,
            what + '; nothing is read.',
        ),
    ]


def _check(reference: list[float], ours: np.ndarray) -> None:
    if not np.allclose(reference, ours, rtol=0, atol=1e-9):
        raise RuntimeError(f'the two ways differ: {reference} and {ours.tolist()}')
