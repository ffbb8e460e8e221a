"""Chain of residual steps blocks (RSN; Cai et al., ECCV 2020), the building block of DCPose.

Axes: B samples, C channels, H W grid.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ['ResidualStepsChain']

_SLICES = 4


def _convolution(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2),
        nn.BatchNorm2d(out_channels),
    )


class ResidualStepsBlock(nn.Module):
    """Four slices of the channels; the a-th passes a convolutions, and each of these sees the
    result of its counterpart in the slice before."""

    def __init__(self, in_channels: int, out_channels: int, project: bool) -> None:
        super().__init__()
        self.width = 26 * in_channels // 64
        self.expand = _convolution(in_channels, _SLICES * self.width, 1)
        self.steps = nn.ModuleList(
            nn.ModuleList(_convolution(self.width, self.width, 3) for _ in range(count))
            for count in range(1, _SLICES + 1)
        )
        self.reduce = _convolution(_SLICES * self.width, out_channels, 1)
        self.shortcut = _convolution(in_channels, out_channels, 1) if project else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, H, W)`` to ``(B, C_out, H, W)``."""
        ends, before = [], []
        for out, units in zip(
            self.expand(x).relu().split(self.width, dim=1), self.steps, strict=True
        ):
            results: list[Tensor] = []
            for i, unit in enumerate(units):
                out = unit(out + before[i] if i < len(before) else out).relu()
                results.append(out)
            ends.append(out)
            before = results
        return (self.reduce(torch.cat(ends, dim=1)) + self.shortcut(x)).relu()


class ResidualStepsChain(nn.Module):
    """``num_blocks`` residual steps blocks; the first one projects its shortcut.

    A block's inner width follows from its input's, so the first one is wider where channels shrink.

    Args:
        in_channels: C_in.
        out_channels: C_out of every block.
        num_blocks: At least 1.
    """

    def __init__(self, in_channels: int, out_channels: int, num_blocks: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            ResidualStepsBlock(in_channels, out_channels, project=True),
            *(
                ResidualStepsBlock(out_channels, out_channels, project=False)
                for _ in range(num_blocks - 1)
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, H, W)`` to ``(B, C_out, H, W)``."""
        return self.layers(x)
