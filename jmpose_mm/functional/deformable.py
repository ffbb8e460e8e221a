"""Modulated deformable convolution (DCNv2; Zhu et al., CVPR 2019, equation 1) in plain PyTorch.

Axes: B batch, C input channels, O output channels, G deformable groups, N taps of the kernel,
H W input grid, h w output grid.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from jmpose_mm.functional.checks import check_rank

__all__ = ['modulated_deform_conv2d']


def _sampling_positions(
    offset: Tensor, kernel: tuple[int, int], stride: int, padding: int, dilation: int
) -> tuple[Tensor, Tensor]:
    """Where each tap of each output position reads, in input pixels: x and y, (B, G, N, h, w)."""
    kernel_h, kernel_w = kernel
    _, channels, h, w = offset.shape
    taps = kernel_h * kernel_w
    shifts = offset.reshape(-1, channels // (2 * taps), taps, 2, h, w)
    device = offset.device
    rows = torch.arange(h, device=device) * stride - padding
    columns = torch.arange(w, device=device) * stride - padding
    tap_rows = (torch.arange(kernel_h, device=device) * dilation).repeat_interleave(kernel_w)
    tap_columns = (torch.arange(kernel_w, device=device) * dilation).repeat(kernel_h)
    y = shifts[:, :, :, 0] + (tap_rows[:, None, None] + rows[:, None])
    x = shifts[:, :, :, 1] + (tap_columns[:, None, None] + columns)
    return x, y


def modulated_deform_conv2d(
    features: Tensor,
    offset: Tensor,
    modulation: Tensor,
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
        modulation: ``(B, G N, h, w)``, the factor of each tap, used as it is.
        weight: ``(O, C, kernel_h, kernel_w)``, ``N = kernel_h * kernel_w``.
        bias: ``(O,)``.
        stride: Of the output grid, in pixels of ``features``.
        padding: Zeros around ``features``, in pixels.
        dilation: Distance of neighbouring taps, in pixels.

    Returns:
        ``(B, O, h, w)``.

    Raises:
        ValueError: Shapes that do not belong together.
    """
    check_rank('features', features, 'B C H W')
    b, c, height, width = features.shape
    o, weight_c, kernel_h, kernel_w = weight.shape
    taps = kernel_h * kernel_w
    h, w = offset.shape[-2:]
    groups = modulation.shape[1] // taps
    if weight_c != c or groups * taps != modulation.shape[1] or c % max(groups, 1):
        raise ValueError(
            'modulation and weight: expected (B, G*N, h, w) with G dividing C and (O, C, kh, kw) '
            f'for C={c}, N={taps}, got {tuple(modulation.shape)} and {tuple(weight.shape)}'
        )
    if offset.shape != (b, 2 * groups * taps, h, w) or modulation.shape[-2:] != (h, w):
        raise ValueError(
            f'offset: expected {(b, 2 * groups * taps, *modulation.shape[-2:])}, '
            f'got {tuple(offset.shape)}'
        )
    x, y = _sampling_positions(offset, (kernel_h, kernel_w), stride, padding, dilation)
    # The form without aligned corners is defined for a grid of one pixel too.
    grid = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=-1)
    # The batch is -1 throughout, so that an exported graph takes any.
    sampled = grid_sample(
        features.reshape(-1, c // groups, height, width),
        grid.reshape(-1, taps * h, w, 2),
        mode='bilinear',
        padding_mode='zeros',
        align_corners=False,
    ).reshape(-1, groups, c // groups, taps, h * w)
    sampled = sampled * modulation.reshape(-1, groups, 1, taps, h * w)
    output = weight.reshape(o, c * taps) @ sampled.reshape(-1, c * taps, h * w)
    if bias is not None:
        output = output + bias[:, None]
    return output.reshape(-1, o, h, w)
