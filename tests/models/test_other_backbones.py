"""Backbones that nobody here has configs for: with every neck, or what to change in one line."""

from __future__ import annotations

import functools

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from jmpose_mm.engine.configs import find_config
from jmpose_mm.errors import UsageError
from jmpose_mm.models.layers.stage_shapes import stage_shapes
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import ClipFeatures

NECKS = ('jm-pose', 'tdmi', 'fami-pose', 'dcpose', 'posewarper', 'tar')
LITE = {
    'stem': {'stem_channels': 32, 'out_channels': 32, 'expand_ratio': 1},
    'num_stages': 3,
    'stages_spec': {
        'num_modules': (2, 4, 2),
        'num_branches': (2, 3, 4),
        'num_blocks': (2, 2, 2),
        'module_type': ('LITE', 'LITE', 'LITE'),
        'with_fuse': (True, True, True),
        'reduce_ratios': (8, 8, 8),
        'num_channels': ((40, 80), (40, 80, 160), (40, 80, 160, 320)),
    },
    'with_head': True,
}
# Backbone, and how many doublings bring its last map to stride 4.
BACKBONES = {
    'CSPNeXt': ({'type': 'CSPNeXt', 'arch': 'P5', 'widen_factor': 0.25, 'deepen_factor': 0.33}, 3),
    'LiteHRNet': ({'type': 'LiteHRNet', 'in_channels': 3, 'extra': LITE}, 0),
    'MobileNetV3': ({'type': 'MobileNetV3'}, 3),
    'PVT': ({'type': 'PyramidVisionTransformer', 'num_layers': [1, 1, 1, 1]}, 3),
    'RegNet': ({'type': 'RegNet', 'arch': 'regnetx_400mf', 'out_indices': (0, 1, 2, 3)}, 3),
    'ResNeSt': ({'type': 'ResNeSt', 'depth': 50, 'out_indices': (0, 1, 2, 3)}, 3),
    'ShuffleNetV2': ({'type': 'ShuffleNetV2'}, 3),
    'Swin': ({'type': 'SwinTransformer', 'embed_dims': 24, 'depths': (1, 1, 1, 1)}, 3),
    'ViPNAS': ({'type': 'ViPNAS_ResNet', 'depth': 50}, 3),
    'ViT': ({'type': 'jmpose_mm.VisionTransformer', 'arch': (24, 4, 2), 'out_indices': (1, 3)}, 2),
}


@functools.cache
def _wrapped(name: str) -> tuple[dict, tuple[int, ...]]:
    """A backbone that ends at stride 4, and the channels of its maps."""
    init_default_scope('mmpose')
    backbone, doublings = BACKBONES[name]
    backbone = {**backbone, 'type': backbone['type']}
    shapes = stage_shapes(MODELS.build(backbone))
    channels = [c for c, _, _ in shapes]
    if not doublings:
        return backbone, tuple(channels)
    wrapped = {
        'type': 'jmpose_mm.DeconvBackbone',
        'backbone': backbone,
        'in_channels': channels[-1],
        'deconv_channels': (16,) * doublings,
    }
    return wrapped, (*channels[:-1], 16)


def _config(method: str, channels: tuple[int, ...], **changes) -> dict:
    neck = Config.fromfile(find_config(f'{method}_debug.py')).model.neck.to_dict()
    neck |= {'in_channels': channels, **changes}
    if method == 'tdmi':
        neck['num_stages'] = min(len(channels), 4)
    return neck


def _build(method: str, backbone: dict, channels: tuple[int, ...], **changes):
    """A model of a debug config on another backbone, and its frames' offsets."""
    model = Config.fromfile(find_config(f'{method}_debug.py')).model.to_dict()
    model['backbone'], model['frozen'] = backbone, ()
    model['neck'] = _config(method, channels, **changes)
    if model['head'].get('final_layer', True):
        model['head']['in_channels'] = model['neck'].get('channels', channels[-1])
    return MODELS.build(model), model['neck']['frame_offsets']


@pytest.mark.parametrize('name', BACKBONES)
def test_every_neck__trains_on(name):
    backbone, channels = _wrapped(name)
    torch.manual_seed(0)
    model, offsets = _build('jm-pose', backbone, channels)
    features = model.train().extract_feat(torch.randn(1, len(offsets), 3, 64, 64))
    assert features.initial_heatmaps.shape == (1, len(offsets), 17, 16, 16)
    model.head(features).square().mean().backward()
    assert any(p.grad is not None for p in model.backbone.parameters())
    maps = model.eval().backbone(torch.randn(3, 3, 64, 64))
    for method in NECKS[1:]:
        cfg = _config(method, channels)
        neck = MODELS.build(cfg).eval()
        clip = [m[: neck.num_frames].repeat(2, 1, 1, 1)[None, : neck.num_frames] for m in maps]
        fused = neck(ClipFeatures(None, tuple(clip))).fused
        fused.sum().backward(retain_graph=True)
        assert fused.shape[-2:] == (16, 16), method


