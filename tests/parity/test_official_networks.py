"""Our networks against the authors', element for element, through the converted weights."""

from __future__ import annotations

from functools import cache

import official_networks as official
import pytest
import torch
from mmengine.registry import init_default_scope
from official_networks import assert_equals_official

from jmpose_mm.apis.checkpoint_conversion import CONFIGS, convert_checkpoint
from jmpose_mm.engine.configs import load_config
from jmpose_mm.registry import MODELS

METHODS = {'fami-pose': 'fami', 'tdmi': 'tdmi', 'dcpose': 'dcpose', 'posewarper': 'posewarper'}
FRAMES = {'fami-pose': 5, 'tdmi': 5, 'dcpose': 3, 'posewarper': 5}
# Counted in the official classes, `Alignment_V15`, `DTDMNRV15`, `DcPose_RSN` and
# `pose_hrnet_PoseAgg`; TDMI without the head that nothing calls.
TRAINABLE = {
    'fami-pose': 1_059_459,
    'tdmi': 2_871_074 - 7_361,
    'dcpose': 1_603_053,
    'posewarper': 7_558_605,
}
BACKBONE = 63_595_745
# The order of the fixtures' `mi`.
TERMS = {
    'fami-pose': [
        'heatmaps_aligned',
        'aligned_key',
        'heatmaps_supports',
        'aligned_supports',
        'heatmaps_key',
        'aligned_key_again',
    ],
    'tdmi': [
        'useful_noisy',
        'motion_useful',
        'useful_appearance',
        'useful_fused',
        'appearance_fused',
        'heatmaps_useful',
        'heatmaps_appearance',
    ],
}


@cache
def _build(method: str):
    init_default_scope('mmpose')
    return MODELS.build(load_config(CONFIGS[method]).model).eval()


@pytest.fixture(scope='module', params=METHODS)
def converted(request, tmp_path_factory):
    """Method, and our model with the official weights in it."""
    method, folder = request.param, tmp_path_factory.mktemp('weights')
    torch.save(official.stand_in_weights(METHODS[method]), folder / 'official.pth')
    file = convert_checkpoint(method, folder / 'official.pth', folder / 'ours.pth')
    model = _build(method)
    model.load_state_dict(torch.load(file, weights_only=True)['state_dict'], strict=True)
    return method, model


@pytest.fixture(scope='module')
def outputs(converted):
    method, model = converted
    frames = official.clip(FRAMES[method])
    middle = FRAMES[method] // 2
    in_time_order = torch.cat(
        (frames[:, 1 : middle + 1], frames[:, :1], frames[:, middle + 1 :]), 1
    )
    with torch.no_grad():
        features = model.extract_feat(in_time_order)
        return method, model, features, model.head(features)


def test_parity__final_heatmaps(outputs):
    method, _, _, heatmaps = outputs
    assert_equals_official(heatmaps, METHODS[method], 'heatmaps')


def test_parity__initial_heatmaps(outputs):
    method, _, features, _ = outputs
    if 'initial_heatmaps' not in official.figures(METHODS[method]):
        assert method == 'dcpose'
        return
    key = features.initial_heatmaps[:, FRAMES[method] // 2]
    assert_equals_official(key, METHODS[method], 'initial_heatmaps')


def test_parity__information_terms(outputs):
    method, model, features, heatmaps = outputs
    if method not in TERMS:
        assert model.head.loss_terms is None
        return
    loss = model.head.loss_terms
    assert [term['name'] for term in loss.terms] == TERMS[method]
    named = {**features.named, 'heatmaps': heatmaps}
    values = torch.stack([loss.estimate(term, named) for term in loss.terms])
    expected = official.figures(METHODS[method])['mi']
    torch.testing.assert_close(values.double(), expected.double(), rtol=1e-4, atol=0)


def test_parity__parameter_counts(converted):
    method, model = converted
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    assert (trainable, frozen) == (TRAINABLE[method], BACKBONE)


@pytest.mark.skipif(not official.WHOLE.is_dir(), reason='the whole maps are not at hand')
@pytest.mark.parametrize('fixture', ['fami', 'tdmi', 'dcpose', 'posewarper', 'tar', 'vit'])
def test_kept_figures__are_those_of_the_whole_maps(fixture):
    kept, whole = official.figures(fixture), official.figures(fixture, official.WHOLE)
    assert list(kept) == list(whole)
    for name, values in kept.items():
        same = whole[name] if values.shape == whole[name].shape else official.thin(whole[name])
        assert torch.equal(values, same)


def test_parity__posewarper_of_mmpose_0x_loads_as_it_is(tmp_path):
    state = official.stand_in_weights('posewarper')
    names = [name for name, _ in official.parameters('posewarper_mmpose')]
    theirs = dict(zip(names, state.values(), strict=True))
    torch.save(state, tmp_path / 'official.pth')
    torch.save({'state_dict': theirs, 'meta': {}}, tmp_path / 'theirs.pth')
    model = MODELS.build(load_config(CONFIGS['posewarper']).model)
    model.load_state_dict(dict(theirs))
    for source in ('official', 'theirs'):
        file = convert_checkpoint('posewarper', tmp_path / f'{source}.pth', tmp_path / 'ours.pth')
        converted = torch.load(file, weights_only=True)['state_dict']
        assert converted.keys() == model.state_dict().keys()
        for name, value in model.state_dict().items():
            assert torch.equal(value, converted[name]), name
