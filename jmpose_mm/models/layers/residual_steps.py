"""Residual steps block (RSN; Cai et al., ECCV 2020), what the chains of DCPose are made of.

Axes: B samples, C channels, H W grid.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ['ResidualStepsBlock']

_SLICES = 4


def _convolution(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2),
        nn.BatchNorm2d(out_channels),
    )


class ResidualStepsBlock(nn.Module):
    """Four slices of the channels; the a-th passes a convolutions, and each of these sees the
    result of its counterpart in the slice before.

    The inner width follows from ``in_channels``, so a block that shrinks the channels is wider
    inside than the next one.
    """

    def __init__(self, in_channels: int, out_channels: int, project: bool) -> None:
        super().__init__()
        # The released width: 26 of 64 channels in each slice, as in Res2Net.
        self.width = max(1, 26 * in_channels // 64)
        self.expand = _convolution(in_channels, _SLICES * self.width, 1)
        self.steps = nn.ModuleList(
            nn.ModuleList(_convolution(self.width, self.width, 3) for _ in range(count))
            for count in range(1, _SLICES + 1)
        )
        self.reduce = _convolution(_SLICES * self.width, out_channels, 1)
        self.shortcut = _convolution(in_channels, out_channels, 1) if project else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, H, W)`` to ``(B, C_out, H, W)``."""
        ends: list[Tensor] = []
        before: list[Tensor] = []
        for out, units in zip(
            self.expand(x).relu().split(self.width, dim=1), self.steps, strict=True
        ):
            results: list[Tensor] = []
            for i, unit in enumerate(units.children()):
                out = unit(out + before[i] if i < len(before) else out).relu()
                results.append(out)
            ends.append(out)
            before = results
        return (self.reduce(torch.cat(ends, dim=1)) + self.shortcut(x)).relu()
