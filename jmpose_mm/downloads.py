"""Files by address: downloaded once, whole, and checked against the digest in their name.

A published file of weights carries the beginning of its SHA-256, e.g. ``5fd6d3ff`` in
``hrnet_w48_posetrack18_384x288-5fd6d3ff_20211130.pth``. What was cut off goes on where it ended.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tqdm import tqdm

from jmpose_mm.errors import UsageError, cut, without_credentials
from jmpose_mm.whole_files import alone_in, file_digest, flush_to_disk

__all__ = ['digest_in_name', 'download', 'downloaded_file', 'file_name_of_address']

ATTEMPTS = 4  # that bring nothing, one after the other
PAUSE = 1.0  # seconds before the second one, twice as many before each further
TIMEOUT = 30.0
PIECE = 1 << 18


def file_name_of_address(address: str) -> str:
    """The name of the file at an address.

    Example:
        >>> file_name_of_address('https://user@host/a/b%20c.pth?token=1')
        'b c.pth'
    """
    return Path(unquote(urlsplit(address).path)).name


def digest_in_name(name: str) -> str:
    """The beginning of the SHA-256 that a file's name states; empty where it states none.

    Example:
        >>> digest_in_name('res50_posetrack18_256x192-a62807c7_20201028.pth')
        'a62807c7'
        >>> digest_in_name('epoch_20-20201028.pth')  # a date
        ''
    """
    found = re.search(r'-([0-9a-f]{8,64})(_\d{8})?\.\w+$', name)
    if found is None or (found[1].isdigit() and len(found[1]) == 8 and not found[2]):
        return ''
    return found[1]


def download(address: str, folder: str | Path, wanted_too: Sequence[str] = ()) -> Path:
    """The file of an http address in a folder, downloaded unless it is there.

    A file that is there already may also lie as a mirror keeps it: under the address's host and
    folders, or its folders alone. Processes that want the same file wait for each other.

    Args:
        address: May hold a user name and a password, which are in no message and no redirection.
        folder: Folder of the file; made if missing.
        wanted_too: Addresses of files that are needed besides. An error names those that are
            missing too, so that all can be fetched by hand at once.

    Raises:
        UsageError: Nothing or something else comes from the address, or the file that is there is
            another one than its name says. The message says which file to put where.
    """
    name = file_name_of_address(address)
    if not name or not address.startswith(('http://', 'https://')):
        raise UsageError(f'{without_credentials(address)}: expected the http address of a file')
    folder = Path(folder)
    there = downloaded_file(address, folder)
    if there is not None:
        return _checked(there)
    target = _places(address, folder)[0]
    with _explained(address, folder, wanted_too), alone_in(folder, f'.{name}.in_use', patient=True):
        if not target.is_file():  # the process that was waited for may have made it
            _fetch(urlsplit(address), target)
    return target


def downloaded_file(address: str, folder: str | Path) -> Path | None:
    """The file of an http address in a folder, as :func:`download` looks for it, if it is there."""
    return next((file for file in _places(address, Path(folder)) if file.is_file()), None)


def _places(address: str, folder: Path) -> list[Path]:
    """Where the file of an address may lie; the first is where a download goes."""
    parts = urlsplit(address)
    path = unquote(parts.path).lstrip('/')
    places = [folder / file_name_of_address(address)]
    if '..' not in Path(path).parts:
        places += [folder / (parts.hostname or '') / path, folder / path]
    return places


@contextmanager
def _explained(address: str, folder: Path, wanted_too: Sequence[str]) -> Iterator[None]:
    shown = without_credentials(address)
    missing = [other for other in wanted_too if downloaded_file(other, folder) is None]
    names = ' and '.join([file_name_of_address(address), *map(without_credentials, missing)])
    them = 'them' if missing else 'it'
    try:
        yield
    except UsageError:
        raise
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, 'reason', None)
        said = cut(without_credentials(str(reason or error)), 200)
        # the cause may hold the password
        raise UsageError(
            f'{shown} cannot be downloaded: {said}. Download {names} where you can, put {them} '
            f'into {folder.absolute()} and run the same command again; `weights_dir` names another '
            'folder'
        ) from None


def _checked(file: Path) -> Path:
    wanted = digest_in_name(file.name)
    found = file_digest(file) if wanted else ''
    if not found.startswith(wanted):
        raise UsageError(
            f'{file}: expected a SHA-256 that begins with {wanted}, as the name says, got '
            f'{found[: len(wanted)]}; the file is cut off or another one: remove it and run the '
            'same command again'
        )
    return file


def _fetch(parts: SplitResult, file: Path) -> None:
    """Download beside ``file``, and give it its name once it is whole."""
    wanted = digest_in_name(file.name)
    begun = file.with_name(f'.{file.name}.part')
    if not wanted:  # nothing would tell whether the two parts fit
        begun.unlink(missing_ok=True)
    kept = begun.stat().st_size if begun.exists() else 0
    _receive_all(parts, begun)
    found = file_digest(begun) if wanted else ''
    if kept and not found.startswith(wanted):  # what an earlier run left was of something else
        begun.unlink()
        _receive_all(parts, begun)
        found = file_digest(begun)
    if not found.startswith(wanted):
        begun.unlink()
        raise UsageError(
            f'{without_credentials(urlunsplit(parts))}: expected a file whose SHA-256 begins with '
            f'{wanted}, as its name says, got {found[: len(wanted)]}; nothing was kept'
        )
    flush_to_disk(begun)
    begun.replace(file)


def _receive_all(parts: SplitResult, file: Path) -> None:
    """Append what is missing, asking again as long as something comes."""
    failed = 0
    while True:
        before = file.stat().st_size if file.exists() else 0
        try:
            if _receive(parts, file, before):
                return
        except HTTPError as error:
            # The server has understood and refuses; asking again changes nothing.
            if error.code < 500:
                raise
            problem: Exception = error
        except (OSError, HTTPException) as error:
            problem = error
        else:
            problem = OSError('the connection ended too early')
        failed = 1 if file.exists() and file.stat().st_size > before else failed + 1
        if failed == ATTEMPTS:
            raise problem
        time.sleep(PAUSE * 2 ** (failed - 1))


def _receive(parts: SplitResult, file: Path, begun: int) -> bool:
    """One answer of the server; returns whether the file is whole."""
    with _opened(parts, begun) as answer:
        goes_on = answer.status == 206
        ends = answer.headers.get('Content-Length')
        begun = begun if goes_on else 0
        total = None if ends is None else begun + int(ends)
        name = file.name.removeprefix('.').removesuffix('.part')
        bar = tqdm(
            desc=name, total=total, initial=begun, unit='B', unit_scale=True, unit_divisor=1024
        )
        # It sends the whole file, whatever was asked for.
        if not goes_on:
            file.write_bytes(b'')
        with file.open('ab') as content, bar:
            while piece := answer.read(PIECE):
                content.write(piece)
                bar.update(len(piece))
    return total is None or file.stat().st_size >= total


def _opened(parts: SplitResult, begun: int) -> Any:
    """The server's answer, from byte ``begun`` on where it can."""
    user, _, host = parts.netloc.rpartition('@')
    request = Request(urlunsplit(parts._replace(netloc=host, fragment='')))
    request.add_header('User-Agent', 'jmpose_mm')
    if user:
        token = base64.b64encode(unquote(user).encode()).decode()
        # Not to the hosts that the server leads to.
        request.add_unredirected_header('Authorization', f'Basic {token}')
    if begun:
        request.add_header('Range', f'bytes={begun}-')
    opener = build_opener(_SafeRedirections)
    try:
        return opener.open(request, timeout=TIMEOUT)
    except HTTPError as error:
        if error.code != 416 or not begun:
            raise
        request.remove_header('Range')  # there is nothing behind what is there
        return opener.open(request, timeout=TIMEOUT)


class _SafeRedirections(HTTPRedirectHandler):
    """Follows a server to http and https alone, never from https to http."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme not in ('https', before.scheme):
            raise ValueError(f'the server leads from {before.scheme} to {after.scheme}')
        further = super().redirect_request(req, fp, code, msg, headers, newurl)
        secret = req.unredirected_hdrs.get('Authorization')
        if further is not None and secret and after.netloc == before.netloc:
            further.add_unredirected_header('Authorization', secret)
        return further
