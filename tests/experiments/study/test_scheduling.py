"""The order of work, with work that only takes notes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from experiments.study import scheduling
from experiments.study.plan import Run

# Experiments are not installed: a script elsewhere sees them where the clone is on its path.
WITH_CLONE = {**os.environ, 'PYTHONPATH': str(Path(__file__).resolve().parents[3])}

ONE, TWO = (Run(name, name, 'method', 'c.py') for name in ('one', 'two'))


class AtOnce:
    """A pool that does what it is given when it is given."""

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, work, *arguments):
        future = Future()
        try:
            future.set_result(work(*arguments))
        except OSError as error:
            future.set_exception(error)
        return future


@pytest.fixture
def notes(monkeypatch):
    notes: list[str] = []

    def note(what: str):
        def work(study, device, seed, run=None):
            notes.append(f'{run.name if run else what} {seed}')
            if notes[-1] in study:
                raise OSError(notes[-1])

        work.__name__ = what
        return work

    for name in ('_train_baseline', '_store_features', '_forget_features', '_make'):
        monkeypatch.setattr(scheduling, name, note(name.split('_')[1]))
    monkeypatch.setattr(scheduling, 'ProcessPoolExecutor', AtOnce)
    return notes


def test_one_by_one__a_seed_at_a_time(notes):
    made = list(scheduling.one_by_one((), 'cuda', {0: [ONE, TWO], 2: [ONE]}))
    assert made == [(ONE, 0), (TWO, 0), (ONE, 2)]
    assert notes == ['store 0', 'one 0', 'two 0', 'forget 0', 'store 2', 'one 2', 'forget 2']


def test_side_by_side__features_of_two_seeds_at_most(notes):
    todo = {seed: [ONE, TWO] for seed in range(4)}
    made = list(scheduling.side_by_side((), 'cpu', todo, jobs=2))
    assert sorted(made, key=lambda one: (one[1], one[0].name)) == [
        (run, seed) for seed in range(4) for run in (ONE, TWO)
    ]
    stored = 0
    for note in notes:
        what, seed = note.split()
        stored += {'store': 1, 'forget': -1}.get(what, 0)
        assert 0 <= stored <= 2
        if what in ('one', 'two'):
            assert notes.index(f'train {seed}') < notes.index(f'store {seed}') < notes.index(note)
            assert notes.index(note) < notes.index(f'forget {seed}')
    assert stored == 0
    assert len(notes) == 4 * 5


def test_side_by_side__stores_the_next_features_before_anything_else_that_waits(notes):
    todo = {seed: [ONE, TWO] for seed in range(3)}
    assert len(list(scheduling.side_by_side((), 'cpu', todo, jobs=1))) == 6
    assert ', '.join(notes) == (
        'train 0, store 0, train 1, store 1, train 2, one 0, two 0, forget 0, '
        'store 2, one 1, two 1, forget 1, one 2, two 2, forget 2'
    )


@pytest.mark.parametrize('failing', ['one 0', 'store 0', 'train 0'])
def test_side_by_side__what_can_be_made_is_made_before_an_error(notes, failing, capsys):
    todo = {seed: [ONE, TWO] for seed in range(3)}
    made = []
    with pytest.raises(OSError, match=failing):
        made += scheduling.side_by_side((failing,), 'cpu', todo, jobs=2)
    assert {'one 1', 'two 1', 'one 2', 'two 2'} <= set(notes)
    assert ('two 0' in notes) == (failing == 'one 0')
    name, seed = failing.split()
    assert f'{name}, seed {seed} failed: {failing}' in capsys.readouterr().out


# The work of a study in which each process says that it is there, and then takes its time.
SLEEPERS = """
import os, signal, sys, time
from pathlib import Path
from experiments.study import scheduling

def sleep(folder, device, seed):
    Path(folder, str(os.getpid())).write_text(str(seed))
    time.sleep(600)

scheduling._train_baseline = sleep
if __name__ == '__main__':
    # Whoever runs the tests may have ignored it, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    list(scheduling.side_by_side(sys.argv[1], 'cpu', {seed: [] for seed in range(5)}, jobs=2))
"""


@pytest.mark.slow
@pytest.mark.parametrize('how', ['control-c', 'interrupt', 'kill'])
def test_side_by_side__leaves_no_process_behind(tmp_path: Path, how: str):
    script, there = tmp_path / 'sleepers.py', tmp_path / 'there'
    script.write_text(SLEEPERS)
    there.mkdir()
    command = [sys.executable, str(script), str(there)]
    study = subprocess.Popen(
        command, env=WITH_CLONE, start_new_session=True, stdout=subprocess.PIPE
    )
    try:
        end = time.monotonic() + 120
        while len(list(there.iterdir())) < 2:
            assert time.monotonic() < end
            time.sleep(0.1)
        if how == 'control-c':  # A terminal sends it to all of them.
            os.killpg(study.pid, signal.SIGINT)
        else:
            study.send_signal(signal.SIGINT if how == 'interrupt' else signal.SIGKILL)
        study.communicate(timeout=60)  # Its output ends when the last process that has it does.
        assert study.returncode != 0
        assert len(list(there.iterdir())) == 2
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(study.pid, signal.SIGKILL)
