"""Backbones behind deconvolutions: what they may return, and mmpretrain's ViT where it is there."""

from __future__ import annotations

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from jmpose_mm.models.backbones import DeconvBackbone
from jmpose_mm.registry import MODELS


@MODELS.register_module()
class PlainTensorBackbone(nn.Module):
    """Stands for a backbone that returns one map and no sequence, at stride 16."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, channels, 16, stride=16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.patches(x)


def test_deconv_backbone__plain_tensor_becomes_the_one_stage():
    backbone = DeconvBackbone({'type': 'PlainTensorBackbone', 'channels': 6}, 6, (5, 4)).eval()
    frames = torch.randn(2, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    (stage,) = backbone(frames)
    assert stage.shape == (2, 4, 16, 8)
    assert torch.equal(stage, backbone.deconv_layers(backbone.backbone(frames)))


def test_deconv_backbone__bare_checkpoint_of_the_inner_backbone_loads():
    inner = PlainTensorBackbone(6)
    backbone = DeconvBackbone({'type': 'PlainTensorBackbone', 'channels': 6}, 6, (4,))
    keys = backbone.load_state_dict(inner.state_dict(), strict=False)
    assert keys.unexpected_keys == []
    assert all(key.startswith('deconv_layers') for key in keys.missing_keys)
    assert torch.equal(backbone.backbone.patches.weight, inner.patches.weight)


def test_deconv_backbone__vision_transformer_of_mmpretrain():
    pytest.importorskip('mmpretrain.models', reason='mmpretrain is not installed')
    init_default_scope('mmpose')
    backbone = DeconvBackbone(
        {
            'type': 'mmpretrain.VisionTransformer',
            'arch': 'deit-tiny',
            'img_size': (128, 96),
            'patch_size': 16,
            'patch_cfg': {'padding': 2},
            'out_type': 'featmap',
            'with_cls_token': False,
            'out_indices': (2, 5, 8, 11),
        },
        in_channels=192,
        deconv_channels=(16, 16),
    )
    shapes = [tuple(stage.shape) for stage in backbone(torch.zeros(2, 3, 128, 96))]
    assert shapes == [(2, 192, 8, 6)] * 3 + [(2, 16, 32, 24)]
