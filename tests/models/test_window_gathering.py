"""Windows of shared crops: losses, gradients and features of the windows by themselves."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from random_models import DEBUG_CONFIGS

from experiments.benchmarks.train import noise_batch
from jmpose_mm.engine.configs import load_config
from jmpose_mm.functional.crop_windows import CropWindow, window_move
from jmpose_mm.models.layers.window_gathering import gather_windows
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import SharedCrops
from jmpose_mm.video.poses.clip_model import ClipModel

VIT = {
    'type': 'jmpose_mm.VisionTransformer',
    'arch': (24, 2, 2),
    'img_size': (128, 96),
}


def model_of(name: str, trained: bool):
    """A small model whose every part matters; nothing in it depends on the rest of a batch."""
    init_default_scope('mmpose')
    cfg = load_config(DEBUG_CONFIGS[name]).model
    if trained:
        cfg.frozen = ()
    torch.manual_seed(0)
    model = MODELS.build(cfg).train()
    generator = torch.Generator().manual_seed(0)
    for key, value in model.state_dict().items():
        if value.dim() > 1 and not key.startswith('backbone'):
            value.normal_(0, (1.5 / value[0].numel()) ** 0.5, generator=generator)
    for module in model.modules():
        if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.Dropout)):
            module.eval()
    return model


def a_run(model, config: str) -> tuple[SharedCrops, torch.Tensor, list]:
    """Three neighbouring windows with still boxes, as shared crops and as clips."""
    offsets = load_config(config).model.get('neck', {}).get('frame_offsets', (0,))
    wide, high = load_config(config).codec.input_size
    length = len(offsets)
    crops, _ = noise_batch(1, length + 2, (high, wide), 17)
    _, samples = noise_batch(3, length, (high, wide), 17)
    index = torch.arange(3)[:, None] + torch.arange(length)
    shared = SharedCrops(crops[0], index, torch.ones(3, length), torch.zeros(3, length, 2))
    return shared, crops[0][index], samples


def losses_and_gradients(model, inputs, samples):
    model.zero_grad()
    losses = model.loss(inputs, samples)
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    gradients = {k: p.grad.clone() for k, p in model.named_parameters() if p.grad is not None}
    return {k: v.detach() for k, v in losses.items()}, gradients


@pytest.mark.parametrize('trained', [False, True])
@pytest.mark.parametrize('name', DEBUG_CONFIGS)
def test_run__losses_and_gradients_are_those_of_its_windows(name: str, trained: bool) -> None:
    if name == 'single' and not trained:
        pytest.skip('it has no frozen part')
    model = model_of(name, trained)
    shared, clips, samples = a_run(model, DEBUG_CONFIGS[name])
    clips = clips[:, 0] if name == 'single' else clips
    losses, gradients = losses_and_gradients(model, clips, samples)
    once, found = losses_and_gradients(model, shared, samples)
    assert losses.keys() == once.keys()
    for key in losses:
        torch.testing.assert_close(once[key], losses[key], rtol=1e-5, atol=1e-6)
    assert gradients.keys() == found.keys()
    assert any(key.startswith('backbone') for key in found) == trained
    for key, gradient in gradients.items():
        spread = gradient.abs().max()
        torch.testing.assert_close(found[key], gradient, rtol=0, atol=float(1e-3 * spread) + 1e-9)


def test_clips_that_share_nothing__are_the_clips() -> None:
    model = model_of('jm', trained=False)
    _, clips, samples = a_run(model, DEBUG_CONFIGS['jm'])
    one, _ = losses_and_gradients(model, clips, samples)
    other, _ = losses_and_gradients(model, SharedCrops.of_clips(clips), samples)
    for key in one:
        torch.testing.assert_close(other[key], one[key], rtol=0, atol=1e-6)


def test_clips_that_share_nothing__stay_on_their_device() -> None:
    crops = SharedCrops.of_clips(torch.zeros(2, 3, 3, 8, 8, device='meta'))
    assert {value.device.type for value in crops} == {'meta'}


@pytest.mark.parametrize('stride', [4, 16])
def test_vision_transformer__still_windows_at_both_strides(stride: int) -> None:
    torch.manual_seed(0)
    backbone = MODELS.build(VIT).eval()
    if stride == 4:
        backbone = MODELS.build(
            {
                'type': 'jmpose_mm.DeconvBackbone',
                'backbone': VIT,
                'in_channels': 24,
                'deconv_channels': (8, 8),
            }
        ).eval()
    crops = torch.randn(6, 3, 128, 96)
    index = torch.arange(2)[:, None] + torch.arange(5)
    shared = SharedCrops(crops, index, torch.ones(2, 5), torch.zeros(2, 5, 2))
    with torch.no_grad():
        once = gather_windows(backbone(crops)[-1], shared)
        alone = backbone(crops[index].flatten(0, 1))[-1].unflatten(0, (2, 5))
    assert once.shape[-2:] == (128 // stride, 96 // stride)
    assert (once - alone).abs().max() < 1e-5 * alone.std()


@pytest.mark.parametrize('name', ['jm', 'posewarper', 'dcpose'])
def test_walking__training_sees_what_the_video_engine_sees(name: str) -> None:
    torch.manual_seed(0)
    engine = ClipModel(DEBUG_CONFIGS[name], None, 'cpu', flip_test=False)
    engine.model = model_of(name, trained=False).eval()
    engine.clip_neck = engine.model.neck
    engine.backbone = copy.deepcopy(engine.model.backbone)
    frames = len(engine.frame_offsets)
    pictures = np.random.default_rng(0).integers(0, 255, (frames + 1, 128, 96, 3), np.uint8)
    boxes = [
        CropWindow(np.array([50.0 + 3 * i, 60.0 - i]), np.array([75.0, 100.0]) * (1 + 0.02 * i))
        for i in range(frames + 1)
    ]
    features = engine.features(list(pictures))
    index = torch.arange(2)[:, None] + torch.arange(frames)
    keys = [int(row[frames // 2]) for row in index]
    with torch.no_grad():
        expected = engine.heatmaps(
            [
                [engine.moved(features[i], boxes[i], boxes[key]) for i in row.tolist()]
                for row, key in zip(index, keys, strict=True)
            ]
        )
        moves = [
            [window_move(boxes[i], boxes[key]) for i in row.tolist()]
            for row, key in zip(index, keys, strict=True)
        ]
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2)
        crops = SharedCrops(
            images,
            index,
            torch.tensor([[move.ratio for move in row] for row in moves]),
            torch.tensor([[move.shift for move in row] for row in moves]),
        )
        crops = engine.model.data_preprocessor({'inputs': crops})['inputs']
        heatmaps = engine.model.head(engine.model.extract_feat(crops))
    assert (heatmaps - expected).abs().max() < 1e-5 * expected.std()


def test_gradients__of_a_crop_are_the_sum_over_its_windows_moved_or_not() -> None:
    torch.manual_seed(0)
    features = torch.randn(3, 2, 6, 4, dtype=torch.float64, requires_grad=True)
    crops = SharedCrops(
        torch.zeros(3, 3, 24, 16),
        torch.tensor([[0, 1], [1, 2]]),
        torch.tensor([[1.0, 1.1], [1.0, 0.9]]),
        torch.tensor([[[0.0, 0.0], [0.1, 0.0]], [[0.0, 0.0], [0.0, -0.05]]]),
    )
    assert torch.autograd.gradcheck(lambda maps: gather_windows(maps, crops), features)
    gather_windows(features, crops)[1, 0].sum().backward()
    assert torch.equal(features.grad[1], torch.ones_like(features[1]))
