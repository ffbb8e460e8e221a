"""At every moment of a training there is a whole checkpoint, and the old one goes last."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from small_training import make_runner

from jmpose_mm.errors import UsageError


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What happens to checkpoint files, in order: flush, rename, remove."""
    seen: list[tuple[str, str]] = []
    originals = {name: getattr(os, name) for name in ('fsync', 'replace', 'unlink')}

    def fsync(number: int) -> None:
        name = Path(os.readlink(f'/proc/self/fd/{number}')).name
        seen.append(('flush', name))
        originals['fsync'](number)

    def replace(source: Any, target: Any, **options: Any) -> None:
        seen.append(('rename', Path(target).name))
        originals['replace'](source, target, **options)

    def unlink(path: Any, **options: Any) -> None:
        if os.path.exists(path):
            seen.append(('remove', Path(path).name))
        originals['unlink'](path, **options)

    for name, function in (('fsync', fsync), ('replace', replace), ('unlink', unlink)):
        monkeypatch.setattr(os, name, function)
    return seen


def test_checkpoint__is_flushed_renamed_and_only_then_the_old_one_removed(
    tmp_path: Path, events: list[tuple[str, str]]
) -> None:
    work = tmp_path / 'work'
    make_runner(work, True, 3, 0, max_keep_ckpts=1).train()
    kept = [event for event in events if event[1] != '.in_use']
    steps = [
        [
            ('flush', f'.epoch_{n}.pth.unfinished'),
            ('rename', f'epoch_{n}.pth'),
            ('flush', 'work'),
            ('remove', f'epoch_{n - 1}.pth'),
        ]
        for n in (1, 2, 3)
    ]
    assert kept == [event for step in steps for event in step if event[1] != 'epoch_0.pth']
    assert [file.name for file in work.glob('*.pth')] == ['epoch_3.pth']


@pytest.mark.parametrize('save_best', [None, 'loss'])
def test_full_disk__leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save_best: str | None
) -> None:
    work = tmp_path / 'work'
    make_runner(work, True, 1, 0, max_keep_ckpts=1).train()
    before = (work / 'epoch_1.pth').read_bytes()

    def full(content: Any, file: Any) -> None:
        file.write(b'half')
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr('torch.save', full)
        runner = make_runner(work, True, 2, 0, str(work / 'epoch_1.pth'), max_keep_ckpts=1)
        with pytest.raises(OSError, match='No space left'):
            runner.train()
    assert (work / 'epoch_1.pth').read_bytes() == before
    assert {file.name for file in work.glob('*.pth*')} == {'epoch_1.pth'}
    assert not list(work.glob('.*unfinished*'))


def test_kill_while_saving__leaves_what_the_next_training_removes(tmp_path: Path) -> None:
    work = tmp_path / 'work'
    make_runner(work, True, 1, 0).train()
    (work / '.epoch_2.pth.unfinished').write_bytes(b'half')
    (work / 'my.unfinished.txt').write_text('not hidden: not ours')
    make_runner(work, True, 2, 0, str(work / 'epoch_1.pth')).train()
    assert not (work / '.epoch_2.pth.unfinished').exists()
    assert (work / 'my.unfinished.txt').exists()
    assert (work / 'epoch_2.pth').exists()


def test_best_checkpoint__replaces_the_one_before(tmp_path: Path) -> None:
    work = tmp_path / 'work'
    runner = make_runner(work, True, 1, 0, max_keep_ckpts=1, save_best='score', rule='greater')
    runner.train()
    (hook,) = (hook for hook in runner.hooks if type(hook).__name__ == 'DurableCheckpointHook')
    for score in (1.0, 2.0, 1.5):
        runner.train_loop._epoch += 1
        hook._save_best_checkpoint(runner, {'score': score})
    best = [file.name for file in work.glob('best_*.pth')]
    assert best == ['best_score_epoch_3.pth']
    assert torch.load(work / best[0], weights_only=True)['meta']['epoch'] == 3


class Named(BaseMetric):
    default_prefix = 'posetrack'

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.append(1.0)

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {'AP': sum(results)}


@pytest.mark.parametrize('name', ['coco/AP', 'AP', 'posetrack/AP'])
def test_save_best__of_no_metric_is_refused_before_the_first_step(
    tmp_path: Path, name: str
) -> None:
    runner = make_runner(tmp_path / 'work', True, 1, 0, save_best=name, rule='greater')
    runner._val_evaluator = Evaluator([Named()])
    if name == 'posetrack/AP':
        runner.train()
        assert list((tmp_path / 'work').glob('best_*.pth'))
        return
    with pytest.raises(UsageError, match=r'save_best: expected auto .* posetrack/NAME, got'):
        runner.train()
    assert runner.iter == 0
