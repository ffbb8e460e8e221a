"""PoseWarper as a neck: heatmaps of other frames, warped onto the key frame (Bertasius et al.,
NeurIPS 2019).

Axes: B clips, T frames in time order, K keypoints, H W heatmap grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from jmpose_mm.functional.checks import check_same_shape
from jmpose_mm.functional.temporal import split_key_frame
from jmpose_mm.models.layers.modulated_alignment import ModulatedAlignment
from jmpose_mm.models.layers.residual_chain import ResidualChain
from jmpose_mm.models.necks.video_neck import RELEASED_INITIALIZATION, VideoNeck
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import FrameFeatures, FusedFeatures

__all__ = ['PoseWarpingNeck']

# Released weights of a frame's warped heatmaps, by its distance from the key frame.
_WEIGHTS = (0.3, 0.25, 0.1)
# What the parts are called in mmpose 0.x, whose file loads as it is.
_MMPOSE_0X = {'trans_layer': 'heatmap_layer', 'offset_feats': 'offset_features.layers'}


@MODELS.register_module()
class PoseWarpingNeck(VideoNeck):
    """PoseWarper (NeurIPS 2019): the weighted sum of all frames' heatmaps, each warped.

    A frame's heatmaps are warped by their difference to the key frame's.

    What it fuses are heatmaps: the head needs ``in_channels`` = K and no final layer. Checkpoints
    of mmpose 0.x's PoseWarper load as they are.

    Args:
        in_channels: Channels of the backbone's stages; only the last one is used.
        num_keypoints: K.
        frame_offsets: Distance of each frame from the key frame, in time order.
        frame_weights: Weights of the frames' warped heatmaps. By default the released ones (0.3,
            and 0.25 and 0.1 at a distance of one and two or more), divided by their sum.
        pairs: In training a clip of two frames is a key frame and, behind it, any frame near it;
            the latter's warped heatmaps alone are the prediction, as in the released recipe.
        offset_features: Arguments of :class:`ResidualChain`, which turns differences into what
            offsets are predicted from; by default 20 blocks of 128 channels.
        dilations: Dilations of the parallel deformable convolutions that are averaged.
        operator: See :func:`deform_operator`.

    Raises:
        ValueError: There is not one weight a frame, or pairs are asked of a window of two frames.

    Example:
        >>> import torch
        >>> from jmpose_mm.structures import ClipFeatures
        >>> neck = PoseWarpingNeck([8], num_keypoints=5, frame_offsets=(-1, 0, 1)).eval()
        >>> clip = ClipFeatures(torch.zeros(1, 3, 3, 64, 48), (torch.zeros(1, 3, 8, 16, 12),))
        >>> neck(clip).fused.shape
        torch.Size([1, 5, 16, 12])
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_keypoints: int,
        frame_offsets: Sequence[int] = (-2, -1, 0, 1, 2),
        frame_weights: Sequence[float] | None = None,
        pairs: bool = True,
        offset_features: dict[str, Any] | None = None,
        dilations: Sequence[int] = (3, 6, 12, 18, 24),
        operator: str = 'native',
    ) -> None:
        super().__init__(in_channels, num_keypoints, frame_offsets, RELEASED_INITIALIZATION)
        if pairs and self.num_frames == 2:
            raise ValueError(
                'pairs: expected a window of three frames or more, got two, which a pair cannot be '
                'told from; set pairs=False to train on the window'
            )
        self.pairs = pairs
        weights = _frame_weights(frame_offsets, frame_weights)
        self.register_buffer('frame_weights', torch.tensor(weights), persistent=False)
        chain = {'out_channels': 128, 'num_blocks': 20, **(offset_features or {})}
        self.offset_features = ResidualChain(num_keypoints, **chain)
        self.warps = nn.ModuleList(
            ModulatedAlignment(
                chain['out_channels'],
                num_keypoints,
                deform_groups=num_keypoints,
                predictor_dilation=dilation,
                dilation=dilation,
                modulation='none',
                operator=operator,
                predictor_bias=False,
            )
            for dilation in dilations
        )
        self._start_at_identity()
        self._register_load_state_dict_pre_hook(self._adopt_mmpose_0x_keys)

    def init_weights(self) -> None:
        """Start as released: no offsets, and the identity as convolution."""
        super().init_weights()
        self._start_at_identity()

    def _start_at_identity(self) -> None:
        for warp in self.warps:
            if isinstance(warp, ModulatedAlignment):
                nn.init.zeros_(warp.offset.weight)
                nn.init.dirac_(warp.weight)

    def clip_lengths(self) -> tuple[int, ...]:
        """The window's, and in training a pair's."""
        return (self.num_frames, 2) if self.pairs and self.training else (self.num_frames,)

    def frame_stages(self, stages: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Nothing: heatmaps are all that is fused."""
        return ()

    def fuse(self, clip: FrameFeatures) -> FusedFeatures:
        """Heatmaps of every frame to the key frame's, ``(B, K, H, W)``."""
        if clip.heatmaps.shape[1] != self.num_frames:
            key, support = clip.heatmaps.unbind(dim=1)
            warped = self.propagate(support, support, key)
            return FusedFeatures(warped, clip.heatmaps, {'initial_heatmaps': key})
        key = clip.heatmaps[:, self.key_index]
        warped = self._warped_window(clip.heatmaps, key)
        weights = self.frame_weights.to(warped)[:, None, None, None]
        fused = (weights * warped).sum(dim=1)
        return FusedFeatures(fused, clip.heatmaps, {'initial_heatmaps': key})

    def propagate(self, heatmaps: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """Heatmaps of one frame, warped onto another frame of the video.

        With the labelled pose of a frame as ``heatmaps`` this labels its neighbours: the paper
        goes up to three frames. All are ``(B, K, H, W)``.

        Args:
            heatmaps: Maps to warp, e.g. targets of labelled keypoints.
            source: Single-frame heatmaps of the frame that ``heatmaps`` belong to.
            target: Single-frame heatmaps of the frame to warp onto.
        """
        check_same_shape('heatmaps', heatmaps, 'source', source)
        check_same_shape('heatmaps', heatmaps, 'target', target)
        return self._warped(heatmaps, target - source)

    def _warped_window(self, heatmaps: Tensor, key: Tensor) -> Tensor:
        """``(B, T, K, H, W)``, as is the result. No key frame differs from itself: in evaluation
        those of all samples share one pass of the blocks.
        """
        difference = key[:, None] - heatmaps
        if self.training or torch.onnx.is_in_onnx_export():
            warped = self._warped(heatmaps.flatten(0, 1), difference.flatten(0, 1))
            return warped.unflatten(0, (-1, self.num_frames))
        batch, num_supports = len(key), self.num_frames - 1
        _, supports = split_key_frame(difference, self.key_index)
        guide = self.offset_features(torch.cat((supports.flatten(0, 1), torch.zeros_like(key[:1]))))
        index = torch.arange(batch * num_supports, device=key.device).view(batch, num_supports)
        still = torch.full((batch, 1), batch * num_supports, device=key.device)
        before, after = index[:, : self.key_index], index[:, self.key_index :]
        index = torch.cat((before, still, after), dim=1).flatten()
        warped = self._sampled(heatmaps.flatten(0, 1), guide, index)
        return warped.unflatten(0, (-1, self.num_frames))

    def _warped(self, heatmaps: Tensor, difference: Tensor) -> Tensor:
        """Both ``(N, K, H, W)``, as is the result."""
        return self._sampled(heatmaps, self.offset_features(difference))

    def _sampled(self, heatmaps: Tensor, guide: Tensor, index: Tensor | None = None) -> Tensor:
        """The mean over all dilations; ``index`` says which of the guides is a frame's."""
        warped = [warp(heatmaps, guide, index) for warp in self.warps]
        return torch.stack(warped).mean(dim=0)

    def _adopt_mmpose_0x_keys(self, state_dict: dict[str, Any], prefix: str, *args: object) -> None:
        for key in [k for k in state_dict if k.startswith(prefix)]:
            state_dict[prefix + _name_here(key[len(prefix) :])] = state_dict.pop(key)


def _name_here(name: str) -> str:
    """``offset_layers.0.weight`` to ``warps.0.offset.weight``; a name of ours stays as it is."""
    head, _, rest = name.partition('.')
    if head in _MMPOSE_0X:
        return f'{_MMPOSE_0X[head]}.{rest}'
    index, _, leaf = rest.partition('.')
    if head == 'offset_layers':
        return f'warps.{index}.offset.{leaf}'
    return f'warps.{index}.{leaf}' if head == 'deform_conv_layers' else name


def _frame_weights(offsets: Sequence[int], given: Sequence[float] | None) -> list[float]:
    if given is not None and len(given) != len(offsets):
        raise ValueError(
            f'frame_weights: expected one for each of frame_offsets={tuple(offsets)}, '
            f'got {tuple(given)}'
        )
    if given is not None:
        return [float(weight) for weight in given]
    released = [_WEIGHTS[min(abs(offset), len(_WEIGHTS) - 1)] for offset in offsets]
    return [weight / sum(released) for weight in released]
