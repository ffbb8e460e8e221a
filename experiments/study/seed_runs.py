"""The runs of one seed: they share a baseline, its features, and the samples to train on."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import nn

from experiments.benchmarks.timing import environment
from experiments.study.cases import draw_cases
from experiments.study.evaluation import average_precision, cost, predict, predict_images
from experiments.study.features import StoredClips, load_clips, store_clips
from experiments.study.plan import Run
from experiments.study.scales import MAIN
from experiments.study.set_up import (
    BOXES,
    Study,
    method,
    run_changes,
    run_config,
    train_indices,
)
from experiments.study.sources import sources_hash
from experiments.study.training import (
    built_model,
    frame_offsets,
    train_on_features,
    train_on_images,
)
from jmpose_mm.engine.protocols import read_protocol
from jmpose_mm.registry import DATASETS
from jmpose_mm.visualization.comparison import save_picture
from jmpose_mm.whole_files import write_json

__all__ = ['SeedRuns']

_PACKAGES = ('numpy', 'scipy', 'opencv-python-headless', 'torch', 'mmengine', 'mmpose')


class SeedRuns:
    """Makes runs of one seed.

    Args:
        study: The study.
        seed: Seed of everything that is drawn.
        device: ``'cpu'`` or ``'cuda'``.
    """

    def __init__(self, study: Study, seed: int, device: str) -> None:
        self.study, self.seed, self.device = study, seed, device
        self._clips: dict[str, StoredClips] = {}
        init_default_scope('mmpose')

    def make(self, run: Run) -> dict[str, Any]:
        """Train and test one run: its result, in plain types."""
        cfg, start = run_config(self.study, run, self.seed), time.monotonic()
        if run.trained == 'neck':
            model, trained = self._train_neck(run, cfg)
        elif run.trained == 'baseline':
            model = built_model(cfg, self.baseline['checkpoint'], self.device)
            epochs = self.study.scale.baseline_epochs
            trained = {'seconds': self.baseline['seconds'], 'epochs': epochs}
        else:
            model, trained = self._train_all(run, cfg)
        result = {
            **{name: getattr(run, name) for name in ('name', 'title', 'group', 'of', 'copies')},
            **{'seed': self.seed, 'trained': run.trained, 'config': run.config},
            'changes': json.loads(json.dumps(run_changes(run))),
            'training': trained,
            'cost': cost(
                model, len(frame_offsets(cfg)), cfg.model.head.decoder.input_size, self.device
            ),
            **self._tested(model, run, cfg),
            'device': torch.cuda.get_device_name() if self.device == 'cuda' else 'CPU',
            'versions': environment(_PACKAGES),
            'sources': sources_hash(),
        }
        if run.name == 'jm_pose' and self.seed == 0:
            self._draw_cases(model)
        shared = self._shared_seconds() if run.trained == 'baseline' else 0.0
        return {**result, 'whole_seconds': round(shared + time.monotonic() - start, 1)}

    def prepare(self) -> None:
        """Make what the runs share, if it is not there."""
        for which in ('train', *BOXES):
            self.clips(which)

    @cached_property
    def baseline(self) -> dict[str, Any]:
        """``checkpoint`` and training ``seconds`` of the single-frame model, trained if need be."""
        file = self.study.seed(self.seed) / 'baseline.json'
        if not file.exists():
            cfg = run_config(self.study, method('single_frame'), self.seed)
            checkpoint, seconds = train_on_images(cfg, None, self.study.scale.baseline_epochs)
            write_json(file, {'checkpoint': str(checkpoint), 'seconds': round(seconds, 1)})
        return json.loads(file.read_text(encoding='utf-8'))

    @cached_property
    def train_indices(self) -> list[int]:
        """Indices of the training samples, in their order."""
        cfg = run_config(self.study, method('jm_pose'), self.seed)
        return train_indices(
            self.study, self.seed, len(DATASETS.build(cfg.train_dataloader.dataset))
        )

    def _shared_seconds(self) -> float:
        """What the seed's baseline and features took."""
        stored = json.loads(self._stored_seconds.read_text(encoding='utf-8'))
        return self.baseline['seconds'] + sum(stored.values())

    @property
    def _stored_seconds(self) -> Path:
        return self.study.seed(self.seed) / 'stored_seconds.json'

    def clips(self, which: str) -> StoredClips:
        """Stored features of ``'train'``, or of the test frames in one kind of :data:`BOXES`."""
        if which not in self._clips:
            folder = self.study.seed(self.seed) / 'features' / which
            complete = (folder / 'samples.pkl').exists()
            self._clips[which] = load_clips(folder) if complete else self._store(folder, which)
        return self._clips[which]

    def forget(self) -> None:
        """Remove the features, which are large and quickly made again."""
        self._clips.clear()
        shutil.rmtree(self.study.seed(self.seed) / 'features', ignore_errors=True)

    def _store(self, folder: Path, which: str) -> StoredClips:
        start, file = time.monotonic(), self._stored_seconds
        clips = self._stored_clips(folder, which)
        seconds = json.loads(file.read_text(encoding='utf-8')) if file.exists() else {}
        write_json(file, {**seconds, which: round(time.monotonic() - start, 1)})
        return clips

    def _stored_clips(self, folder: Path, which: str) -> StoredClips:
        # Five frames, of which each method takes its own.
        cfg = run_config(self.study, method('jm_pose'), self.seed, which)
        loader_cfg = cfg.train_dataloader if which == 'train' else cfg.test_dataloader
        loader_cfg.update(batch_size=16, drop_last=False)
        loader_cfg.sampler.shuffle = False
        loader_cfg.dataset.indices = self.train_indices if which == 'train' else None
        loader = Runner.build_dataloader(loader_cfg, seed=self.seed)
        single = run_config(self.study, method('single_frame'), self.seed)
        model = built_model(single, self.baseline['checkpoint'], self.device).eval()
        dataset = loader.dataset
        return store_clips(
            folder, model, loader, dataset.metainfo, frame_offsets(cfg), len(dataset)
        )

    def _train_neck(self, run: Run, cfg: Config) -> tuple[nn.Module, dict[str, Any]]:
        model = built_model(cfg, self.baseline['checkpoint'], self.device)
        clips, start = self.clips('train'), time.monotonic()
        loss = train_on_features(
            model, cfg, clips, run.passes, run.copies, self.device, run.objective_from
        )
        return model, {
            'seconds': round(time.monotonic() - start, 1),
            'samples': run.passes * self.study.scale.samples,
            'last_loss': loss,
        }

    def _train_all(self, run: Run, cfg: Config) -> tuple[nn.Module, dict[str, Any]]:
        if 'neck' not in cfg.model:
            epochs, indices, start = self.study.scale.baseline_epochs, None, None
            budget = {'epochs': epochs}
        else:
            epochs, indices = run.passes, self.train_indices
            start, budget = self.baseline['checkpoint'], {'samples': epochs * len(indices)}
        checkpoint, seconds = train_on_images(cfg, start, epochs, indices)
        model = built_model(cfg, checkpoint, self.device)
        shutil.rmtree(cfg.work_dir)
        return model, {'seconds': round(seconds, 1), **budget}

    def _tested(self, model: nn.Module, run: Run, cfg: Config) -> dict[str, Any]:
        """AP in ground-truth boxes; of methods also in noisy ones and on copies of the key frame,
        of JM-Pose's parts in noisy ones."""
        kinds = list(BOXES) if run.group in MAIN else ['truth']
        result = {'tested': {kind: self._test(model, run, cfg, kind) for kind in kinds}}
        if run.group == 'method' and model.with_neck:
            samples = predict(model, self.clips('truth'), frame_offsets(cfg), True, self.device)
            result['on_copies'] = self._average(samples, model, run, 'truth')
        return result

    def _test(self, model: nn.Module, run: Run, cfg: Config, boxes: str) -> dict[str, Any]:
        if run.trained != 'all':
            clips = self.clips(boxes)
            samples = predict(model, clips, frame_offsets(cfg), run.copies, self.device)
            return self._average(samples, model, run, boxes)
        loader = run_config(self.study, run, self.seed, boxes).test_dataloader
        samples = predict_images(model, Runner.build_dataloader(loader))
        return self._average(samples, model, run, boxes)

    def _average(self, samples: list, model: nn.Module, run: Run, boxes: str) -> dict[str, Any]:
        data = run_config(self.study, run, self.seed, boxes).test_dataloader.dataset
        protocol = read_protocol(DATASETS.build(data), model)
        label = replace(protocol, frames='as each method takes').label()
        return average_precision(samples, self.clips('truth').metainfo, self.study.truth, label)

    def _draw_cases(self, model: nn.Module) -> None:
        """Where the method wins and loses most against the baseline."""
        single = method('single_frame')
        baseline = built_model(
            run_config(self.study, single, self.seed), self.baseline['checkpoint'], self.device
        )
        pictures = draw_cases(baseline, model, self.clips('truth'), self.device)
        for name, picture in pictures.items():
            save_picture(self.study.folder / 'pictures' / f'{name}.jpg', picture)
