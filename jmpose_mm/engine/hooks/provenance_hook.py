"""Metrics learn from what runs under which conditions their numbers hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.hooks import Hook

from jmpose_mm.engine.protocols import read_protocol
from jmpose_mm.engine.provenance import run_record
from jmpose_mm.registry import HOOKS

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.evaluator import Evaluator
    from mmengine.runner import Runner
    from torch.utils.data import DataLoader

__all__ = ['ProvenanceHook']


@HOOKS.register_module()
class ProvenanceHook(Hook):
    """Before each evaluation, reads the protocol off data set, model and metric, and states it.

    Metrics that have no ``describe`` are left alone. Where boxes were detected, a metric with
    ``take_truth`` is given the data set.

    Attributes:
        tested: Config and checkpoint of a test, where others than the runner's count.

    Example:
        >>> from jmpose_mm import load_config
        >>> cfg = load_config('jm-pose_debug.py')
        >>> {'type': 'jmpose_mm.ProvenanceHook'} in cfg.custom_hooks
        True
    """

    def __init__(self) -> None:
        self.tested: tuple[Config, str | Path | None] | None = None

    def before_val(self, runner: Runner) -> None:
        """State what validation runs on; the weights are those of the moment, in no file."""
        _describe(runner, runner.val_dataloader, runner.val_evaluator, (runner.cfg, None))

    def before_test(self, runner: Runner) -> None:
        """State what the test runs on."""
        source = self.tested or (runner.cfg, runner.cfg.get('load_from'))
        _describe(runner, runner.test_dataloader, runner.test_evaluator, source)


def _describe(
    runner: Runner, loader: DataLoader[Any], evaluator: Evaluator, source: tuple[Any, Any]
) -> None:
    for metric in evaluator.metrics:
        if hasattr(metric, 'take_truth') and getattr(loader.dataset, 'bbox_file', None):
            metric.take_truth(loader.dataset)
        if not hasattr(metric, 'describe'):
            continue
        label = read_protocol(loader.dataset, runner.model, metric).label()
        writes = getattr(metric, 'out_dir', None) is not None
        metric.describe(label, run_record(*source, loader.dataset) if writes else None)
