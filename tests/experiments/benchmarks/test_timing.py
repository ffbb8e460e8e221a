from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from experiments.benchmarks.timing import (
    Comparison,
    as_json,
    environment,
    formatted,
    growth_mib,
    measure_seconds,
)

ONE = Comparison('sorting', 'by hand', 'by machine', [8.0, 9.0, 30.0], [2.0, 1.0, 3.0], 'Twice.')


def test_ratio__of_the_medians_and_spread_of_neighbouring_runs() -> None:
    assert ONE.ratio == 4.5
    assert ONE.spread == (4.0, 10.0)


@pytest.mark.parametrize(('processor', 'name'), [(False, 'perf_counter'), (True, 'process_time')])
def test_measure_seconds__calls_once(
    processor: bool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([1.0, 3.5])
    calls: list[int] = []
    monkeypatch.setattr(time, name, lambda: next(clock))
    assert measure_seconds(lambda: calls.append(1), processor) == 2.5
    assert calls == [1]


def test_table__names_ratio_spread_runs_and_machine() -> None:
    said = environment()
    lines = formatted([ONE], said).splitlines()
    assert '4.5x' in lines[1]
    assert '4.0 - 10.0' in lines[1]
    assert '9 s (8 - 30)' in lines[1]
    assert lines[1].endswith('3')
    assert lines[2] == 'sorting: by machine against by hand. Twice.'
    for word in ('python: ', 'numpy: ', 'torch: ', 'cores: ', 'OMP_NUM_THREADS'):
        assert word in lines[3]


def test_json__holds_every_run() -> None:
    content = as_json([ONE], {'cores': 2})
    assert content['environment'] == {'cores': 2}
    (row,) = content['comparisons']
    assert row['reference_seconds'] == [8.0, 9.0, 30.0]
    assert (row['ratio'], row['ratio_spread']) == (4.5, [4.0, 10.0])


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells the peak of a process')
def test_memory__at_the_peak_of_a_call() -> None:
    def allocate(mib: int) -> None:
        np.ones(mib * 2**20, np.uint8)

    for mib in (64, 256, 64):
        assert growth_mib(lambda mib=mib: allocate(mib)) == pytest.approx(mib, abs=8)
