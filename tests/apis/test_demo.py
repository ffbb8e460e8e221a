"""The demo from end to end, at a third of its size: what it writes, and what time is worth."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest

from jmpose_mm.apis import VideoPoseInferencer
from jmpose_mm.apis.demo import run_demo, table

CONFIG = 'jm-pose_resnet18_1xb8_synthetic-128x96.py'
SETTINGS = {'videos_train': 20, 'videos_val': 6, 'frames': 14}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('demo')


@pytest.fixture(scope='module')
def summary(folder):
    return run_demo(folder / 'work', folder / 'data', settings=SETTINGS)


@pytest.mark.slow
def test_run_demo__writes_summary_film_and_picture(summary, folder):
    assert json.loads((folder / 'work/summary.json').read_text()) == summary
    for model in ('single_frame', 'jm_pose', 'jm_pose_on_copies'):
        assert {'AP', 'AP_degraded', 'AP_not_degraded', 'Wrist'} <= summary[model].keys()
    assert summary['boxes'] == 'ground truth'
    assert set(summary['seconds']) == {'setup', 'render', 'train', 'eval', 'draw'}
    film = cv2.VideoCapture(summary['video'])
    frames = SETTINGS['videos_val'] * SETTINGS['frames']
    assert 0.8 * frames <= film.get(cv2.CAP_PROP_FRAME_COUNT) <= frames  # those with people
    assert cv2.imread(summary['picture']).shape[0] > 300


@pytest.mark.slow
def test_jm_pose__gains_from_time(summary):
    assert summary['jm_pose']['AP_degraded'] > summary['single_frame']['AP_degraded'] + 2
    assert summary['jm_pose']['AP'] > summary['jm_pose_on_copies']['AP'] + 1


@pytest.mark.slow
def test_jm_pose__on_copies_of_the_key_frame_is_no_worse_than_the_baseline(summary):
    assert summary['jm_pose_on_copies']['AP'] >= summary['single_frame']['AP'] - 1


@pytest.fixture(scope='module')
def poses_of(summary, folder):
    """All keypoints (N, K, 2) of the unseen videos, in boxes of the ground truth."""
    checkpoint = (folder / 'work/jm_pose/last_checkpoint').read_text().strip()
    truth = str(folder / 'data/annotations/posetrack18_val.json')
    videos = sorted((folder / 'data/images/val').iterdir())

    def run(**model):
        inferencer = VideoPoseInferencer(CONFIG, checkpoint, 'cpu', truth, model=model)
        persons = [p for video in videos for poses in inferencer(video) for p in poses.persons]
        return np.stack([person.keypoints for person in persons])

    return run


@pytest.fixture(scope='module')
def exact(poses_of):
    return poses_of()


@pytest.mark.slow
@pytest.mark.parametrize(
    'option', [{'dtype': 'bfloat16'}, {'dtype': 'float16'}, {'compile': True}], ids=str
)
def test_fast_options__keep_the_keypoints_of_a_trained_model(poses_of, exact, option):
    if 'compile' in option and shutil.which('c++') is None:
        pytest.skip('torch.compile needs a C++ compiler')
    away = np.linalg.norm(poses_of(**option) - exact, axis=-1)
    assert len(away) > 50
    assert (away < 0.5).mean() >= 0.99
    if 'dtype' in option:
        assert away.max() > 0, 'the option had no effect'


def test_run_demo__unknown_method(tmp_path):
    with pytest.raises(ValueError, match=r"method: expected .*tdmi.*, got 'resnet'"):
        run_demo(tmp_path, method='resnet')


def test_run_demo__what_the_user_asks_for_stands_before_bfloat16(tmp_path, monkeypatch):
    def trained(cfg, *_):
        raise RuntimeError(f'{cfg.optim_wrapper.type}, {cfg.model.train_cfg.compute_acc}')

    monkeypatch.setattr('jmpose_mm.apis.demo.train', trained)
    monkeypatch.setattr('jmpose_mm.apis.demo.fast_dtype', lambda _: 'bfloat16')
    settings = {'videos_train': 1, 'videos_val': 1, 'frames': 5}
    with pytest.raises(RuntimeError, match=r'^jmpose_mm.AutocastOptimWrapper, False'):
        run_demo(tmp_path / 'a', tmp_path / 'data', settings=settings)
    own = ('optim_wrapper.type=OptimWrapper',)
    with pytest.raises(RuntimeError, match=r'^OptimWrapper, False'):
        run_demo(tmp_path / 'b', tmp_path / 'data', overrides=own, settings=settings)


def test_table__has_a_row_for_each_part_and_model():
    values = {'AP': 50.04, 'AP_degraded': None, 'Head': 61.0}
    lines = table({'single frame': values, 'JM-Pose': values}).splitlines()
    assert len(lines) == 1 + 3 * 2
    assert lines[1].split() == ['single', 'frame,', 'all', 'frames', '61.0', *['-'] * 6, '50.0']
    assert lines[3].split()[-1] == '-'
