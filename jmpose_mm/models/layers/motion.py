"""Motion of the key frame: what changes towards the frames before it and after it.

Axes: B clips, T frames in time order, D = T - 1 differences of neighbours, C channels, H W pixels,
h w feature grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from jmpose_mm.functional.temporal import adjacent_differences
from jmpose_mm.models.layers.residual_chain import ResidualChain
from jmpose_mm.structures import FrameFeatures

__all__ = ['DifferenceMotion', 'SidedMotion', 'StageDifferences']


class SidedMotion(nn.Module):
    """Motion towards the left, M^l, and towards the right, M^r, side by side.

    Differences of neighbouring frames are split at the key frame; each side has its own chain.
    A key frame at one end of the clip has one side, which then gets all the channels.

    Args:
        in_channels: Channels of one difference.
        num_frames: T.
        key_index: Position of the key frame in the clip.
        channels: Channels of the output, shared evenly by the sides.
    """

    def __init__(self, in_channels: int, num_frames: int, key_index: int, channels: int) -> None:
        super().__init__()
        counts = [n for n in (key_index, num_frames - 1 - key_index) if n > 0]
        if not counts:
            raise ValueError(
                'frame_offsets: expected at least one frame beside the key frame, got none; '
                'use the estimator without a neck for a single frame'
            )
        # Each side of the key frame gets half of the channels; a window at a border of the clip has
        # one.
        half = channels // 2
        widths = [half, channels - half] if len(counts) == 2 else [channels]
        self.counts = counts
        self.sides = nn.ModuleList(
            ResidualChain(in_channels * count, width)
            for count, width in zip(counts, widths, strict=True)
        )

    def forward(self, differences: Tensor) -> Tensor:
        """``(B, D, C_in, h, w)`` to M = [M^l, M^r], ``(B, C, h, w)``."""
        parts = differences.split(self.counts, dim=1)
        return torch.cat(
            [side(part.flatten(1, 2)) for side, part in zip(self.sides, parts, strict=True)], dim=1
        )


class StageDifferences(nn.Module):
    """Differences of neighbouring frames at every backbone stage, all of one size.

    A stage with another number of channels than asked for is projected, linearly and without a
    bias: where nothing changes the differences stay zero.

    Args:
        in_channels: Channels of each stage, early to late.
        channels: C of every difference.
    """

    def __init__(self, in_channels: Sequence[int], channels: int) -> None:
        super().__init__()
        self.project = nn.ModuleList(
            nn.Identity() if c == channels else nn.Conv2d(c, channels, 1, bias=False)
            for c in in_channels
        )

    def frame_maps(self, stages: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Stages of N frames ``(N, C_s, h_s, w_s)`` to what differs, ``(N, C, h, w)`` each, on the
        last one's grid. A linear map of a difference is the difference of the maps.
        """
        grid = stages[-1].shape[-2:]
        maps = [project(stage) for stage, project in zip(stages, self.project, strict=True)]
        return tuple(
            m
            if m.shape[-2:] == grid
            else interpolate(m, size=grid, mode='bilinear', align_corners=False)
            for m in maps
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """:meth:`frame_maps` of clips ``(B, T, C, h, w)`` to ``(B, D, C, h, w)`` each."""
        return [adjacent_differences(m) for m in maps]


class DifferenceMotion(nn.Module):
    """Motion towards both sides from the differences of all backbone stages.

    Args:
        in_channels: Channels of each stage, early to late.
        num_frames: T.
        key_index: Position of the key frame in the clip.
        channels: Channels of the output.
    """

    def __init__(
        self, in_channels: Sequence[int], num_frames: int, key_index: int, channels: int
    ) -> None:
        super().__init__()
        width = max(channels // 2, 1)
        self.differences = StageDifferences(in_channels, width)
        self.sides = SidedMotion(width * len(in_channels), num_frames, key_index, channels)

    def frame_maps(self, stages: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """All stages of N frames side by side, ``(N, C_all, h, w)`` on the last one's grid."""
        return (torch.cat(self.differences.frame_maps(stages), dim=1),)

    def forward(self, clip: FrameFeatures) -> Tensor:
        """Clips whose first stage is of :meth:`frame_maps` to motion ``(B, C, h, w)``."""
        (differences,) = self.differences(clip.stages[:1])
        return self.sides(differences)
