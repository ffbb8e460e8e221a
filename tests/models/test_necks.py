"""TDMI, FAMI-Pose and DCPose: sizes, variants, what each term of their objectives trains."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.config import Config

from jmpose_mm.engine.configs import find_config
from jmpose_mm.functional.translation import translate
from jmpose_mm.models.layers.frame_alignment import LocalCalibration, TranslationPredictor
from jmpose_mm.models.layers.residual_chain import ResidualChain
from jmpose_mm.models.layers.residual_steps import ResidualStepsBlock
from jmpose_mm.models.layers.temporal_difference import TemporalDifferenceEncoder
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import ClipFeatures

CHANNELS, KEYPOINTS = 8, 5
FAMI, TDMI, DCPOSE = 'FeatureAlignmentNeck', 'TemporalDifferenceNeck', 'DualConsecutiveNeck'


def _draw(*shape: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _clip(num_frames: int, channels=(CHANNELS,) * 4, size=(24, 18), scale=1.0) -> ClipFeatures:
    stages = [_draw(2, num_frames, c, *size, seed=i, scale=scale) for i, c in enumerate(channels)]
    return ClipFeatures(_draw(2, num_frames, 3, 8, 8), tuple(stages))


def _neck(name: str, offsets=(-2, -1, 0, 1, 2), channels=(CHANNELS,) * 4, **arguments):
    torch.manual_seed(0)
    return MODELS.build(
        {
            'type': f'jmpose_mm.{name}',
            'in_channels': channels,
            'num_keypoints': KEYPOINTS,
            'frame_offsets': offsets,
            **arguments,
        }
    )


def _count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_layers__parameters_of_the_released_networks():
    # Counted in FAMI-Pose's `Alignment_V15` and DCPose's `DcPose_RSN`.
    assert _count(TranslationPredictor(48)) == 35_410
    calibration = LocalCalibration(48, 4)
    assert _count(calibration.combine) == 67_104
    assert [_count(step) for step in calibration.steps] == [93_528 + 46_764 + 20_784] * 4
    assert _count(ResidualChain(68, 34, 2, ResidualStepsBlock)) == 99_670
    assert _count(ResidualChain(51, 17, 1, ResidualStepsBlock)) == 43_249
    assert _count(ResidualChain(51, 64, 2, ResidualStepsBlock)) == 125_124


@pytest.mark.parametrize('size', [(96, 72), (64, 48), (32, 24), (3, 3), (1, 1)])
def test_translation_predictor__any_grid(size):
    assert TranslationPredictor(8).eval()(_draw(2, 8, *size)).shape == (2, 2)


@pytest.mark.parametrize('name', [FAMI, TDMI])
@pytest.mark.parametrize('offsets', [(-1, 0, 1), (-2, -1, 0), (-3, -2, -1, 0, 1, 2, 3)])
def test_necks__any_window(name, offsets):
    neck = _neck(name, offsets).eval()
    _randomize(neck)
    features = neck(_clip(len(offsets)))
    assert set(neck.feature_names) == set(features.named)
    assert features.fused.shape == (2, CHANNELS, 24, 18)
    assert features.initial_heatmaps.shape == (2, len(offsets), KEYPOINTS, 24, 18)
    for i in range(len(offsets)):
        clip = _clip(len(offsets))
        clip.stages[-1][:, i] += 1
        assert not torch.equal(neck(clip).fused, features.fused), f'frame {i} is not read'


@pytest.mark.parametrize('name', [FAMI, TDMI, DCPOSE])
def test_necks__other_number_of_frames_and_no_supports_are_refused(name):
    with pytest.raises(ValueError, match='expected 3, as frame_offsets of the neck has, got 5'):
        _neck(name, (-1, 0, 1))(_clip(5))
    with pytest.raises(ValueError, match='at least one frame beside the key frame'):
        _neck(name, (0,))


def test_feature_alignment_neck__moves_the_supports_onto_the_key_frame():
    neck = _neck(FAMI, (-1, 0, 1)).eval()
    neck.translation.forward = lambda difference: torch.tensor([[1.0, 0.0]]).expand(
        len(difference), 2
    )
    key, supports = _draw(2, 8, 6, 5), _draw(2, 2, 8, 6, 5, seed=1)
    moved = neck.globally_aligned(key, supports)
    torch.testing.assert_close(moved[..., 1:], supports[..., :-1])


@pytest.mark.parametrize(
    ('name', 'arguments', 'without'),
    [
        (FAMI, {'global_alignment': False}, 'translation.'),
        (FAMI, {'local_alignment': {'calibrate': False}}, 'alignment.steps.'),
        (TDMI, {'num_stages': 1}, 'encoder.fuse.1.'),
        (TDMI, {'appearance': 'key'}, 'alignment.'),
        (TDMI, {'disentanglement': None}, 'disentanglement.'),
        (TDMI, {'disentanglement': {'noisy': False}}, 'disentanglement.noisy.'),
    ],
)
def test_necks__variants_leave_a_part_out(name, arguments, without):
    full, neck = _neck(name), _neck(name, **arguments)
    assert any(key.startswith(without) for key in full.state_dict())
    assert not any(key.startswith(without) for key in neck.state_dict())
    assert neck(_clip(5)).fused.shape == (2, CHANNELS, 24, 18)


def test_temporal_difference_neck__stages_count_from_the_last_and_get_one_size():
    channels, sizes = (6, 12, 20, 8), ((24, 18), (12, 9), (6, 5), (24, 18))
    stages = [_draw(2, 3, c, *size, seed=c) for c, size in zip(channels, sizes, strict=True)]
    neck = _neck(TDMI, (-1, 0, 1), channels, num_stages=3).eval()
    before = neck(ClipFeatures(_draw(2, 3, 3, 8, 8), tuple(stages))).fused
    stages[0] = stages[0] + _draw(*stages[0].shape, seed=9)  # not among the last three
    torch.testing.assert_close(
        neck(ClipFeatures(_draw(2, 3, 3, 8, 8), tuple(stages))).fused, before
    )
    stages[1] = stages[1] + _draw(*stages[1].shape, seed=9)
    after = neck(ClipFeatures(_draw(2, 3, 3, 8, 8), tuple(stages))).fused
    assert (after - before).abs().max() > 1e-4
    # A map with the channels asked for passes as it is, so that released weights fit.
    assert isinstance(neck.differences.project[-1], torch.nn.Identity)


def test_temporal_difference_encoder__still_frames_move_nothing_but_biases():
    encoder = TemporalDifferenceEncoder(8, 4, 2).eval()
    key, zeros = _draw(2, 8, 6, 5), [torch.zeros(2, 4, 8, 6, 5)] * 2
    assert encoder(zeros, key).abs().max() < 1e-6
    assert encoder([_draw(2, 4, 8, 6, 5)] * 2, key).abs().max() > 1e-3


def test_temporal_difference_neck__gates_scale_whole_channels():
    neck = _neck(TDMI).eval()
    _randomize(neck)
    named = neck(_clip(5)).named
    for part in ('useful_motion', 'noisy_motion'):
        motion = named['motion'].flatten(2)
        gate = (named[part].flatten(2).sum(-1) / motion.sum(-1))[..., None]
        assert ((gate > 0) & (gate < 1)).all()
        torch.testing.assert_close(named[part].flatten(2), gate * motion, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ('offsets', 'weights'), [((-1, 0, 1), (0.5, 0.5)), ((-3, 0, 1), (0.25, 0.75))]
)
def test_dual_consecutive_neck__the_nearer_frame_weighs_more(offsets, weights):
    assert _neck(DCPOSE, offsets).weights == weights


@pytest.mark.parametrize('offsets', [(-2, -1, 0, 1, 2), (-2, -1, 0), (0, 1, 2), (-1, 0)])
def test_dual_consecutive_neck__other_windows_are_refused_at_build_time(offsets):
    with pytest.raises(ValueError, match='one frame before the key frame and one after it'):
        _neck(DCPOSE, offsets)


def test_dual_consecutive_neck__keeps_each_keypoint_with_itself():
    """With offsets 0, modulation 1 and the identity kernel, correction is the identity."""
    neck = _neck(DCPOSE, (-1, 0, 1)).eval()
    for step in neck.correction:
        step.predict = lambda guide, step=step: (
            torch.zeros(2, 2 * 9 * KEYPOINTS, 24, 18),
            torch.ones(2, 9 * KEYPOINTS, 24, 18),
        )
    features = neck(_clip(3))
    torch.testing.assert_close(features.fused, features.named['merged_heatmaps'])


@pytest.mark.parametrize('arguments', [{'num_stages': 5}, {'num_stages': 0}, {'appearance': 'st'}])
def test_temporal_difference_neck__bad_argument(arguments):
    with pytest.raises(ValueError, match=f'{next(iter(arguments))}: expected'):
        _neck(TDMI, **arguments)


def test_necks__released_initialization():
    neck = _neck(TDMI)
    neck.init_weights()
    step = neck.encoder.align[0]
    assert 0 < step.modulation.weight.std() < 0.002
    assert step.offset.bias.abs().max() == 0
    assert neck.fusion.layers[0].bn1.weight.eq(1).all()


def _randomize(neck: torch.nn.Module) -> None:
    """Away from the released start, where deformable steps give nothing and pass no gradient."""
    for module in neck.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)


def _objective(name: str):
    file = find_config(f'{name}_debug.py').replace(f'{name}_debug.py', '')
    head = Config.fromfile(f'{file}../_base_/necks/{name}.py').head
    return MODELS.build(head.loss_terms)


# Which parts a term trains in the official `Alignment_V15` and `DTDMNRV15`, by the feature that
# its gradient enters.
PARTS = {
    FAMI: {'translation', 'fuse', 'combine', 'steps', 'aggregate', 'head'},
    TDMI: {'encoder', 'useful', 'noisy', 'alignment', 'fusion', 'head'},
}
ROUTES = {
    ('fami-pose', FAMI): {
        'heatmaps_aligned': PARTS[FAMI],
        'aligned_key': PARTS[FAMI] - {'head'},
        'heatmaps_supports': PARTS[FAMI],
        'aligned_supports': PARTS[FAMI] - {'head'},
        'heatmaps_key': PARTS[FAMI],
        'aligned_key_again': PARTS[FAMI] - {'head'},
    },
    ('tdmi', TDMI): {
        'useful_noisy': {'encoder', 'useful', 'noisy'},
        'motion_useful': {'encoder', 'useful'},
        'useful_appearance': {'alignment'},
        'useful_fused': PARTS[TDMI] - {'noisy', 'head'},
        'appearance_fused': PARTS[TDMI] - {'noisy', 'head'},
        'heatmaps_useful': PARTS[TDMI] - {'noisy'},
        'heatmaps_appearance': PARTS[TDMI] - {'noisy'},
    },
}


def _trained(neck, head, parts) -> set[str]:
    moved = {
        name
        for name, p in (*neck.named_parameters(), *head.named_parameters('head'))
        if p.grad is not None and p.grad.abs().max() > 0
    }
    return {part for part in parts if any(part in name.split('.') for name in moved)}


@pytest.mark.parametrize('estimator', ['released', 'kl'])
@pytest.mark.parametrize(
    ('method', 'name', 'term', 'expected'),
    [(*key, term, parts) for key, terms in ROUTES.items() for term, parts in terms.items()],
)
def test_objective__each_term_trains_what_it_should(method, name, term, expected, estimator):
    neck = _neck(name)
    _randomize(neck)
    neck.heatmap_layer.requires_grad_(False)
    head = torch.nn.Conv2d(CHANNELS, KEYPOINTS, 3, padding=1)
    loss = _objective(method)
    (fields,) = [t for t in loss.terms if t['name'] == term]
    features = neck(_clip(5))
    named = {**features.named, 'heatmaps': head(features.fused)}
    loss.estimate({**fields, 'estimator': estimator}, named).backward()
    assert _trained(neck, head, PARTS[name]) == expected


@pytest.mark.parametrize(('method', 'name'), list(ROUTES))
def test_objective__totals_of_the_released_trainers(method, name):
    weights = {term['name']: term['weight'] for term in _objective(method).terms}
    assert list(weights) == list(ROUTES[method, name])
    expected = {
        # alpha (-beta m1 + beta m2 + m3 - m4 + m5 - m6), alpha = 0.5, beta = 0.1
        'fami-pose': [-0.05, 0.05, 0.5, -0.5, 0.5, -0.5],
        # 2 m_un - m_Mu + m_ua - 2 m_uf - 2 m_af + y_u + y_a
        'tdmi': [2, -1, 1, -2, -2, 1, 1],
    }[method]
    assert list(weights.values()) == pytest.approx(expected)


@pytest.mark.parametrize('scale', [1e-4, 1.0, 1e2, 1e5])
@pytest.mark.parametrize(('method', 'name'), list(ROUTES))
def test_objective__finite_at_any_scale_of_features(method, name, scale):
    neck = _neck(name)
    _randomize(neck)
    head = torch.nn.Conv2d(CHANNELS, KEYPOINTS, 3, padding=1)
    features = neck(_clip(5, scale=scale))
    losses = _objective(method)({**features.named, 'heatmaps': head(features.fused)})
    sum(losses.values()).backward()
    assert all(torch.isfinite(value) for value in losses.values())
    assert all(torch.isfinite(p.grad).all() for p in neck.parameters() if p.grad is not None)


@pytest.mark.parametrize('keypoints', [1, 2])
def test_dcpose__of_few_joints(keypoints):
    neck = _neck(DCPOSE, (-1, 0, 1), num_keypoints=keypoints).eval()
    assert neck(_clip(3)).fused.shape == (2, keypoints, 24, 18)


@pytest.mark.parametrize('name', [FAMI, TDMI, DCPOSE, 'JointMotionNeck'])
def test_necks__offsets_as_an_array(name):
    count = 1 if name == DCPOSE else 2
    neck = _neck(name, np.arange(-count, count + 1)).eval()
    assert neck.num_frames == 2 * count + 1
    assert neck(_clip(neck.num_frames)).fused.isfinite().all()


def test_fami_pose__alignment_in_bfloat16_reads_where_full_precision_does():
    neck = _neck(FAMI, (-1, 0, 1)).eval()
    ramp = torch.arange(96.0).expand(1, CHANNELS, 72, 96)  # a value is a place
    supports = ramp[:, None].expand(1, 2, -1, -1, -1) + _draw(1, 2, CHANNELS, 1, 1)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        shift = neck.translation((supports - ramp[:, None]).flatten(0, 1))
        found = neck.globally_aligned(ramp, supports)
    wanted = translate(supports.flatten(0, 1), shift.float()).unflatten(0, (-1, 2))
    assert shift.abs().max() > 0.01
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)
