"""A small rendered data set, and runs on it whose errors are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.datasets.synthetic import make_synthetic
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.predictions import write_predictions
from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons

INFO = {'boxes': 'ground truth', 'score': 'keypoint*box', 'NMS': 'none', 'protocol': 'no flip test'}


@pytest.fixture(scope='session')
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('analysed') / 'data'
    size = {'videos_train': 1, 'videos_val': 2, 'frames': 12, 'size': (160, 120)}
    make_synthetic(out, seed=3, workers=1, progress=False, **size)
    return out


@pytest.fixture(scope='session')
def truth_file(data_root: Path) -> Path:
    return data_root / 'annotations' / 'posetrack18_val.json'


@pytest.fixture
def write_run(truth_file: Path, tmp_path: Path) -> Callable[..., Path]:
    """`write_run(name, noise, degraded_noise, **info)`: the truth moved at random, by pixels."""

    def write(name: str, noise: float, degraded_noise: float, **info: str) -> Path:
        frames = read_annotations(truth_file)
        truth = frames.truth()
        rng = np.random.default_rng(1)
        degraded = np.asarray([frame.flags['degraded'] for frame in frames.images])
        sigma = np.where(degraded[truth.frame], degraded_noise, noise)[:, None, None]
        moved = truth.keypoints + sigma * rng.standard_normal(truth.keypoints.shape)
        scores = rng.uniform(0.2, 1, truth.present.shape)
        present = np.ones_like(truth.present)
        persons = PredictedPersons(truth.frame, moved, present, scores)
        folder = tmp_path / name / 'predictions'
        write_predictions(folder, frames.images, persons, {'info': INFO | info})
        return folder

    return write
