from __future__ import annotations

import pytest

from experiments.benchmarks import startup


def test_compared__takes_new_processes_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    commands, clock = [], iter([2.0, 2.5, 3.0, 4.0, 2.0, 2.25])
    monkeypatch.setattr(startup, '_execute', commands.append)
    monkeypatch.setattr(startup, 'measure_seconds', lambda work: (work(), next(clock))[1])
    comparison = startup._compared('import', ['a'], ['b'], 3)
    assert commands == [['a'], ['b']] * 3
    assert comparison.reference_seconds == [2.0, 3.0, 2.0]
    assert comparison.our_seconds == [2.5, 4.0, 2.25]
    assert comparison.note == '+0.50 s.'


def test_run__has_a_row_for_each_wait_and_the_slowest_help(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {'train.py': 0.3}
    commands: list[list[str]] = []

    def measure_seconds(work):
        work()
        return next((s for name, s in seconds.items() if name in commands[-1][0]), 0.1)

    monkeypatch.setattr(startup, '_execute', commands.append)
    monkeypatch.setattr(startup, 'measure_seconds', measure_seconds)
    rows = startup.measure(quick=True)
    assert [row.name for row in rows] == [
        'import',
        'all registered',
        'first batch',
        'train.py --help',
    ]
    assert f'+0.20 s. The slowest of {len(startup.TOOLS)} tools.' == rows[-1].note


def test_execute__failures_are_shown() -> None:
    startup._execute(['-c', 'pass'])
    with pytest.raises(RuntimeError, match='ZeroDivisionError'):
        startup._execute(['-c', '1 / 0'])


@pytest.mark.parametrize('clips', [False, True])
def test_loaders__give_a_batch(tmp_path, clips: bool) -> None:
    from mmengine.registry import DefaultScope
    from mmengine.runner import Runner

    startup.write_clip_set(tmp_path, startup.ClipSet(1, 4, size=(64, 48)))
    with DefaultScope.overwrite_default_scope('mmpose'):
        loader = Runner.build_dataloader(startup.loader_settings(str(tmp_path), clips), seed=0)
    batch = next(iter(loader))
    assert len(batch['inputs']) == 16
    assert batch['inputs'][0].shape == ((5, 3, 128, 96) if clips else (3, 128, 96))
