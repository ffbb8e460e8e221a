"""A study of a few frames, with a baseline that was never trained."""

from __future__ import annotations

import pytest
from mmengine.registry import init_default_scope

from experiments.study.scales import SCALES, Scale
from experiments.study.set_up import Study, write_test_truth
from jmpose_mm.datasets.synthetic import make_synthetic

TINY = {'videos_train': 2, 'videos_val': 3, 'frames': 9}


@pytest.fixture(scope='session')
def study(tmp_path_factory) -> Study:
    sizes = {'samples': 8, 'batch': 4, 'baseline_epochs': 1, 'test_interval': 4, 'workers': 0}
    scale = Scale(seeds=SCALES['night'].seeds, settings=TINY, **sizes)
    study = Study(tmp_path_factory.mktemp('study'), scale)
    make_synthetic(study.data, scale.preset, workers=1, progress=False, **scale.settings)
    write_test_truth(study)
    init_default_scope('mmpose')
    return study
