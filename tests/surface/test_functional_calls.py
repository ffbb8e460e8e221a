"""Every public function of the mathematics: no state, nothing shared, any kind of array."""

from __future__ import annotations

import copy
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from functional_calls import CALLS
from scribbling import equal, scribble

import jmpose_mm.functional

FOLDER = Path(jmpose_mm.functional.__file__).parent
# What holds results, and what gives back what it was given.
RECORDS = {
    'KeypointAP',
    'TrackEnds',
    'TrackSigns',
    'PersonPairs',
    'JointAP',
    'JointTracking',
    'TrackIds',
    'TruePersons',
    'PredictedPersons',
}
HANDED_THROUGH = {
    *('CropWindow', 'as_floats', 'as_mask', 'as_persons', 'checked_persons'),
    *('repeat_key_frame', 'split_key_frame', 'without_ignored'),
}


def _public() -> set[str]:
    found = set()
    for file in FOLDER.rglob('*.py'):
        name = '.'.join(file.relative_to(FOLDER.parents[1]).with_suffix('').parts)
        module = importlib.import_module(name.removesuffix('.__init__'))
        found |= {n for n in getattr(module, '__all__', ()) if callable(getattr(module, n))}
    return found - RECORDS


def test_calls__are_there_for_every_public_function() -> None:
    assert _public() == CALLS.keys() | {'Rules'}


@pytest.mark.parametrize('name', CALLS)
def test_call__leaves_its_arguments_and_repeats_itself(name: str) -> None:
    function, arguments = CALLS[name]
    given = arguments()
    random = given.pop('rng', None)
    sources = [{} if random is None else {'rng': copy.deepcopy(random)} for _ in range(2)]
    first = function(**given, **sources[0])
    expected = copy.deepcopy(first)
    assert equal(given, {k: v for k, v in arguments().items() if k != 'rng'})
    assert equal(function(**given, **sources[1]), expected)


@pytest.mark.parametrize('name', CALLS)
def test_call__shares_nothing_that_is_scribbled_over(name: str) -> None:
    function, arguments = CALLS[name]
    given = arguments()
    result = function(**given)
    expected = copy.deepcopy(result)
    scribble(result)
    scribble(given)
    assert equal(function(**arguments()), expected)


@pytest.mark.parametrize('name', sorted(CALLS.keys() - HANDED_THROUGH))
def test_result__is_the_callers_own(name: str) -> None:
    function, arguments = CALLS[name]
    given = arguments()
    result = function(**given)
    expected = copy.deepcopy(result)
    scribble(given)
    assert equal(result, expected)


def _as_list(value: Any) -> Any:
    return value.tolist()


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, np.ndarray) and value.ndim else value


def _as_float32(value: Any) -> Any:
    return value.astype(np.float32) if value.dtype.kind == 'f' else value


def _as_whole_numbers(value: Any) -> Any:
    whole = np.nan_to_num(value)
    same = value.dtype.kind == 'b' or np.array_equal(value, whole.astype(int))
    return value.astype(int) if same else value


def _as_tensor(value: Any) -> Any:
    return torch.as_tensor(value)


KINDS = [_as_list, _as_tuple, _as_float32, _as_whole_numbers, _as_tensor]


def _converted(value: Any, convert: Any) -> Any:
    if isinstance(value, np.ndarray):
        return convert(value)
    if isinstance(value, tuple) and hasattr(value, '_fields'):
        return type(value)(*(_converted(part, convert) for part in value))
    return value


@pytest.mark.parametrize('convert', KINDS)
@pytest.mark.parametrize('name', [n for n, (_, make) in CALLS.items() if 'rng' not in make()])
def test_call__takes_any_kind_of_array(name: str, convert: Any) -> None:
    function, arguments = CALLS[name]
    expected = function(**arguments())
    given = {key: _converted(value, convert) for key, value in arguments().items()}
    assert equal(function(**given), expected, tolerance=1e-4)
