"""The demo: render, train the single-frame baseline and a video model on it, evaluate, draw."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.apis.drawn_comparison import draw_comparison
from jmpose_mm.apis.train_and_test import test, train
from jmpose_mm.engine.configs import load_config, pipeline_step
from jmpose_mm.engine.devices import BFLOAT16_TRAINING, choose_device, fast_dtype
from jmpose_mm.errors import UsageError, listed
from jmpose_mm.whole_files import write_json

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config

__all__ = ['METHODS', 'run_demo']

METHODS = {
    'jm_pose': 'JM-Pose',
    'tdmi': 'TDMI',
    'fami_pose': 'FAMI-Pose',
    'dcpose': 'DCPose',
    'posewarper': 'PoseWarper',
    'tar': 'TAR',
}
_BASELINE = 'single-frame_resnet18_1xb16_synthetic-128x96.py'
_CONFIG = '{}_resnet18_1xb8_synthetic-128x96.py'
_GROUPS = ('Head', 'Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')
_PARTS = {'': 'all frames', '_degraded': 'degraded', '_not_degraded': 'clean'}


def run_demo(
    work_dir: str | Path,
    data_root: str | Path = 'data/synthetic/demo',
    method: str = 'jm_pose',
    overrides: tuple[str, ...] = (),
    settings: dict[str, Any] | None = None,
    device: str = 'auto',
) -> dict[str, Any]:
    """Render data, train a baseline and a video model on it, evaluate and draw both.

    Args:
        work_dir: Logs, checkpoints, predictions, ``summary.json``, film and picture go here.
        data_root: Folder of the embedded data set, which is rendered if it is missing.
        method: The video model, one of :data:`METHODS`.
        overrides: Items ``key.path=value`` for both configs.
        settings: Fields of the data's preset to change.
        device: See :func:`jmpose_mm.engine.devices.choose_device`.

    Returns:
        The summary that is written: AP of both models over all, degraded and clean frames, in
        percent. AP of the video model on copies of the key frame, which is what it gains without
        any time; the boxes that they hold for, seconds of each step, and the drawings' paths.

    Raises:
        UsageError: The method is unknown.
    """
    method = method.replace('-', '_')  # as configs spell it
    if method not in METHODS:
        raise UsageError(f'method: expected {listed(METHODS)}, got {method!r}')
    work_dir, seconds = Path(work_dir), {}
    chosen = choose_device(device, 'training')
    overrides = (*_faster(chosen), *overrides, *_data_overrides(str(data_root), settings or {}))
    with _timed(seconds, 'setup'):
        # Importing torch and mmpose is what takes the time here.
        from jmpose_mm.datasets.synthetic import make_synthetic

        configs = {'single_frame': _BASELINE, method: _CONFIG.format(method.replace('_', '-'))}
        preset = load_config(configs['single_frame'], overrides).train_dataloader.dataset.preset
    with _timed(seconds, 'render'):
        make_synthetic(data_root, preset, overwrite=True, **(settings or {}))
    checkpoints: dict[str, str] = {}
    with _timed(seconds, 'train'):
        for name, config in configs.items():
            checkpoints[name] = _train(config, work_dir / name, overrides, checkpoints, chosen)
    results, copies = {}, f'{method}_on_copies'
    with _timed(seconds, 'eval'):
        for name in (*configs, copies):
            model, folder = (method, 'copies') if name == copies else (name, name)
            cfg = load_config(configs[model], overrides, str(work_dir / folder))
            results[name] = _evaluate(cfg, checkpoints[model], chosen, name == copies)
    summary = {name: _rounded(result['metrics']) for name, result in results.items()}
    summary |= {key: results[method][key] for key in ('boxes', 'protocol', 'score_rule')}
    with _timed(seconds, 'draw'):
        truth = Path(data_root, 'annotations', 'posetrack18_val.json')
        predictions = {
            title: work_dir / name / 'predictions'
            for name, title in (('single_frame', 'single frame'), (method, METHODS[method]))
        }
        video, picture = draw_comparison(work_dir, data_root, truth, predictions)
    summary |= {'seconds': seconds, 'video': str(video), 'picture': str(picture)}
    write_json(work_dir / 'summary.json', summary)
    titles = {'single_frame': 'single frame', method: METHODS[method]}
    titles[f'{method}_on_copies'] = f'{METHODS[method]}, copies'
    print(table({title: summary[name] for name, title in titles.items()}))
    print(f'boxes: {summary["boxes"]} | {summary["protocol"]} | film: {video} | picture: {picture}')
    return summary


def table(rows: dict[str, dict[str, float | None]]) -> str:
    """PoseTrack AP of each model by joint group, for all, degraded and clean frames."""
    lines = [f'{"PoseTrack AP":<32}' + ''.join(f'{n:>9}' for n in (*_GROUPS, 'Mean'))]
    for suffix, part in _PARTS.items():
        for title, values in rows.items():
            numbers = [values.get(f'{name}{suffix}') for name in (*_GROUPS, 'AP')]
            cells = ''.join(f'{"-":>9}' if n is None else f'{n:>9.1f}' for n in numbers)
            lines.append(f'{title + ", " + part:<32}{cells}')
    return '\n'.join(lines)


def _faster(device: torch.device) -> Iterator[str]:
    """Train in bfloat16 where the device has it; what the user asks for comes behind, and wins."""
    if fast_dtype(device) == 'bfloat16':
        yield from (f'{key}={value}' for key, value in BFLOAT16_TRAINING.items())


def _data_overrides(data_root: str, settings: dict[str, Any]) -> Iterator[str]:
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        yield f'{loader}.dataset.data_root={data_root}'
        for name, value in settings.items():
            yield f'{loader}.dataset.settings.{name}={value}'
    for evaluator in ('val_evaluator', 'test_evaluator'):
        yield f'{evaluator}.ann_file={data_root}/annotations/posetrack18_val.json'


def _train(
    config: str,
    work_dir: Path,
    overrides: tuple[str, ...],
    checkpoints: dict[str, str],
    device: torch.device,
) -> str:
    """Train and return the checkpoint; a video model starts from the baseline's."""
    cfg = load_config(config, overrides, str(work_dir))
    cfg.load_from = checkpoints.get('single_frame')
    if cfg.model.get('frozen'):
        # Frozen features are computed in every step and never trained: fewer digits do.
        cfg.model.frozen_backbone_dtype = fast_dtype(device)
    # One evaluation at the end is enough, and the demo makes it with its drawings.
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    train(cfg, device)
    return (work_dir / 'last_checkpoint').read_text(encoding='utf-8').strip()


def _evaluate(cfg: Config, checkpoint: str, device: torch.device, copies: bool) -> dict[str, Any]:
    if copies:
        frames = pipeline_step(cfg.test_dataloader.dataset.pipeline, 'SampleSupportFrames')
        frames.copies_of_key = True
    out = Path(cfg.work_dir, 'metrics.json')
    test(cfg, checkpoint, str(out), out_dir=str(out.parent / 'predictions'), device=device)
    return json.loads(out.read_text(encoding='utf-8'))


def _rounded(metrics: dict[str, float | None]) -> dict[str, float | None]:
    return {
        name.rpartition('/')[2]: None if value is None else round(value, 2)
        for name, value in metrics.items()
    }


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    seconds[step] = round(time.monotonic() - start, 1)
