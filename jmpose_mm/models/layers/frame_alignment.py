"""Supporting frames brought onto the key frame: a global translation, then local calibration
(FAMI-Pose; Liu et al., CVPR 2022). TDMI uses the second alone for its appearance branch.

Axes: B clips, S supporting frames, C channels, h w grid.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jmpose_mm.models.layers.modulated_alignment import ModulatedAlignment
from jmpose_mm.models.layers.residual_chain import ResidualChain

__all__ = ['LocalCalibration', 'TranslationPredictor']

# What five halvings leave of the 96 x 72 grid of a 384 x 288 input.
_POOLED = (3, 3)


class TranslationPredictor(nn.Module):
    """Predicts the shift that moves the content of one frame onto the key frame.

    Any grid works: the last map is averaged to 3 x 3, which changes nothing for an input of
    384 x 288, so that the released weights fit.

    Args:
        channels: C.
        hidden: Channels between.
    """

    def __init__(self, channels: int, hidden: int = 16) -> None:
        super().__init__()
        self.chain = ResidualChain(channels, hidden)
        self.halvings = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(hidden, hidden, 3, stride=2, padding=1),
                    nn.BatchNorm2d(hidden),
                    nn.ReLU(inplace=True),
                )
                for _ in range(5)
            )
        )
        # No activations between them, as in the released network.
        self.shift = nn.Sequential(
            nn.Linear(hidden * _POOLED[0] * _POOLED[1], 64), nn.Linear(64, 64), nn.Linear(64, 2)
        )

    def forward(self, difference: Tensor) -> Tensor:
        """Frame minus key frame, ``(B, C, h, w)``, to (dx, dy) in grid pixels, ``(B, 2)``."""
        x = self.halvings(self.chain(difference))
        rows, columns = (
            _average_bins(int(n), bins) for n, bins in zip(x.shape[-2:], _POOLED, strict=True)
        )
        return self.shift((rows.to(x) @ x @ columns.to(x).T).flatten(1))


def _average_bins(size: int, bins: int) -> Tensor:
    """Matrix ``(bins, size)`` of adaptive average pooling, which no exporter takes for any size."""
    matrix = []
    for i in range(bins):
        first, end = i * size // bins, -(-(i + 1) * size // bins)
        matrix.append([(first <= n < end) / (end - first) for n in range(size)])
    return torch.tensor(matrix)


class LocalCalibration(nn.Module):
    """Supporting frames, fused, sampled towards the key frame in four deformable steps.

    Args:
        channels: C, a multiple of 4: each 4 channels have offsets of their own.
        num_supports: S.
        calibrate: ``False`` leaves the deformable steps out.
        modulation: See :class:`ModulatedAlignment`; the released network uses ``'raw'``.
        operator: See :func:`deform_operator`.
    """

    def __init__(
        self,
        channels: int,
        num_supports: int,
        calibrate: bool = True,
        modulation: str = 'raw',
        operator: str = 'native',
    ) -> None:
        super().__init__()
        self.fuse = ResidualChain(channels * num_supports, channels, 2)
        self.combine: ResidualChain | None = None
        self.steps: nn.ModuleList | None = None
        if calibrate:
            self.combine = ResidualChain(2 * channels, channels)
            self.steps = nn.ModuleList(
                ModulatedAlignment(channels, channels, modulation=modulation, operator=operator)
                for _ in range(4)
            )
        self.aggregate = ResidualChain(2 * channels, channels, 3)

    def forward(self, key: Tensor, supports: Tensor) -> tuple[Tensor, Tensor]:
        """Key frame ``(B, C, h, w)`` and supports ``(B, S, C, h, w)``.

        Returns:
            The aligned features and the fused supports before calibration, both ``(B, C, h, w)``.
        """
        fused = self.fuse(supports.flatten(1, 2))
        calibrated = fused
        if self.steps is not None and self.combine is not None:
            guide = self.combine(torch.cat((fused, key), dim=1))
            # As released: the guide refines itself twice, then leads the supports, which refine
            # themselves.
            guide = self.steps[0](guide, guide)
            guide = self.steps[1](guide, guide)
            calibrated = self.steps[2](fused, guide)
            calibrated = self.steps[3](calibrated, calibrated)
        return self.aggregate(torch.cat((key, calibrated), dim=1)), fused
