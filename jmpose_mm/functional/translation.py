"""Feature maps moved by real-valued shifts and scales.

Axes: B samples, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from jmpose_mm.functional.bilinear import sample_bilinear
from jmpose_mm.functional.checks import check_rank

__all__ = ['resample', 'translate']


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

    Example:
        >>> import torch
        >>> features = torch.tensor([[[[1.0, 2.0, 3.0]]]])
        >>> translate(features, torch.tensor([[1.0, 0.0]]))
        tensor([[[[0., 1., 2.]]]])
    """
    check_rank('features', features, 'B C H W')
    batch, _, height, width = features.shape
    if shift.shape != (batch, 2):
        raise ValueError(f'shift: expected {(batch, 2)}, got {tuple(shift.shape)}')
    shift = shift.to(torch.promote_types(shift.dtype, torch.float32))
    # To move the content right, read from the left.
    x = torch.arange(width, device=shift.device) - shift[:, 0, None]  # (B, W)
    y = torch.arange(height, device=shift.device) - shift[:, 1, None]  # (B, H)
    # The form without aligned corners is defined for a grid of one pixel too.
    columns = ((2 * x + 1) / width - 1)[:, None, :].expand(-1, height, -1)
    rows = ((2 * y + 1) / height - 1)[:, :, None].expand(-1, -1, width)
    return _sampled(features, torch.stack((columns, rows), dim=-1), 'zeros')


def resample(features: Tensor, ratio: float | Tensor, shift: Sequence[float] | Tensor) -> Tensor:
    """Read maps on another grid: ``out(x, y) = in(ratio * x + dx * W, ratio * y + dy * H)``.

    Bilinear sampling; outside of the grid the border's value.

    Args:
        features: ``(B, C, H, W)``.
        ratio: Pixels of the input in a pixel of the output; one, or ``(B,)`` for each map.
        shift: (dx, dy), where the output's first pixel lies, in widths and heights of the input;
            one pair, or ``(B, 2)``.

    Returns:
        ``(B, C, H, W)``; the input itself where one ratio and pair move nothing.

    Example:
        >>> import torch
        >>> features = torch.tensor([[[[0.0, 1.0, 2.0, 3.0]]]])
        >>> resample(features, ratio=0.5, shift=(0.0, 0.0))
        tensor([[[[0.0000, 0.5000, 1.0000, 1.5000]]]])
    """
    check_rank('features', features, 'B C H W')
    if not isinstance(ratio, Tensor):
        if ratio == 1 and shift[0] == 0 and shift[1] == 0:
            return features
        ratio = torch.tensor(ratio)
    batch, _, height, width = features.shape
    device = features.device
    ratios = ratio.to(device, torch.float32).expand(batch)[:, None]
    shifts = torch.as_tensor(shift, device=device, dtype=torch.float32).expand(batch, 2)
    x = ratios * torch.arange(width, device=device) + shifts[:, :1] * width  # (B, W)
    y = ratios * torch.arange(height, device=device) + shifts[:, 1:] * height  # (B, H)
    columns = ((2 * x + 1) / width - 1)[:, None, :].expand(-1, height, -1)
    rows = ((2 * y + 1) / height - 1)[:, :, None].expand(-1, -1, width)
    return _sampled(features, torch.stack((columns, rows), dim=-1), 'border')


def _sampled(features: Tensor, grid: Tensor, padding: str) -> Tensor:
    """Bilinear samples in the features' type; half precision cannot tell a pixel from the next."""
    dtype = torch.promote_types(features.dtype, torch.float32)
    with torch.autocast(features.device.type, enabled=False):
        return sample_bilinear(features.to(dtype), grid.to(dtype), padding).to(features.dtype)
