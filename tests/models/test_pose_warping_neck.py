"""PoseWarper: what it starts as, what a frame is worth, pairs, and propagation in reverse."""

from __future__ import annotations

import pytest
import torch

from jmpose_mm.models.necks.pose_warping_neck import PoseWarpingNeck
from jmpose_mm.structures import ClipFeatures

KEYPOINTS, CHANNELS = 3, 8
SMALL = {'offset_features': {'out_channels': 8, 'num_blocks': 2}, 'dilations': (1, 2)}


def _draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _clip(num_frames: int = 5, seed: int = 0) -> ClipFeatures:
    return ClipFeatures(None, (_draw(2, num_frames, CHANNELS, 12, 9, seed=seed),))


def _neck(offsets=(-2, -1, 0, 1, 2), moved: bool = False, **arguments) -> PoseWarpingNeck:
    """``moved``: away from the start, where nothing is displaced."""
    torch.manual_seed(0)
    neck = PoseWarpingNeck((CHANNELS,), KEYPOINTS, offsets, **{**SMALL, **arguments}).eval()
    if moved:
        for warp in neck.warps:
            torch.nn.init.normal_(warp.offset.weight, std=0.3)
            torch.nn.init.normal_(warp.weight)
    return neck


def test_pose_warping_neck__parameters_of_the_released_network():
    neck = PoseWarpingNeck((48,), 17)
    parts = (neck.offset_features, *neck.warps)
    assert sum(p.numel() for part in parts for p in part.parameters()) == 7_558_605
    assert sum(p.numel() for p in neck.heatmap_layer.parameters()) == 833
    assert sum(p.numel() for p in neck.offset_features.parameters()) == 5_783_040


@pytest.mark.parametrize(
    ('offsets', 'weights'),
    [
        ((-2, -1, 0, 1, 2), (0.1, 0.25, 0.3, 0.25, 0.1)),
        ((-2, -1, 0), (0.1 / 0.65, 0.25 / 0.65, 0.3 / 0.65)),
        ((-5, 0, 1), (0.1 / 0.65, 0.3 / 0.65, 0.25 / 0.65)),
    ],
)
def test_pose_warping_neck__starts_as_the_weighted_sum_of_its_heatmaps(offsets, weights):
    neck, clip = _neck(offsets), _clip(len(offsets))
    neck.init_weights()
    features = neck(clip)
    assert features.initial_heatmaps.shape == (2, len(offsets), KEYPOINTS, 12, 9)
    expected = (torch.tensor(weights)[:, None, None, None] * features.initial_heatmaps).sum(1)
    torch.testing.assert_close(features.fused, expected)
    assert neck.frame_weights.sum() == pytest.approx(1)


def test_pose_warping_neck__each_frame_is_read_and_swapped_frames_are_seen():
    neck, clip = _neck(moved=True), _clip()
    before = neck(clip).fused
    for i in range(5):
        stage = clip.stages[0].clone()
        stage[:, i] += _draw(CHANNELS, 12, 9, seed=9)
        assert (neck(ClipFeatures(None, (stage,))).fused - before).abs().max() > 1e-2
    swapped = clip.stages[0][:, [1, 0, 2, 3, 4]]
    assert (neck(ClipFeatures(None, (swapped,))).fused - before).abs().max() > 1e-2
    # The weights are symmetric: time reversed is the same.
    mirrored = clip.stages[0].flip(1)
    torch.testing.assert_close(neck(ClipFeatures(None, (mirrored,))).fused, before)


def test_pose_warping_neck__key_frames_share_a_pass(monkeypatch):
    neck, clip = _neck(moved=True), _clip()
    passes = []
    blocks = neck.offset_features.forward
    monkeypatch.setattr(
        neck.offset_features, 'forward', lambda x: passes.append(len(x)) or blocks(x)
    )
    shared = neck(clip).fused
    neck.train().offset_features.eval()
    torch.testing.assert_close(neck(clip).fused, shared)
    assert passes == [2 * 4 + 1, 10]


