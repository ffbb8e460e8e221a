"""ViT and TAR here against mmpose's ViTPose and the authors' TAR, element for element."""

from __future__ import annotations

import numpy as np
import official_networks as official
import pytest
import torch
from mmengine.registry import init_default_scope
from official_networks import assert_equals_official

from jmpose_mm.apis.checkpoint_conversion import config_for, convert_checkpoint
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError
from jmpose_mm.functional.joint_masks import blocked_tokens
from jmpose_mm.models.backbones import VisionTransformer
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import ClipFeatures

WIDTHS = ('small', 'base')
# 76 C^2 + 142 C.
AGGREGATION = {'small': 11_261_184, 'base': 44_935_680}


def _built(config: str):
    init_default_scope('mmpose')
    return MODELS.build(load_config(config).model).eval()


@pytest.mark.parametrize('width', WIDTHS)
def test_parity__vit(width):
    model = _built(f'single-frame_vit-{width}_1xb30-20e_posetrack18-384x288.py')
    model.load_state_dict(official.stand_in_weights('vit', width))
    for side, size in ((256, (256, 192)), (384, (384, 288))):
        with torch.no_grad():
            features = model.extract_feat(official.clip(1, *size))
            heatmaps = model.head(features)
        assert_equals_official(features[-1], 'vit', f'{width}_{side}_features')
        assert_equals_official(heatmaps, 'vit', f'{width}_{side}_heatmaps')


def test_parity__position_table_of_a_file_in_a_model_of_another_size():
    table = official.stand_in_weights('vit', 'small')['backbone.pos_embed']
    model = VisionTransformer('small', img_size=(384, 288))
    model.load_state_dict({'pos_embed': table}, strict=False)
    expected = official.figures('vit')['small_pos_embed_24x18']
    torch.testing.assert_close(model.pos_embed[..., :8].detach(), expected)


@pytest.fixture(scope='module', params=WIDTHS)
def tar(request, tmp_path_factory):
    """Width, our model with the official weights in it, and what it knows of each frame."""
    width, folder = request.param, tmp_path_factory.mktemp('weights')
    state = official.stand_in_weights('tar', width)
    torch.save({'model_state_dict': _with_copies(state)}, folder / 'in.pt')
    file = convert_checkpoint('tar-vitpose', folder / 'in.pt', folder / 'ours.pth')
    converted = torch.load(file, weights_only=True)['state_dict']
    model = _built(config_for('tar-vitpose', converted))
    model.load_state_dict(converted)
    frames = official.clip(5)[:, [1, 2, 0, 3, 4]]  # to time order
    with torch.no_grad():
        stages = tuple(stage[None] for stage in model.backbone(frames[0]))
        return width, model, model.neck.frame_features(ClipFeatures(None, stages))


def _with_copies(state: dict) -> dict:
    """A release: what is the ViT's and the heatmap layers' has a second name."""
    twice = {
        'backbone.': 'model.backbone.',
        'heatmap_head.0.': 'model.head.deconv_layers.',
        'heatmap_head.1.': 'model.head.final_layer.',
    }
    copies = {
        copy + name.removeprefix(original): value
        for name, value in state.items()
        for original, copy in twice.items()
        if name.startswith(original)
    }
    assert len(copies) == 163
    return state | copies


def test_parity__tar_initial_heatmaps_and_masks(tar):
    width, _, clip = tar
    initial = clip.heatmaps if width == 'base' else clip.heatmaps[:, 2]
    assert_equals_official(initial.reshape(-1, *initial.shape[-3:]), 'tar', f'{width}_initial')
    threshold = float(official.figures('tar')[f'{width}_mask_threshold'])
    packed = official.figures('tar')[f'{width}_blocked'].numpy()
    expected = np.unpackbits(packed, axis=-1)[..., : 24 * 18].astype(bool)
    queries = blocked_tokens(clip.heatmaps, (24, 18), threshold)[0]
    blocked = queries.unflatten(1, (5, -1)).transpose(0, 1).numpy()  # (T, K, N)
    np.testing.assert_array_equal(blocked, expected)
    assert 0.1 < blocked.mean() < 0.9


@pytest.mark.parametrize('layout', ['released', 'paper'])
def test_parity__tar(tar, layout, monkeypatch):
    width, model, clip = tar
    figures = official.figures('tar')
    monkeypatch.setattr(model.neck, 'layout', layout)
    for name, threshold in (
        (layout, float(figures[f'{width}_mask_threshold'])),
        (f'{layout}_open', 0.2),
    ):
        monkeypatch.setattr(model.neck, 'mask', {'threshold': threshold})
        with torch.no_grad():
            assert_equals_official(model.neck(clip).fused, 'tar', f'{width}_{name}')


def test_parity__tar_parameters(tar):
    width, model, _ = tar
    heatmap_layers = (model.neck.deconv_layers, model.neck.heatmap_layer)
    counts = [sum(p.numel() for p in part.parameters()) for part in (model.neck, *heatmap_layers)]
    assert counts[0] - sum(counts[1:]) == AGGREGATION[width]


def test_convert__tar_there_and_back_with_and_without_copies(tmp_path):
    state = official.stand_in_weights('tar', 'small')
    for given in (state, _with_copies(state)):
        torch.save(given, tmp_path / 'in.pth')
        ours = convert_checkpoint('tar-vitpose', tmp_path / 'in.pth', tmp_path / 'ours.pth')
        back = convert_checkpoint('tar-vitpose', ours, tmp_path / 'back.pth', reverse=True)
        back = torch.load(back, weights_only=True)
        assert back.keys() == given.keys()
        assert all(torch.equal(back[name], value) for name, value in given.items())
    given['model.head.final_layer.bias'] = given['model.head.final_layer.bias'] + 1
    torch.save(given, tmp_path / 'in.pth')
    with pytest.raises(UsageError, match=r'expected a copy of heatmap_head\.1\.bias'):
        convert_checkpoint('tar-vitpose', tmp_path / 'in.pth', tmp_path / 'never.pth')
