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

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from moved_models import CONFIGS, SMALL, assert_predicts, batch, built, total_loss
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from jmpose_mm.models.layers import norm_folding
from jmpose_mm.registry import OPTIMIZERS

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
    for frozen in (True, False) if dtype == torch.float16 else (True,):
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


@pytest.mark.parametrize('path', SMALL, ids=lambda path: path.stem)
def test_method__has_gradients_in_a_short_type(path: Path) -> None:
    found = train_one_step(Config.fromfile(path), 'cpu', torch.bfloat16)
    assert found == {torch.device('cpu')}


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
    example = torch.zeros(1, 3, 8, 8, device='cuda')
    copied = norm_folding.fast_copy(module.eval(), dtype, example=example)
    assert isinstance(copied[1], nn.Identity)
    for value in (copied[0].weight, copied[0].bias):
        assert (value.device.type, value.dtype) == ('cuda', norm_folding.DTYPES[dtype])
    assert module[0].weight.dtype == torch.float32
