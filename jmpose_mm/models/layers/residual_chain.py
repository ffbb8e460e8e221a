"""Chain of residual blocks, the building block of FAMI-Pose, TDMI and JM-Pose.

Axes: B samples, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

__all__ = ['ResidualChain']


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, which is a 1x1 convolution when ``project``."""

    def __init__(self, in_channels: int, out_channels: int, project: bool) -> None:
        super().__init__()
        # No bias: the normalisation behind would take it away again.
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if project:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, H, W)`` to ``(B, C_out, H, W)``."""
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + self.downsample(x))


class ResidualChain(nn.Module):
    """``num_blocks`` residual blocks; the first one projects its shortcut, whatever the widths.

    Args:
        in_channels: C_in.
        out_channels: C_out of every block.
        num_blocks: At least 1.
        block: Makes a block from its channels and whether it projects its shortcut.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_blocks: int = 1,
        block: Callable[[int, int, bool], nn.Module] = ResidualBlock,
    ) -> None:
        super().__init__()
        if num_blocks < 1:
            raise ValueError(f'num_blocks: expected at least 1, got {num_blocks}')
        self.layers = nn.Sequential(
            block(in_channels, out_channels, True),
            *(block(out_channels, out_channels, False) for _ in range(num_blocks - 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, H, W)`` to ``(B, C_out, H, W)``."""
        return self.layers(x)
