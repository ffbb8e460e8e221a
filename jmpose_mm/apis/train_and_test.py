"""Training and testing as the command line tools do it: config to runner, metrics to file."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.engine.configs import check_frames, checkpoint_fits, find_checkpoint
from jmpose_mm.errors import UsageError, listed
from jmpose_mm.whole_files import write_json

if TYPE_CHECKING:
    from mmengine.config import Config, ConfigDict
    from mmengine.runner import Runner


# What a launcher tells its processes by.
_ENVIRONMENT = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_NODELIST'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
}


def check_machine(device: str | None, launcher: str = 'none') -> None:
    """Raise `UsageError` if a GPU is asked for and there is none, or no launcher runs."""
    import torch

    if device == 'cuda' and not torch.cuda.is_available():
        raise UsageError('device: torch sees no CUDA device on this machine')
    missing = [name for name in _ENVIRONMENT.get(launcher, ()) if name not in os.environ]
    if missing:
        raise UsageError(
            f'launcher: {launcher} was not used to start this process, for it sets '
            f'{listed(missing)}; tools/dist_train.sh and its neighbours show how to'
        )


def draw_into(cfg: Config, folder: str | None) -> None:
    """Let the visualization hook write its drawings into `folder`; nothing without one."""
    if folder is None:
        return
    hook = cfg.get('default_hooks', {}).get('visualization')
    if hook is None:
        raise UsageError('show_dir: the config has no default_hooks.visualization')
    hook.update(enable=True, out_dir=folder)


def prepare_training(
    cfg: Config,
    *,
    resume: str | None = None,
    amp: bool = False,
    validate: bool = True,
    auto_scale_lr: bool = False,
) -> None:
    """Change `cfg` in place into what the options of the training command say.

    Args:
        cfg: A config from `load_config`.
        resume: A checkpoint, or ``'auto'`` for the latest one in the work directory.
        amp: Train in mixed precision (CUDA only).
        validate: False removes validation.
        auto_scale_lr: Scale the learning rate to the total batch size, by
            ``cfg.auto_scale_lr.base_batch_size``.

    Raises:
        UsageError: The config or the machine does not allow it, or the frames of data and model
            differ.
    """
    check_frames(cfg)
    if not validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if amp:
        _use_mixed_precision(cfg.optim_wrapper)
    if resume is not None:
        cfg.resume = True
        cfg.load_from = None if resume == 'auto' else find_checkpoint(resume)
    if auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise UsageError('auto_scale_lr: the config has no auto_scale_lr.base_batch_size')
        cfg.auto_scale_lr.enable = True


def _use_mixed_precision(wrapper: ConfigDict) -> None:
    import torch

    if not torch.cuda.is_available():
        raise UsageError('amp: expected a CUDA device, and torch sees none')
    if wrapper.get('type', 'OptimWrapper') not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise UsageError(f'amp: does not work with optim_wrapper.type={wrapper.type!r}')
    wrapper.type = 'AmpOptimWrapper'
    wrapper.setdefault('loss_scale', 'dynamic')


def train(cfg: Config) -> Runner:
    """Train as `cfg` says; the runner afterwards."""
    from mmengine.runner import Runner

    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def test(
    cfg: Config, checkpoint: str, out: str | None = None, dump: str | None = None
) -> dict[str, Any]:
    """Evaluate a checkpoint on the test set of `cfg`.

    Args:
        cfg: A config from `load_config`.
        checkpoint: A path or an address.
        out: JSON file for the metrics, with the boxes and the protocol that they hold for.
        dump: Pickle file for the predictions, for evaluation later on.

    Returns:
        The metrics by name.

    Raises:
        UsageError: The checkpoint does not exist or is not exactly the model's, a file has another
            suffix than its format's, or the frames of data and model differ.
    """
    from mmengine.dist import is_main_process
    from mmengine.runner import Runner

    for option, file, suffixes in (('out', out, ('.json',)), ('dump', dump, ('.pkl', '.pickle'))):
        if file is not None and not file.endswith(suffixes):
            raise UsageError(f'{option}: expected a file ending in {suffixes[0]}, got {file!r}')
    check_frames(cfg)
    find_checkpoint(checkpoint)
    cfg.load_from, cfg.resume = None, False
    if dump is not None:
        metrics = cfg.test_evaluator
        metrics = list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]
        cfg.test_evaluator = [*metrics, dict(type='DumpResults', out_file_path=dump)]
    runner = Runner.from_cfg(cfg)
    with checkpoint_fits(checkpoint):
        runner.load_checkpoint(checkpoint, strict=True)
    metrics = runner.test()
    if out is not None and is_main_process():
        write_metrics(out, metrics, _conditions(runner, checkpoint))
    return dict(metrics)


def _conditions(runner: Runner, checkpoint: str) -> dict[str, Any]:
    """Under which conditions the metrics of `runner` were taken, as far as they say so."""
    conditions: dict[str, Any] = {
        'config': Path(runner.cfg.filename or '').name,
        'checkpoint': checkpoint,
    }
    for metric in runner.test_evaluator.metrics:
        for name in ('boxes', 'score_rule', 'protocol'):
            if hasattr(metric, name):
                conditions.setdefault(name, getattr(metric, name))
    return conditions


def write_metrics(out: str, metrics: dict[str, Any], conditions: dict[str, Any]) -> None:
    """Write conditions and metrics as JSON, whole or not at all; not-a-number becomes null."""

    def value_of(value: Any) -> float | None:
        return float(value) if math.isfinite(value) else None

    content = {**conditions, 'metrics': {name: value_of(v) for name, v in metrics.items()}}
    write_json(out, content)


def fast_dtype() -> str:
    """``'bfloat16'`` where the machine multiplies it natively, else ``'float32'``."""
    import torch

    processor = getattr(torch.cpu, 'get_capabilities', dict)()
    native = processor.get('avx512_bf16') or processor.get('amx_bf16')
    return 'bfloat16' if native or torch.cuda.is_available() else 'float32'
