"""What is taken for a checkpoint, what is refused, and in which words."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from jmpose_mm.engine.checkpoints import (
    check_weights,
    checkpoint_fits,
    find_checkpoint,
    read_checkpoint,
)
from jmpose_mm.errors import UsageError


class Code:
    """Pickled, it makes a folder when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def refused(file: Path) -> str:
    with pytest.raises(UsageError) as error:
        read_checkpoint(file)
    assert str(file) in str(error.value)
    assert '\n' not in str(error.value)
    return str(error.value)


def test_read_checkpoint__runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # today's torch with the default of torch 2.5, where a call does not say
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    torch.save({'state_dict': {}, 'x': Code(tmp_path / 'ran')}, tmp_path / 'a.pth')
    assert 'expected a checkpoint of tensors' in refused(tmp_path / 'a.pth')
    assert not (tmp_path / 'ran').exists()
    # the file can do it
    torch.load(tmp_path / 'a.pth', weights_only=False)
    assert (tmp_path / 'ran').exists()


def test_read_checkpoint__leaves_out_the_text_that_mmengine_runs(tmp_path: Path) -> None:
    torch.save({'meta': {'config': 'x = 1', 'epoch': 2}}, tmp_path / 'a.pth')
    assert read_checkpoint(tmp_path / 'a.pth') == {'meta': {'epoch': 2}}


def test_read_checkpoint__refuses_what_is_none(tmp_path: Path) -> None:
    whole = io.BytesIO()
    torch.save({'state_dict': {'a': torch.ones(1000)}}, whole)
    for name, content in {
        'text': b'not a checkpoint\n',
        'empty': b'',
        'cut': whole.getvalue()[:3000],
        'page': b'<html>sign in</html>',
    }.items():
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name)
    torch.save([1, 2], tmp_path / 'list.pth')
    assert 'got a list' in refused(tmp_path / 'list.pth')
    with tarfile.open(tmp_path / 'tar.pth', 'w') as archive:
        archive.add(tmp_path / 'text')
    assert 'got a tar archive' in refused(tmp_path / 'tar.pth')
    os.mkfifo(tmp_path / 'pipe.pth')
    assert 'is no regular file' in refused(tmp_path / 'pipe.pth')
    assert 'does not exist' in refused(tmp_path / 'nowhere.pth')


@pytest.mark.parametrize(
    ('weights', 'said'),
    [
        ([1, 2], 'expected named weights'),
        ({}, 'expected named weights .a state dict., got none'),
        (None, 'expected named weights'),
        ({'a': 'b'}, 'expected weights to be tensors, got a str: a'),
        ({'a': torch.tensor([1.0, float('nan')])}, 'NaN or infinity in 1 of 1: a'),
        ({'a': torch.ones(1), 'b': torch.tensor(float('inf'))}, 'NaN or infinity in 1 of 2: b'),
        ({f'w{i}': torch.tensor(float('inf')) for i in range(9)}, 'w0, w1, w2, w3 and 5 more'),
        ({'n': torch.tensor(3), 'b.weight': torch.ones(1, dtype=torch.int8)}, 'got int8 in 1 of 2'),
    ],
)
def test_check_weights__refuses_what_no_model_can_use(weights: Any, said: str) -> None:
    with pytest.raises(UsageError, match=f'a.pth: .*{said}'):
        check_weights(weights, 'a.pth')


def test_check_weights__takes_counters_and_half_precision() -> None:
    weights = {'n': torch.tensor(3), 'h': torch.ones(2, dtype=torch.bfloat16)}
    assert check_weights(weights, 'a.pth') is None


def test_checkpoint_fits__cuts_lists_of_weights() -> None:
    names = ', '.join(f'backbone.layer{i}.weight' for i in range(500))
    with pytest.raises(UsageError) as error, checkpoint_fits('a.pth'):
        raise RuntimeError(f'unexpected key in source state_dict: {names}\n\nmissing keys: a, b')
    assert 'backbone.layer4.weight and 495 more missing keys: a, b' in str(error.value)


def test_find_checkpoint__of_a_copied_folder_goes_by_numbers(tmp_path: Path) -> None:
    for time, name in enumerate(('epoch_10.pth', 'epoch_9.pth', 'iter_99.pth'), start=1):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time, time))
    assert find_checkpoint(tmp_path) == str(tmp_path / 'epoch_10.pth')
    (tmp_path / 'best_AP_epoch_9.pth').touch()
    assert find_checkpoint(tmp_path) == str(tmp_path / 'best_AP_epoch_9.pth')


def test_find_checkpoint__downloads_without_showing_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    seen = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, b64decode(self.headers['Authorization'].split()[1])))
            self.send_response(200 if self.path == '/a.pth' else 404)
            self.end_headers()
            self.wfile.write(b'weights')

        def log_message(self, *arguments: Any) -> None:
            pass

    monkeypatch.setattr('torch.hub.get_dir', lambda: str(tmp_path))
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    server = HTTPServer(('127.0.0.1', 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f'http://me:s%40cret@127.0.0.1:{server.server_port}'
    try:
        found = [find_checkpoint(f'{address}/a.pth') for _ in range(2)]
        with pytest.raises(UsageError) as error:
            find_checkpoint(f'{address}/b.pth?token=abc')
    finally:
        server.shutdown()
        server.server_close()
    assert found == [str(tmp_path / 'checkpoints' / 'a.pth')] * 2
    assert Path(found[0]).read_bytes() == b'weights'
    assert seen == [('/a.pth', b'me:s@cret'), ('/b.pth?token=abc', b'me:s@cret')]
    said = str(error.value) + ''.join(capfd.readouterr())
    assert 'cret' not in said
    assert 'abc' not in said
    assert [file.name for file in (tmp_path / 'checkpoints').iterdir()] == ['a.pth']
