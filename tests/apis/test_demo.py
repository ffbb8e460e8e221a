"""The demo from end to end on a few frames: what it writes, not how well it does."""

from __future__ import annotations

import json

import cv2
import pytest

from jmpose_mm.apis.demo import run_demo, table

TINY = {'videos_train': 2, 'videos_val': 1, 'frames': 6, 'size': (160, 120)}


def test_run_demo__writes_summary_film_and_picture(tmp_path, capsys):
    summary = run_demo(
        tmp_path / 'work',
        tmp_path / 'data',
        overrides=(
            'train_cfg.max_epochs=1',
            'param_scheduler=None',
            'train_dataloader.batch_size=4',
        ),
        settings=TINY,
    )
    assert json.loads((tmp_path / 'work/summary.json').read_text()) == summary
    for model in ('single_frame', 'jm_pose', 'jm_pose_on_copies'):
        assert 0 <= summary[model]['AP'] <= 100
        assert 'AP_degraded' in summary[model]
    assert summary['boxes'] == 'ground truth'
    assert set(summary['seconds']) == {'setup', 'render', 'train', 'eval', 'draw'}
    film = cv2.VideoCapture(summary['video'])
    assert int(film.get(cv2.CAP_PROP_FRAME_COUNT)) == TINY['frames']
    assert cv2.imread(summary['picture']).shape[0] > 300
    printed = capsys.readouterr().out
    assert 'JM-Pose, degraded' in printed
    assert 'boxes: ground truth' in printed


def test_run_demo__unknown_method(tmp_path):
    with pytest.raises(ValueError, match=r"method: expected one of \['jm_pose'\], got 'tdmi'"):
        run_demo(tmp_path, method='tdmi')


def test_table__has_a_row_for_each_part_and_model():
    values = {'AP': 50.04, 'AP_degraded': None, 'Head': 61.0}
    lines = table({'single frame': values, 'JM-Pose': values}).splitlines()
    assert len(lines) == 1 + 3 * 2
    assert lines[1].split() == ['single', 'frame,', 'all', 'frames', '61.0', *['-'] * 6, '50.0']
    assert lines[3].split()[-1] == '-'
