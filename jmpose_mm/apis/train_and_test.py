"""Training and testing as the command line tools do it: config to runner, metrics to file."""

from __future__ import annotations

import copy
from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jmpose_mm.apis.metrics_file import conditions, write_metrics, write_predictions_into
from jmpose_mm.engine.checkpoints import checkpoint_fits, find_checkpoint
from jmpose_mm.engine.configs import config_errors, set_work_dir
from jmpose_mm.engine.consistency import check_consistency, check_start
from jmpose_mm.engine.devices import choose_device, fit_to_device, runner_on, use_mixed_precision
from jmpose_mm.engine.distributed import join_processes, learn_rank, watched_processes
from jmpose_mm.engine.protocols import read_protocol
from jmpose_mm.engine.provenance import run_record
from jmpose_mm.engine.resuming import resume_from, tell_of_earlier
from jmpose_mm.errors import NotFiniteError, UsageError
from jmpose_mm.whole_files import alone_in, check_output

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config
    from mmengine.runner import Runner


def prepare_training(
    cfg: Config,
    *,
    resume: str | Path | bool | None = None,
    amp: bool = False,
    validate: bool = True,
    auto_scale_lr: bool = False,
    allow_random_frozen: bool = False,
    device: str | torch.device = 'auto',
) -> Config:
    """A copy of a config, changed as the options of the training command say, for :func:`train`.

    Args:
        cfg: A config from `load_config`; it is not changed.
        resume: A checkpoint or a folder of them; ``'auto'`` or True: that of the work directory.
        amp: Train in mixed precision (CUDA only).
        validate: False removes validation.
        auto_scale_lr: Scale the learning rate to the total batch size, by
            ``cfg.auto_scale_lr.base_batch_size``.
        allow_random_frozen: Train even where nothing fills a frozen part; the config can say so
            too.
        device: Device to train on, see :func:`choose_device`.

    Raises:
        UsageError: The config or the machine does not allow it, or values differ that must be one.

    Example:
        >>> from jmpose_mm.apis import load_config
        >>> cfg = load_config('jm-pose_debug.py', work_dir='work')
        >>> cfg = prepare_training(cfg, validate=False)
        >>> cfg.val_dataloader is None
        True
    """
    check_consistency(cfg)
    cfg = copy.deepcopy(cfg)
    set_work_dir(cfg)
    if allow_random_frozen:
        cfg.allow_random_frozen = True
    if not validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if amp:
        use_mixed_precision(cfg.optim_wrapper, choose_device(device, 'training'))
    if resume not in (None, False) or cfg.get('resume'):
        resume_from(cfg, 'auto' if resume is True else resume or cfg.get('load_from') or 'auto')
    elif cfg.get('load_from') is not None:
        cfg.load_from = find_checkpoint(check_start(str(cfg.load_from)))
    if auto_scale_lr:
        if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
            raise UsageError('auto_scale_lr: the config has no auto_scale_lr.base_batch_size')
        cfg.auto_scale_lr.enable = True
    return cfg


def train(cfg: Config, device: str | torch.device = 'auto') -> Runner:
    """Train as `cfg` says, on a device (see :func:`choose_device`); the runner afterwards.

    Raises:
        UsageError: There is nothing to train on, or nothing to start a frozen part with.
        NotFiniteError: A loss left the finite numbers.

    Example:
        >>> from jmpose_mm import load_config
        >>> cfg = load_config('jm-pose_debug.py', ['log_level=ERROR'], 'work')
        >>> cfg = prepare_training(cfg, validate=False)
        >>> runner = train(cfg, device='cpu')
        >>> runner.iter, Path('work', 'last_checkpoint').is_file()
        (3, True)
    """
    chosen = choose_device(device, 'training')
    learn_rank(cfg.get('launcher', 'none'))
    fitted = fit_to_device(cfg, chosen)
    set_work_dir(fitted)
    if not fitted.get('resume'):
        tell_of_earlier(fitted)
    with config_errors(cfg), alone_in(fitted.work_dir), runner_on(chosen):
        joined = join_processes(fitted, chosen)
        with config_errors(cfg, building=True):
            runner = _build_runner(joined)
            _check_batches(runner)
            runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        try:
            with watched_processes():
                runner.train()
        except NotFiniteError as error:
            begun = f'iteration {runner.iter + 1}: '
            raise NotFiniteError(begun + str(error).removeprefix(begun)) from error
    return runner


def _check_batches(runner: Runner) -> None:
    """Raise `UsageError` where all samples together are less than one batch."""
    loader = runner.train_loop.dataloader
    if not isinstance(loader.dataset, Sized) or len(loader) > 0:
        return
    batch = loader.batch_size or getattr(loader.batch_sampler, 'batch_size', '?')
    raise UsageError(
        f'train_dataloader.batch_size: expected at most the number of samples, '
        f'{len(loader.dataset)}, since an incomplete batch is dropped (drop_last), got {batch}'
    )


