"""Every config on a CUDA device that is not there: tensors without data know device and type.

What computes on two devices, or in types that do not go together, fails here as it would there.
torch's backward pass asks CUDA for its devices, so gradients are taken on a device ('lazy') that
torch knows by name alone, and in the short types on a processor's tensors without data.
"""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from jmpose_mm.models.heads import VideoPoseHead
from jmpose_mm.models.layers import norm_folding
from jmpose_mm.registry import MODELS, OPTIMIZERS

CONFIGS = sorted(
    path
    for path in (Path(__file__).resolve().parents[2] / 'configs').rglob('*.py')
    if '_base_' not in path.parts
)
SMALL = [path for path in CONFIGS if path.stem.endswith('_debug')]
TYPES = (torch.float32, torch.bfloat16, torch.float16)


def architectures() -> list[Path]:
    """A config for each network that there is; many differ in data, start or decoding alone."""
    found: dict[str, Path] = {}
    for path in SMALL + [path for path in CONFIGS if path not in SMALL]:
        model = Config.fromfile(path).model.to_dict()
        for part in (model, *model.values()):
            for name in ('init_cfg', 'test_cfg', 'decoder'):
                part.pop(name, None) if isinstance(part, dict) else None
        found.setdefault(json.dumps(model, sort_keys=True, default=str), path)
    return [path for path in found.values() if path not in SMALL]  # these are tested in all types


class OneType(TorchDispatchMode):
    """Refuses products and samples of two types, which tensors without data let pass."""

    CHECKED = ('mm', 'addmm', 'bmm', 'baddbmm', 'convolution', 'grid_sampler_2d', 'index_add')

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        name = operator.overloadpacket.__name__.removesuffix('_backward')
        if name in self.CHECKED:
            tensors = [value for value in args if isinstance(value, torch.Tensor)]
            found = {value.dtype for value in tensors if value.is_floating_point()}
            assert len(found) < 2, f'{name}: two types, {found}'
        return operator(*args, **(kwargs or {}))


@pytest.fixture(autouse=True)
def without_data(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    init_default_scope('mmpose')
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('ERROR')
    # Whether maps are equal is asked of their values.
    monkeypatch.setattr(norm_folding, '_agree', lambda *_: True, raising=False)
    with FakeTensorMode(), OneType(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield
    logger.setLevel(level)


def built(cfg: Config, device: str, whole: bool = False) -> nn.Module:
    """The config's model as it is after moving there; of HRNet one block a stage unless `whole`."""
    stages = cfg.model.backbone.get('extra', {}) if not whole else {}
    for name in ('stage2', 'stage3', 'stage4'):
        if name in stages:
            stages[name].num_modules = 1
            stages[name].num_blocks = (1,) * len(stages[name].num_blocks)
    model = MODELS.build(cfg.model)
    # Not `model.to`, which exchanges tensors in place. What is no parameter or buffer stays behind.
    for module in model.modules():
        for name, value in list(module.named_parameters(recurse=False)):
            moved = nn.Parameter(value.detach().to(device), value.requires_grad)
            module.register_parameter(name, moved)
        for name, value in list(module.named_buffers(recurse=False)):
            module._buffers[name] = value.to(device)
    model.data_preprocessor._device = torch.device(device)
    return model


def batch(cfg: Config, model: nn.Module) -> dict:
    """Two clips from the processor, as the data loader hands them over, made ready by the model."""
    wide, high = cfg.codec.input_size
    joints = cfg.model.head.out_channels
    frames = len(cfg.model.neck.frame_offsets) if cfg.model.get('neck') else 1
    samples = []
    for _ in range(2):
        heatmaps = torch.rand(joints, *reversed(cfg.codec.heatmap_size))
        sample = PoseDataSample(
            gt_fields=PixelData(heatmaps=heatmaps),
            gt_instance_labels=InstanceData(keypoint_weights=torch.ones(1, joints)),
            gt_instances=InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1)),
        )
        sample.set_metainfo(
            {
                'flip_indices': list(range(joints)),
                'input_center': np.zeros(2),
                'input_scale': np.ones(2),
                'input_size': (wide, high),
            }
        )
        samples.append(sample)
    clips = [torch.zeros(frames, 3, high, wide, dtype=torch.uint8) for _ in samples]
    return model.data_preprocessor({'inputs': clips, 'data_samples': samples})


def total_loss(model: nn.Module, data: dict, device: str) -> torch.Tensor:
    device = device.split(':')[0]
    # mmpose's own head makes it by NumPy.
    model.train_cfg = {'compute_acc': isinstance(model.head, VideoPoseHead)}
    losses = model.train()(**data, mode='loss')
    assert {value.device.type for value in losses.values()} == {device}
    assert {value.dtype for name, value in losses.items() if 'loss' in name} == {torch.float32}
    return sum(value for name, value in losses.items() if 'loss' in name)


