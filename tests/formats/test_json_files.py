from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.json_files import (
    LARGEST_NUMBER,
    numbers,
    place_in,
    read_id,
    read_json,
    whole_number,
)


def test_read_json__takes_what_pythons_writer_makes(tmp_path: Path) -> None:
    (tmp_path / 'a.json').write_text('[NaN, -Infinity, 1e400, 10000000000000000000000000]')
    found = read_json(tmp_path / 'a.json')
    assert math.isnan(found[0])
    assert found[1:] == [-math.inf, math.inf, 10**25]


@pytest.mark.parametrize('opening', ['[', '{"a":'])
def test_read_json__deep_brackets_are_one_line(tmp_path: Path, opening: str) -> None:
    closing = {'[': ']', '{': '}'}[opening[0]]
    (tmp_path / 'a.json').write_text(opening * 60_000 + '1' + closing * 60_000)
    with pytest.raises(ValueError, match=r'a\.json: expected JSON, got brackets nested') as caught:
        read_json(tmp_path / 'a.json')
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('length', [None, 5000])
def test_read_json__what_is_no_json_is_named(tmp_path: Path, length: int | None) -> None:
    contents = [b'', b'\0\0', b'{"a": [1', b'"\xff"'] if length is None else [b'9' * length]
    for content in contents:
        (tmp_path / 'a.json').write_bytes(content)
        with pytest.raises(ValueError, match=r'a\.json: expected JSON, got'):
            read_json(tmp_path / 'a.json')


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='no named pipes here')
def test_read_json__a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'a.json')
    with pytest.raises(ValueError, match=r'a\.json: expected a readable file, got a device'):
        read_json(tmp_path / 'a.json')


@pytest.mark.parametrize('value', [3, 3.0, '3', ' 3 '])
def test_whole_number__in_every_writing(value: object) -> None:
    assert whole_number(value, 'id') == 3
    assert read_id(value, 'id') == 3


@pytest.mark.parametrize('value', [None, True, 3.5, math.nan, math.inf, [3], '', 'x' * 0])
def test_read_id__what_is_none(value: object) -> None:
    with pytest.raises(ValueError, match='id: expected a whole number or text'):
        read_id(value, 'id')


def missing_key(file: Path) -> None:
    with place_in(file), place_in(file) as place:
        place.at = 'b[3]'
        {}['c']


def test_place_in__says_where_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^\S*a\.json: b\[3\]: expected the key 'c', found none$"):
        missing_key(tmp_path / 'a.json')


@pytest.mark.parametrize('value', [2**63, -(2**63), 1e300, str(10**18 * 10), [3]])
def test_whole_number__beyond_an_array_of_ids_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match='id: expected a whole number'):
        whole_number(value, 'id')


def test_numbers__whose_area_overflows_are_refused() -> None:
    assert np.isfinite(np.prod(numbers([LARGEST_NUMBER] * 2, 'bbox', 2).astype(np.float32)))
    with pytest.raises(ValueError, match=r'bbox: expected numbers up to 1e\+12'):
        numbers([10, 10, 1e308, 20], 'bbox', 4)


@pytest.mark.parametrize('half', [b'"\\ud800"', b'{"a": "\\uDBFF x"}', b'"\xed\xa0\x80"'])
def test_read_json__half_a_character_is_no_text(half: bytes, tmp_path: Path) -> None:
    file = tmp_path / 'a.json'
    file.write_bytes(half)
    with pytest.raises(UsageError, match=r'a\.json: expected JSON, got .*codec can'):
        read_json(file)


@pytest.mark.parametrize('content', ['\U0001f600', 'caf\udce9', '\u0000'])
def test_read_json__whole_characters_and_bytes_of_names(content: str, tmp_path: Path) -> None:
    file = tmp_path / 'a.json'
    file.write_text(json.dumps(content))
    assert read_json(file) == content
