"""A training of six points, in which every source of randomness takes part."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset


class NoisyPoints(Dataset):
    """Six points; every look at one draws from all three generators, as a pipeline does."""

    metainfo = {'sigmas': np.array([0.1, 0.2], dtype=np.float32), 'classes': ('person',)}

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        noise = np.random.rand() + random.random() + torch.rand(1).item()
        return {'inputs': torch.full((4,), float(index)) + noise}


class DroppingModel(BaseModel):
    """A regression with dropout and BatchNorm: it depends on the random state and on buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1)
        )

    def forward(self, inputs: torch.Tensor, mode: str = 'tensor') -> object:
        out = self.body(inputs)
        return {'loss': (out - 1).square().mean()} if mode == 'loss' else [out]


def make_runner(
    folder: Path,
    by_epoch: bool,
    end: int,
    workers: int,
    resume: bool | str = False,
    **checkpoint: Any,
) -> Runner:
    """A runner that saves and validates every 3 iterations and stops at `end` (epochs or not).

    `resume` is a checkpoint, or whether to go on from the last; `checkpoint` are options of its
    hook.
    """

    def loader() -> dict:
        return dict(
            batch_size=2,
            num_workers=workers,
            dataset=NoisyPoints(),
            sampler=dict(type='DefaultSampler', shuffle=True),
            collate_fn=dict(type='default_collate'),
        )

    # the model is made before the runner sets the seed; a resumed one is overwritten anyway
    torch.manual_seed(99 if resume else 0)
    train_cfg = (
        dict(by_epoch=True, max_epochs=end, val_interval=1)
        if by_epoch
        else dict(by_epoch=False, max_iters=end, val_interval=3)
    )
    return Runner(
        model=DroppingModel(),
        work_dir=str(folder),
        train_dataloader=loader(),
        val_dataloader=loader(),
        val_evaluator=dict(type='DumpResults', out_file_path=str(folder / 'out.pkl')),
        val_cfg=dict(),
        train_cfg=train_cfg,
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.05)),
        param_scheduler=dict(type='LinearLR', start_factor=0.1, begin=0, end=6, by_epoch=False),
        default_hooks=dict(
            checkpoint=dict(
                type='jmpose_mm.DurableCheckpointHook',
                interval=1 if by_epoch else 3,
                by_epoch=by_epoch,
                **checkpoint,
            )
        ),
        custom_hooks=[dict(type='jmpose_mm.PlainCheckpointHook')],
        randomness=dict(seed=3),
        resume=bool(resume),
        load_from=resume if isinstance(resume, str) else None,
        default_scope='mmpose',
        experiment_name=f'{folder}-{by_epoch}-{end}-{resume}-{workers}',
        log_level='WARNING',
    )
