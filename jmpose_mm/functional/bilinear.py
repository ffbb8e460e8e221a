"""Bilinear samples of feature maps, with gradients on every device.

Axes: B maps, C channels, H W grid, h w positions.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

__all__ = ['gathered_samples', 'sample_bilinear']

# Devices for which PyTorch has grid_sample without its backward pass.
_FORWARD_ALONE = ('mps',)


def sample_bilinear(features: Tensor, grid: Tensor, padding: str = 'zeros') -> Tensor:
    """Read maps between their pixels.

    Args:
        features: ``(B, C, H, W)``.
        grid: ``(B, h, w, 2)``, where to read, as (x, y) with -1 and 1 at the outer borders of the
            first and the last pixel.
        padding: Outside of the map, ``'zeros'`` or ``'border'``, the nearest pixel's value.

    Returns:
        ``(B, C, h, w)``.

    Example:
        >>> import torch
        >>> features = torch.tensor([[[[1.0, 3.0]]]])
        >>> sample_bilinear(features, torch.tensor([[[[0.0, 0.0], [1.0, 0.0]]]]))
        tensor([[[[2.0000, 1.5000]]]])
    """
    learns = torch.is_grad_enabled() and (features.requires_grad or grid.requires_grad)
    if learns and features.device.type in _FORWARD_ALONE:
        return gathered_samples(features, grid, padding)
    return grid_sample(features, grid, mode='bilinear', padding_mode=padding, align_corners=False)


def gathered_samples(features: Tensor, grid: Tensor, padding: str = 'zeros') -> Tensor:
    """The result of `sample_bilinear`, by gathering four neighbours and weighing them.

    Its gradients need no more than those of indexing and products, which every device has. It
    keeps four times as many values for the backward pass.

    Args:
        features: ``(B, C, H, W)``.
        grid: ``(B, h, w, 2)``.
        padding: ``'zeros'`` or ``'border'``.

    Returns:
        ``(B, C, h, w)``.

    Example:
        >>> import torch
        >>> features = torch.tensor([[[[1.0, 3.0]]]])
        >>> gathered_samples(features, torch.tensor([[[[0.0, 0.0], [1.0, 0.0]]]]))
        tensor([[[[2.0000, 1.5000]]]])
    """
    b, c, height, width = features.shape
    h, w = grid.shape[1:3]
    rows, lower, upper = _neighbours(grid[..., 1].reshape(b, 1, -1), height, padding)
    columns, left, right = _neighbours(grid[..., 0].reshape(b, 1, -1), width, padding)
    flat, samples = features.flatten(2), None
    for row, down in zip(rows, (lower, upper), strict=True):
        for column, across in zip(columns, (left, right), strict=True):
            index = (row * width + column).expand(-1, c, -1)
            part = flat.gather(2, index) * (down * across)
            samples = part if samples is None else samples + part
    return samples.reshape(b, c, h, w)  # type: ignore[union-attr]


def _neighbours(
    position: Tensor, size: int, padding: str
) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor]:
    """Along one axis: the pixels before and after each position, and their weights."""
    # Without aligned corners -1 is the outer border of the first pixel, half a pixel from its
    # centre.
    pixel = ((position + 1) * size - 1) / 2
    # Farther out nothing changes, and whole numbers of any type hold it.
    low, high = (0, size - 1) if padding == 'border' else (-2, size + 1)
    pixel = pixel.clamp(low, high)
    before = pixel.detach().floor()
    share = pixel - before
    weights = [1 - share, share]
    pixels = []
    for number, place in enumerate((before, before + 1)):
        # Zeros outside: an index there is clamped to be legal and weighs nothing.
        weights[number] = weights[number] * ((place >= 0) & (place < size))
        pixels.append(place.clamp(0, size - 1).long())
    return (pixels[0], pixels[1]), weights[0], weights[1]