def assert_predicts(cfg: Config, model: nn.Module, data: dict) -> None:
    """A prediction with flip test; decoding, by NumPy, is left out."""
    seen = []

    def decode(heatmaps: torch.Tensor) -> list[InstanceData]:
        seen.append((heatmaps.device.type, *heatmaps.shape[-2:]))
        joints = cfg.model.head.out_channels
        one = {'keypoints': np.zeros((1, joints, 2)), 'keypoint_scores': np.zeros((1, joints))}
        return [InstanceData(**one) for _ in heatmaps]

    model.head.decode = decode
    model.test_cfg = {**(model.test_cfg or {}), 'flip_test': True}
    with torch.no_grad():
        model.eval()(**data, mode='predict')
    assert seen == [('cuda', *reversed(cfg.codec.heatmap_size))]


@pytest.mark.parametrize('path', architectures(), ids=lambda path: path.stem)
def test_config__computes_on_one_device(path: Path) -> None:
    cfg = Config.fromfile(path)
    model = built(cfg, 'cuda')
    data = batch(cfg, model)
    with torch.autocast('cuda', torch.float16):
        total_loss(model, data, 'cuda')
        assert_predicts(cfg, model, data)


@pytest.mark.parametrize('dtype', TYPES, ids=str)
@pytest.mark.parametrize('path', SMALL, ids=lambda path: path.stem)
def test_method__computes_in_every_type(path: Path, dtype: torch.dtype) -> None:
    cfg = Config.fromfile(path)
    cfg.model.frozen_backbone_dtype = str(dtype).removeprefix('torch.')
    model = built(cfg, 'cuda')
    data = batch(cfg, model)
    for frozen in (True, False):
        if not frozen:
            model.frozen = ()
            model.requires_grad_(True)
        with torch.autocast('cuda', dtype, enabled=dtype != torch.float32):
            assert total_loss(model, data, 'cuda').requires_grad
    with torch.autocast('cuda', dtype, enabled=dtype != torch.float32):
        assert_predicts(cfg, model, data)


def test_largest_backbone__computes_on_one_device() -> None:
    (path,) = [p for p in CONFIGS if p.stem.startswith('single-frame_hrnet-w48_1xb30-20e_hieve')]
    cfg = Config.fromfile(path)
    model = built(cfg, 'cuda', whole=True)
    assert sum(value.numel() for value in model.backbone.parameters()) > 60e6
    total_loss(model, batch(cfg, model), 'cuda')


def train_one_step(cfg: Config, device: str, dtype: torch.dtype) -> set[torch.device]:
    model = built(cfg, device)
    data = batch(cfg, model)
    trained = [value for value in model.parameters() if value.requires_grad]
    optimizer = OPTIMIZERS.build({**cfg.optim_wrapper.optimizer, 'params': trained})
    with torch.autocast('cpu', dtype, enabled=dtype != torch.float32):
        loss = total_loss(model, data, device)
    loss.backward()
    optimizer.step()
    return {value.grad.device for value in trained}


@pytest.mark.parametrize('path', SMALL, ids=lambda path: path.stem)
def test_method__has_gradients_on_one_device(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    autocast = torch.autocast

    def allowed(device: str, *args, **kwargs):  # torch has none for this device
        return contextlib.nullcontext() if device == 'lazy' else autocast(device, *args, **kwargs)

    monkeypatch.setattr(torch, 'autocast', allowed)
    found = train_one_step(Config.fromfile(path), 'lazy:0', torch.float32)
    assert found == {torch.device('lazy:0')}


@pytest.mark.parametrize('dtype', TYPES[1:], ids=str)
@pytest.mark.parametrize('path', SMALL, ids=lambda path: path.stem)
def test_method__has_gradients_in_short_types(path: Path, dtype: torch.dtype) -> None:
    assert train_one_step(Config.fromfile(path), 'cpu', dtype) == {torch.device('cpu')}


# ---- that it notices ----------------------------------------------------------------------------


@pytest.mark.parametrize('device', ['cuda', 'lazy:0'])
def test_two_devices__are_noticed(device: str) -> None:
    with pytest.raises(RuntimeError, match='devices'):
        torch.zeros(3, device=device) + torch.zeros(3)


def test_two_types__are_noticed() -> None:
    weight, features = torch.zeros(2, 2, device='cuda'), torch.zeros(2, 2, device='cuda')
    with pytest.raises(AssertionError, match='mm: two types'):
        weight @ features.half()
    with pytest.raises(AssertionError, match='convolution: two types'):
        torch.conv2d(features[None, None].half(), weight[None, None])


@pytest.mark.parametrize('dtype', ['float32', 'bfloat16', 'float16'])
def test_fast_copy__of_tensors_without_data(dtype: str) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3, device='cuda'), nn.BatchNorm2d(4, device='cuda'))
    copied = norm_folding.fast_copy(module.eval(), dtype)
    assert isinstance(copied[1], nn.Identity)
    for value in (copied[0].weight, copied[0].bias):
        assert (value.device.type, value.dtype) == ('cuda', norm_folding.DTYPES[dtype])
    assert module[0].weight.dtype == torch.float32
