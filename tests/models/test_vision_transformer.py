"""Our plain ViT: sizes, tables of other sizes, rates that fall, and mmpretrain's where it is."""

from __future__ import annotations

import pytest
import torch

from jmpose_mm.engine.layer_decay import NestedLayerDecayConstructor
from jmpose_mm.errors import UsageError
from jmpose_mm.models.backbones import DeconvBackbone
from jmpose_mm.models.backbones.vision_transformer import ARCHITECTURES, VisionTransformer
from jmpose_mm.registry import MODELS

TINY = (24, 3, 2)


def _draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _vit(**arguments) -> VisionTransformer:
    torch.manual_seed(0)
    model = MODELS.build({'type': 'jmpose_mm.VisionTransformer', 'arch': TINY, **arguments})
    model.init_weights()
    return model.eval()


def test_vision_transformer__maps_of_the_blocks_asked_for():
    x = _draw(2, 3, 256, 192)
    maps = _vit(out_indices=(0, -1))(x)
    assert [tuple(m.shape) for m in maps] == [(2, 24, 16, 12)] * 2
    torch.testing.assert_close(maps[1], _vit()(x)[0])
    assert maps[1].flatten(2).mean(dim=1).abs().max() < 1e-5  # the last one is normalised
    assert _vit()(_draw(1, 3, 384, 288))[0].shape == (1, 24, 24, 18)


@pytest.mark.parametrize(('name', 'millions'), [('small', 22), ('base', 86), ('huge', 630)])
def test_vision_transformer__sizes(name, millions):
    with torch.device('meta'):
        model = VisionTransformer(name)
    count = sum(p.numel() for p in model.parameters())
    assert round(count / 1e6) == pytest.approx(millions, rel=0.02)
    assert len(model.layers) == ARCHITECTURES[name][1]


def test_vision_transformer__batch_of_one_equals_its_part_and_gradients_reach_all():
    model, x = _vit(drop_path_rate=0.3), _draw(2, 3, 64, 48)
    torch.testing.assert_close(model(x)[0][:1], model(x[:1])[0], rtol=1e-4, atol=1e-5)
    model.train()(x)[0].square().sum().backward()
    assert [n for n, p in model.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize('tokens', [16 * 12 + 1, 24 * 18, 14 * 14, 14 * 14 + 1])
def test_vision_transformer__tables_of_other_sizes_load(tokens):
    model = _vit()
    constant = _draw(1, 1, 24)
    table = constant.expand(1, tokens, -1).clone()
    if tokens % 2:  # of a class token
        table[:, 0] = 99.0
    model.load_state_dict({**model.state_dict(), 'pos_embed': table})
    torch.testing.assert_close(model.pos_embed.detach(), constant.expand(1, 192, -1))


def test_vision_transformer__a_table_that_is_no_grid_is_refused():
    model = _vit()
    with pytest.raises(RuntimeError, match='size mismatch for pos_embed'):
        model.load_state_dict({**model.state_dict(), 'pos_embed': torch.zeros(1, 191, 24)})


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'arch': 'tiny'}, 'arch: expected'),
        ({'arch': (24, 3, 5)}, 'arch: expected a number of heads'),
        ({'out_indices': (3,)}, 'out_indices: expected'),
    ],
)
def test_vision_transformer__bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        _vit(**arguments)


def test_vision_transformer__rates_fall_by_mmposes_constructor():
    from mmpose.engine.optim_wrappers import LayerDecayOptimWrapperConstructor

    model = torch.nn.Module()
    model.backbone, model.head = _vit(), torch.nn.Linear(2, 2)
    build = LayerDecayOptimWrapperConstructor(
        {'optimizer': {'type': 'AdamW', 'lr': 1.0, 'weight_decay': 0.1}, 'type': 'OptimWrapper'},
        {'num_layers': 3, 'layer_decay_rate': 0.5},
    )
    groups = build(model).optimizer.param_groups
    rates = {name: group['lr'] for group in groups for name in group['param_names']}
    assert rates['backbone.pos_embed'] == rates['backbone.patch_embed.projection.weight'] == 1 / 16
    assert [rates[f'backbone.layers.{i}.attn.qkv.weight'] for i in range(3)] == [
        1 / 8,
        1 / 4,
        1 / 2,
    ]
    assert rates['head.weight'] == 1


@pytest.mark.parametrize('place', ['backbone', 'backbone.backbone'])
def test_vision_transformer__rates_fall_inside_of_deconv_backbone_too(place):
    vit = {'type': 'jmpose_mm.VisionTransformer', 'arch': (24, 3, 2)}
    nested = {'backbone': vit, 'in_channels': 24, 'deconv_channels': (8,)}
    model = torch.nn.Module()
    model.backbone = (
        DeconvBackbone(**nested) if place != 'backbone' else MODELS.build(vit)
    ).train()
    model.head = torch.nn.Linear(2, 2)
    optimizer = {'type': 'AdamW', 'lr': 1.0, 'weight_decay': 0.1}
    groups = NestedLayerDecayConstructor({'optimizer': optimizer}, {'layer_decay_rate': 0.5})(model)
    rates = {id(p): g['lr'] for g in groups.optimizer.param_groups for p in g['params']}
    assert len(rates) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        inner = name.removeprefix(f'{place}.')
        depth = {'pos_embed': 4, 'patch_embed': 4, 'layers': 3}.get(inner.split('.')[0], 0)
        depth -= int(inner.split('.')[1]) if inner.startswith('layers') else 0
        assert rates[id(parameter)] == 0.5**depth, name


def test_vision_transformer__rates_need_its_own_number_of_blocks():
    model = torch.nn.Module()
    model.backbone = _vit()
    optimizer = {'type': 'AdamW', 'lr': 1.0}
    twelve = {'num_layers': 12, 'layer_decay_rate': 0.8}
    with pytest.raises(UsageError, match=r'num_layers: expected 3, .* got 12'):
        NestedLayerDecayConstructor({'optimizer': optimizer}, twelve)(model)
    model.backbone = torch.nn.Conv2d(3, 3, 1)
    with pytest.raises(UsageError, match=r'expected a vision transformer .* got Conv2d'):
        NestedLayerDecayConstructor({'optimizer': optimizer}, {'layer_decay_rate': 0.8})(model)


def test_vision_transformer__equals_mmpretrains():
    pytest.importorskip('mmpretrain')
    arch = {'embed_dims': 24, 'num_layers': 3, 'num_heads': 2, 'feedforward_channels': 96}
    theirs = MODELS.build(
        {
            'type': 'mmpretrain.VisionTransformer',
            'arch': arch,
            'img_size': (256, 192),
            'with_cls_token': False,
            'out_type': 'featmap',
            'patch_cfg': {'padding': 2},
        }
    ).eval()
    ours = _vit()
    ours.load_state_dict(theirs.state_dict())
    for size in ((256, 192), (384, 288)):
        x = _draw(1, 3, *size)
        torch.testing.assert_close(ours(x)[0], theirs(x)[0], rtol=1e-4, atol=1e-5)
