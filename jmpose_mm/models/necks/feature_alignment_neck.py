"""FAMI-Pose as a neck: feature alignment under mutual information (Liu et al., CVPR 2022).

Axes: B clips, T frames in time order, S = T - 1 supporting frames, K keypoints, C channels,
h w feature grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from jmpose_mm.functional.temporal import split_key_frame
from jmpose_mm.functional.translation import translate
from jmpose_mm.models.layers.frame_alignment import LocalCalibration, TranslationPredictor
from jmpose_mm.models.necks.video_neck import RELEASED_INITIALIZATION, VideoNeck
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import FrameFeatures, FusedFeatures

__all__ = ['FeatureAlignmentNeck']


@MODELS.register_module()
class FeatureAlignmentNeck(VideoNeck):
    """FAMI-Pose (CVPR 2022): features of all frames, aligned with the key frame's, then fused.

    Supporting frames are moved onto the key frame, calibrated locally, and aggregated with it.

    C is the channels of the backbone's last stage.

    Args:
        in_channels: Channels of the backbone's stages; only the last one is used.
        num_keypoints: K of the initial heatmaps.
        frame_offsets: Distance of each frame from the key frame, in time order.
        global_alignment: ``False`` leaves the translation out.
        local_alignment: Arguments of :class:`LocalCalibration`; ``dict(calibrate=False)`` leaves
            the deformable steps out.

    Example:
        >>> import torch
        >>> from jmpose_mm.structures import ClipFeatures
        >>> neck = FeatureAlignmentNeck([8], num_keypoints=5, frame_offsets=(-1, 0, 1)).eval()
        >>> clip = ClipFeatures(torch.zeros(1, 3, 3, 64, 48), (torch.zeros(1, 3, 8, 16, 12),))
        >>> neck(clip).fused.shape
        torch.Size([1, 8, 16, 12])
    """

    feature_names = (
        'initial_heatmaps',
        'key',
        'supports',
        'supports_heatmaps',
        'aligned',
        'aligned_heatmaps',
    )

    def __init__(
        self,
        in_channels: Sequence[int],
        num_keypoints: int,
        frame_offsets: Sequence[int],
        global_alignment: bool = True,
        local_alignment: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_channels, num_keypoints, frame_offsets, RELEASED_INITIALIZATION)
        channels = in_channels[-1]
        self.translation = TranslationPredictor(channels) if global_alignment else None
        self.alignment = LocalCalibration(channels, self.num_frames - 1, **(local_alignment or {}))

    def frame_stages(self, stages: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The last one."""
        return stages[-1:]

    def fuse(self, clip: FrameFeatures) -> FusedFeatures:
        """Stages of every frame to the key frame's fused features, ``(B, C, h, w)``."""
        initial_heatmaps = clip.heatmaps  # (B, T, K, h, w)
        key, supports = split_key_frame(clip.stages[-1], self.key_index)
        translated = self.globally_aligned(key, supports)  # (B, S, C, h, w)
        aligned, fused_supports = self.alignment(key, translated)  # (B, C, h, w) each

        named = {
            'initial_heatmaps': initial_heatmaps[:, self.key_index],
            'key': key,
            'supports': fused_supports,
            # One layer for all maps, so that their heatmaps can be compared.
            'supports_heatmaps': self.heatmap_layer(fused_supports),
            'aligned': aligned,
            'aligned_heatmaps': self.heatmap_layer(aligned),
        }
        return FusedFeatures(aligned, initial_heatmaps, named)

    def globally_aligned(self, key: Tensor, supports: Tensor) -> Tensor:
        """``(B, C, h, w)`` and ``(B, S, C, h, w)`` to translated supports of the same shape."""
        if self.translation is None:
            return supports
        shift = self.translation((supports - key[:, None]).flatten(0, 1))
        return translate(supports.flatten(0, 1), shift).unflatten(0, (-1, self.num_frames - 1))
