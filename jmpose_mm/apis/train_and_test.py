"""Training and testing as the command line tools do it: config to runner, metrics to file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import jmpose_mm
from jmpose_mm.whole_files import write_json

if TYPE_CHECKING:
    from mmengine.config import Config, ConfigDict
    from mmengine.runner import Runner

PACKAGED_CONFIGS = Path(jmpose_mm.__file__).parent / '.mim' / 'configs'


class UsageError(ValueError):
    """What the user asked for cannot be done; the message is one line that says what to change."""


def find_config(name: str) -> str:
    """The path of a config: `name` where it exists, else the packaged config of that file name.

    Raises:
        UsageError: There is no such config, or several.
    """
    if Path(name).is_file():
        return name
    wanted = Path(name).name
    if not wanted.endswith('.py'):
        wanted += '.py'
    found = sorted(PACKAGED_CONFIGS.resolve().rglob(wanted))
    if len(found) == 1:
        return str(found[0])
    if found:
        raise UsageError(f'config {name!r} is the name of several: {", ".join(map(str, found))}')
    raise UsageError(
        f'config {name!r} is neither a file nor the name of a packaged config '
        '(`mim search jmpose_mm` lists those)'
    )


def load_config(
    name: str, overrides: Sequence[str] = (), work_dir: str | None = None, launcher: str = 'none'
) -> Config:
    """Read a config and apply what the command line changes in any run.

    Args:
        name: A path, or the bare file name of a packaged config.
        overrides: Items ``key.path=value``.
        work_dir: Where logs and checkpoints go. Without it the config decides, else
            ``work_dirs/<name of the config>``.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Raises:
        UsageError: The config does not exist, or an override is not an assignment.
    """
    from mmengine.config import Config, DictAction

    path = find_config(name)
    cfg = Config.fromfile(path)
    changes = {}
    for item in overrides:
        key, equals, value = item.partition('=')
        if not key or not equals:
            raise UsageError(f'--cfg-options expects key=value, got {item!r}')
        changes[key] = DictAction._parse_iterable(value)
    cfg.merge_from_dict(changes)
    cfg.launcher = launcher
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs', Path(path).stem))
    return cfg


def find_checkpoint(name: str) -> str:
    """`name`, if it is an address or an existing file.

    Raises:
        UsageError: It is a path without a file.
    """
    if '://' not in name and not Path(name).is_file():
        raise UsageError(f'checkpoint {name!r} does not exist')
    return name


def check_device(device: str | None) -> None:
    """Raise `UsageError` if a GPU is asked for and there is none."""
    import torch

    if device == 'cuda' and not torch.cuda.is_available():
        raise UsageError('--device cuda: torch sees no CUDA device on this machine')


def draw_into(cfg: Config, folder: str | None) -> None:
    """Let the visualization hook write its drawings into `folder`; nothing without one."""
    if folder is None:
        return
    hook = cfg.get('default_hooks', {}).get('visualization')
    if hook is None:
        raise UsageError('--show-dir: the config has no default_hooks.visualization')
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
            raise UsageError('--auto-scale-lr: the config has no auto_scale_lr.base_batch_size')
        cfg.auto_scale_lr.enable = True


def _use_mixed_precision(wrapper: ConfigDict) -> None:
    import torch

    if not torch.cuda.is_available():
        raise UsageError('--amp needs a CUDA device, and torch sees none')
    if wrapper.get('type', 'OptimWrapper') not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise UsageError(f'--amp does not work with optim_wrapper.type={wrapper.type!r}')
    wrapper.type = 'AmpOptimWrapper'
    wrapper.setdefault('loss_scale', 'dynamic')


def check_frames(cfg: Config) -> None:
    """Raise `UsageError` where a data pipeline samples other frames than the model takes."""
    neck = cfg.get('model', {}).get('neck')
    expected = neck.get('frame_offsets') if neck else (0,)
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader') or {}
        for step in loader.get('dataset', {}).get('pipeline', ()):
            offsets = step.get('frame_offsets')
            if None not in (expected, offsets) and tuple(offsets) != tuple(expected):
                raise UsageError(
                    f'{split}_dataloader samples frame_offsets={tuple(offsets)}, but the model '
                    f'takes {tuple(expected)} (model.neck.frame_offsets; (0,) without a neck): '
                    'make them the same'
                )


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
            raise UsageError(f'--{option} expects a file ending in {suffixes[0]}, got {file!r}')
    check_frames(cfg)
    find_checkpoint(checkpoint)
    cfg.load_from, cfg.resume = None, False
    if dump is not None:
        metrics = cfg.test_evaluator
        metrics = list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]
        cfg.test_evaluator = [*metrics, dict(type='DumpResults', out_file_path=dump)]
    runner = Runner.from_cfg(cfg)
    try:
        runner.load_checkpoint(checkpoint, strict=True)
    except (RuntimeError, UnpicklingError, EOFError, OSError) as error:
        raise UsageError(
            f'checkpoint {checkpoint!r} does not fit the model of the config, or is no complete '
            f'checkpoint of tensors and plain types: {error}'
        ) from error
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
