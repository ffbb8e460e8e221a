"""Records of runs: equal for equal runs, different for different ones, without secrets."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from jmpose_mm.engine import provenance
from jmpose_mm.version import __version__

SETTINGS = {'model': {'type': 'A', 'sizes': (1, 2)}, 'x': 1.5, 'work_dir': 'here'}


def digest(settings: dict) -> str:
    return provenance.config_record(Config(settings))['sha256']


def test_config_record__counts_what_is_computed() -> None:
    reordered = {key: SETTINGS[key] for key in reversed(SETTINGS)}
    listed = {**SETTINGS, 'model': {'type': 'A', 'sizes': [1, 2]}}
    same = [reordered, listed, {**SETTINGS, 'work_dir': 'there'}, {**SETTINGS, 'launcher': 'mpi'}]
    assert {digest(settings) for settings in same} == {digest(SETTINGS)}
    others = [{**SETTINGS, 'x': 2.5}, {**SETTINGS, 'model': {'type': 'B', 'sizes': (1, 2)}}]
    assert len({digest(SETTINGS), *map(digest, others)}) == 3


def test_config_record__values_without_json_form_have_no_address() -> None:
    assert digest({'f': hashlib.md5, 'o': object()}) == digest({'f': hashlib.md5, 'o': object()})
    assert digest({'f': hashlib.md5}) != digest({'f': hashlib.sha1})


@pytest.mark.parametrize(
    ('address', 'name'),
    [
        ('https://me:secret@host/a/w.pth', 'https://host/a/w.pth'),
        ('https://host:80/a/w.pth?token=secret', 'https://host:80/a/w.pth?token=***'),
    ],
)
def test_checkpoint_record__bytes_are_hashed_and_secrets_left_out(
    address: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    assert provenance.checkpoint_record(address) == {'name': name, 'sha256': None}
    file = tmp_path / 'checkpoints' / 'w.pth'
    file.parent.mkdir()
    file.write_bytes(b'weights' * 300_000)  # longer than what is read at once
    expected = hashlib.sha256(file.read_bytes()).hexdigest()
    assert provenance.checkpoint_record(address)['sha256'] == expected
    for address, place in (
        ('https://host/a%20b.pth', 'a b.pth'),
        ('https://host/c/d.pth', 'c/d.pth'),
    ):
        (tmp_path / 'checkpoints' / 'c').mkdir(exist_ok=True)  # as a mirror keeps it
        (tmp_path / 'checkpoints' / place).write_bytes(file.read_bytes())
        assert provenance.checkpoint_record(address)['sha256'] == expected
    assert provenance.checkpoint_record(file) == {'name': str(file), 'sha256': expected}


def test_run_record__is_plain_and_names_all() -> None:
    class Two(list):
        metainfo, ann_file = {'dataset_name': 'own'}, 'folder/val.json'
        get_data_info = list.__getitem__

    dataset = Two({'img_path': path} for path in ('a', 'b', 'b'))
    record = provenance.run_record(Config(SETTINGS), None, dataset)
    assert json.loads(json.dumps(record)) == record
    data = {'name': 'own', 'annotations': 'val.json', 'samples': 3, 'images': 2}
    assert record['data'] == data
    assert record['checkpoint'] is None
    assert record['versions']['jmpose_mm'] == __version__
    assert set(record['versions']) > {'python', 'torch', 'mmpose'}
    assert 'data' not in provenance.run_record(Config(SETTINGS), None)
