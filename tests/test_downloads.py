"""Downloads from a server on this machine: whole, damaged, cut off, led elsewhere."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from jmpose_mm import downloads
from jmpose_mm.downloads import digest_in_name, download
from jmpose_mm.errors import UsageError

CONTENT = bytes(range(256)) * 4000
NAME = f'net_w48-{hashlib.sha256(CONTENT).hexdigest()[:8]}_20211130.pth'


class Server(ThreadingHTTPServer):
    """Serves `files`; the next answers are cut off after so many bytes of `cuts`."""

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), Door)
        self.files = {f'/a/{NAME}': CONTENT}
        self.cuts: list[int] = []
        self.led: dict[str, str] = {}
        self.knows_ranges = True
        self.asked: list[tuple[str, str | None, str | None]] = []

    @property
    def address(self) -> str:
        return f'http://127.0.0.1:{self.server_port}'


class Door(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        ranges, secret = self.headers['Range'], self.headers['Authorization']
        self.server.asked.append((self.path, ranges, secret))
        if self.path in self.server.led:
            self.send_response(302)
            self.send_header('Location', self.server.led[self.path])
            self.end_headers()
            return
        content = self.server.files.get(self.path.partition('?')[0])
        begun = int(ranges[6:-1]) if ranges and self.server.knows_ranges else 0
        if content is None or begun >= len(content):
            self.send_response(404 if content is None else 416)
            self.end_headers()
            return
        self.send_response(206 if begun else 200)
        self.send_header('Content-Length', str(len(content) - begun))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(content)
        self.wfile.write(content[begun : begun + cut])

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(downloads, 'PAUSE', 0.0)
    monkeypatch.setenv('no_proxy', '127.0.0.1,localhost')
    made = Server()
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def refused(address: str, folder: Path) -> str:
    with pytest.raises(UsageError) as error:
        download(address, folder)
    assert '\n' not in str(error.value)
    assert not (folder / NAME).exists()
    return str(error.value)


@pytest.mark.parametrize(
    ('name', 'digest'),
    [
        ('hrnet_w48_posetrack18_384x288-5fd6d3ff_20211130.pth', '5fd6d3ff'),
        ('td-hm_ViTPose-small_8xb64-210e_coco-256x192-62d7a712_20230314.pth', '62d7a712'),
        ('resnet50-0676ba61.pth', '0676ba61'),
        ('net-12345678_20211130.pth', '12345678'),
        ('epoch-20211130.pth', ''),
        ('jm-pose.pth', ''),
    ],
)
def test_digest__is_in_the_name(name: str, digest: str) -> None:
    assert digest_in_name(name) == digest


def test_download__whole_once_with_a_bar(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    address = f'{server.address}/a/{NAME}'
    files = [download(address, tmp_path / 'new') for _ in range(2)]
    assert files == [tmp_path / 'new' / NAME] * 2
    assert files[0].read_bytes() == CONTENT
    assert len(server.asked) == 1
    assert [file.name for file in (tmp_path / 'new').iterdir()] == [NAME]
    shown = capfd.readouterr().err
    assert NAME in shown
    assert '100%' in shown


@pytest.mark.parametrize('knows_ranges', [True, False])
def test_download__goes_on_where_it_was_cut_off(
    server: Server, tmp_path: Path, knows_ranges: bool
) -> None:
    server.knows_ranges = knows_ranges
    # the first run ends for good after 1000 bytes, the second one is cut off once more
    server.cuts = [1000, *[0] * (downloads.ATTEMPTS - 1)]
    if not knows_ranges:
        server.cuts = [1000] * downloads.ATTEMPTS
    said = refused(f'{server.address}/a/{NAME}', tmp_path)
    assert 'cannot be downloaded: the connection ended too early' in said
    assert f'put it into {tmp_path}' in said
    asked = len(server.asked)
    server.cuts = [500]
    assert download(f'{server.address}/a/{NAME}', tmp_path).read_bytes() == CONTENT
    wanted = ['bytes=1000-', 'bytes=1500-' if knows_ranges else 'bytes=500-']
    assert [ranges for _, ranges, _ in server.asked[asked:]] == wanted
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_download__of_another_file_keeps_nothing(server: Server, tmp_path: Path) -> None:
    server.files[f'/a/{NAME}'] = b'<html>sign in</html>'
    said = refused(f'{server.address}/a/{NAME}', tmp_path)
    assert 'expected a file whose SHA-256 begins with' in said
    assert list(tmp_path.iterdir()) == []


def test_download__forgets_the_beginning_of_something_else(server: Server, tmp_path: Path) -> None:
    (tmp_path / f'.{NAME}.part').write_bytes(b'x' * 1000)
    assert download(f'{server.address}/a/{NAME}', tmp_path).read_bytes() == CONTENT
    assert [ranges for _, ranges, _ in server.asked] == ['bytes=1000-', None]
    (tmp_path / NAME).unlink()
    (tmp_path / f'.{NAME}.part').write_bytes(b'x' * (len(CONTENT) + 1))  # longer than the file
    assert download(f'{server.address}/a/{NAME}', tmp_path).read_bytes() == CONTENT


def test_download__without_a_digest_begins_anew(server: Server, tmp_path: Path) -> None:
    server.files['/net.pth'] = CONTENT
    (tmp_path / '.net.pth.part').write_bytes(b'x' * 1000)
    assert download(f'{server.address}/net.pth', tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    'place', [NAME, f'a/{NAME}', f'download.example/a/{NAME}'], ids=['flat', 'path', 'host']
)
def test_download__offline_takes_what_is_there(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_bytes(CONTENT)
    assert download(f'https://download.example/a/{NAME}', tmp_path) == tmp_path / place
    (tmp_path / place).write_bytes(CONTENT[:-1])
    with pytest.raises(UsageError, match='cut off or another one: remove it'):
        download(f'https://download.example/a/{NAME}', tmp_path)


def test_download__unreachable_says_what_to_put_where(server: Server, tmp_path: Path) -> None:
    server.shutdown()
    server.server_close()
    secret = server.address.replace('//', '//me:s%40cret@')
    said = refused(f'{secret}/a/{NAME}?token=abc', tmp_path)
    assert f'{server.address}/a/{NAME}?token=*** cannot be downloaded' in said
    assert f'Download {NAME} where you can, put it into {tmp_path}' in said
    assert '`weights_dir`' in said
    assert 'cret' not in said


@pytest.mark.parametrize('target', ['file:///etc/hostname', 'ftp://127.0.0.1/x', 'data:,x'])
def test_download__is_not_led_to_other_schemes(server: Server, tmp_path: Path, target: str) -> None:
    server.led[f'/a/{NAME}'] = target
    assert 'cannot be downloaded' in refused(f'{server.address}/a/{NAME}', tmp_path)
    assert not any(file.stat().st_size for file in tmp_path.iterdir())


def test_download__is_not_led_out_of_https() -> None:
    request = downloads.Request('https://download.example/a.pth')
    handler = downloads._SafeRedirections()
    with pytest.raises(ValueError, match='from https to http'):
        handler.redirect_request(request, None, 302, '', {}, 'http://download.example/a.pth')
    led = handler.redirect_request(request, None, 302, '', {}, 'https://cdn.example/a.pth')
    assert led is not None


def test_download__shows_credentials_to_their_host_alone(server: Server, tmp_path: Path) -> None:
    other = f'http://localhost:{server.server_port}'
    server.led = {f'/b/{NAME}': f'/c/{NAME}', f'/c/{NAME}': f'{other}/a/{NAME}'}
    address = server.address.replace('//', '//me:s%40cret@')
    download(f'{address}/b/{NAME}', tmp_path)
    secrets = [secret for _, _, secret in server.asked]
    assert secrets == ['Basic bWU6c0BjcmV0'] * 2 + [None]


def test_download__two_at_a_time_fetch_once(server: Server, tmp_path: Path) -> None:
    address = f'{server.address}/a/{NAME}'
    with ThreadPoolExecutor(2) as pool:
        files = list(pool.map(download, [address] * 2, [tmp_path] * 2))
    assert files[0] == files[1]
    assert len(server.asked) == 1


def test_download__refuses_other_addresses(tmp_path: Path) -> None:
    for address in ('file:///etc/hostname', 'https://host/', 's3://bucket/a.pth'):
        with pytest.raises(UsageError, match='expected the http address of a file'):
            download(address, tmp_path)
