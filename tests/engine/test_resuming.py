"""Which checkpoint a training goes on from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from small_training import make_runner

from jmpose_mm.apis import load_config, prepare_training, train
from jmpose_mm.engine.resuming import (
    check_resumable,
    newest_checkpoint,
    resume_from,
    tell_of_earlier,
)
from jmpose_mm.errors import UsageError


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work directory with epoch_1.pth and epoch_2.pth."""
    folder = tmp_path_factory.mktemp('trained') / 'work'
    make_runner(folder, True, 2, 0).train()
    return folder


@pytest.fixture
def work(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / 'work'))


def settings(work: Path, **more: Any) -> Config:
    return Config(dict(work_dir=str(work), load_from=None, resume=False, **more))


def resumed(cfg: Config, checkpoint: str = 'auto') -> str | None:
    resume_from(cfg, checkpoint)
    return Path(cfg.load_from).name if cfg.resume else None


@pytest.mark.parametrize('last', [None, '', 'gone/epoch_1.pth', '\x00'])
def test_auto__takes_the_newest_whatever_last_checkpoint_says(work: Path, last: str | None) -> None:
    (work / 'last_checkpoint').unlink()
    if last is not None:
        (work / 'last_checkpoint').write_text(last)
    assert resumed(settings(work)) == 'epoch_2.pth'


