"""Training: a neck and a head on stored features, or all of a model on images."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.runner import load_checkpoint, set_random_seed
from torch import nn

from experiments.study.features import StoredClips, neck_features
from jmpose_mm.apis.train_and_test import train
from jmpose_mm.engine.configs import pipeline_step
from jmpose_mm.registry import MODELS, PARAM_SCHEDULERS

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['built_model', 'frame_offsets', 'quiet', 'train_on_features', 'train_on_images']


def frame_offsets(cfg: Config) -> tuple[int, ...]:
    """Frame offsets of the clips that a config trains on."""
    return tuple(_frames(cfg).frame_offsets)


def _frames(cfg: Config) -> Any:
    return pipeline_step(cfg.train_dataloader.dataset.pipeline, 'SampleSupportFrames')


def built_model(cfg: Config, checkpoint: str | Path | None, device: str) -> nn.Module:
    """The model of a config as a training run would start it.

    Args:
        cfg: With the seed in ``randomness``.
        checkpoint: Checkpoint of which all that fits is loaded; None loads nothing.
        device: Where the model goes.
    """
    set_random_seed(cfg.randomness.seed)
    model = MODELS.build(cfg.model)
    with quiet():  # it says how every layer starts
        model.init_weights()
    if checkpoint is not None:
        load_checkpoint(model, str(checkpoint), map_location='cpu', logger='silent')
    return model.to(device)


def train_on_features(
    model: nn.Module,
    cfg: Config,
    clips: StoredClips,
    passes: int = 1,
    copies: bool = False,
    device: str = 'cpu',
    objective_from: float = 0.0,
) -> float:
    """Train what is not frozen, on the clips in their order, as `cfg` says otherwise.

    Args:
        model: Model, whose backbone is not run.
        cfg: Batch size, optimizer and schedule; the schedule is stretched over all passes.
        clips: To train on.
        passes: Number of times that each is seen.
        copies: Train on copies of the key frame.
        device: Where the model is.
        objective_from: Share of the steps before the head's further objectives begin.

    Returns:
        The mean loss of the last tenth of the steps.

    Raises:
        ValueError: There are fewer clips than in a batch.
    """
    size = cfg.train_dataloader.batch_size
    steps = passes * (len(clips) // size)
    if not steps:
        raise ValueError(f'clips: expected at least a batch of {size}, got {len(clips)}')
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    schedule = {**cfg.param_scheduler, 'total_steps': steps, 'by_epoch': False}
    schedule.pop('convert_to_iter_based', None)
    scheduler = PARAM_SCHEDULERS.build(schedule, default_args={'optimizer': optim})
    model.train()
    losses: list[torch.Tensor] = []
    pairs = np.random.default_rng(cfg.randomness.seed) if _frames(cfg).get('pairs') else None
    terms = getattr(model.head, 'loss_terms', None)
    weight = 0.0 if terms is None else terms.weight
    batches = (
        batch
        for _ in range(passes)
        for batch in clips.batches(size, frame_offsets(cfg), copies, device, True, pairs)
    )
    for clip, samples in batches:
        if terms is not None:
            terms.weight = weight if len(losses) >= objective_from * steps else 0.0
        with optim.optim_context(model):
            named = model.head.loss(neck_features(model, clip), samples, model.train_cfg)
        loss, _ = model.parse_losses(named)
        optim.update_params(loss)
        scheduler.step()
        losses.append(loss.detach())
    return float(torch.stack(losses[-max(1, steps // 10) :]).mean())


def train_on_images(
    cfg: Config, checkpoint: str | Path | None, epochs: int, indices: list[int] | None = None
) -> tuple[Path, float]:
    """Train by mmengine's runner.

    Args:
        cfg: Changed.
        checkpoint: Checkpoint to start from.
        epochs: Number of times that each sample is seen.
        indices: Indices of the samples; None takes all.

    Returns:
        The checkpoint, and how many seconds it took.
    """
    start = time.monotonic()
    cfg.load_from = None if checkpoint is None else str(checkpoint)
    cfg.train_cfg.max_epochs = cfg.param_scheduler.total_steps = epochs
    cfg.default_hooks.checkpoint.update(interval=epochs, max_keep_ckpts=1)
    cfg.train_dataloader.dataset.indices = indices
    cfg.log_level = 'WARNING'  # others are trained beside it
    train(cfg)
    last = Path(cfg.work_dir, 'last_checkpoint').read_text(encoding='utf-8').strip()
    return Path(last), time.monotonic() - start


@contextmanager
def quiet() -> Iterator[None]:
    """Only warnings go into the log."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
