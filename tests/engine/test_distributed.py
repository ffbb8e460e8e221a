"""Several processes on processors see what one sees, and none waits for one that died."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from jmpose_mm.apis import train_and_test
from jmpose_mm.engine import distributed
from jmpose_mm.errors import UsageError
from jmpose_mm.whole_files import alone_in

SLURM = {
    'SLURM_PROCID': '3',
    'SLURM_NTASKS': '4',
    'SLURM_LOCALID': '1',
    'SLURM_NODELIST': 'node[1-2]',
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not hasattr(os, 'fork'):
        pytest.skip('the processes are forked')
    folder = tmp_path_factory.mktemp('processes')
    script = Path(__file__).with_name('run_in_processes.py')
    # the network interface of the machine itself, whatever its name resolves to
    variables = {'CUDA_VISIBLE_DEVICES': '', 'OMP_NUM_THREADS': '1', 'GLOO_SOCKET_IFNAME': 'lo'}
    with (folder / 'messages.txt').open('w') as messages:
        process = subprocess.Popen(
            [sys.executable, str(script), str(folder)],
            env={**os.environ, **variables},
            stdout=messages,
            stderr=messages,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=400)
        finally:  # the processes that it forked, too
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert status == 0, (folder / 'messages.txt').read_text()
    return folder


@pytest.fixture(scope='module')
def seen(folder: Path) -> dict[str, Any]:
    return json.loads((folder / 'seen.json').read_text())


def contents(folder: Path) -> dict[str, bytes]:
    """The predictions by file; there are some."""
    root = folder / 'predictions'
    found = {str(f.relative_to(root)): f.read_bytes() for f in root.rglob('*') if f.is_file()}
    assert found
    return found


@pytest.mark.slow
@pytest.mark.parametrize('number', [2, 3])
def test_test__has_the_numbers_and_files_of_one_process(
    number: int, seen: dict[str, Any], folder: Path
) -> None:
    (one,) = seen['test 1']
    assert 5 < one['posetrack/AP'] < 95
    assert seen[f'test {number}'] == [one] * number
    assert contents(folder / f'test_{number}') == contents(folder / 'test_1')


@pytest.mark.slow
def test_train__parameters_without_a_gradient_do_not_stop_it(seen: dict[str, Any]) -> None:
    for name in ('train fami-pose', 'train tdmi'):
        first, second = seen[name]
        assert first['iter'] == 1
        assert first == second, 'all have the same weights'


@pytest.mark.slow
def test_resume__another_number_of_processes_goes_on(seen: dict[str, Any]) -> None:
    first, *others = seen['resume']
    assert first['iter'] == 2
    assert others == [first] * 2
    assert first['weights'] != seen['train tdmi'][0]['weights']


@pytest.mark.slow
def test_death__of_one_process_ends_the_other(seen: dict[str, Any]) -> None:
    other, dead = seen['die']
    assert dead is None
    assert other.startswith('LostProcessError: process 0 ends because another one of this run did')
    assert seen['seconds until the other ended'] < 60


def test_launcher__that_did_not_start_the_process_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('RANK', 'WORLD_SIZE'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match=r'launcher: pytorch was not used.*RANK'):
        distributed.check_launcher('pytorch')
    cfg = Config(dict(launcher='none'))
    assert distributed.join_processes(cfg, torch.device('cpu')) is cfg


def test_launcher__more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)
    with pytest.raises(UsageError, match='got 1 for process 1 and those before it'):
        distributed.join_processes(Config(dict(launcher='slurm')), torch.device('cuda'))
    with pytest.raises(UsageError, match='mps is no device for several processes'):
        distributed.join_processes(Config(dict(launcher='slurm')), torch.device('mps'))


def test_slurm__tells_torch_where_the_first_machine_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    for name in ('MASTER_ADDR', 'MASTER_PORT'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(UsageError, match=r'SLURM_NODELIST=node\[1-2\].*set MASTER_ADDR'):
        distributed._process_group('slurm')
    scontrol = tmp_path / 'scontrol'
    scontrol.write_text('#!/bin/sh\necho node1\necho node2\n')
    scontrol.chmod(0o755)
    group = distributed._process_group('slurm')
    expected = dict(MASTER_ADDR='node1', MASTER_PORT='29500', WORLD_SIZE='4')
    assert group == dict(RANK='3', LOCAL_RANK='1', **expected)


def test_slurm__the_first_process_holds_the_folder_for_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {**SLURM, 'MASTER_ADDR': 'node1'}.items():
        monkeypatch.setenv(name, value)
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_PORT'):
        monkeypatch.setenv(name, '0')  # given back after the test
        monkeypatch.delenv(name)
    begun = []
    monkeypatch.setattr(train_and_test, 'join_processes', lambda cfg, device: cfg)
    monkeypatch.setattr(train_and_test, '_build_runner', begun.append)
    monkeypatch.setattr(train_and_test, '_check_batches', lambda runner: 1 / 0)
    cfg = Config(dict(launcher='slurm', work_dir=str(tmp_path)))
    with alone_in(tmp_path), pytest.raises(ZeroDivisionError):
        train_and_test.train(cfg, 'cpu')
    assert len(begun) == 1
