"""TAR: what it starts as, what a joint sees, what does not matter, what both forms of attention
give.
"""

from __future__ import annotations

import pytest
import torch

from jmpose_mm.models.layers.joint_attention import AttentionStep
from jmpose_mm.models.necks.joint_aggregation_neck import JointAggregationNeck
from jmpose_mm.structures import ClipFeatures

KEYPOINTS, CHANNELS, GRID = 3, 8, (4, 3)


def _draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _clip(num_frames: int = 5, seed: int = 0) -> ClipFeatures:
    return ClipFeatures(None, (_draw(2, num_frames, CHANNELS, *GRID, seed=seed),))


def _neck(offsets=(-2, -1, 0, 1, 2), effect: bool = True, **arguments) -> JointAggregationNeck:
    """``effect``: away from the start, where nothing is added."""
    torch.manual_seed(0)
    attention = {'num_layers': 2, 'num_heads': 2, **arguments.pop('attention', {})}
    neck = JointAggregationNeck(
        (CHANNELS,), KEYPOINTS, offsets, attention=attention, **arguments
    ).eval()
    if effect:
        torch.nn.init.normal_(neck.restoration.mha.out_proj.weight)
    return neck


@pytest.mark.parametrize('position', [None, 'sine'])
def test_joint_aggregation_neck__starts_as_the_single_frame(position):
    neck = _neck(effect=False, position=position)
    features = neck(_clip())
    torch.testing.assert_close(features.fused, features.initial_heatmaps[:, 2])
    published = _neck(effect=False, attention={'norm': 'post'})(_clip())
    assert (published.fused - published.initial_heatmaps[:, 2]).abs().max() > 0.1


@pytest.mark.parametrize('channels', [(48, 181_920), (384, 11_261_184), (1280, 124_700_160)])
def test_joint_aggregation_neck__parameters(channels):
    width, expected = channels
    with torch.device('meta'):
        neck = JointAggregationNeck((width,), 17, (-1, 0, 1))
    count = sum(p.numel() for p in neck.parameters())
    assert count - sum(p.numel() for p in neck.heatmap_layer.parameters()) == expected


@pytest.mark.parametrize('position', [None, 'sine'])
def test_joint_aggregation_neck__order_of_the_supporting_frames_is_not_seen(position):
    clip = _clip()
    shuffled = ClipFeatures(None, (clip.stages[0][:, [4, 0, 2, 1, 3]],))
    key_moved = ClipFeatures(None, (clip.stages[0][:, [2, 1, 0, 3, 4]],))
    neck = _neck(position=position)
    torch.testing.assert_close(neck(shuffled).fused, neck(clip).fused)
    assert (neck(key_moved).fused - neck(clip).fused).abs().max() > 0.1
    released = _neck(layout='released')
    assert (released(shuffled).fused - released(clip).fused).abs().max() > 1e-3


def test_joint_aggregation_neck__a_joints_token_depends_on_its_open_cells_alone():
    neck = _neck(attention={'num_layers': 1})
    features = _draw(1, 5, CHANNELS, *GRID).requires_grad_()
    heatmaps = torch.zeros(1, 5, KEYPOINTS, *GRID)
    cells = [[(3 * t + 5 * k) % 12 for t in range(5)] for k in range(KEYPOINTS)]
    for k, row in enumerate(cells):
        for t, cell in enumerate(row):
            heatmaps[0, t, k].view(-1)[cell] = 1.0
    tokens = neck._tokens(features).flatten(1, 2)
    allowed = neck._allowed(heatmaps, features)[:, None]
    start = (neck.aggregation.query_feat.weight + neck.aggregation.query_pe.weight)[None]
    joints = neck.aggregation.masked[0](start, tokens, allowed)
    for k, row in enumerate(cells):
        (gradient,) = torch.autograd.grad(joints[0, k].square().sum(), features, retain_graph=True)
        touched = gradient[0].abs().sum(dim=1).flatten(1) > 0  # (T, N)
        expected = torch.zeros(5, 12, dtype=torch.bool)
        expected[torch.arange(5), torch.tensor(row)] = True
        assert torch.equal(touched, expected)


