"""PoseWarper, TAR and ViT against a second implementation, on weights drawn by any seed."""

from __future__ import annotations

import plain_networks
import pytest
import torch
from torch import nn

from jmpose_mm.models.backbones import VisionTransformer
from jmpose_mm.models.necks import JointAggregationNeck, PoseWarpingNeck
from jmpose_mm.structures import ClipFeatures

SEEDS = (2, 3, 4)
WINDOW = (-2, -1, 0, 1, 2)


def _drawn(module: nn.Module, seed: int) -> nn.Module:
    """Every parameter and statistic is drawn, none stays where it started."""
    torch.manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if name.endswith('running_var'):
            tensor.uniform_(0.5, 2)
        elif tensor.dim() < 2 and tensor.is_floating_point():
            tensor.normal_(0.5 if name.endswith('weight') else 0, 0.2)
        elif tensor.is_floating_point():
            tensor.normal_(0, (1.5 / tensor[0].numel()) ** 0.5)
    return module.eval()


def assert_same(ours: torch.Tensor, plain: torch.Tensor) -> None:
    assert plain.std() > 1e-3
    assert (ours - plain).abs().max() < 1e-4 * plain.std()


@pytest.mark.parametrize('seed', SEEDS)
def test_posewarper__another_seed(seed):
    neck = PoseWarpingNeck((6,), 4, WINDOW, offset_features={'out_channels': 12, 'num_blocks': 3})
    _drawn(neck, seed)
    for warp in neck.warps:
        nn.init.normal_(warp.offset.weight, std=0.1)  # some pixels
    clip = ClipFeatures(None, (torch.randn(2, 5, 6, 24, 18),))
    with torch.no_grad():
        features = neck(clip)
        assert features.named['initial_heatmaps'].shape == (2, 4, 24, 18)
        for sample, fused in zip(features.initial_heatmaps, features.fused, strict=True):
            weights = [0.1, 0.25, 0.3, 0.25, 0.1]
            assert_same(fused, plain_networks.posewarper(neck.state_dict(), sample, weights))


@pytest.mark.parametrize('layout', ['paper', 'released'])
@pytest.mark.parametrize('seed', SEEDS)
def test_tar__another_seed(seed, layout):
    attention = {'num_layers': 3, 'norm': 'post'}
    neck = JointAggregationNeck(
        (24,), 5, WINDOW, deconv_channels=(10, 8), attention=attention, layout=layout
    )
    _drawn(neck, seed)
    features = torch.randn(2, 5, 24, 6, 4)
    with torch.no_grad():
        found = neck(ClipFeatures(None, (features,)))
        for sample, initial, fused in zip(
            features, found.initial_heatmaps, found.fused, strict=True
        ):
            assert_same(initial, plain_networks.tar_heatmaps(neck.state_dict(), sample))
            assert_same(fused, plain_networks.tar(neck.state_dict(), sample, layout, 0.2))


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize('size', [(64, 48), (96, 80)])
def test_vit__another_seed(seed, size):
    model = _drawn(VisionTransformer((24, 3, 6), img_size=(64, 48)), seed)
    images = torch.randn(2, 3, *size)
    with torch.no_grad():
        for ours, image in zip(model(images)[-1], images, strict=True):
            assert_same(ours, plain_networks.vit(model.state_dict(), image, 6, (4, 3)))


def test_tar__released_where_a_joint_is_nowhere():
    """The released code mixes the rows of the mask before anything could be over nothing."""
    attention = {'num_layers': 1, 'norm': 'post'}
    neck = JointAggregationNeck(
        (24,), 5, WINDOW, deconv_channels=(10, 8), attention=attention, layout='released'
    )
    _drawn(neck, 0)
    nn.init.zeros_(neck.heatmap_layer.weight[0])  # constant, so that this joint is below any share
    features = torch.randn(1, 5, 24, 6, 4)
    with torch.no_grad():
        fused = neck(ClipFeatures(None, (features,))).fused[0]
        assert_same(fused, plain_networks.tar(neck.state_dict(), features[0], 'released', 0.2))
