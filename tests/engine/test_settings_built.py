"""Overriding any top-level setting changes what the runner is built of."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.utils import ManagerMixin

from jmpose_mm.engine.configs import load_config
from jmpose_mm.engine.settings import READ_SETTINGS

CONFIGS = sorted(
    file
    for file in (Path(__file__).resolve().parents[2] / 'configs').rglob('*.py')
    if '_base_' not in file.parts
)
# setting -> an override of it, and what of the runner must be another then
CHANGES = {
    'model': ('model.test_cfg.flip_test=True', 'model'),
    'train_dataloader': ('train_dataloader.batch_size=7', '_train_dataloader'),
    'val_dataloader': ('val_dataloader.batch_size=7', '_val_dataloader'),
    'test_dataloader': ('test_dataloader.dataset.sample_interval=7', '_test_dataloader'),
    'val_evaluator': ('val_evaluator.nms=0.5', '_val_evaluator'),
    'test_evaluator': ('test_evaluator.score_rule=keypoint', '_test_evaluator'),
    'train_cfg': ('train_cfg.max_iters=9', '_train_loop'),
    'val_cfg': ('val_cfg.fp16=True', '_val_loop'),
    'test_cfg': ('test_cfg.fp16=True', '_test_loop'),
    'optim_wrapper': ('optim_wrapper.optimizer.lr=0.5', 'optim_wrapper'),
    'default_hooks': ('default_hooks.checkpoint.interval=7', '_hooks'),
    'custom_hooks': ('custom_hooks=[]', '_hooks'),
    'env_cfg': ('env_cfg.cudnn_benchmark=True', 'cudnn.benchmark'),
    'randomness': ('randomness.seed=77', '_seed'),
    'visualizer': ('visualizer.line_width=9', 'visualizer'),
    'log_processor': ('log_processor.window_size=77', 'log_processor'),
    'log_level': ('log_level=ERROR', 'log levels'),
    'load_from': ('load_from=some.pth', '_load_from'),
    'resume': ('resume=True', '_resume'),
    'work_dir': ('work_dir=elsewhere', '_work_dir'),
}
# what has tests of its own, where it acts
ELSEWHERE = {
    'param_scheduler': 'test below',
    'custom_imports': 'done while the file is read',
    'allow_random_frozen': 'read by InitialWeightsHook: tests/engine',
    'auto_scale_lr': 'only with --auto-scale-lr: tests/apis',
    'default_scope': 'part of every type',
    'launcher': 'set by the command line alone',
}
VOLATILE = ('timestamp', 'experiment_name', 'message_hub', 'logger', 'cfg', '_log_dir')


def described(value: Any, depth: int = 4) -> Any:
    """The same as text, down to simple values."""
    if isinstance(value, torch.nn.Module):
        return repr(value), described(getattr(value, 'test_cfg', None))
    if isinstance(value, dict):
        return {str(key): described(part, depth) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [described(part, depth) for part in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    is_own = depth and not type(value).__module__.startswith('matplotlib')
    own = vars(value) if is_own and hasattr(value, '__dict__') else {}
    return type(value).__name__, {k: described(v, depth - 1) for k, v in own.items()}


def kinds(parent: type[Any]) -> Iterator[type[Any]]:
    yield parent
    for child in parent.__subclasses__():
        yield from kinds(child)


def built(cfg: Config, folder: Path) -> dict[str, Any]:
    """What the runner of a config consists of."""
    if cfg.work_dir != 'elsewhere':
        cfg.work_dir = str(folder)
    earlier = {kind: dict(kind._instance_dict) for kind in kinds(ManagerMixin)}
    for kind in earlier:
        kind._instance_dict.clear()  # else the visualizer of another run is taken
    try:
        init_default_scope('mmpose')
        runner = Runner.from_cfg(cfg)
    finally:
        for kind, instances in earlier.items():
            kind._instance_dict.clear()
            kind._instance_dict.update(instances)
    found = {
        name: described(value)
        for name, value in vars(runner).items()
        if not any(word in name for word in VOLATILE)
    }
    levels = [handler.level for handler in runner.logger.handlers]
    return found | {'log levels': levels, 'cudnn.benchmark': torch.backends.cudnn.benchmark}


def cleaned(part: Any) -> str:
    """As text, without the folder of the run."""
    return part if isinstance(part, str) else re.sub(r"'/[^']*'", '', str(part))


@pytest.fixture(scope='module')
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return built(load_config('jm-pose_debug.py'), tmp_path_factory.mktemp('plain'))


@pytest.fixture(autouse=True)
def _as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    benchmark, disabled = torch.backends.cudnn.benchmark, logging.root.manager.disable
    yield
    torch.backends.cudnn.benchmark = benchmark
    logging.disable(disabled)


@pytest.mark.parametrize('key', CHANGES)
def test_override__changes_what_is_built(key: str, plain: dict[str, Any], tmp_path: Path) -> None:
    override, part = CHANGES[key]
    changed = built(load_config('jm-pose_debug.py', [override]), tmp_path)
    assert cleaned(changed[part]) != cleaned(plain[part])


def test_no_override__changes_nothing(plain: dict[str, Any], tmp_path: Path) -> None:
    again = built(load_config('jm-pose_debug.py'), tmp_path)
    for _, part in CHANGES.values():
        if part != '_work_dir':
            assert cleaned(again[part]) == cleaned(plain[part])


def test_every_setting_of_a_packaged_config__is_among_these() -> None:
    used = {key for file in CONFIGS for key in Config.fromfile(file) if key in READ_SETTINGS}
    assert used - CHANGES.keys() - ELSEWHERE.keys() == set()


def test_param_scheduler__reaches_the_runner(tmp_path: Path) -> None:
    name = 'single-frame_resnet18_1xb16_synthetic-128x96.py'
    one, other = (
        built(load_config(name, overrides), tmp_path)['param_schedulers']
        for overrides in ([], ['param_scheduler.0.end=77'])
    )
    assert one != other
