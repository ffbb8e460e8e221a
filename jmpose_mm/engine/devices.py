"""Choice of the device, and what follows from it: the one rule of every tool and of Python."""

from __future__ import annotations

import copy
import multiprocessing
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from mmengine.logging import print_log

from jmpose_mm.engine.configs import type_name
from jmpose_mm.errors import UsageError, cut

if TYPE_CHECKING:
    from mmengine.config import Config, ConfigDict

__all__ = [
    'BFLOAT16_TRAINING',
    'check_compiler',
    'choose_device',
    'fast_dtype',
    'fit_to_device',
    'runner_on',
    'use_mixed_precision',
]

BFLOAT16_TRAINING: dict[str, Any] = {
    'optim_wrapper.type': 'jmpose_mm.AutocastOptimWrapper',
    'model.train_cfg.compute_acc': False,
}
"""What a config that trains in bfloat16 says, by key paths."""

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# Operators that PyTorch gave to Apple's GPUs late; it has the others wherever it has that device.
# tests/configs/test_kernels.py looks up all that a task computes.
_LATE = {
    'inference': ('grid_sampler_2d', 'linalg_vector_norm', 'upsample_bilinear2d'),
    'training': (
        'grid_sampler_2d',
        'linalg_vector_norm',
        'upsample_bilinear2d',
        'linalg_cholesky_ex',
        'linalg_solve_triangular',
        'scatter_add',
        'upsample_bilinear2d_backward',
    ),
}


def choose_device(
    asked: str | torch.device | None = 'auto', task: str = 'inference', tell: bool = True
) -> torch.device:
    """The device that a task runs on: what is asked for, or an error.

    ``'auto'`` takes CUDA, then Apple's GPU if PyTorch has all operators of the task there, then
    the processor, and writes to the log which and why.

    Args:
        asked: ``'auto'`` or None, ``'cpu'``, ``'cuda'``, ``'cuda:1'`` or ``'mps'``.
        task: ``'inference'`` or ``'training'``; Apple's GPU is not taken for any other.
        tell: Write it to the log.

    Raises:
        UsageError: There is no such device here.
    """
    # PyTorch numbers the only device of a kind, too: tensors say cpu:0 and mps:0.
    name = 'auto' if asked is None else re.sub(r'^(cpu|mps):0$', r'\1', str(asked))
    if not re.fullmatch(r'auto|cpu|mps|cuda(:\d+)?', name):
        raise UsageError(f'device: expected auto, cpu, cuda, cuda:1 or mps, got {cut(name)!r}')
    if name == 'auto':
        found, reason = _automatic(task)
        if tell:
            print_log(f'device: {found} ({reason})', 'current')
        return torch.device(found)
    device = torch.device(name)
    lack = {'cuda': _without_cuda, 'mps': _without_apple}.get(device.type, lambda: None)()
    if lack is not None:
        raise UsageError(f'device: {name} cannot be used, {lack}')
    if device.type == 'cuda' and (device.index or 0) >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise UsageError(f'device: expected cuda:0 to cuda:{last}, got {name}')
    return device


def _automatic(task: str) -> tuple[str, str]:
    """The device and why."""
    without_cuda = _without_cuda()
    if without_cuda is None:
        return 'cuda', torch.cuda.get_device_name()
    without_apple = _without_apple() or _without_kernels(task)
    if without_apple is None:
        return 'mps', f"Apple's GPU; {without_cuda}"
    return 'cpu', f'{without_cuda}; {without_apple}'


def _without_cuda() -> str | None:
    """Why there is no CUDA device, or None where there is."""
    if torch.cuda.is_available():
        return None
    if torch.version.cuda is None and torch.version.hip is None:
        return 'this torch is built without CUDA'
    return 'torch sees no CUDA device on this machine'


def _without_apple() -> str | None:
    """Why there is no GPU of Apple, or None where there is."""
    if not torch.backends.mps.is_built():
        return "this torch is built without Apple's GPU"
    if not torch.backends.mps.is_available():
        return "torch sees no GPU of Apple's on this machine"
    return None


