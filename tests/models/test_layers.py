"""Behaviour of the layers: what must vanish, what must move, what must get a gradient."""

from __future__ import annotations

import pytest
import torch

from jmpose_mm.models.layers.joint_motion import (
    ChannelCrossAttention,
    ContextAwareJointLearner,
    MutualLearningStage,
    PositionCrossAttention,
)
from jmpose_mm.models.layers.modulated_alignment import ModulatedAlignment, deform_operator
from jmpose_mm.models.layers.motion import DifferenceMotion, SidedMotion
from jmpose_mm.models.layers.residual_chain import ResidualChain
from jmpose_mm.structures import ClipFeatures


def _draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _clip(num_frames: int = 5, channels: tuple[int, ...] = (4, 6)) -> ClipFeatures:
    stages = tuple(
        _draw(2, num_frames, c, 16 // 2**i, 12 // 2**i, seed=c)
        for i, c in enumerate(reversed(channels))
    )
    return ClipFeatures(_draw(2, num_frames, 3, 64, 48), stages[::-1])


def test_residual_chain__parameters_of_the_released_block():
    # By hand: 9*48*16 + 9*16*16 + 48*16 weights and three normalisations of 2*16; the other two
    # are FAMI-Pose's support and final aggregation.
    chain = ResidualChain(48, 16, 1)
    assert sum(p.numel() for p in chain.parameters()) == 9 * 48 * 16 + 9 * 256 + 48 * 16 + 96
    assert sum(p.numel() for p in ResidualChain(192, 48, 2).parameters()) == 154848
    assert sum(p.numel() for p in ResidualChain(96, 48, 3).parameters()) == 150432


def test_residual_chain__needs_a_block():
    with pytest.raises(ValueError, match='num_blocks'):
        ResidualChain(4, 4, 0)


def test_modulated_alignment__operators_agree():
    layer = ModulatedAlignment(6, 8, deform_groups=4)
    torch.nn.init.normal_(layer.offset.weight, std=0.3)
    features, guide = _draw(2, 8, 9, 7), _draw(2, 6, 9, 7, seed=1)
    native = layer(features, guide)
    layer.operator = deform_operator('torchvision')
    torch.testing.assert_close(layer(features, guide), native, rtol=1e-4, atol=1e-5)


def test_modulated_alignment__starts_on_the_regular_grid():
    layer = ModulatedAlignment(6, 8, deform_groups=4)
    offset, modulation = layer.predict(_draw(2, 6, 9, 7))
    assert offset.abs().max() < 0.1
    torch.testing.assert_close(modulation, torch.full_like(modulation, 0.5), atol=0.02, rtol=0)


def test_modulated_alignment__raw_modulation_starts_at_zero():
    layer = ModulatedAlignment(6, 8, deform_groups=4, modulation='raw')
    assert layer(_draw(2, 8, 9, 7), _draw(2, 6, 9, 7)).abs().max() < 0.5


@pytest.mark.parametrize(
    'argument', [{'deform_groups': 3}, {'modulation': 'tanh'}, {'operator': 'cuda'}]
)
def test_modulated_alignment__bad_argument_is_named(argument):
    with pytest.raises(ValueError, match=f'{next(iter(argument))}: expected'):
        ModulatedAlignment(6, 8, **{'deform_groups': 4, **argument})


def _motion(motion: DifferenceMotion, clip: ClipFeatures) -> torch.Tensor:
    """Motion of a clip of a backbone's stages."""
    frames = motion.frame_maps([stage.flatten(0, 1) for stage in clip.stages])
    maps = tuple(m.unflatten(0, clip.stages[0].shape[:2]) for m in frames)
    return motion(clip._replace(stages=maps))


def test_difference_motion__copies_of_a_frame_have_the_motion_of_zeros():
    motion = DifferenceMotion((4, 6), num_frames=5, key_index=2, channels=8).eval()
    clip = _clip()
    copies = clip._replace(stages=tuple(s[:, 2:3].expand_as(s) for s in clip.stages))
    zeros = clip._replace(stages=tuple(torch.zeros_like(s) for s in clip.stages))
    torch.testing.assert_close(_motion(motion, copies), _motion(motion, zeros))
    assert (_motion(motion, clip) - _motion(motion, zeros)).abs().max() > 0.1


def test_difference_motion__each_side_sees_its_own_frames():
    motion = DifferenceMotion((4, 6), num_frames=5, key_index=2, channels=8).eval()
    clip = _clip()
    changed = clip._replace(stages=tuple(s.clone() for s in clip.stages))
    for stage in changed.stages:
        stage[:, 4] += _draw(*stage[:, 4].shape, seed=9)
    before, after = _motion(motion, clip), _motion(motion, changed)
    assert torch.equal(before[:, :4], after[:, :4])
    assert (before[:, 4:] - after[:, 4:]).abs().max() > 0.01


@pytest.mark.parametrize(('num_frames', 'key_index'), [(3, 1), (7, 3), (3, 2), (3, 0), (4, 1)])
def test_difference_motion__any_window(num_frames, key_index):
    motion = DifferenceMotion((4, 6), num_frames, key_index, channels=9)
    assert _motion(motion, _clip(num_frames)).shape == (2, 9, 16, 12)


def test_sided_motion__one_frame_has_no_motion():
    with pytest.raises(ValueError, match='at least one frame beside the key frame'):
        SidedMotion(4, num_frames=1, key_index=0, channels=8)


def test_context_aware_joint_learner__offsets_follow_the_heatmaps():
    learner = ContextAwareJointLearner(num_heatmaps=6, channels=8)
    torch.nn.init.normal_(learner.alignment.offset.weight, std=0.3)
    heatmaps, motion = _draw(2, 3, 2, 9, 7), _draw(2, 8, 9, 7, seed=1)
    assert (learner(heatmaps, motion) - learner(heatmaps + 1, motion)).abs().max() > 0.01
    assert learner(heatmaps, torch.zeros_like(motion)).abs().max() == 0


def test_channel_cross_attention__weights_are_over_the_context():
    attention = ChannelCrossAttention(8, num_heads=2)
    x, context = _draw(2, 8, 9, 7), _draw(2, 8, 9, 7, seed=1)
    torch.nn.init.zeros_(attention.temperature)  # equal weights: the mean of a head's values
    value = attention.key_value(context)[:, 8:].unflatten(1, (2, 4))
    expected = value.mean(dim=2, keepdim=True).expand_as(value).flatten(1, 2)
    torch.testing.assert_close(attention(x, context), attention.project(expected))


def test_channel_cross_attention__by_hand_for_one_head():
    attention = ChannelCrossAttention(4, num_heads=1)
    x, context = _draw(1, 4, 3, 2), _draw(1, 4, 3, 2, seed=1)
    query = attention.query(x).reshape(4, 6)
    key, value = attention.key_value(context).reshape(2, 4, 6)
    rows = []
    for q in query:
        cosine = torch.stack([q @ k / (q.norm() * k.norm()) for k in key])
        rows.append((10 * cosine).softmax(0) @ value)  # the temperature that it starts with
    expected = attention.project(torch.stack(rows).reshape(1, 4, 3, 2))
    torch.testing.assert_close(attention(x, context), expected)


def test_position_cross_attention__by_hand_for_two_heads():
    attention = PositionCrossAttention(4, num_heads=2)
    x, context = _draw(1, 4, 3, 2), _draw(1, 4, 3, 2, seed=1)
    query = attention.query(x).reshape(2, 2, 6)  # head, channel, position
    key, value = attention.key_value(context).reshape(2, 2, 2, 6)
    weights = (query.transpose(1, 2) @ key / 2**0.5).softmax(dim=-1)
    expected = attention.project((value @ weights.transpose(1, 2)).reshape(1, 4, 3, 2))
    torch.testing.assert_close(attention(x, context), expected)


def test_position_cross_attention__pooled_attends_to_means_of_blocks():
    attention = PositionCrossAttention(4, num_heads=1)
    pooled = PositionCrossAttention(4, num_heads=1, pooling=4)
    pooled.load_state_dict(attention.state_dict())
    x, means = _draw(2, 4, 9, 6), _draw(2, 4, 3, 2, seed=1)
    # Blocks that are constant, the last ones cut off by the border.
    context = means.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)[..., :9, :6]
    torch.testing.assert_close(pooled(x, context), attention(x, means))
    torch.testing.assert_close(
        pooled(x, context + _balanced(9, 6)), attention(x, means), rtol=0, atol=1e-5
    )


