"""Translation of feature maps by real-valued shifts.

Axes: B samples, C channels, H W grid.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from jmpose_mm.functional.checks import check_rank

__all__ = ['translate']


def translate(features: Tensor, shift: Tensor) -> Tensor:
    """Move the content of each map by its shift: ``out(x, y) = in(x - dx, y - dy)``.

    Bilinear sampling, zero outside of the grid.

    Args:
        features: ``(B, C, H, W)``.
        shift: ``(B, 2)``, (dx, dy) in pixels of the grid; positive is right and down.

    Returns:
        ``(B, C, H, W)``.

    Raises:
        ValueError: There is not one shift a map.
    """
    check_rank('features', features, 'B C H W')
    batch, _, height, width = features.shape
    if shift.shape != (batch, 2):
        raise ValueError(f'shift: expected {(batch, 2)}, got {tuple(shift.shape)}')
    device = features.device
    x = torch.arange(width, device=device) - shift[:, 0, None]  # (B, W)
    y = torch.arange(height, device=device) - shift[:, 1, None]  # (B, H)
    # The form without aligned corners is defined for a grid of one pixel too.
    columns = ((2 * x + 1) / width - 1)[:, None, :].expand(-1, height, -1)
    rows = ((2 * y + 1) / height - 1)[:, :, None].expand(-1, -1, width)
    grid = torch.stack((columns, rows), dim=-1).to(features.dtype)
    return grid_sample(features, grid, mode='bilinear', padding_mode='zeros', align_corners=False)
