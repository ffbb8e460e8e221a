from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments import run_lengths
from jmpose_mm.engine.configs import load_config


def test_trainings__are_made_once_and_others_are_left_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = []
    monkeypatch.setattr(
        run_lengths,
        'train_and_test',
        lambda training, _: made.append(training) or {'AP': 60.0, 'degraded': 50.0, 'seconds': 1.0},
    )
    given = ['base.pth', '--work-dir', str(tmp_path), '--seeds', '0', '1', '--lengths', '1', '4']
    arguments = run_lengths.make_parser().parse_args(given)
    begun = run_lengths.Training(4, 'run', 4, 1)
    (tmp_path / f'{begun.name}.begun').write_text('')
    run_lengths.measure(arguments)
    assert len(made) == len(set(made)) == 5  # of six: independent windows have no crop of a run
    assert begun not in made
    run_lengths.measure(arguments)
    assert len(made) == 5
    assert json.loads((tmp_path / f'{made[0].name}.json').read_text())['AP'] == 60.0
    said = capsys.readouterr().out
    assert said.count('60.0 (60.0 - 60.0)') == 6  # three kinds of training, printed twice
    assert said.count('60.0  ') == 10


def test_config__of_independent_windows_is_the_packaged_one_but_for_what_was_said() -> None:
    training = run_lengths.Training(4, 'run', 6, 2)
    cfg, runs = (
        load_config(name)
        for name in (run_lengths.CONFIG, run_lengths.CONFIG.replace('_', '-runs_', 1))
    )
    run_lengths.adapt(cfg, training, 'base.pth')
    runs.train_dataloader.batch_sampler.crop = 'run'
    runs.train_dataloader.num_workers = 0
    assert cfg.train_dataloader == runs.train_dataloader
    assert (cfg.train_cfg.max_epochs, cfg.param_scheduler.total_steps) == (6, 6)
    assert cfg.randomness.seed == 2


def test_summary__over_the_seeds_of_each_kind() -> None:
    results = {
        run_lengths.Training(4, 'frame', 4, seed): {'AP': ap, 'degraded': 50.0, 'seconds': 9.0}
        for seed, ap in enumerate((60.0, 64.0, 61.4))
    }
    results[run_lengths.Training(1, 'frame', 4, 0)] = {'AP': 3, 'degraded': 2, 'seconds': 1}
    four, one = run_lengths.summary(results)
    assert four[:5] == ['4', 'frame', '4', '3', '61.8 (60.0 - 64.0)']
    assert one == ['1', 'frame', '4', '1', '3.0 (3.0 - 3.0)', '2.0 (2.0 - 2.0)', '1.0 (1.0 - 1.0)']
