"""print_config prints what a training uses, and refuses what a training refuses."""

from __future__ import annotations

import runpy
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger

from jmpose_mm.apis.train_and_test import prepare_training
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'print_config.py'


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, 'argv', [TOOL.name, *arguments])
    status: int = runpy.run_path(str(TOOL))['main']()
    return status


def test_print_config__prints_what_a_training_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ['train_cfg.max_iters=7', 'work_dir=w']
    assert run(monkeypatch, 'jm-pose_debug.py', '--cfg-options', *options) == 0
    printed = tmp_path / 'printed.py'
    printed.write_text(capfd.readouterr().out)
    used = load_config('jm-pose_debug.py', options)
    assert Config.fromfile(printed).to_dict() == used.to_dict()


def test_print_config__warnings_are_no_part_of_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(MMLogger, '_instance_dict', OrderedDict())
    assert run(monkeypatch, 'jm-pose_debug.py', '--cfg-options', 'tran_cfg.max_iters=7') == 0
    printed, said = capfd.readouterr()
    assert 'tran_cfg is not in the config yet' in said
    (tmp_path / 'printed.py').write_text(printed)
    assert Config.fromfile(tmp_path / 'printed.py').tran_cfg.max_iters == 7


@pytest.mark.parametrize(
    ('config', 'option'),
    [
        ('jm-pose_debug.py', 'codec.input_size=[64,64]'),
        ('jm-pose_debug.py', 'model.head.out_channels=3'),
        ('jm-pose_debug.py', 'model.backbone.type=nowhere.Net'),
        ('jm-pose_resnet18_1xb8_synthetic-128x96.py', 'train_dataloader.batch_size=4'),
        ('no-such-config.py', 'a=1'),
        ('jm-pose_debug.py', "test_evaluator=[dict(type='x',b='y')]"),
        ('jm-pose_debug.py', 'model.neck=[1,2]'),
        ('jm-pose_debug.py', 'model.neck={'),
    ],
)
def test_print_config__refuses_what_a_training_refuses(
    config: str,
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        prepare_training(load_config(config, [option]), device='cpu')
    assert run(monkeypatch, config, '--cfg-options', option) == 2
    said = capfd.readouterr().err.splitlines()[-1]
    assert (
        said.replace('--cfg-options', 'cfg_options') == f'print_config.py: error: {refused.value}'
    )
