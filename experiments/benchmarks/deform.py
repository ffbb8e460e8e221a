"""Modulated deformable convolution: this package's against the compiled ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from experiments.benchmarks.timing import Comparison, measure_seconds
from jmpose_mm.engine.devices import choose_device
from jmpose_mm.host.mmcv_extension import has_compiled_operations
from jmpose_mm.models.layers.modulated_alignment import deform_operator

__all__ = ['SHAPES', 'Shape', 'measure']


class Shape(NamedTuple):
    """One convolution of 3x3 taps as a network here has it.

    Attributes:
        network: Name of the network.
        features: (B, C, H, W).
        groups: Deformable groups.
        dilation: Dilation of the taps.
    """

    network: str
    features: tuple[int, int, int, int]
    groups: int
    dilation: int


SHAPES = (
    Shape('JM-Pose, FAMI-Pose and TDMI on HRNet-W48', (4, 48, 96, 72), 12, 3),
    Shape('JM-Pose on ResNet-18, small crops', (8, 32, 32, 24), 8, 3),
    Shape('DCPose', (4, 17, 96, 72), 17, 9),
)
QUICK_SHAPES = (Shape('any', (1, 8, 12, 9), 2, 3),)
# Of the largest value. In float64: in float32 some of the millions of positions fall on either side
# of a whole number, where the gradient jumps.
TOLERANCE = 1e-9


def measure(
    quick: bool = False, shapes: tuple[Shape, ...] | None = None, runs: int | None = None
) -> list[Comparison]:
    """Time the operators alternately, forward alone and with backward, on a GPU if there is one.

    Args:
        quick: A small shape, two runs instead of nine.
        shapes: Other shapes, instead.
        runs: Another number of runs.

    Raises:
        RuntimeError: The operators do not give the same result or the same gradients.
    """
    shapes = shapes or (QUICK_SHAPES if quick else SHAPES)
    others = ['torchvision', *(['mmcv'] if has_compiled_operations() else [])]
    return [
        _compared(shape, other, gradients, runs or (2 if quick else 9))
        for shape in shapes
        for other in others
        for gradients in (True, False)
    ]


def random_inputs(shape: Shape, device: str = 'cpu', seed: int = 0) -> list[Tensor]:
    """Features, offset, modulation, weight and bias in float64."""
    batch, channels, height, width = shape.features
    taps = 9 * shape.groups
    generator = torch.Generator().manual_seed(seed)
    sizes = (
        shape.features,
        (batch, 2 * taps, height, width),
        (batch, taps, height, width),
        (channels, channels, 3, 3),
        (channels,),
    )
    drawn = [torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes]
    drawn[2] = drawn[2].sigmoid()
    return [tensor.to(device) for tensor in drawn]


def _compared(shape: Shape, other: str, gradients: bool, runs: int) -> Comparison:
    device = choose_device('auto', 'training', tell=False).type
    inputs, names = random_inputs(shape, device), (other, 'native')
    _check(*(_pass(deform_operator(name), inputs, shape, True) for name in names))
    inputs = [tensor.float() for tensor in inputs]
    ways = [partial(_pass, deform_operator(name), inputs, shape) for name in names]
    columns: tuple[list[float], list[float]] = ([], [])
    what = f'{shape.network}, {"forward + backward" if gradients else "forward"}'
    for _ in tqdm(range(runs), desc=f'timing {what}', leave=False, disable=None):
        for column, way in zip(columns, ways, strict=True):
            column.append(measure_seconds(partial(way, gradients)))
    size = 'x'.join(map(str, shape.features))
    note = f'features {size}, {shape.groups} groups, dilation {shape.dilation}, float32, {device}.'
    return Comparison(what, f"{other}'s operator", "'native'", *columns, note)


def _pass(
    operator: Callable[..., Tensor], inputs: list[Tensor], shape: Shape, gradients: bool
) -> list[Tensor]:
    """The result and, if asked for, the gradients of the inputs."""
    inputs = [tensor.detach().requires_grad_(gradients) for tensor in inputs]
    with torch.set_grad_enabled(gradients):
        output = operator(*inputs, 1, shape.dilation, shape.dilation)
    results = [output]
    if gradients:
        results += torch.autograd.grad(output.square().sum(), inputs)
    if output.is_cuda:
        torch.cuda.synchronize()
    return results


def _check(reference: list[Tensor], ours: list[Tensor]) -> None:
    for one, other in zip(reference, ours, strict=True):
        difference = ((one - other).detach().abs().max() / one.detach().abs().max()).item()
        if not difference < TOLERANCE:
            raise RuntimeError(f'the operators differ by {difference:.1e} of the largest value')