def test_pose_warping_neck__trains_on_pairs_of_key_frame_and_any_other():
    neck, pair = _neck(moved=True).train(), _clip(2)
    neck.offset_features.eval()
    features = neck(pair)
    key, support = features.initial_heatmaps.unbind(1)
    torch.testing.assert_close(features.fused, neck.propagate(support, support, key))
    torch.testing.assert_close(features.named['initial_heatmaps'], key)
    features.fused.square().sum().backward()
    assert [n for n, p in neck.named_parameters() if p.grad is None or not p.grad.any()] == []
    with pytest.raises(ValueError, match='expected 5, as frame_offsets of the neck has, got 2'):
        neck.eval()(pair)
    with pytest.raises(ValueError, match='expected 5, as frame_offsets of the neck has, got 2'):
        _neck(pairs=False).train()(pair)


def test_propagate__moves_a_labelled_pose_by_what_the_offsets_say():
    neck = _neck()
    guide = torch.ones(1, 8, 12, 9)
    neck.offset_features.forward = lambda difference: guide.expand(len(difference), -1, -1, -1)
    for warp in neck.warps:
        with torch.no_grad():  # every tap reads 2 rows below and 1 column to the left
            warp.offset.weight[0::2, 0, 1, 1] = 2.0
            warp.offset.weight[1::2, 0, 1, 1] = -1.0
    labelled = torch.zeros(1, KEYPOINTS, 12, 9)
    labelled[0, :, 6, 3] = 1.0
    moved = neck.propagate(labelled, _draw(1, KEYPOINTS, 12, 9), _draw(1, KEYPOINTS, 12, 9, seed=1))
    expected = torch.zeros_like(labelled)
    expected[0, :, 4, 4] = 1.0
    torch.testing.assert_close(moved, expected)


def test_propagate__labels_are_warped_by_predictions_of_both_frames():
    neck = _neck(moved=True)
    labels, source, target = (_draw(2, KEYPOINTS, 12, 9, seed=i) for i in range(3))
    once = neck.propagate(labels, source, target)
    torch.testing.assert_close(neck.propagate(3 * labels, source, target), 3 * once)
    torch.testing.assert_close(neck.propagate(labels, source + 1, target + 1), once)
    assert (neck.propagate(labels, target, source) - once).abs().max() > 1e-2
    with pytest.raises(ValueError, match='heatmaps and source: expected one shape'):
        neck.propagate(labels, source[:, :2], target)


def test_pose_warping_neck__bad_arguments():
    with pytest.raises(ValueError, match='frame_weights: expected one for each'):
        _neck(frame_weights=(0.5, 0.5))
    with pytest.raises(ValueError, match='pairs: expected a window of three frames or more'):
        _neck((-1, 0))
    assert _neck((-1, 0), pairs=False)(_clip(2)).fused.shape == (2, KEYPOINTS, 12, 9)


def test_pose_warping_neck__names_of_mmpose_0x_load():
    neck, other = _neck(moved=True), _neck()
    theirs = {
        name.replace('heatmap_layer', 'trans_layer')
        .replace('offset_features.layers', 'offset_feats')
        .replace('.offset.weight', '.weight-of-offset')
        .replace('warps', 'deform_conv_layers'): value
        for name, value in neck.state_dict().items()
    }
    for name in [n for n in theirs if n.endswith('-of-offset')]:
        renamed = name.replace('deform_conv', 'offset').removesuffix('-of-offset')
        theirs[renamed] = theirs.pop(name)
    assert {'offset_layers.1.weight', 'deform_conv_layers.1.weight'} <= theirs.keys()
    other.load_state_dict(theirs)
    torch.testing.assert_close(other(_clip()).fused, neck(_clip()).fused)


def test_pose_warping_neck__a_batch_of_nobody_is_empty():
    neck, clip = _neck(), _clip()
    nobody = ClipFeatures(None, tuple(stage[:0] for stage in clip.stages))
    assert neck(nobody).fused.shape == (0, KEYPOINTS, 12, 9)
