"""Batch normalisation in evaluation mode, folded into the convolution before it."""

from __future__ import annotations

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

__all__ = ['fold_batch_norm']


def fold_batch_norm(module: nn.Module) -> nn.Module:
    """A copy of a frozen module that computes the same with fewer passes over memory.

    A normalisation is folded where its convolution is registered right before it, as in HRNet,
    ResNet and every block of this package.

    Args:
        module: In evaluation mode; it is not changed.

    Raises:
        ValueError: The module is in training mode.
    """
    if module.training:
        raise ValueError(
            'module: expected evaluation mode, since batch statistics cannot be folded'
        )
    folded = copy.deepcopy(module)
    _fold_children(folded)
    return folded


def _fold_children(module: nn.Module) -> None:
    before = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and before is not None:
            convolution = getattr(module, before)
            transposed = isinstance(convolution, nn.ConvTranspose2d)
            setattr(module, before, fuse_conv_bn_eval(convolution, child, transpose=transposed))
            setattr(module, name, nn.Identity())
        _fold_children(child)
        before = name if isinstance(child, (nn.Conv2d, nn.ConvTranspose2d)) else None
