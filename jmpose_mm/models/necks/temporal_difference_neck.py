"""TDMI as a neck: temporal differences with mutual information disentanglement (Feng et al.,
CVPR 2023).

Axes: B clips, T frames in time order, K keypoints, C channels, h w feature grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.temporal import split_key_frame
from jmpose_mm.models.layers.frame_alignment import LocalCalibration
from jmpose_mm.models.layers.motion import StageDifferences
from jmpose_mm.models.layers.residual_chain import ResidualChain
from jmpose_mm.models.layers.temporal_difference import (
    MotionDisentanglement,
    TemporalDifferenceEncoder,
)
from jmpose_mm.models.necks.video_neck import RELEASED_INITIALIZATION, VideoNeck
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import FrameFeatures, FusedFeatures

__all__ = ['TemporalDifferenceNeck']


@MODELS.register_module()
class TemporalDifferenceNeck(VideoNeck):
    """TDMI (CVPR 2023): useful motion from multi-stage differences, fused with appearance.

    C is the channels of the backbone's last stage.

    Args:
        in_channels: Channels of the backbone's stages, early to late; the last feeds the heatmaps.
        num_keypoints: K of the initial heatmaps.
        frame_offsets: Distance of each frame from the key frame, in time order.
        num_stages: Number of backbone stages that the encoder takes differences of, counted
            from the last one.
        disentanglement: Arguments of :class:`MotionDisentanglement`; ``None`` fuses all motion.
        appearance: ``'aligned'`` aggregates the calibrated supporting frames with the key frame, as
            the released network does (reported as TDMI-ST); ``'key'`` is the key frame's own
            feature, as the paper's figure draws it.
        encoder: Arguments of :class:`TemporalDifferenceEncoder`.
        alignment: Arguments of :class:`LocalCalibration`.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> import torch
        >>> from jmpose_mm.structures import ClipFeatures
        >>> neck = TemporalDifferenceNeck([8], 5, frame_offsets=(-1, 0, 1), num_stages=1).eval()
        >>> clip = ClipFeatures(torch.zeros(1, 3, 3, 64, 48), (torch.zeros(1, 3, 8, 16, 12),))
        >>> neck(clip).fused.shape
        torch.Size([1, 8, 16, 12])
    """

    feature_names: tuple[str, ...] = (
        'initial_heatmaps',
        'motion',
        'useful_motion',
        'useful_motion_heatmaps',
        'appearance',
        'appearance_heatmaps',
        'fused',
    )

    def __init__(
        self,
        in_channels: Sequence[int],
        num_keypoints: int,
        frame_offsets: Sequence[int],
        num_stages: int = 4,
        disentanglement: dict[str, Any] | None = {},  # noqa: B006 - read only, None means without
        appearance: str = 'aligned',
        encoder: dict[str, Any] | None = None,
        alignment: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_channels, num_keypoints, frame_offsets, RELEASED_INITIALIZATION)
        check_choice('appearance', appearance, ('aligned', 'key'))
        check_choice('num_stages', num_stages, range(1, len(in_channels) + 1))
        channels, num_supports = in_channels[-1], self.num_frames - 1
        self.num_stages = self.reads_stages = num_stages
        self.differences = StageDifferences(in_channels[-num_stages:], channels)
        self.encoder = TemporalDifferenceEncoder(
            channels, num_supports, num_stages, **(encoder or {})
        )
        self.disentanglement = None
        if disentanglement is not None:
            self.disentanglement = MotionDisentanglement(channels, **disentanglement)
            if disentanglement.get('noisy', True):
                self.feature_names += ('noisy_motion',)
        self.alignment = None
        if appearance == 'aligned':
            self.alignment = LocalCalibration(channels, num_supports, **(alignment or {}))
        self.fusion = ResidualChain(2 * channels, channels, 3)

    def frame_stages(self, stages: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Maps that the differences are of; the last one is the last stage itself."""
        return self.differences.frame_maps(stages[-self.num_stages :])

    def fuse(self, clip: FrameFeatures) -> FusedFeatures:
        """Stages of every frame to the key frame's fused features, ``(B, C, h, w)``."""
        initial_heatmaps = clip.heatmaps  # (B, T, K, h, w)
        key, supports = split_key_frame(clip.stages[-1], self.key_index)
        motion = self.encoder(self.differences(clip.stages), key)
        useful, noisy = motion, None
        if self.disentanglement is not None:
            useful, noisy = self.disentanglement(motion)
        appearance = self.appearance_features(key, supports)
        fused = self.fusion(torch.cat((useful, appearance), dim=1))

        named = {
            'initial_heatmaps': initial_heatmaps[:, self.key_index],
            'motion': motion,
            'useful_motion': useful,
            'useful_motion_heatmaps': self.heatmap_layer(useful),
            'appearance': appearance,
            'appearance_heatmaps': self.heatmap_layer(appearance),
            'fused': fused,
        }
        if noisy is not None:
            named['noisy_motion'] = noisy
        return FusedFeatures(fused, initial_heatmaps, named)

    def appearance_features(self, key: Tensor, supports: Tensor) -> Tensor:
        """F_a: ``(B, C, h, w)`` and ``(B, S, C, h, w)`` to ``(B, C, h, w)``."""
        return key if self.alignment is None else self.alignment(key, supports)[0]
