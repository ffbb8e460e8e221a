"""Backbones that end at stride 16 or 32, brought to stride 4 by deconvolutions.

Axes: B frames, C channels, h w grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor

from jmpose_mm.errors import UsageError
from jmpose_mm.models.layers.deconvolutions import deconvolutions, start_deconvolutions
from jmpose_mm.models.layers.stage_shapes import stage_shapes
from jmpose_mm.registry import MODELS

__all__ = ['DeconvBackbone']


@MODELS.register_module()
class DeconvBackbone(BaseModule):
    """ResNet or ViT with the deconvolutions of the simple baseline (Xiao et al., ECCV 2018).

    In mmpose the deconvolutions are the head's. Here every frame of a clip needs their output, and
    freezing the backbone freezes them. Checkpoints of mmpose's own models load as they are: the
    backbone's keys move down a level here, the head's deconvolutions move in the estimator.

    Args:
        backbone: Config of a backbone that returns one map or a sequence of maps, e.g. mmpose's
            ``ResNet`` with ``out_indices=(0, 1, 2, 3)``. Another is mmpretrain's
            ``VisionTransformer`` with ``out_type='featmap'`` and the blocks wanted in
            ``out_indices``.
        in_channels: Channels of the backbone's last map.
        deconv_channels: Output channels of each deconvolution, each of which doubles the grid.
        both: Return what the deconvolutions take too, before what they give.

    Raises:
        UsageError: ``in_channels`` is not what the backbone gives.

    Example:
        >>> import torch
        >>> from jmpose_mm.models import DeconvBackbone
        >>> resnet = {'type': 'mmpose.ResNet', 'depth': 18, 'out_indices': (0, 1, 2, 3)}
        >>> backbone = DeconvBackbone(resnet, in_channels=512, deconv_channels=(16, 16, 16))
        >>> [tuple(stage.shape) for stage in backbone(torch.zeros(1, 3, 64, 64))]
        [(1, 64, 16, 16), (1, 128, 8, 8), (1, 256, 4, 4), (1, 16, 16, 16)]
    """

    def __init__(
        self,
        backbone: dict[str, Any],
        in_channels: int,
        deconv_channels: Sequence[int],
        both: bool = False,
    ) -> None:
        super().__init__()
        self.backbone, self.both = MODELS.build(backbone), both
        shapes = stage_shapes(self.backbone)
        if shapes and shapes[-1][0] != in_channels:
            raise UsageError(
                f'in_channels of DeconvBackbone: expected {shapes[-1][0]}, the channels of the '
                f'last map of {backbone["type"]}, got {in_channels}'
            )
        self.deconv_layers = deconvolutions(in_channels, deconv_channels)
        self._register_load_state_dict_pre_hook(self._adopt_backbone_keys)

    def init_weights(self) -> None:
        """Deconvolutions start as in the simple baseline: normal, standard deviation 0.001."""
        super().init_weights()
        start_deconvolutions(self.deconv_layers)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """``(B, 3, H, W)`` to the backbone's maps, the last one after the deconvolutions."""
        stages = self.backbone(x)
        stages = (stages,) if isinstance(stages, Tensor) else tuple(stages)
        kept = stages if self.both else stages[:-1]
        return (*kept, self.deconv_layers(stages[-1]))

    def _adopt_backbone_keys(self, state_dict: dict[str, Any], prefix: str, *args: object) -> None:
        """Move the keys of a bare backbone to where it is here: ``conv1`` to ``backbone.conv1``."""
        own = (f'{prefix}backbone.', f'{prefix}deconv_layers.')
        for key in [k for k in state_dict if k.startswith(prefix) and not k.startswith(own)]:
            state_dict[f'{own[0]}{key[len(prefix) :]}'] = state_dict.pop(key)