def test_every_neck__says_which_channels_are_meant():
    backbone, channels = _wrapped('ViT')
    for neck in NECKS:
        with pytest.raises(UsageError, match=r'neck\.in_channels: expected .*16.*, got .*96'):
            _build(neck, backbone, (*channels[:-1], 96))
    for neck in ('jm-pose', 'tdmi'):  # these read the earlier maps
        with pytest.raises(
            UsageError, match=r'neck\.in_channels: expected \(24, 16\), .*got \(7, 16\)'
        ):
            _build(neck, backbone, (7, 16))
    with pytest.raises(UsageError, match=r'in_channels of DeconvBackbone: expected 24,.*got 25'):
        _build('tar', {**backbone, 'in_channels': 25}, channels)


def test_every_neck__says_where_deconvolutions_are_missing():
    bare, _ = BACKBONES['ViT']
    for neck in NECKS:
        with pytest.raises(
            UsageError, match=r'\(32, 24\), got \(8, 6\).*deconv_channels of 2 more'
        ):
            _build(neck, bare, (24, 24))
    turned = Config.fromfile(find_config('tar_debug.py')).model
    turned.head.decoder.input_size, turned.frozen = (128, 96), ()
    with pytest.raises(UsageError, match=r'got \(24, 32\).*no doublings lead there'):
        MODELS.build(turned)
    model, _ = _build('tar', bare, (24,), deconv_channels=(8, 8))  # its own
    features = model.eval().extract_feat(torch.randn(1, 5, 3, 128, 96))
    assert features.fused.shape == (1, 17, 32, 24)


def test_every_neck__says_where_no_deconvolutions_help():
    alexnet = {'type': 'AlexNet'}
    for channels, backbone in ((256, alexnet), (16, _doubled(alexnet, 3))):
        with pytest.raises(UsageError, match=r'expected .*\(32, 24\), got .*no doublings lead'):
            _build('tar', backbone, (channels,))


def _doubled(backbone: dict, times: int) -> dict:
    wrapped = {'type': 'jmpose_mm.DeconvBackbone', 'backbone': backbone, 'in_channels': 256}
    return {**wrapped, 'deconv_channels': (16,) * times}


def test_every_neck__a_backbone_without_maps_is_named():
    mspn = {'type': 'MSPN', 'unit_channels': 16, 'num_stages': 1, 'num_units': 2}
    mspn |= {'num_blocks': [1, 1], 'norm_cfg': {'type': 'BN'}}
    with pytest.raises(UsageError, match=r'backbone: expected one map or a sequence.*from MSPN'):
        _build('tar', mspn, (16,))


def test_deconv_backbone__both_maps():
    wrapped, _ = _wrapped('ViT')
    model = MODELS.build({**wrapped, 'both': True})
    shapes = [tuple(m.shape[1:]) for m in model(torch.randn(1, 3, 128, 96))]
    assert shapes == [(24, 8, 6), (24, 8, 6), (16, 32, 24)]
    clip = ClipFeatures(None, tuple(torch.randn(1, 5, *shape) for shape in shapes))
    neck = MODELS.build(
        {
            'type': 'jmpose_mm.TemporalDifferenceNeck',
            'in_channels': (24, 24, 16),
            'num_keypoints': 5,
            'frame_offsets': (-2, -1, 0, 1, 2),
            'num_stages': 3,
        }
    )
    assert neck(clip).fused.shape == (1, 16, 32, 24)


@pytest.mark.parametrize('method', NECKS)
def test_every_neck__its_head_takes_the_channels_that_it_gives(method):
    model = Config.fromfile(find_config(f'{method}_debug.py')).model.to_dict()
    given = model['head']['in_channels']
    model['head']['in_channels'] = given + 2
    said = rf'model\.head\.in_channels: expected {given}, .* model\.neck \(\w+\) .* got {given + 2}'
    with pytest.raises(UsageError, match=said):
        MODELS.build(model)


def test_every_neck__is_as_it_was_after_the_check():
    init_default_scope('mmpose')
    model = Config.fromfile(find_config('tdmi_debug.py')).model
    torch.manual_seed(0)
    built = MODELS.build(model)
    after = torch.rand(1)
    assert built.neck.training
    assert all(m.num_batches_tracked == 0 for m in built.neck.modules() if hasattr(m, 'momentum'))
    torch.manual_seed(0)
    parts = [MODELS.build(model[part]) for part in ('backbone', 'neck', 'head')]
    assert len(parts) == 3
    assert torch.equal(torch.rand(1), after)
