"""Modulated deformable convolution (DCNv2; Zhu et al., CVPR 2019, equation 1) in plain PyTorch.

Axes: B batch, C input channels, O output channels, G deformable groups, N taps of the kernel,
H W input grid, h w output grid.
"""

from __future__ import annotations

import torch
from torch import Tensor

from jmpose_mm.functional.bilinear import sample_bilinear
from jmpose_mm.functional.checks import check_rank

__all__ = ['modulated_deform_conv2d']


def _sampling_grid(
    offset: Tensor,
    kernel: tuple[int, int],
    size: tuple[int, int],
    stride: int,
    padding: int,
    dilation: int,
) -> Tensor:
    """Where each tap of each output position reads, (B*G, N*h, w, 2), as ``grid_sample`` counts.

    That is (x, y) with -1 and 1 at the outer borders of the first and the last pixel. This form,
    without aligned corners, is defined for a grid of one pixel too.
    """
    kernel_h, kernel_w = kernel
    h, w = offset.shape[-2:]
    taps = kernel_h * kernel_w

    def steps(count: int, step: int, start: int = 0) -> Tensor:
        # Half precision cannot tell a pixel from the next.
        dtype = torch.promote_types(offset.dtype, torch.float32)
        return torch.arange(count, dtype=dtype, device=offset.device) * step + start

    tap_rows = steps(kernel_h, dilation).repeat_interleave(kernel_w)
    tap_columns = steps(kernel_w, dilation).repeat(kernel_h)
    rows = tap_rows[:, None, None] + steps(h, stride, -padding)[:, None]  # (N, h, 1)
    columns = tap_columns[:, None, None] + steps(w, stride, -padding)  # (N, 1, w)
    # mmcv's order of offsets is (dy, dx), that of grid_sample (x, y).
    dy, dx = offset.reshape(-1, taps, 2, h, w).unbind(dim=2)  # (B*G, N, h, w)
    # Offsets are scaled while they are added: one pass over memory.
    y = torch.add((2 * rows + 1) / size[0] - 1, dy, alpha=2 / size[0])
    x = torch.add((2 * columns + 1) / size[1] - 1, dx, alpha=2 / size[1])
    return torch.stack((x, y), dim=-1).reshape(-1, taps * h, w, 2)


def modulated_deform_conv2d(
    features: Tensor,
    offset: Tensor,
    modulation: Tensor | None,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """Convolve ``features`` at displaced and weighted positions.

    Bilinear sampling, zero outside of the grid; the same layout of weights, offsets and modulation
    as torchvision's and mmcv's compiled operators, to which it is equal up to rounding. The number
    of deformable groups follows from the shapes. Ordinary convolution groups are not supported.

    Args:
        features: ``(B, C, H, W)``.
        offset: ``(B, 2 G N, h, w)``, pixels of ``features``, ordered (group, tap, (dy, dx)).
        modulation: ``(B, G N, h, w)``, the factor of each tap, used as it is. None is a factor of
            1, as in the first version (DCNv1; Dai et al., ICCV 2017), at less cost.
        weight: ``(O, C, kernel_h, kernel_w)``, ``N = kernel_h * kernel_w``.
        bias: ``(O,)``.
        stride: Distance of output positions, in pixels of ``features``.
        padding: Zeros around ``features``, in pixels.
        dilation: Distance of neighbouring taps, in pixels.

    Returns:
        ``(B, O, h, w)``.

    Raises:
        ValueError: Shapes that do not belong together.

    Example:
        >>> import torch
        >>> features, weight = torch.rand(1, 4, 8, 8), torch.rand(6, 4, 3, 3)
        >>> offset, modulation = torch.zeros(1, 18, 8, 8), torch.ones(1, 9, 8, 8)
        >>> still = modulated_deform_conv2d(features, offset, modulation, weight, padding=1)
        >>> torch.allclose(still, torch.conv2d(features, weight, padding=1), atol=1e-4)
        True
    """
    groups = _deformable_groups(features, offset, modulation, weight)
    c, height, width = features.shape[1:]
    o, _, kernel_h, kernel_w = weight.shape
    taps = kernel_h * kernel_w
    h, w = offset.shape[-2:]
    grid = _sampling_grid(offset, (kernel_h, kernel_w), (height, width), stride, padding, dilation)
    # The batch is -1 throughout, so that an exported graph takes any.
    maps = features.reshape(-1, c // groups, height, width).to(grid.dtype)
    sampled = sample_bilinear(maps, grid).reshape(-1, groups, c // groups, taps, h * w)
    sampled = sampled.to(features.dtype)
    if modulation is not None:
        sampled = sampled * modulation.reshape(-1, groups, 1, taps, h * w)
    sampled = sampled.reshape(-1, c * taps, h * w)
    flat_weight = weight.reshape(1, o, c * taps)
    if torch.onnx.is_in_onnx_export():
        # The exporter would make the size of the batch that it sees a constant of the graph.
        output = flat_weight @ sampled
    else:
        # Not `@`: that would transpose and copy all samples to make one matrix of them.
        output = torch.bmm(flat_weight.expand(sampled.shape[0], -1, -1), sampled)
    if bias is not None:
        output = output + bias[:, None]
    return output.reshape(-1, o, h, w)


def _deformable_groups(
    features: Tensor, offset: Tensor, modulation: Tensor | None, weight: Tensor
) -> int:
    """G, where the shapes belong together."""
    check_rank('features', features, 'B C H W')
    b, c = features.shape[:2]
    taps = weight.shape[2] * weight.shape[3]
    h, w = offset.shape[-2:]
    predicted = offset.shape[1] // 2 if modulation is None else modulation.shape[1]
    groups = predicted // taps
    if weight.shape[1] != c or groups * taps != predicted or c % max(groups, 1):
        raise ValueError(
            'modulation and weight: expected (B, G*N, h, w) with G dividing C and (O, C, kh, kw) '
            f'for C={c}, N={taps}, got {(b, predicted, h, w)} and {tuple(weight.shape)}'
        )
    expected = (b, 2 * predicted, *(offset if modulation is None else modulation).shape[-2:])
    if offset.shape != expected:
        raise ValueError(f'offset: expected {expected}, got {tuple(offset.shape)}')
    return groups
