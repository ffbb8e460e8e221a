from __future__ import annotations

import importlib.util
import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import cv2
import pytest

from experiments.benchmarks.timing import Comparison

TOOL = Path(__file__).parents[2] / 'experiments' / 'benchmark.py'


def loaded() -> ModuleType:
    specification = importlib.util.spec_from_file_location('benchmark', TOOL)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def tool() -> ModuleType:
    return loaded()


def test_subcommands__have_a_module_each_that_runs(tool: ModuleType) -> None:
    assert 'ap' in tool.SUBCOMMANDS
    for name, _ in tool.SUBCOMMANDS.values():
        assert callable(import_module(f'experiments.benchmarks.{name}').measure)


def test_command__prints_and_writes(
    tool: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    quick: list[bool] = []

    def run(quick_: bool) -> list[Comparison]:
        quick.append(quick_)
        return [Comparison('all', 'slow', 'fast', [4.0], [2.0])]

    monkeypatch.setattr('experiments.benchmarks.ap.measure', lambda quick: run(quick))
    out = tmp_path / 'out.json'
    monkeypatch.setattr(sys, 'argv', [str(TOOL), 'ap', '--quick', '--json', str(out)])
    assert tool.main() == 0
    assert quick == [True]
    assert '2.0x' in capsys.readouterr().out
    assert json.loads(out.read_text())['comparisons'][0]['ratio'] == 2.0


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ('', {}),
        ('--configs a.py b.py --runs 1', {'configs': ['a.py', 'b.py'], 'runs': 1}),
        ('--clips 8 --processor-time', {'clips': 8, 'processor': True}),
    ],
)
def test_train__is_told_what_was_given(
    options: str, expected: dict, tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []

    def measure(quick: bool, **changes: object) -> list[Comparison]:
        told.append(changes)
        return [Comparison('all', 'slow', 'fast', [4.0], [2.0])]

    monkeypatch.setattr('experiments.benchmarks.train.measure', measure)
    monkeypatch.setattr(sys, 'argv', [str(TOOL), 'train', *options.split()])
    assert tool.main() == 0
    assert told == [expected]


@pytest.mark.slow
@pytest.mark.parametrize('name', [n for n in loaded().SUBCOMMANDS if n != 'growth'])
def test_quick__measures_something(
    tool: ModuleType, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / 'out.json'
    monkeypatch.setattr(sys, 'argv', [str(TOOL), name, '--quick', '--json', str(out)])
    assert tool.main() == 0
    rows = json.loads(out.read_text())['comparisons']
    assert rows
    for row in rows:
        assert len(row['reference_seconds']) == len(row['our_seconds']) > 0
        assert row['ratio'] > 0


@pytest.mark.slow
def test_growth__measures_and_draws(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, picture = tmp_path / 'out.json', tmp_path / 'curves.png'
    options = ['growth', '--quick', '--json', str(out), '--picture', str(picture)]
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *options])
    assert tool.main() == 0
    curves = json.loads(out.read_text())['curves']
    assert {curve['amount'] for curve in curves} == {
        'frames of a clip',
        'pixels of a crop',
        'persons in a frame',
        'videos',
    }
    for curve in curves:
        assert len(curve['amounts']) == len(curve['seconds']) == len(curve['mib']) == 2
    assert cv2.imread(str(picture)) is not None
