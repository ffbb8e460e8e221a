"""The two inventions of TDMI (Feng et al., CVPR 2023): the temporal difference encoder and the
disentanglement of its motion features.

Axes: B clips, D differences of neighbouring frames, C channels, h w grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from jmpose_mm.models.layers.modulated_alignment import ModulatedAlignment
from jmpose_mm.models.layers.residual_chain import ResidualChain

__all__ = ['MotionDisentanglement', 'TemporalDifferenceEncoder']


class TemporalDifferenceEncoder(nn.Module):
    """Differences of every backbone stage, sampled under the key frame's eye, in a cascade.

    Args:
        channels: C, a multiple of 4: each 4 channels have offsets of their own.
        num_differences: D.
        num_stages: Backbone stages, early to late.
        fusion_blocks: Residual blocks that fuse a stage's differences.
        smooth_first: Smooth the first stage's result too; the paper's figure does, the released
            network does not.
        modulation: See :class:`ModulatedAlignment`; the released network uses ``'raw'``.
        operator: See :func:`deform_operator`.
    """

    def __init__(
        self,
        channels: int,
        num_differences: int,
        num_stages: int,
        fusion_blocks: int = 2,
        smooth_first: bool = False,
        modulation: str = 'raw',
        operator: str = 'native',
    ) -> None:
        super().__init__()

        def one_a_stage(make: Callable[[], nn.Module]) -> nn.ModuleList:
            return nn.ModuleList(make() for _ in range(num_stages))

        self.fuse = one_a_stage(
            lambda: ResidualChain(channels * num_differences, channels, fusion_blocks)
        )
        self.combine = one_a_stage(lambda: ResidualChain(2 * channels, channels))
        # The released predictors are dilated and the sampling is not.
        self.align = one_a_stage(
            lambda: ModulatedAlignment(
                channels,
                channels,
                predictor_dilation=3,
                dilation=1,
                modulation=modulation,
                operator=operator,
            )
        )
        self.smooth = one_a_stage(lambda: ResidualChain(channels, channels))
        # The released network has no smoothing in its first stage, whose sum begins at zero.
        if not smooth_first:
            self.smooth[0] = nn.Identity()

    def forward(self, differences: Sequence[Tensor], key: Tensor) -> Tensor:
        """One ``(B, D, C, h, w)`` a stage, key frame ``(B, C, h, w)``: M, shaped as the latter."""
        motion = torch.zeros_like(key)
        for difference, fuse, combine, align, smooth in zip(
            differences, self.fuse, self.combine, self.align, self.smooth, strict=True
        ):
            fused = fuse(difference.flatten(1, 2))
            guide = combine(torch.cat((key, fused), dim=1))
            motion = smooth(motion + align(fused, guide))
        return motion


class MotionDisentanglement(nn.Module):
    """Useful and noisy part of the motion, each by gates on the channels.

    The gates are independent of each other: the parts need not add up to the whole.

    Args:
        channels: C.
        hidden: Width of the layer between.
        noisy: ``False`` leaves the noisy part out, which nothing but the objective reads.
    """

    def __init__(self, channels: int, hidden: int = 128, noisy: bool = True) -> None:
        super().__init__()

        def gates() -> nn.Module:
            return nn.Sequential(
                nn.Linear(channels, hidden),
                nn.ReLU(inplace=True),
                nn.Linear(hidden, channels),
                nn.Sigmoid(),
            )

        self.useful = gates()
        self.noisy = gates() if noisy else None

    def forward(self, motion: Tensor) -> tuple[Tensor, Tensor | None]:
        """M ``(B, C, h, w)`` to M_u and M_n of the same shape."""
        pooled = motion.mean(dim=(2, 3))
        useful = self.useful(pooled)[..., None, None] * motion
        return useful, None if self.noisy is None else self.noisy(pooled)[..., None, None] * motion
