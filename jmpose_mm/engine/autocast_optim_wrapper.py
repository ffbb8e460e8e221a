"""Training in bfloat16 on any device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from jmpose_mm.registry import OPTIM_WRAPPERS

__all__ = ['AutocastOptimWrapper']


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """mmengine's wrapper, differing in that forward passes run under autocast in bfloat16.

    mmengine's ``AmpOptimWrapper`` needs an accelerator. Weights and the optimizer's state stay in
    float32; bfloat16 has float32's range, so the loss needs no scaling. mmpose's own
    ``HeatmapHead`` then needs ``model.train_cfg=dict(compute_acc=False)``: its accuracy is made by
    NumPy, which knows no bfloat16.

    Example:
        >>> model = nn.Linear(2, 2)
        >>> wrapper = AutocastOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
        >>> with wrapper.optim_context(model):
        ...     model(torch.zeros(1, 2)).dtype
        torch.bfloat16
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Around a forward pass and its losses."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield
