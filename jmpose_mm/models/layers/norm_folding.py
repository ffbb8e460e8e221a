"""Batch normalisation in evaluation mode, folded into the convolution before it."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = ['DTYPES', 'fast_copy', 'fold_batch_norm']

DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16, 'float16': torch.float16}
# How far maps of a folded copy may lie from the module's own, as a share of the largest.
_TOLERANCE = 1e-3


def fast_copy(
    module: nn.Module, dtype: str = 'float32', example: Tensor | None = None
) -> nn.Module:
    """A copy of a frozen module that runs as fast as plain PyTorch lets it.

    Normalisation is folded, weights lie channels-last. Inputs must have the copy's type and should
    lie channels-last too.

    Args:
        module: In evaluation mode; it is not changed.
        dtype: One of :data:`DTYPES`.
        example: An input. Folding goes by the order in which layers are registered; where the data
            takes another way, the copy keeps its normalisation. Without it nothing is compared.
    """
    folded = fold_batch_norm(module)
    if example is not None and not _agree(module, folded, example):
        folded = _copied(module)
    return _converted(folded, DTYPES[dtype])


@torch.no_grad()
def _agree(module: nn.Module, folded: nn.Module, example: Tensor) -> bool:
    """Whether two modules give the same maps, up to a thousandth of the largest value."""
    weights = next(module.parameters(), example)
    example = example.to(weights.device, weights.dtype)
    with torch.autocast(example.device.type, enabled=False):
        pairs = zip(_as_maps(module(example)), _as_maps(folded(example)), strict=True)
        return all(bool((a - b).abs().max() <= _TOLERANCE * a.abs().max()) for a, b in pairs)


def _as_maps(output: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return (output,) if isinstance(output, Tensor) else output


def _converted(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """`module` itself, in another type and channels-last."""
    # Not `module.to`: it exchanges tensors in place, which tensors without data do not allow.
    for part in module.modules():
        for name, value in list(part.named_parameters(recurse=False)):
            part.register_parameter(name, nn.Parameter(_laid_out(value, dtype), False))
        for name, value in list(part.named_buffers(recurse=False)):
            part._buffers[name] = _laid_out(value, dtype)
    return module


def _laid_out(value: Tensor, dtype: torch.dtype) -> Tensor:
    dtype = dtype if value.is_floating_point() else value.dtype
    images = value.dim() == 4
    layout = torch.channels_last if images else torch.preserve_format
    return value.detach().to(dtype, memory_format=layout)


def fold_batch_norm(module: nn.Module) -> nn.Module:
    """A copy of a frozen module that computes the same with fewer passes over memory.

    A normalisation is folded where its convolution is registered right before it, as in HRNet,
    ResNet and every block of this package. That the data takes this way is not checked here.

    Args:
        module: In evaluation mode; it is not changed.

    Raises:
        ValueError: The module is in training mode.
    """
    if module.training:
        raise ValueError(
            'module: expected evaluation mode, since batch statistics cannot be folded'
        )
    folded = _copied(module)
    _fold_children(folded)
    return folded


def _copied(module: nn.Module) -> nn.Module:
    # Tensors are copied by hand: a deep copy of one without data would copy its mode as well.
    memo = {id(value): value.detach().clone() for value in module.buffers()}
    memo |= {
        id(value): nn.Parameter(value.detach().clone(), value.requires_grad)
        for value in module.parameters()
    }
    return copy.deepcopy(module, memo)


def _fold_children(module: nn.Module) -> None:
    before = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and before is not None:
            convolution = getattr(module, before)
            transposed = isinstance(convolution, nn.ConvTranspose2d)
            convolution.weight, convolution.bias = fuse_conv_bn_weights(
                convolution.weight,
                convolution.bias,
                child.running_mean,
                child.running_var,
                child.eps,
                child.weight,
                child.bias,
                transposed,
            )
            setattr(module, name, nn.Identity())
        _fold_children(child)
        before = name if isinstance(child, (nn.Conv2d, nn.ConvTranspose2d)) else None