def test_beginning_anew__over_an_earlier_training_is_said(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr('mmengine.logging.print_log', lambda text, *_: said.append(text))
    tell_of_earlier(settings(work / 'new'))
    assert said == []
    tell_of_earlier(settings(work))
    assert 'of an earlier training, the last epoch_2.pth; this one begins anew' in said[0]


def test_auto__says_what_it_skips(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = (work / 'epoch_2.pth').read_bytes()
    (work / 'epoch_3.pth').write_bytes(content[: len(content) // 2])
    (work / 'epoch_4.pth').write_bytes(b'')
    (work / 'epoch_x.pth').write_bytes(b'')
    torch.save({'state_dict': {'a': torch.ones(1)}}, work / 'epoch_10.pth')
    assert resumed(settings(work)) == 'epoch_2.pth'
    said = capsys.readouterr()
    said = said.out + said.err
    assert all(f'skipped {work}/epoch_{n}.pth' in said for n in (3, 4, 10))
    assert 'epoch_1.pth' not in said


def test_auto__compares_numbers_and_not_names(work: Path) -> None:
    shutil.copy(work / 'epoch_2.pth', work / 'epoch_10.pth')
    assert resumed(settings(work)) == 'epoch_10.pth'


@pytest.mark.parametrize('note', ['old/work/epoch_2.pth', 'C:\\old\\work\\epoch_2.pth'])
def test_auto__leaves_out_what_a_longer_training_before_left(work: Path, note: str) -> None:
    shutil.copy(work / 'epoch_2.pth', work / 'epoch_10.pth')
    os.utime(work / 'epoch_10.pth', (1, 1))
    (work / 'last_checkpoint').write_text(note)
    assert resumed(settings(work)) == 'epoch_2.pth'
    (work / 'last_checkpoint').write_text('old/work/epoch_10.pth')  # a copied folder has any times
    assert resumed(settings(work)) == 'epoch_10.pth'


def test_folder__is_gone_on_from_at_its_newest(work: Path, tmp_path: Path) -> None:
    best = torch.load(work / 'epoch_1.pth', weights_only=True)
    del best['optimizer']  # as mmengine stores the best
    torch.save(best, work / 'best_AP_epoch_1.pth')
    assert resumed(settings(tmp_path / 'other'), str(work)) == 'epoch_2.pth'
    (tmp_path / 'empty').mkdir()
    with pytest.raises(UsageError, match='empty, got none'):
        resume_from(settings(work), str(tmp_path / 'empty'))


def test_auto__of_a_training_whose_checkpoints_lie_elsewhere(work: Path, tmp_path: Path) -> None:
    shutil.move(work, tmp_path / 'store' / 'work')
    hook = dict(checkpoint=dict(type='CheckpointHook', out_dir=str(tmp_path / 'store')))
    assert resumed(settings(work, default_hooks=hook)) == 'epoch_2.pth'


def test_auto__of_nothing_begins_with_the_initial_weights(work: Path, tmp_path: Path) -> None:
    cfg = settings(tmp_path / 'fresh')
    cfg.load_from = str(work / 'epoch_1.pth')
    resume_from(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (False, str(work / 'epoch_1.pth'))


def test_auto__refuses_to_begin_anew_over_checkpoints_that_are_broken(work: Path) -> None:
    for name in ('epoch_1.pth', 'epoch_2.pth'):
        (work / name).write_bytes(b'')
    with pytest.raises(UsageError, match='none of the 2 checkpoints'):
        resume_from(settings(work), 'auto')


def test_file__is_refused_where_it_holds_weights_alone(work: Path) -> None:
    torch.save({'state_dict': {'a': torch.ones(1)}, 'meta': {}}, work / 'weights.pth')
    with pytest.raises(UsageError, match=r'message_hub, optimizer, meta.epoch.*load_from='):
        resume_from(settings(work), str(work / 'weights.pth'))
    (work / 'notes.pth').write_text('not a checkpoint')
    with pytest.raises(UsageError, match=r'notes\.pth: expected a checkpoint'):
        resume_from(settings(work), str(work / 'notes.pth'))


def test_check_resumable__takes_what_a_training_wrote(work: Path) -> None:
    content = torch.load(work / 'epoch_2.pth', weights_only=True)
    check_resumable(content, 'epoch_2.pth')
    for part in ('state_dict', 'message_hub', 'optimizer', 'meta'):
        with pytest.raises(UsageError, match=part):
            check_resumable({**content, part: None}, 'epoch_2.pth')


def test_newest__of_epochs_and_iterations_is_of_the_later_kind(work: Path) -> None:
    shutil.copy(work / 'epoch_2.pth', work / 'iter_900.pth')
    os.utime(work / 'iter_900.pth', (1, 1))
    assert newest_checkpoint(work) == (str(work / 'epoch_2.pth'), [])


# -------------------------------------------------------------- what a foreign checkpoint may do
@pytest.fixture
def foreign(work: Path, tmp_path: Path) -> Path:
    """A checkpoint that loads safely, and names code to run and files to remove."""
    content = torch.load(work / 'epoch_1.pth', weights_only=True)
    mark, mine = tmp_path / 'ran', tmp_path / 'mine'
    mine.mkdir()
    for name in ('thesis.tex', 'epoch_7.pth', 'best.pth'):
        (mine / name).write_text('mine')
    content['meta']['config'] = f"a = __import__('os').mkdir({str(mark)!r})\n"
    content['message_hub']['runtime_info'].update(
        best_ckpt=str(mine / 'thesis.tex'), keep_ckpt_ids=['x/../../mine/thesis.tex', 7]
    )
    torch.save(content, tmp_path / 'theirs.pth')
    return tmp_path / 'theirs.pth'


def test_resume__runs_and_removes_nothing_that_a_checkpoint_names(
    foreign: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = dict(max_keep_ckpts=1, save_best='score', rule='greater')
    runner = make_runner(tmp_path / 'mine', True, 2, 0, str(foreign), **options)
    runner.load_or_resume()
    assert not (tmp_path / 'ran').exists()
    known = runner.message_hub.runtime_info
    assert known['keep_ckpt_ids'] == []
    assert known['best_ckpt'] is None
    assert {file.name for file in (tmp_path / 'mine').iterdir()} >= {'thesis.tex', 'epoch_7.pth'}


def test_resume__refuses_weights_that_are_not_finite(work: Path, tmp_path: Path) -> None:
    content = torch.load(work / 'epoch_2.pth', weights_only=True)
    next(iter(content['state_dict'].values()))[0] = float('nan')
    torch.save(content, work / 'epoch_3.pth')
    assert resumed(settings(work)) == 'epoch_2.pth'
    runner = make_runner(tmp_path / 'other', True, 4, 0)
    with pytest.raises(UsageError, match='NaN or infinity in 1 of'):
        runner.load_checkpoint(str(work / 'epoch_3.pth'))


def test_resume__after_moving_keeps_the_number_of_checkpoints(tmp_path: Path) -> None:
    make_runner(tmp_path / 'here', True, 3, 0, max_keep_ckpts=2).train()
    moved = Path(shutil.move(tmp_path / 'here', tmp_path / 'moved'))
    make_runner(moved, True, 4, 0, str(moved / 'epoch_3.pth'), max_keep_ckpts=2).train()
    assert {file.name for file in moved.glob('*.pth')} == {'epoch_3.pth', 'epoch_4.pth'}


def _trained_in_runs(folder: Path, epochs: int, resume: str | None = None) -> dict[str, Any]:
    """The last checkpoint of a small training on runs of neighbouring key frames."""
    cfg = load_config('jm-pose_debug.py', work_dir=str(folder))
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.train_cfg = dict(by_epoch=True, max_epochs=epochs)
    cfg.default_hooks.checkpoint = dict(type='jmpose_mm.DurableCheckpointHook', interval=1)
    cfg.default_hooks.logger = dict(type='LoggerHook')
    cfg.log_processor.by_epoch, cfg.log_level = True, 'ERROR'
    loader = cfg.train_dataloader
    loader.update(batch_size=4, num_workers=0, persistent_workers=False, drop_last=False)
    loader.dataset.settings.update(persons=(1, 1))
    loader.batch_sampler = dict(type='jmpose_mm.RunBatchSampler', run_length=3)
    loader.collate_fn = dict(type='jmpose_mm.collate_runs')
    cfg = prepare_training(cfg, resume=resume)
    train(cfg, 'cpu')
    return torch.load(folder / f'epoch_{epochs}.pth', weights_only=True)


def test_runs__resumed_training_is_bit_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = _trained_in_runs(tmp_path / 'whole', 2)
    (tmp_path / 'parts').mkdir()
    shutil.move(tmp_path / 'whole' / 'epoch_1.pth', tmp_path / 'parts')
    torch.manual_seed(99)
    found = _trained_in_runs(tmp_path / 'parts', 2, 'auto')
    assert found['meta']['iter'] == expected['meta']['iter'] == 2 * 2  # six windows, four a batch
    for name, value in expected['state_dict'].items():
        assert torch.equal(found['state_dict'][name], value), name
