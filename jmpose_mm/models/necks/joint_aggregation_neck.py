"""TAR as a neck: joint-centric temporal aggregation (Fang et al., CVPR 2026).

Axes: B clips, T frames in time order, K joints, C channels, h w feature grid, N = h w tokens of a
frame, H W heatmap grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.joint_masks import blocked_tokens
from jmpose_mm.models.layers.deconvolutions import deconvolutions, start_deconvolutions
from jmpose_mm.models.layers.joint_attention import AttentionStep, JointAggregation
from jmpose_mm.models.necks.video_neck import VideoNeck
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import FrameFeatures, FusedFeatures

__all__ = ['JointAggregationNeck']


@MODELS.register_module()
class JointAggregationNeck(VideoNeck):
    """TAR (CVPR 2026): tokens of joints gather from all frames, and the key frame asks them.

    A joint's token looks where its heatmaps say that the joint may be.

    One heatmap layer, behind deconvolutions if there are any, makes the initial heatmaps and the
    final ones, so that the head needs ``in_channels`` = K and no final layer.

    Args:
        in_channels: Channels of the backbone's stages; only the last one, C, is used.
        num_keypoints: K.
        frame_offsets: Distance of each frame from the key frame, in time order.
        deconv_channels: Channels of the deconvolutions before the heatmap layer, for features at
            stride 16.
        attention: ``num_layers`` (default 6), ``num_heads`` (4) and ``norm``. With ``'pre'`` (the
            default) the neck starts without effect; ``'post'`` is the published network.
        mask: ``threshold`` (default 0.2) and ``pooling`` of :func:`blocked_tokens`; None lets every
            joint look everywhere.
        position: ``'sine'`` adds to each token where it is, which convolutional features do not
            say; None leaves that to the backbone, as published.
        layout: ``'paper'`` is the paper's design. ``'released'`` is the authors' network, whose
            reshapes mix tokens with channels, and joints with frames in the mask: for its weights.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> import torch
        >>> from jmpose_mm.structures import ClipFeatures
        >>> neck = JointAggregationNeck([8], num_keypoints=5, frame_offsets=(-1, 0, 1)).eval()
        >>> clip = ClipFeatures(torch.zeros(1, 3, 3, 64, 48), (torch.zeros(1, 3, 8, 16, 12),))
        >>> neck(clip).fused.shape
        torch.Size([1, 5, 16, 12])
    """

    feature_names = ('initial_heatmaps', 'fused')

    def __init__(
        self,
        in_channels: Sequence[int],
        num_keypoints: int,
        frame_offsets: Sequence[int],
        deconv_channels: Sequence[int] = (),
        attention: dict[str, Any] | None = None,
        mask: dict[str, Any] | None = {},  # noqa: B006 - read only, None means without
        position: str | None = None,
        layout: str = 'paper',
    ) -> None:
        super().__init__(in_channels, num_keypoints, frame_offsets)
        check_choice('layout', layout, ('paper', 'released'))
        check_choice('position', position, (None, 'sine'))
        channels = in_channels[-1]
        self.layout, self.position, self.mask = layout, position, mask
        self.deconv_layers = deconvolutions(channels, deconv_channels)
        start_deconvolutions(self.deconv_layers)
        if deconv_channels:
            self.heatmap_layer = nn.Conv2d(deconv_channels[-1], num_keypoints, 1)
        options = {'num_layers': 6, 'num_heads': 4, 'norm': 'pre', **(attention or {})}
        if position is not None and options['norm'] == 'post':
            raise ValueError("position: expected None with norm='post', which cannot take it off")
        self.aggregation = JointAggregation(channels, num_keypoints, **options)
        self.restoration = AttentionStep(channels, options['num_heads'], options['norm'])
        if options['norm'] == 'pre':
            nn.init.zeros_(self.restoration.mha.out_proj.weight)

    def frame_heatmaps(self, stages: tuple[Tensor, ...]) -> Tensor:
        """``(N, C, h, w)`` to ``(N, K, H, W)``."""
        return self.heatmap_layer(self.deconv_layers(stages[-1]))

    def frame_stages(self, stages: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The last one."""
        return stages[-1:]

    def fuse(self, clip: FrameFeatures) -> FusedFeatures:
        """Heatmaps and features of all frames to the key frame's heatmaps, ``(B, K, H, W)``."""
        features = clip.stages[-1]  # (B, T, C, h, w)
        tokens = self._tokens(features)  # (B, T, N, C)
        joints = self.aggregation(tokens.flatten(1, 2), self._allowed(clip.heatmaps, features))
        restored = self.restoration(tokens[:, self.key_index], joints)  # (B, N, C)
        if self.position is not None:
            restored = restored - self._sine(features)
        if self.layout == 'paper':
            restored = restored.transpose(1, 2)
        fused = restored.reshape(-1, *features.shape[2:])
        named = {'initial_heatmaps': clip.heatmaps[:, self.key_index], 'fused': fused}
        return FusedFeatures(self.frame_heatmaps((fused,)), clip.heatmaps, named)

    def _tokens(self, features: Tensor) -> Tensor:
        maps = features.flatten(3)  # (B, T, C, N)
        if self.layout == 'released':
            return maps.reshape(*maps.shape[:2], maps.shape[3], maps.shape[2])
        tokens = maps.transpose(2, 3)
        return tokens if self.position is None else tokens + self._sine(features)

    def _allowed(self, heatmaps: Tensor, features: Tensor) -> Tensor:
        """Where each joint may look, ``(B, K, T*N)``."""
        grid = (features.shape[-2], features.shape[-1])
        if self.mask is None:
            length = features.shape[1] * grid[0] * grid[1]
            return heatmaps.new_ones((1, heatmaps.shape[2], length), dtype=torch.bool)
        return ~blocked_tokens(heatmaps, grid, layout=self.layout, **self.mask)

    def _sine(self, features: Tensor) -> Tensor:
        """Sine and cosine of row and column at falling frequencies, ``(N, C)``."""
        channels, high, wide = features.shape[2:]
        count = -(-channels // 4)
        # In half precision a row's number, times a frequency, would be an angle off by a radian.
        kind = torch.promote_types(features.dtype, torch.float32)
        steps = torch.arange(count, dtype=kind, device=features.device)
        frequency = torch.pi * 100 ** (-steps / count)  # radians a token
        waves = []
        for side in (high, wide):
            at = torch.arange(side, dtype=kind, device=features.device)
            angle = at[:, None] * frequency
            waves.append(torch.cat((angle.sin(), angle.cos()), dim=1))
        rows = waves[0][:, None].expand(-1, wide, -1)
        columns = waves[1][None].expand(high, -1, -1)
        return torch.cat((rows, columns), dim=2).flatten(0, 1)[:, :channels].to(features.dtype)
