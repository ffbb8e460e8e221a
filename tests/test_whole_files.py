"""Whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jmpose_mm.whole_files import whole_file, write_json


def test_whole_file__takes_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / 'made' / 'film.mp4'
    with whole_file(path) as unfinished:
        unfinished.write_text('half')
        assert unfinished.suffix == '.mp4'
        assert not path.exists()
    assert path.read_text() == 'half'
    assert [file.name for file in path.parent.iterdir()] == ['film.mp4']


def test_whole_file__error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / 'a.json'
    path.write_text('before')

    def fail() -> None:
        with whole_file(path) as unfinished:
            unfinished.write_text('half')
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_text() == 'before'
    assert [file.name for file in tmp_path.iterdir()] == ['a.json']


def test_write_json__refuses_what_json_cannot_say(tmp_path: Path) -> None:
    write_json(tmp_path / 'a.json', {'x': [1, None]})
    assert json.loads((tmp_path / 'a.json').read_text()) == {'x': [1, None]}
    with pytest.raises(ValueError, match='not JSON compliant'):
        write_json(tmp_path / 'b.json', float('nan'))
    assert not (tmp_path / 'b.json').exists()
