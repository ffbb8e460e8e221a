"""DCPose as a neck: the deep dual consecutive network (Liu et al., CVPR 2021).

Axes: B clips, K keypoints, H W heatmap grid. Three frames: previous, key, next.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from jmpose_mm.models.layers.modulated_alignment import ModulatedAlignment
from jmpose_mm.models.layers.residual_chain import ResidualChain
from jmpose_mm.models.layers.residual_steps import ResidualStepsBlock
from jmpose_mm.models.necks.video_neck import RELEASED_INITIALIZATION, VideoNeck
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import FrameFeatures, FusedFeatures

__all__ = ['DualConsecutiveNeck']


@MODELS.register_module()
class DualConsecutiveNeck(VideoNeck):
    """DCPose (CVPR 2021): heatmaps of three frames, merged, and corrected where residuals say.

    What it fuses are heatmaps: the head needs ``in_channels`` = K and no final layer.

    Args:
        in_channels: Channels of the backbone's stages; only the last one is used.
        num_keypoints: K.
        frame_offsets: One frame before the key frame and one after it; the nearer one weighs more.
        context_channels: Channels of the map that offsets and modulation are predicted from.
        dilations: Dilations of the parallel deformable convolutions that are averaged.
        modulation: See :class:`ModulatedAlignment`; the released network uses ``'raw'``.
        operator: See :func:`deform_operator`.

    Raises:
        ValueError: ``frame_offsets`` is not a frame before, the key frame and a frame after.

    Example:
        >>> import torch
        >>> from jmpose_mm.structures import ClipFeatures
        >>> neck = DualConsecutiveNeck([8], num_keypoints=5, frame_offsets=(-1, 0, 1)).eval()
        >>> clip = ClipFeatures(torch.zeros(1, 3, 3, 64, 48), (torch.zeros(1, 3, 8, 16, 12),))
        >>> neck(clip).fused.shape
        torch.Size([1, 5, 16, 12])
    """

    feature_names = ('initial_heatmaps', 'merged_heatmaps')

    def __init__(
        self,
        in_channels: Sequence[int],
        num_keypoints: int,
        frame_offsets: Sequence[int] = (-1, 0, 1),
        context_channels: int = 64,
        dilations: Sequence[int] = (3, 6, 9, 12, 15),
        modulation: str = 'raw',
        operator: str = 'native',
    ) -> None:
        super().__init__(in_channels, num_keypoints, frame_offsets, RELEASED_INITIALIZATION)
        if self.num_frames != 3 or self.key_index != 1:
            raise ValueError(
                'frame_offsets: expected one frame before the key frame and one after it, e.g. '
                f'(-1, 0, 1), got {tuple(frame_offsets)}; the data pipeline must have the same'
            )
        before, _, after = frame_offsets
        self.weights = (after / (after - before), -before / (after - before))
        k = num_keypoints
        self.residual_fusion = ResidualChain(4 * k, 2 * k, 2, ResidualStepsBlock)
        self.temporal_merger = ResidualChain(3 * k, k, 1, ResidualStepsBlock)
        self.context = ResidualChain(3 * k, context_channels, 2, ResidualStepsBlock)
        alignments = [
            ModulatedAlignment(
                context_channels,
                k,
                deform_groups=k,
                predictor_dilation=dilation,
                dilation=dilation,
                modulation=modulation,
                operator=operator,
                predictor_bias=False,
            )
            for dilation in dilations
        ]
        for alignment in alignments:
            nn.init.dirac_(alignment.weight)
        self.correction = nn.ModuleList(alignments)

    def frame_stages(self, stages: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Nothing: heatmaps are all that is fused."""
        return ()

    def fuse(self, clip: FrameFeatures) -> FusedFeatures:
        """Stages of the three frames to the key frame's corrected heatmaps, ``(B, K, H, W)``."""
        initial_heatmaps = clip.heatmaps  # (B, 3, K, H, W)
        before, key, after = initial_heatmaps.unbind(dim=1)
        w_before, w_after = self.weights

        backward, forward = key - before, key - after
        residuals = (backward, w_before * backward, forward, w_after * forward)
        residual = self.residual_fusion(_by_keypoint(residuals))  # (B, 2K, H, W)
        merged = self.temporal_merger(_by_keypoint((key, w_before * before, w_after * after)))
        context = self.context(torch.cat((residual, merged), dim=1))
        corrected = torch.stack([align(merged, context) for align in self.correction]).mean(dim=0)

        named = {'initial_heatmaps': key, 'merged_heatmaps': merged}
        return FusedFeatures(corrected, initial_heatmaps, named)


def _by_keypoint(maps: Sequence[Tensor]) -> Tensor:
    """n maps ``(B, K, H, W)`` to ``(B, K*n, H, W)``, those of one keypoint side by side."""
    return torch.stack(tuple(maps), dim=2).flatten(1, 2)
