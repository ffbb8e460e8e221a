"""Batch normalisation in evaluation mode, folded into the convolution before it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = ['DTYPES', 'fast_copy', 'fold_batch_norm']

DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16, 'float16': torch.float16}
# How far maps of a folded copy may lie from the module's own, as a share of the largest.
_TOLERANCE = 1e-3
_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
# Names of a convolution and of a normalisation.
_Pair = tuple[str, str]


def fast_copy(module: nn.Module, dtype: str = 'float32', *, example: Tensor) -> nn.Module:
    """A copy of a frozen module that runs as fast as plain PyTorch lets it.

    Normalisation is folded, weights lie channels-last. Inputs must have the copy's type and should
    lie channels-last too.

    Args:
        module: In evaluation mode; it is not changed.
        dtype: One of :data:`DTYPES`.
        example: An input, for :func:`fold_batch_norm`.
    """
    return _converted(fold_batch_norm(module, example), DTYPES[dtype])


@torch.no_grad()
def _agree(module: nn.Module, folded: nn.Module, example: Tensor) -> bool:
    """Whether two modules give the same maps, up to a thousandth of the largest value."""
    with _plain_input(module, example) as given:
        pairs = zip(_as_maps(module(given)), _as_maps(folded(given)), strict=True)
        return all(bool((a - b).abs().max() <= _TOLERANCE * a.abs().max()) for a, b in pairs)


def _as_maps(output: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return (output,) if isinstance(output, Tensor) else output


def _converted(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """`module` itself, in another type and channels-last."""
    # Not `module.to`: it exchanges tensors in place, which tensors without data do not allow.
    for part in module.modules():
        for name, value in list(part.named_parameters(recurse=False)):
            part.register_parameter(name, nn.Parameter(_laid_out(value, dtype), False))
        for name, buffer in list(part.named_buffers(recurse=False)):
            part._buffers[name] = _laid_out(buffer, dtype)
    return module


def _laid_out(value: Tensor, dtype: torch.dtype) -> Tensor:
    dtype = dtype if value.is_floating_point() else value.dtype
    images = value.dim() == 4
    layout = torch.channels_last if images else torch.preserve_format
    return value.detach().to(dtype, memory_format=layout)


def fold_batch_norm(module: nn.Module, example: Tensor) -> nn.Module:
    """A copy of a frozen module that computes the same with fewer passes over memory.

    A normalisation is folded where the example shows that it reads what one convolution gives, each
    time that either of them runs, and that the maps stay what they were. Others are left.

    Args:
        module: In evaluation mode; it is not changed.
        example: An input.

    Raises:
        ValueError: The module is in training mode.
    """
    if module.training:
        raise ValueError(
            'module: expected evaluation mode, since batch statistics cannot be folded'
        )
    return _folded(module, _checked(module, _pairs(module, example), example))


def _checked(module: nn.Module, pairs: list[_Pair], example: Tensor) -> list[_Pair]:
    """Those of the pairs that can be folded: halves of them are tried where all together differ."""
    if not pairs or _agree(module, _folded(module, pairs), example):
        return pairs
    # A pair may only look foldable, where the map between is read elsewhere too: halving finds it.
    half = len(pairs) // 2
    halves = (pairs[:half], pairs[half:]) if half else ()
    return [pair for part in halves for pair in _checked(module, part, example)]


def _folded(module: nn.Module, pairs: list[_Pair]) -> nn.Module:
    copied = _copied(module)
    parts = dict(copied.named_modules())
    convolutions = {n: m for n, m in parts.items() if isinstance(m, _CONVOLUTIONS)}
    norms = {n: m for n, m in parts.items() if isinstance(m, nn.BatchNorm2d)}
    for name, norm_name in pairs:
        convolution, norm = convolutions[name], norms[norm_name]
        mean, variance = norm.running_mean, norm.running_var
        if mean is None or variance is None:  # of batches alone: nothing is known beforehand
            continue
        convolution.weight, convolution.bias = fuse_conv_bn_weights(
            convolution.weight,
            convolution.bias,
            mean,
            variance,
            norm.eps,
            norm.weight,
            norm.bias,
            isinstance(convolution, nn.ConvTranspose2d),
        )
        # Replaced, not removed: names of the layers behind it stay.
        parent, _, attribute = norm_name.rpartition('.')
        setattr(copied.get_submodule(parent), attribute, nn.Identity())
    return copied


@torch.no_grad()
def _pairs(module: nn.Module, example: Tensor) -> list[_Pair]:
    """Convolutions and the normalisations that read what they give, and nothing else."""
    given: dict[int, tuple[str, Tensor]] = {}  # tensors are held: no other gets their number
    runs: Counter[str] = Counter()
    reads: Counter[_Pair] = Counter()

    def convolved(name: str, output: Tensor) -> None:
        given[id(output)] = name, output
        runs[name] += 1

    def normalised(name: str, value: Tensor) -> None:
        runs[name] += 1
        if id(value) in given:
            reads[given[id(value)][0], name] += 1

    handles = []
    for name, part in module.named_modules():
        if isinstance(part, _CONVOLUTIONS):
            handles.append(part.register_forward_hook(lambda _, i, o, n=name: convolved(n, o)))
        elif isinstance(part, nn.BatchNorm2d) and part.running_mean is not None:
            handles.append(part.register_forward_pre_hook(lambda _, i, n=name: normalised(n, i[0])))
    try:
        with _plain_input(module, example) as value:
            module(value)
    finally:
        for handle in handles:
            handle.remove()
    return [pair for pair, count in reads.items() if runs[pair[0]] == runs[pair[1]] == count]


@contextmanager
def _plain_input(module: nn.Module, example: Tensor) -> Iterator[Tensor]:
    """The example in the type and on the device of the module, which then computes in it."""
    weights = next(module.parameters(), example)
    with torch.autocast(weights.device.type, enabled=False):
        yield example.to(weights.device, weights.dtype)


def _copied(module: nn.Module) -> nn.Module:
    # Tensors are copied by hand: a deep copy of one without data would copy its mode as well.
    memo = {id(value): value.detach().clone() for value in module.buffers()}
    memo |= {
        id(value): nn.Parameter(value.detach().clone(), value.requires_grad)
        for value in module.parameters()
    }
    return copy.deepcopy(module, memo)