def _balanced(height: int, width: int) -> torch.Tensor:
    """Values whose sum within each block of 4x4, as far as it goes, is 0."""
    rows = torch.arange(height)[:, None] + torch.arange(width)
    signs = torch.where(rows % 2 == 0, 1.0, -1.0)
    signs[8:, :] = torch.tensor([1.0, -1.0] * (width // 2))
    return signs


@pytest.mark.parametrize('tokens', ['positions', 'pooled_positions'])
def test_mutual_learning_stage__of_positions_starts_as_that_of_channels(tokens):
    stage, usual = MutualLearningStage(8, tokens=tokens), MutualLearningStage(8)
    known = {name: value for name, value in usual.state_dict().items() if 'attends' not in name}
    missing = stage.load_state_dict(known, strict=False).missing_keys
    assert missing
    assert all('attends' in name for name in missing)
    streams = _draw(2, 8, 6, 5), _draw(2, 8, 6, 5, seed=1)
    # Attentions begin without effect; afterwards every position may change any other one.
    torch.testing.assert_close(stage(*streams), usual(*streams))
    torch.nn.init.dirac_(stage.motion_attends_joint.project.weight)
    joint = streams[0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(
        stage.motion_attends_joint(streams[1], joint)[..., 0, 0].sum(), joint
    )
    assert (gradient.abs().sum(dim=1) > 0).all()


def test_mutual_learning_stage__plain_gate_by_hand():
    stage = MutualLearningStage(8).eval()
    joint, motion = _draw(2, 8, 6, 5), _draw(2, 8, 6, 5, seed=1)
    m, j = stage.motion_block(motion), stage.joint_block(joint)
    u = stage.motion_attends_joint(m, j) + m
    v = stage.joint_attends_motion(j, m) + j
    new_joint, new_motion = stage(joint, motion)
    torch.testing.assert_close(new_motion, u * u.sigmoid())
    torch.testing.assert_close(new_joint, v * v.sigmoid())


def test_mutual_learning_stage__streams_learn_from_each_other():
    stage = MutualLearningStage(8, gate='conv')
    joint = _draw(2, 8, 6, 5).requires_grad_()
    motion = _draw(2, 8, 6, 5, seed=1).requires_grad_()
    for output, other in zip(stage(joint, motion), (motion, joint), strict=True):
        (gradient,) = torch.autograd.grad(output.square().sum(), other, retain_graph=True)
        assert gradient.abs().max() > 1e-6


def test_mutual_learning_stage__bad_gate_and_heads():
    with pytest.raises(ValueError, match='gate: expected'):
        MutualLearningStage(8, gate='max')
    with pytest.raises(ValueError, match='num_heads: expected'):
        MutualLearningStage(8, num_heads=3)
    with pytest.raises(ValueError, match='num_heads: expected'):
        MutualLearningStage(8, num_heads=3, tokens='positions')
    with pytest.raises(ValueError, match='tokens: expected'):
        MutualLearningStage(8, tokens='joints')
