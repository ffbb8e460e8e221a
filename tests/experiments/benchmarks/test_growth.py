from __future__ import annotations

import math
from pathlib import Path

import cv2
import pytest

from experiments.benchmarks import growth
from experiments.benchmarks.growth import Curve

SQUARE = Curve('work', 'things', [1, 2, 4], [[3.0, 1.0, 2.0], [8.0], [32.0]], [5, 9, math.nan], 'x')


def test_power__of_the_medians() -> None:
    assert SQUARE.power == pytest.approx(2)
    assert Curve('', '', [2, 8], [[3.0], [12.0]], [0, 0], '').power == pytest.approx(1)


def test_text_and_json__hold_every_amount() -> None:
    lines = growth.formatted([SQUARE], {'cores': 2}).splitlines()
    assert lines[0] == 'work (x), by things'
    assert lines[1].split() == ['1', '2', 's', '(1', '-', '3)', '5', 'MiB']
    assert lines[4] == '  grows with power 2.00 (1: linear)'
    assert lines[5] == 'medians; cores: 2'
    (row,) = growth.as_json([SQUARE], {})['curves']
    assert (row['mib'], row['power']) == ([5, 9, None], pytest.approx(2))


def test_measured__amounts_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(growth, 'measure_seconds', lambda work: (work(), len(done))[1])
    monkeypatch.setattr(growth, 'growth_mib', lambda work: 7.0)
    works = {1.0: lambda: done.append('a'), 2.0: lambda: done.append('b')}
    curve = growth._measured('n', 'things', works, 2, '')
    assert done == ['a', 'b'] * 3
    assert (curve.amounts, curve.seconds, curve.mib) == ([1.0, 2.0], [[3, 5], [4, 6]], [7.0, 7.0])


def test_draw__a_column_for_each_kind_of_amount(tmp_path: Path) -> None:
    growth.draw(tmp_path / 'one.png', [SQUARE])
    growth.draw(tmp_path / 'two.png', [SQUARE, SQUARE._replace(amount='others')])
    one, two = (cv2.imread(str(tmp_path / f'{name}.png')) for name in ('one', 'two'))
    assert two.shape[0] == one.shape[0]
    assert two.shape[1] == 2 * one.shape[1]
