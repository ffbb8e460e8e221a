"""Our networks against the authors', element for element, through the converted weights."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from jmpose_mm.apis.checkpoint_conversion import CONFIGS, convert_checkpoint
from jmpose_mm.engine.configs import load_config
from jmpose_mm.registry import MODELS

OFFICIAL = Path(__file__).resolve().parents[2].parent / 'shared' / 'fixtures' / 'official'
pytestmark = pytest.mark.skipif(
    not OFFICIAL.is_dir(), reason=f'the outputs of the official networks are not at {OFFICIAL}'
)
METHODS = {'fami-pose': 'fami', 'tdmi': 'tdmi', 'dcpose': 'dcpose'}
FRAMES = {'fami-pose': 5, 'tdmi': 5, 'dcpose': 3}
# Methods notes 9.1; TDMI without the head that nothing calls.
TRAINABLE = {'fami-pose': 1_059_459, 'tdmi': 2_871_074 - 7_361, 'dcpose': 1_603_053}
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
SEED = 1


def _stand_in_weights():
    spec = importlib.util.spec_from_file_location('detparams', OFFICIAL / 'detparams.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _official_state(method: str) -> dict:
    keys = json.loads((OFFICIAL / f'{METHODS[method]}_keys.json').read_text())
    return _stand_in_weights().fill(keys, SEED)


@cache
def _build(method: str):
    init_default_scope('mmpose')
    return MODELS.build(load_config(CONFIGS[method]).model).eval()


@pytest.fixture(scope='module', params=METHODS)
def converted(request, tmp_path_factory):
    """Method, our model with the official weights in it, what the official network gives."""
    method, folder = request.param, tmp_path_factory.mktemp('weights')
    torch.save(_official_state(method), folder / 'official.pth')
    file = convert_checkpoint(method, folder / 'official.pth', folder / 'ours.pth')
    model = _build(method)
    model.load_state_dict(torch.load(file, weights_only=True)['state_dict'], strict=True)
    expected = np.load(OFFICIAL / f'{METHODS[method]}_out_{SEED}.npz')
    return method, model, {name: torch.from_numpy(expected[name]) for name in expected.files}


def assert_close_to(actual: torch.Tensor, expected: torch.Tensor) -> None:
    """Within 1e-4 of the expected values' standard deviation, everywhere."""
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max() < 1e-4 * expected.std()


@pytest.fixture(scope='module')
def outputs(converted):
    method, model, expected = converted
    frames = _stand_in_weights().clip(SEED, FRAMES[method])
    middle = FRAMES[method] // 2
    in_time_order = torch.cat(
        (frames[:, 1 : middle + 1], frames[:, :1], frames[:, middle + 1 :]), 1
    )
    with torch.no_grad():
        features = model.extract_feat(in_time_order)
        return method, model, expected, features, model.head(features)


def test_parity__final_heatmaps(outputs):
    _, _, expected, _, heatmaps = outputs
    assert_close_to(heatmaps, expected['heatmaps'])


def test_parity__initial_heatmaps(outputs):
    method, _, expected, features, _ = outputs
    if 'initial_heatmaps' not in expected:
        assert method == 'dcpose'
        return
    assert_close_to(features.initial_heatmaps[:, FRAMES[method] // 2], expected['initial_heatmaps'])


def test_parity__information_terms(outputs):
    method, model, expected, features, heatmaps = outputs
    if method not in TERMS:
        assert model.head.loss_terms is None
        return
    loss = model.head.loss_terms
    assert [term['name'] for term in loss.terms] == TERMS[method]
    named = {**features.named, 'heatmaps': heatmaps}
    values = torch.stack([loss.estimate(term, named) for term in loss.terms])
    torch.testing.assert_close(values.double(), expected['mi'].double(), rtol=1e-4, atol=0)


def test_parity__parameter_counts(converted):
    method, model, _ = converted
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    assert (trainable, frozen) == (TRAINABLE[method], BACKBONE)
