"""Trains and tests by 1, 2 and 3 processes, which it forks, so that all import but once.

``run_in_processes.py FOLDER`` writes what each process saw into ``FOLDER/seen.json``.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.utils import register_all_modules

from jmpose_mm.apis import train_and_test
from jmpose_mm.engine.configs import load_config
from jmpose_mm.models.pose_estimators import VideoTopdownEstimator
from jmpose_mm.registry import MODELS

PARTS = ('codecs', 'datasets', 'engine.hooks', 'evaluation.metrics', 'models', 'visualization')
SMALL = ['val_cfg=None', 'val_dataloader=None', 'val_evaluator=None', 'train_cfg.max_iters=1']


@MODELS.register_module()
class NoisyTruth(VideoTopdownEstimator):
    """Predicts the truth, beside by a distance that depends on the sample alone."""

    def predict(self, inputs: Any, data_samples: Any) -> Any:
        for sample in (samples := super().predict(inputs, data_samples)):
            drawn = torch.Generator().manual_seed(int(sample.id))
            keypoints = sample.gt_instances.keypoints
            sample.pred_instances.keypoints = (
                keypoints + 5 * torch.rand(keypoints.shape, generator=drawn).numpy()
            )
        return samples


def config(name: str, work_dir: Path) -> Config:
    """A debug config without validation, for the processes that the environment tells of."""
    launcher = 'pytorch' if 'WORLD_SIZE' in os.environ else 'none'
    cfg = load_config(name, SMALL, str(work_dir), launcher)
    cfg.log_level, cfg.default_hooks.checkpoint.interval = 'ERROR', 1
    return cfg


def test(folder: Path) -> dict[str, float]:
    """Metrics over a number of samples that neither 2 nor 3 divide, and predictions."""
    cfg = config('jm-pose_debug.py', folder)
    cfg.model.type = 'jmpose_mm.NoisyTruth'
    cfg.test_dataloader.batch_size = 1  # what else is in a batch changes the last digits
    cfg.test_dataloader.dataset.indices = 5
    return train_and_test.test(cfg, 'start.pth', out_dir=str(folder / 'predictions'), device='cpu')


def train(folder: Path, name: str, resume: str | None = None, **changes: Any) -> dict[str, float]:
    """Train, or go on; the iterations done and a sum over all weights."""
    cfg = config(name, folder)
    cfg.merge_from_dict(changes)
    cfg = train_and_test.prepare_training(cfg, resume=resume)
    runner = train_and_test.train(cfg, device='cpu')
    weights = [float(value.double().sum()) for value in runner.model.state_dict().values()]
    return {'iter': runner.iter, 'weights': sum(weights)}


def die(folder: Path) -> Any:
    """The last process dies when it is to see its first batch."""
    if os.environ['RANK'] == '1':
        VideoTopdownEstimator.forward = lambda *_, **__: os._exit(9)
    return train(folder, 'jm-pose_debug.py')


def in_processes(number: int, work: Callable[[Path], Any], folder: Path) -> list[Any]:
    """What each of `number` processes returned, or its error; None where it died."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
    processes = []
    for rank in range(number):
        variables = dict(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=number, MASTER_PORT=port)
        file = folder / f'seen_{rank}_of_{number}.json'
        process = os.fork()
        if process == 0:
            os.environ.update({name: str(value) for name, value in variables.items()})
            os.environ['MASTER_ADDR'] = '127.0.0.1'
            try:
                seen = work(folder)
            except Exception as error:
                seen = f'{type(error).__name__}: {error}'
            file.write_text(json.dumps(seen), encoding='utf-8')
            os._exit(0)
        processes.append((process, file))
    for process, _ in processes:
        os.waitpid(process, 0)
    return [json.loads(file.read_text()) if file.exists() else None for _, file in processes]


def start(folder: Path) -> None:
    """Render the data and write the weights that all situations share."""
    cfg = config('jm-pose_debug.py', folder)
    runner = Runner.from_cfg(cfg)
    runner.build_dataloader(cfg.train_dataloader)
    torch.save({'state_dict': runner.model.state_dict()}, 'start.pth')


def import_all() -> None:
    """What the runs import while they are built, so that no fork does it again."""
    register_all_modules(init_default_scope=False)
    for name in PARTS:
        import_module(f'jmpose_mm.{name}')


def alone(work: Callable[[Path], Any], folder: Path) -> list[Any]:
    """What one process without a launcher returned."""
    file = folder.with_suffix('.json')
    process = os.fork()
    if process == 0:
        file.write_text(json.dumps(work(folder)), encoding='utf-8')
        os._exit(0)
    os.waitpid(process, 0)
    return [json.loads(file.read_text())]


def main() -> None:
    """All situations, one after the other.

    Nothing is computed in this process: threads that computing starts do not live on in a fork,
    which then waits for them.
    """
    warnings.filterwarnings('ignore')
    torch.set_num_threads(1)
    import_all()
    os.chdir(sys.argv[1])
    alone(start, Path('start'))

    seen: dict[str, Any] = {'test 1': alone(test, Path('test_1'))}
    for number in (2, 3):
        seen[f'test {number}'] = in_processes(number, test, Path(f'test_{number}'))
    for name in ('fami-pose', 'tdmi'):
        work = partial(train, name=f'{name}_debug.py', **{'model.frozen': ()})
        seen[f'train {name}'] = in_processes(2, work, Path('train', name))
    longer = {'model.frozen': (), 'train_cfg.max_iters': 2}
    resume = partial(train, name='tdmi_debug.py', resume='auto', **longer)
    seen['resume'] = in_processes(3, resume, Path('train', 'tdmi'))
    begun = time.monotonic()
    seen['die'] = in_processes(2, die, Path('die'))
    seen['seconds until the other ended'] = time.monotonic() - begun
    Path('seen.json').write_text(json.dumps(seen), encoding='utf-8')


if __name__ == '__main__':
    main()
