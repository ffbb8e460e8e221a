"""Several processes train or test together: on GPUs as mmengine does it, else on processors.

mmengine asks for a GPU as soon as a launcher is named. Where torch sees none, `join_processes`
joins the processes by gloo before mmengine would, and mmengine takes that as it is.
"""

from __future__ import annotations

import copy
import datetime
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import distributed

from jmpose_mm.errors import UsageError, cut, listed

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = [
    'LostProcessError',
    'check_launcher',
    'join_processes',
    'learn_rank',
    'watched_processes',
]

# What a launcher tells its processes by.
_ENVIRONMENT = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID', 'SLURM_NODELIST'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
}


class LostProcessError(RuntimeError):
    """Another process of the same run ended."""


def check_launcher(launcher: str, device: str = 'auto') -> None:
    """Raise `UsageError` if no launcher runs, or one device is asked for all of its processes."""
    if launcher != 'none' and ':' in device:
        raise UsageError(f'device: each process of {launcher} has its own, got {device}')
    missing = [name for name in _ENVIRONMENT.get(launcher, ()) if name not in os.environ]
    if missing:
        raise UsageError(
            f'launcher: {launcher} was not used to start this process, for it sets '
            f'{listed(missing)}; tools/dist_train.sh and its neighbours show how to'
        )


def learn_rank(launcher: str) -> None:
    """Put into the environment, as ``RANK`` and the like, which of the processes this is.

    torch's launcher does it. Of slurm and MPI mmengine learns it later, when the first process has
    the work directory to itself already.

    Raises:
        UsageError: The launcher did not start this process, or did not say where the first one is.
    """
    check_launcher(launcher)
    if launcher != 'none':
        os.environ.update(_process_group(launcher))


def join_processes(cfg: Config, device: torch.device) -> Config:
    """Join the processes of `cfg.launcher` on `device`; the config for the runner of each.

    Parameters without a gradient are looked for, unless ``find_unused_parameters`` or
    ``model_wrapper_cfg`` say otherwise: some losses reach only a part of a model. On processors,
    the process group is initialised here; its time-out is ``env_cfg.dist_cfg.timeout`` seconds.

    Raises:
        UsageError: ``cfg.launcher`` did not start this process, or has too few GPUs.
    """
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none':
        return cfg
    check_launcher(launcher)
    wrapper: dict[str, Any] = dict(
        type='MMDistributedDataParallel',
        # As mmengine's default: statistics of normalisation stay each process's own.
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', True),
    )
    wrapper.update(cfg.get('model_wrapper_cfg') or {})
    if device.type == 'cuda':
        _check_gpus(int(os.environ[_ENVIRONMENT[launcher][2]]))
    elif device.type == 'cpu':
        # On processors DistributedDataParallel takes no list of devices.
        wrapper['device_ids'] = None
        learn_rank(launcher)
        _join_by_gloo(cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout', 1800))
    else:
        raise UsageError(f'device: {device} is no device for several processes; take --device cpu')
    cfg = copy.copy(cfg)
    cfg.model_wrapper_cfg = wrapper
    return cfg


def _check_gpus(place: int) -> None:
    gpus = torch.cuda.device_count()
    if place >= gpus:
        raise UsageError(
            f'launcher: expected a GPU for each process of a machine, got {gpus} for process '
            f'{place} and those before it; start fewer processes, or work on processors: '
            '--device cpu'
        )


def _join_by_gloo(timeout: float) -> None:
    if not distributed.is_initialized():
        distributed.init_process_group('gloo', timeout=datetime.timedelta(seconds=timeout))


@contextmanager
def watched_processes() -> Iterator[None]:
    """Around work of several processes: the end of another one is told as such.

    Raises:
        LostProcessError: Another process ended, by an error of its own or killed.
    """
    try:
        yield
    except RuntimeError as error:
        said = str(error)
        lost = isinstance(error, distributed.DistError) or 'gloo' in said or 'NCCL' in said
        if not (lost and distributed.is_initialized()):
            raise
        raise LostProcessError(
            f'process {os.environ.get("RANK")} ends because another one of this run did: the cause '
            f'is in the messages of that one ({cut(said, 200)})'
        ) from error


def _process_group(launcher: str) -> dict[str, str]:
    """What torch initialises a process group by, from what the launcher says."""
    if launcher == 'pytorch':
        return {}
    rank, size, place = (os.environ[name] for name in _ENVIRONMENT[launcher][:3])
    found = {'RANK': rank, 'WORLD_SIZE': size, 'LOCAL_RANK': place}
    # 29500 is also what torchrun and mmengine take.
    found['MASTER_PORT'] = os.environ.get('MASTER_PORT', '29500')
    if 'MASTER_ADDR' in os.environ:
        return found
    if launcher == 'mpi':
        raise UsageError(
            'launcher: mpi needs MASTER_ADDR, the name of the first machine, in the environment'
        )
    nodes = os.environ['SLURM_NODELIST']
    asked = ['scontrol', 'show', 'hostnames', nodes]
    try:
        first = subprocess.run(asked, capture_output=True, check=True).stdout.decode().split()[0]
    except (OSError, subprocess.CalledProcessError, IndexError) as error:
        raise UsageError(
            f'launcher: the first machine of SLURM_NODELIST={nodes} is not known ({error}): '
            'set MASTER_ADDR'
        ) from error
    return {**found, 'MASTER_ADDR': first}
