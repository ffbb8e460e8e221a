"""Which device is taken, on machines that are made up, and what follows from it."""

from __future__ import annotations

import logging

import pytest
import torch
from mmengine.config import Config
from mmengine.device import get_device
from torch import nn

from jmpose_mm.engine import devices
from jmpose_mm.engine.devices import (
    check_compiler,
    choose_device,
    fast_dtype,
    fit_to_device,
    runner_on,
)
from jmpose_mm.errors import UsageError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Make one up: so many CUDA devices, Apple's GPU, and the operators that it has not."""

    def make(cuda: int = 0, apple: bool = False, lacks: tuple[str, ...] = ()) -> None:
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, 'device_count', lambda: cuda)
        monkeypatch.setattr(torch.cuda, 'get_device_name', lambda *_: 'a card')
        monkeypatch.setattr(torch.backends.mps, 'is_built', lambda: apple)
        monkeypatch.setattr(torch.backends.mps, 'is_available', lambda: apple)
        monkeypatch.setattr(
            torch._C,
            '_dispatch_has_computed_kernel_for_dispatch_key',
            lambda name, key: name.removeprefix('aten::') not in lacks,
        )

    return make


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(devices, 'print_log', lambda line, *_: lines.append(line))
    return lines


@pytest.mark.parametrize(
    ('there', 'task', 'taken', 'why'),
    [
        ({'cuda': 2, 'apple': True}, 'training', 'cuda', 'a card'),
        ({'apple': True}, 'training', 'mps', "Apple's GPU"),
        ({'apple': True, 'lacks': ('grid_sampler_2d',)}, 'inference', 'cpu', 'grid_sampler_2d'),
        ({'apple': True, 'lacks': ('scatter_add',)}, 'inference', 'mps', "Apple's GPU"),
        ({'apple': True, 'lacks': ('scatter_add',)}, 'training', 'cpu', 'scatter_add'),
        ({'apple': True}, 'detection', 'cpu', 'detection'),
        ({}, 'training', 'cpu', 'no CUDA device'),
    ],
)
def test_auto__takes_the_first_that_can_and_says_why(machine, said, there, task, taken, why):
    machine(**there)
    for asked in (None, 'auto'):
        assert choose_device(asked, task) == torch.device(taken)
    assert said == [said[0]] * 2
    assert said[0].startswith(f'device: {taken} (')
    assert why in said[0]
    choose_device('auto', task, tell=False)
    assert len(said) == 2


@pytest.mark.parametrize('asked', ['cpu', 'cuda', 'cuda:1', 'mps', torch.device('cuda', 1)])
def test_what_is_asked_for__is_taken_without_a_word(machine, said, asked):
    machine(cuda=2, apple=True, lacks=('grid_sampler_2d',))
    assert choose_device(asked, 'training') == torch.device(asked)
    assert said == []


@pytest.mark.parametrize('asked', ['cpu:0', torch.device('cpu', 0), 'mps:0'])
def test_the_only_device_of_a_kind__may_be_numbered(machine, said, asked):
    machine(apple=True)
    assert choose_device(asked) == torch.device(torch.device(asked).type)


@pytest.mark.parametrize(
    ('asked', 'there', 'message'),
    [
        ('cuda', {}, 'device: cuda cannot be used, torch sees no CUDA device'),
        ('cuda:2', {'cuda': 2}, 'device: expected cuda:0 to cuda:1, got cuda:2'),
        ('mps', {'cuda': 1}, 'device: mps cannot be used'),
        ('gpu', {'cuda': 1}, "device: expected auto, cpu, cuda, cuda:1 or mps, got 'gpu'"),
        ('xpu', {'cuda': 1}, 'device: expected auto'),
        ('meta', {'cuda': 1}, 'device: expected auto'),
        ('', {'cuda': 1}, 'device: expected auto'),
    ],
)
def test_what_is_not_there__is_refused(machine, asked, there, message):
    machine(**there)
    with pytest.raises(UsageError, match=message):
        choose_device(asked)


def test_torch_without_cuda__is_said(machine, monkeypatch):
    machine()
    monkeypatch.setattr(torch.version, 'cuda', None)
    with pytest.raises(UsageError, match='this torch is built without CUDA'):
        choose_device('cuda')


def test_runner_on__tells_mmengine_and_takes_it_back(monkeypatch):
    monkeypatch.setattr('mmengine.device.utils.DEVICE', 'mps')
    with runner_on(torch.device('cpu')):
        assert get_device() == 'cpu'
    assert get_device() == 'mps'
    with pytest.raises(KeyError), runner_on(torch.device('cpu')):
        raise KeyError
    assert get_device() == 'mps'


def test_runner__has_its_model_where_it_was_told(monkeypatch):
    from mmengine.runner import Runner

    monkeypatch.setattr('mmengine.device.utils.DEVICE', 'meta')  # a GPU that is taken unasked
    model, runner = nn.Linear(1, 1), Runner.__new__(Runner)
    runner._distributed, runner.logger = False, logging.getLogger()
    with runner_on(torch.device('cpu')):
        assert Runner.wrap_model(runner, None, model).weight.device.type == 'cpu'
    assert Runner.wrap_model(runner, None, model).weight.device.type == 'meta'


@pytest.mark.parametrize(
    ('device', 'system', 'pinned', 'start'),
    [
        ('cuda', 'linux', True, 'fork'),
        ('cpu', 'linux', False, 'fork'),
        ('mps', 'darwin', False, 'spawn'),
        ('cuda', 'win32', True, 'spawn'),
    ],
)
def test_fit_to_device__pins_for_cuda_and_forks_on_linux(
    device, system, pinned, start, monkeypatch
):
    monkeypatch.setattr('sys.platform', system)
    workers = {'mp_cfg': {'mp_start_method': 'fork'}}
    cfg = Config({'train_dataloader': {'pin_memory': True}, 'env_cfg': workers})
    fitted = fit_to_device(cfg, torch.device(device))
    assert fitted.train_dataloader.pin_memory is pinned
    assert fitted.env_cfg.mp_cfg.mp_start_method == start
    assert cfg.train_dataloader.pin_memory is True
    assert cfg.env_cfg.mp_cfg.mp_start_method == 'fork'
    assert fit_to_device(Config({'a': 1}), torch.device(device)).a == 1


@pytest.mark.parametrize(
    ('device', 'capability', 'processor', 'dtype'),
    [
        ('cuda', (8, 0), {}, 'bfloat16'),
        ('cuda', (7, 5), {'avx512_bf16': True}, 'float32'),
        ('cpu', (9, 0), {'avx512_bf16': True}, 'bfloat16'),
        ('cpu', (9, 0), {'avx512_bf16': False}, 'float32'),
        ('mps', (9, 0), {'avx512_bf16': True}, 'float32'),
    ],
)
def test_fast_dtype__is_the_devices_own(device, capability, processor, dtype, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda *_: capability)
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: processor, raising=False)
    assert fast_dtype(torch.device(device)) == dtype


def test_check_compiler__says_what_the_compiler_says(monkeypatch):
    def fails(function):
        raise RuntimeError('\nno working C++ compiler found in\nmany lines')

    monkeypatch.setattr(torch, 'compile', fails)
    with pytest.raises(UsageError, match=r'^compile: .* no working C\+\+ compiler found in; .*$'):
        check_compiler(torch.device('cpu'))
    monkeypatch.setattr(torch, 'compile', lambda function: function)
    check_compiler(torch.device('cpu'))


def test_late_operators__are_names_of_torch():
    for names in devices._LATE.values():
        assert [name for name in names if not hasattr(torch.ops.aten, name)] == []
