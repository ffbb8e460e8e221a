"""A census of operators: does torch have all that a task computes on CUDA and on Apple's GPU?

The table is the one that torch itself is generated from. Its kernels for a device are those that
are named there, those of the operator that it delegates to, and those that serve every device.
"""

from __future__ import annotations

import contextlib
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from moved_models import SMALL, assert_predicts, batch, built, total_loss
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from jmpose_mm.engine import devices
from jmpose_mm.functional import bilinear
from jmpose_mm.functional.crop_windows import CropWindow
from jmpose_mm.registry import OPTIM_WRAPPERS, OPTIMIZERS
from jmpose_mm.video.poses.clip_model import ClipModel

torchgen = pytest.importorskip('torchgen')
yaml = pytest.importorskip('yaml')

EVERYWHERE = {
    'CompositeExplicitAutograd',
    'CompositeExplicitAutogradNonFunctional',
    'CompositeImplicitAutograd',
}
SAMPLING = 'grid_sampler_2d_backward'
# What a processor takes where other devices take something else.
ELSEWHERE = {
    ('_scaled_dot_product_flash_attention_for_cpu', place): name
    for place, name in (
        ('CUDA', '_scaled_dot_product_efficient_attention'),
        ('MPS', '_scaled_dot_product_attention_math_for_mps'),
    )
}


@cache
def table() -> dict[str, dict]:
    file = Path(torchgen.__file__).parent / 'packaged/ATen/native/native_functions.yaml'
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    entries = yaml.load(file.read_text(encoding='utf-8'), Loader=loader)
    return {entry['func'].split('(')[0]: entry for entry in entries}


@cache
def kernels(operator: str) -> frozenset[str]:
    """Where an operator has kernels; nowhere, if the table does not know it."""
    entry = table().get(operator)
    if entry is None:
        return frozenset()
    found = {key.strip() for keys in entry.get('dispatch', {}) for key in keys.split(',')}
    if 'structured_delegate' in entry:
        found |= kernels(entry['structured_delegate'])
    if 'ufunc_inner_loop' in entry:  # made by torch's generator
        found |= {'CPU', 'CUDA'}
    return frozenset(found or EVERYWHERE)


class Census(TorchDispatchMode):
    """Collects the operators on tensors of a device, and those that give 64-bit floats there."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device, self.operators, self.long_floats = device, set(), set()

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        if torch.is_inference_mode_enabled():
            with self:  # what is made of other operators comes here whole
                output = operator.decompose(*args, **(kwargs or {}))
            if output is not NotImplemented:
                return output
        output = operator(*args, **(kwargs or {}))
        name = str(operator).removeprefix('aten.').removesuffix('.default')
        tensors = [
            value
            for value in torch.utils._pytree.tree_leaves((args, kwargs, output))
            if isinstance(value, torch.Tensor) and value.device.type == self.device
        ]
        if tensors and not name.startswith('prim.'):  # asked by tensors without data
            self.operators.add(name)
        if any(value.dtype in (torch.float64, torch.complex128) for value in tensors):
            self.long_floats.add(name)
        return output

    def missing(self, place: str) -> set[str]:
        """What has no kernel there."""
        there = {name: ELSEWHERE.get((name, place), name) for name in self.operators}
        return {name for name in there.values() if not kernels(name) & {*EVERYWHERE, place}}


@pytest.fixture(autouse=True)
def as_on_apples_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    init_default_scope('mmpose')
    monkeypatch.setattr(bilinear, '_FORWARD_ALONE', ('mps', 'lazy', 'cpu'))


def census_of_training(path: Path, monkeypatch: pytest.MonkeyPatch) -> Census:
    """A step on a device that torch knows by name alone, so that work of the host is told apart."""
    autocast = torch.autocast

    def allowed(device: str, *args, **kwargs):
        return contextlib.nullcontext() if device == 'lazy' else autocast(device, *args, **kwargs)

    monkeypatch.setattr(torch, 'autocast', allowed)
    cfg = Config.fromfile(path)
    with FakeTensorMode(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        model = built(cfg, 'lazy:0')
        trained = [value for value in model.parameters() if value.requires_grad]
        optimizer = OPTIMIZERS.build({**cfg.optim_wrapper.optimizer, 'params': trained})
        options = {'type': 'OptimWrapper', **cfg.optim_wrapper, 'optimizer': optimizer}
        wrapper = OPTIM_WRAPPERS.build(options)
        with Census('lazy') as census:
            data = batch(cfg, model)
            wrapper.update_params(total_loss(model, data, 'lazy:0'))
            assert_predicts(cfg, model, data, 'lazy')
    return census


@pytest.mark.parametrize('path', SMALL, ids=lambda path: path.stem)
def test_training_and_testing__have_kernels(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    census = census_of_training(path, monkeypatch)
    assert {'convolution_backward', 'native_batch_norm'} <= census.operators
    assert census.missing('CUDA') == set()
    assert census.missing('MPS') == set()
    assert census.long_floats == set()


def test_sampling_without_another_way__is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bilinear, '_FORWARD_ALONE', ())
    (path,) = [path for path in SMALL if path.stem == 'jm-pose_debug']
    census = census_of_training(path, monkeypatch)
    assert census.missing('MPS') == {SAMPLING}
    assert census.missing('CUDA') == set()


@pytest.mark.parametrize('path', SMALL, ids=lambda path: path.stem)
def test_video__has_kernels(path: Path) -> None:
    model = ClipModel(str(path), None, 'cpu', flip_test=True)
    wide, high = model.input_size
    frames = [np.zeros((high, wide, 3), np.uint8) for _ in model.frame_offsets]
    window = CropWindow(np.array([10.0, 10.0]), np.array([30.0, 40.0]))
    other = CropWindow(np.array([12.0, 10.0]), np.array([36.0, 48.0]))
    with Census('cpu') as census:
        features = model.features(frames)
        clip = [model.moved(one, window, other) for one in features]
        model.heatmaps([clip]).argmax()
        model.motion([clip])
    assert 'grid_sampler_2d' in census.operators
    assert census.missing('CUDA') == set()
    assert census.missing('MPS') == set()
    assert census.long_floats == set()


def test_census__knows_late_operators() -> None:
    """What is asked of torch on a Mac is in the table, and has a kernel in this version."""
    for names in devices._LATE.values():
        assert {name for name in names if not kernels(name) & {*EVERYWHERE, 'MPS'}} == set()


def test_census__finds_what_is_missing() -> None:
    with Census('cpu') as census:
        torch.linalg.eigvalsh(torch.eye(2))
        torch.ones(2).double()
    assert census.missing('MPS') == {'_linalg_eigh'}
    assert '_to_copy' in census.long_floats