def _without_kernels(task: str) -> str | None:
    """What Apple's GPU lacks for a task, or None where it has everything."""
    if task not in _LATE:
        return f"what {task} needs of Apple's GPU is not known"
    # Private, but torch has no public way to ask without running the operator.
    has = torch._C._dispatch_has_computed_kernel_for_dispatch_key
    missing = [name for name in _LATE[task] if not has(f'aten::{name}', 'MPS')]
    return f"Apple's GPU has no kernel for {', '.join(missing)}" if missing else None


@contextmanager
def runner_on(device: torch.device) -> Iterator[None]:
    """Inside, mmengine's runner puts models on this device; by itself it takes any GPU it sees."""
    from mmengine.device import utils

    # mmengine decides on a device while it is imported; nothing else tells it another one.
    before, utils.DEVICE = utils.DEVICE, device.type
    try:
        with torch.cuda.device(device) if device.index is not None else nullcontext():
            yield
    finally:
        utils.DEVICE = before


def fit_to_device(cfg: Config, device: torch.device) -> Config:
    """A copy of `cfg` with what follows the device and the operating system.

    Memory is pinned for CUDA alone. Workers are forked on Linux alone: next to Apple's libraries a
    fork ends in crashes, and Windows has none.
    """
    cfg = copy.deepcopy(cfg)
    for name in _LOADERS:
        loader = cfg.get(name)
        # torch warns in every epoch of memory that is pinned for nobody.
        if loader is not None and loader.get('pin_memory') and device.type != 'cuda':
            loader.pin_memory = False
    workers = cfg.get('env_cfg', {}).get('mp_cfg')
    if workers is not None and workers.get('mp_start_method') == 'fork' and not _forks():
        workers.mp_start_method = 'spawn'
    return cfg


def _forks() -> bool:
    return sys.platform == 'linux' and 'fork' in multiprocessing.get_all_start_methods()


def fast_dtype(device: torch.device) -> str:
    """``'bfloat16'`` where the device multiplies it natively, else ``'float32'``."""
    if device.type == 'cuda':
        # Ampere is the first generation with bfloat16 in hardware; older ones emulate it slowly.
        return 'bfloat16' if torch.cuda.get_device_capability(device) >= (8, 0) else 'float32'
    processor: dict[str, Any] = getattr(torch.cpu, 'get_capabilities', dict)()
    native = processor.get('avx512_bf16') or processor.get('amx_bf16')
    return 'bfloat16' if native and device.type == 'cpu' else 'float32'


def check_compiler(device: torch.device) -> None:
    """Compile something small, so that what `torch.compile` lacks is said before work begins.

    Raises:
        UsageError: It does not work here.
    """
    try:
        torch.compile(lambda values: values.relu() + 1)(torch.zeros(8, device=device))
    except Exception as error:  # of the compiler, of its headers, of triton, ...
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise UsageError(
            f'compile: torch.compile does not work on this machine for {device.type}, '
            f'{cut(lines[0] if lines else type(error).__name__, 200)}; it needs a C++ compiler'
        ) from error


def use_mixed_precision(wrapper: ConfigDict, device: torch.device) -> None:
    """Let an optimiser's wrapper train in mixed precision; it is changed in place.

    Raises:
        UsageError: The device is none of CUDA, or the wrapper is another one.
    """
    if device.type != 'cuda':
        raise UsageError(
            f'amp: expected a CUDA device, got {device}; everywhere there is '
            "optim_wrapper.type='jmpose_mm.AutocastOptimWrapper'"
        )
    if type_name(wrapper) not in ('', 'OptimWrapper', 'AmpOptimWrapper'):
        raise UsageError(f'amp: does not work with optim_wrapper.type={wrapper.type!r}')
    wrapper.type = 'AmpOptimWrapper'
    wrapper.setdefault('loss_scale', 'dynamic')