def test_joint_aggregation_neck__constant_heatmaps_are_finite_and_none_is_all_open():
    neck, clip = _neck(), _clip()
    torch.nn.init.zeros_(neck.heatmap_layer.weight)
    assert neck(clip).fused.isfinite().all()
    for k in range(KEYPOINTS):
        assert _neck(mask=None)._allowed(_draw(2, 5, KEYPOINTS, *GRID), clip.stages[0])[0, k].all()


def test_joint_aggregation_neck__trains_all_of_it():
    neck = _neck(position='sine').train()
    neck(_clip()).fused.square().sum().backward()
    assert [n for n, p in neck.named_parameters() if p.grad is None] == []
    still = {n for n, p in neck.named_parameters() if not p.grad.any()}
    # What a bias adds to every key changes no weight; that of the keys is a third of the entry.
    assert still == set()


def test_joint_aggregation_neck__deconvolutions_make_both_kinds_of_heatmaps():
    neck = _neck(deconv_channels=(6, 6))
    features = neck(_clip())
    assert features.initial_heatmaps.shape == (2, 5, KEYPOINTS, 16, 12)
    assert features.fused.shape == (2, KEYPOINTS, 16, 12)
    assert features.named['fused'].shape == (2, CHANNELS, *GRID)


@pytest.mark.parametrize('offsets', [(-1, 0, 1), (-2, -1, 0), (0, 3)])
def test_joint_aggregation_neck__any_window_and_each_frame_is_read(offsets):
    neck, clip = _neck(offsets), _clip(len(offsets))
    before = neck(clip).fused
    for i in range(len(offsets)):
        stage = clip.stages[0].clone()
        stage[:, i] += _draw(CHANNELS, *GRID, seed=9)
        assert (neck(ClipFeatures(None, (stage,))).fused - before).abs().max() > 1e-4


@pytest.mark.parametrize('queries', [2, 30])
def test_attention_step__equals_torchs_own_on_both_ways(queries, monkeypatch):
    """Few queries ask in the space of many tokens; the rest project the tokens."""
    torch.manual_seed(0)
    step = AttentionStep(32, 4, 'post')
    torch.nn.init.normal_(step.mha.in_proj_bias)
    folded = []
    ours = step._asked_in_their_space
    monkeypatch.setattr(
        step, '_asked_in_their_space', lambda *args: folded.append(1) or ours(*args)
    )
    x, tokens = _draw(2, queries, 32), _draw(2, 40, 32, seed=1)
    allowed = _draw(2, queries, 40, seed=2) > 0
    expected, _ = step.mha(x, tokens, tokens, attn_mask=~allowed.repeat_interleave(4, dim=0))
    torch.testing.assert_close(step.answer(x, tokens, allowed[:, None]), expected)
    assert bool(folded) == (queries == 2)
    torch.testing.assert_close(step(x, tokens, allowed[:, None]), step.norm(x + expected))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'layout': 'flat'}, 'layout: expected'),
        ({'position': 'learnt'}, 'position: expected'),
        ({'position': 'sine', 'attention': {'norm': 'post'}}, 'position: expected None'),
        ({'attention': {'norm': 'none'}}, 'norm: expected'),
        ({'attention': {'num_heads': 3}}, 'num_heads: expected a divisor'),
    ],
)
def test_joint_aggregation_neck__bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        _neck(**arguments)


@pytest.mark.parametrize('kind', [torch.bfloat16, torch.float16])
def test_joint_aggregation_neck__places_are_told_in_half_precision_too(kind):
    """A far row's angle has more digits than half precision."""
    neck, features = _neck(position='sine'), torch.zeros(1, 5, CHANNELS, 90, 70)
    exact = neck._sine(features)
    found = neck._sine(features.to(kind))
    assert found.dtype == kind
    torch.testing.assert_close(found.float(), exact, atol=0.004, rtol=0)
