"""Shapes of the maps that a backbone gives.

Axes: C channels, h w grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from jmpose_mm.errors import UsageError

__all__ = ['stage_shapes']


def stage_shapes(
    backbone: nn.Module, size: Sequence[int] = (256, 192)
) -> list[tuple[int, int, int]] | None:
    """(C, h, w) of each map that a backbone gives for an image; None where only data would tell.

    Args:
        backbone: Takes ``(N, 3, H, W)`` and gives one map or a sequence of maps.
        size: (H, W).

    Raises:
        UsageError: It gives something else.
    """
    tensors = dict(backbone.named_parameters()) | dict(backbone.named_buffers())
    shapes = {name: torch.empty_like(tensor, device='meta') for name, tensor in tensors.items()}
    try:
        with _KeptByNorms():
            maps = functional_call(backbone, shapes, torch.empty(2, 3, *size, device='meta'))
    except (RuntimeError, NotImplementedError):  # an operator that has no form without data
        return None
    maps = (maps,) if isinstance(maps, Tensor) else maps
    if not all(isinstance(m, Tensor) and m.dim() == 4 for m in maps):
        raise UsageError(
            f'backbone: expected one map or a sequence of maps (N, C, h, w), as necks take them, '
            f'from {type(backbone).__name__}, got {[type(m).__name__ for m in maps]}'
        )
    return [(m.shape[1], m.shape[2], m.shape[3]) for m in maps]


class _KeptByNorms(TorchFunctionMode):
    """Leaves out normalisation, which keeps shapes.

    Without data PyTorch derives it by its compiler, whose import takes most of a second.
    """

    NORMS = (F.batch_norm, F.layer_norm, F.group_norm, F.instance_norm)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return args[0] if func in self.NORMS and args else func(*args, **(kwargs or {}))
