"""The arms of one seed: they share a teacher, its poses of the films, and the test frames."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn

from experiments.few_labels.arms import Arm
from experiments.few_labels.films import Films
from experiments.few_labels.targets import targets_error
from experiments.study.evaluation import average_precision, predict, predict_images
from experiments.study.plan import Run
from experiments.study.seed_runs import SeedRuns
from experiments.study.set_up import BOXES, Study, method, run_config
from experiments.study.training import built_model, frame_offsets, train_on_images
from jmpose_mm.engine.protocols import read_protocol
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import DATASETS

__all__ = ['SeedArms']


class SeedArms:
    """Makes arms of one seed.

    Args:
        study: Labelled and test videos, and the teacher.
        films: The unlabelled videos.
        seed: Seed of everything that is drawn in training.
    """

    def __init__(self, study: Study, films: Path, seed: int) -> None:
        self.study, self.seed = study, seed
        self.shared = SeedRuns(study, seed, 'cpu')
        self._films = films

    @cached_property
    def films(self) -> Films:
        """The unlabelled videos as the teacher sees them."""
        cfg = run_config(self.study, method('single_frame'), self.seed)
        return self._seen_by(cfg, self.shared.baseline['checkpoint'], 'films')

    def _films_for(self, arm: Arm) -> Films:
        """The unlabelled videos as the model sees them that says an arm's targets.

        Raises:
            UsageError: The arm of that model has not been made.
        """
        if not arm.teacher:
            return self.films
        run = replace(method(arm.method), name=arm.teacher)
        cfg = run_config(self.study, run, self.seed)
        last = Path(cfg.work_dir, 'last_checkpoint')
        if not last.exists():
            raise UsageError(
                f'{arm.name}: expected the student of {arm.teacher} of seed {self.seed}, found '
                f'no {last}; make it first: --only {arm.teacher}'
            )
        cfg.model.head.ensemble = True
        return self._seen_by(cfg, last.read_text(encoding='utf-8').strip(), f'films_{arm.teacher}')

    def _seen_by(self, cfg: Config, checkpoint: str, folder: str) -> Films:
        return Films(self._films, self.study.seed(self.seed) / folder, cfg, checkpoint)

    def make(self, arm: Arm) -> dict[str, Any]:
        """Train and test one arm: its row, in plain types; ``'ensemble'`` has the tests of a mean
        with the teacher."""
        run = replace(method(arm.method), name=arm.name, copies=arm.copies)
        cfg = run_config(self.study, run, self.seed)
        start = time.monotonic()
        if arm.targets == 'none':
            model = built_model(cfg, self.shared.baseline['checkpoint'], 'cpu')
            seconds = float(self.shared.baseline['seconds'])
        else:
            model = self._trained(arm, cfg)
            seconds = time.monotonic() - start
        row: dict[str, Any] = {**vars(arm), 'seed': self.seed, 'seconds': round(seconds, 1)}
        row['samples'] = self.study.scale.samples
        if arm.targets in ('teacher', 'agreed'):
            row['targets_error'] = targets_error(self._labels(arm), self.films.truth)
        row['tested'] = {boxes: self._tested(model, run, boxes) for boxes in BOXES}
        if model.with_neck:
            model.head.ensemble = True
            row['ensemble'] = {boxes: self._tested(model, run, boxes) for boxes in BOXES}
        return row

    def _labels(self, arm: Arm) -> Path:
        """The annotation file that an arm trains on."""
        if arm.targets == 'true':
            return self.films.truth
        return self._films_for(arm).labels(arm.targets == 'agreed', arm.labels)

    def _trained(self, arm: Arm, cfg: Config) -> nn.Module:
        data = cfg.train_dataloader.dataset
        if arm.targets != 'labelled':
            data.data_root = str(self._films.resolve())
            data.ann_file = str(self._labels(arm).resolve())
            _insert_behind(data.pipeline, 'GenerateTarget', dict(type='jmpose_mm.WeighKeypoints'))
            if arm.degrade:
                step = dict(type='jmpose_mm.DegradeFrames', prob=arm.degrade)
                _insert_behind(data.pipeline, 'TopdownClipAffine', step)
        count, wanted = len(DATASETS.build(data)), self.study.scale.samples
        order = np.random.default_rng(self.seed).permutation(count)[:wanted].tolist()
        epochs = arm.passes * max(1, round(wanted / len(order)))
        baseline = self.shared.baseline['checkpoint']
        checkpoint, _ = train_on_images(cfg, baseline, epochs, order)
        return built_model(cfg, checkpoint, 'cpu')

    def _tested(self, model: nn.Module, run: Run, boxes: str) -> dict[str, Any]:
        """AP; a frozen backbone is the teacher's, whose features of the test frames are stored."""
        cfg = run_config(self.study, run, self.seed, boxes)
        clips = self.shared.clips(boxes)
        if model.with_neck:
            samples = predict(model, clips, frame_offsets(cfg), run.copies)
        else:
            samples = predict_images(model, Runner.build_dataloader(cfg.test_dataloader))
        protocol = read_protocol(DATASETS.build(cfg.test_dataloader.dataset), model)
        label = replace(protocol, frames='as each method takes').label()
        return average_precision(samples, clips.metainfo, self.study.truth, label)


def _insert_behind(pipeline: list[dict[str, Any]], name: str, step: dict[str, Any]) -> None:
    (place,) = (i for i, one in enumerate(pipeline) if one['type'].endswith(name))
    pipeline.insert(place + 1, step)
