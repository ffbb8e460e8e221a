"""Every public function of formats, films and drawings: no state, nothing shared, inputs left."""

from __future__ import annotations

import copy
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
from file_and_drawing_calls import CALLS, ELSEWHERE, prepare
from scribbling import equal, scribble

import jmpose_mm

ROOT = Path(jmpose_mm.__file__).parent
# What gives back what it was given, or parts of it.
HANDED_THROUGH = {
    *('join_identities', 'joined', 'fill_gaps', 'repair_swaps', 'measured', 'smoothed'),
    *('unique_samples', 'oks_nms', 'draw_identities'),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp('files')
    prepare(made)
    return made


def _public(package: str) -> set[str]:
    found = set()
    for file in ROOT.joinpath(package).rglob('*.py'):
        name = '.'.join(file.relative_to(ROOT.parent).with_suffix('').parts)
        module = importlib.import_module(name.removesuffix('.__init__'))
        values = {n: getattr(module, n) for n in getattr(module, '__all__', ())}
        found |= {n for n, value in values.items() if inspect.isfunction(value)}
    return found


def test_calls__are_there_for_every_public_function() -> None:
    packages = ('formats', 'video', 'visualization', 'evaluation')
    public = set().union(*map(_public, packages))
    assert public - CALLS.keys() - ELSEWHERE == set()
    assert ELSEWHERE - public == set()


@pytest.mark.parametrize('name', CALLS)
def test_call__leaves_its_arguments_and_shares_nothing(name: str, folder: Path) -> None:
    function, arguments = CALLS[name]
    given = arguments(folder)
    result = function(**given)
    expected = copy.deepcopy(result)
    assert equal(_arrays(given), _arrays(arguments(folder)))
    scribble(given)
    if name not in HANDED_THROUGH:
        assert equal(result, expected), 'the result is the caller’s own'
    scribble(result)
    assert equal(function(**arguments(folder)), expected)


def _arrays(given: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if not hasattr(value, 'header')}