def test(
    cfg: Config,
    checkpoint: str | Path,
    out: str | Path | None = None,
    dump: str | Path | None = None,
    out_dir: str | Path | None = None,
    device: str | torch.device = 'auto',
) -> dict[str, Any]:
    """Evaluate a checkpoint on the test set of `cfg`.

    Args:
        cfg: A config from `load_config`; it is not changed.
        checkpoint: A path or an address.
        out: JSON file for the metrics, with the boxes and the protocol that they hold for, and
            what was run.
        dump: Pickle file for the predictions, for evaluation later on.
        out_dir: Folder for the predictions, in the official formats where a metric writes them; of
            several metrics that do, each gets a folder inside.
        device: Device to run on, see :func:`choose_device`.

    Returns:
        The metrics by name.

    Raises:
        UsageError: The checkpoint does not exist or is not exactly the model's; a file has another
        suffix than its format's; or the frames of data and model differ.

    Example:
        >>> import torch
        >>> from jmpose_mm import load_config
        >>> from jmpose_mm.registry import MODELS
        >>> cfg = load_config('jm-pose_debug.py', ['log_level=ERROR'], 'work')
        >>> torch.save({'state_dict': MODELS.build(cfg.model).state_dict()}, 'weights.pth')
        >>> metrics = test(cfg, 'weights.pth', out='metrics.json', device='cpu')
        Loads checkpoint by local backend from path: weights.pth
        >>> 0 <= metrics['posetrack/AP'] <= 100
        True
    """
    from mmengine.dist import is_main_process

    for option, file, suffixes in (('out', out, ('.json',)), ('dump', dump, ('.pkl', '.pickle'))):
        if file is not None and not str(file).endswith(suffixes):
            raise UsageError(
                f'{option}: expected a file ending in {suffixes[0]}, got {str(file)!r}'
            )
    check_consistency(cfg)
    _check_outputs(cfg, checkpoint, {'out': out, 'dump': dump}, out_dir)
    file = find_checkpoint(checkpoint)
    checkpoint = file if Path(checkpoint).is_dir() else str(checkpoint)
    chosen = choose_device(device)
    with config_errors(cfg), runner_on(chosen):
        fitted = join_processes(fit_to_device(_test_config(cfg, dump), chosen), chosen)
        with config_errors(cfg, building=True):
            runner = _build_runner(fitted, tested=(cfg, checkpoint))
            runner.test_loop  # noqa: B018 - is built
        if out_dir is not None:
            write_predictions_into(out_dir, runner.test_loop.evaluator)
        with checkpoint_fits(checkpoint):
            runner.load_checkpoint(file, strict=True)
        with watched_processes():
            metrics = runner.test()
    if out is not None and is_main_process():
        dataset = runner.test_dataloader.dataset
        protocols = [
            read_protocol(dataset, runner.model, metric) for metric in runner.test_evaluator.metrics
        ]
        record = run_record(cfg, checkpoint, dataset)
        write_metrics(out, metrics, conditions(protocols), record)
    return dict(metrics)


def _check_outputs(
    cfg: Config,
    checkpoint: str | Path,
    files: dict[str, str | Path | None],
    out_dir: str | Path | None,
) -> None:
    """Nothing that the test reads is written over, the official annotations least of all."""
    dataset = (cfg.get('test_dataloader') or {}).get('dataset', {})
    named = [dataset.get('ann_file'), dataset.get('bbox_file')]
    data = [Path(dataset.get('data_root') or '', name) for name in named if isinstance(name, str)]
    read = [path for path in (checkpoint, cfg.filename, *data) if path]
    for name, file in files.items():
        if file is not None:
            check_output(file, read, name)
    for folder in {path.parent for path in data} if out_dir is not None else ():
        check_output(out_dir, [folder], 'out_dir', folder=True)
        if folder.name == 'annotations' and any(Path(out_dir).glob('*.json')):
            check_output(Path(out_dir, 'predictions.json'), [folder], 'out_dir')


def _test_config(cfg: Config, dump: str | Path | None) -> Config:
    """A copy that loads nothing by itself and dumps predictions if so wished."""
    if not cfg.get('test_dataloader'):
        raise UsageError('test_dataloader: expected data to test on, got none')
    cfg = copy.deepcopy(cfg)
    cfg.load_from, cfg.resume = None, False
    set_work_dir(cfg)
    if dump is not None:
        metrics = cfg.test_evaluator
        metrics = list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]
        cfg.test_evaluator = [*metrics, dict(type='DumpResults', out_file_path=str(dump))]
    return cfg


def _build_runner(cfg: Config, tested: tuple[Config, str] | None = None) -> Runner:
    """The runner of a config, with the hooks that guard a training and label numbers."""
    from mmengine.runner import Runner

    from jmpose_mm.engine.hooks import FiniteLossHook, InitialWeightsHook, ProvenanceHook

    if cfg.get('visualizer'):
        # Found by its name, that of an earlier run would write into the earlier run's folder.
        cfg.visualizer.name = f'{cfg.visualizer.get("name", "visualizer")}-{uuid4().hex}'
    runner = Runner.from_cfg(cfg)
    for kind in (FiniteLossHook, InitialWeightsHook, ProvenanceHook):
        if not any(isinstance(hook, kind) for hook in runner.hooks):
            runner.register_hook(kind())
    (hook,) = (hook for hook in runner.hooks if isinstance(hook, ProvenanceHook))
    hook.tested = tested
    return runner
