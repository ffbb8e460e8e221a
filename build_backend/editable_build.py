"""The build backend: setuptools, with editable installs that mim and mmengine can find.

Both look for the files of a package at ``<site-packages>/<first line of top_level.txt>``, which an
editable install leaves empty. `os.path.join` lets an absolute second part win, so writing the
absolute path of the package there leads them to the working tree. Everything else is setuptools
unchanged.
"""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

PACKAGE = 'jmpose_mm'


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Build the editable wheel (PEP 660) and point its ``top_level.txt`` at the working tree."""
    name = build_meta.build_editable(wheel_directory, config_settings, metadata_directory)
    wheel = Path(wheel_directory, name)
    package = Path(__file__).resolve().parents[1] / PACKAGE
    _replace_top_level(wheel, f'{package}\n'.encode())
    return name


def _replace_top_level(wheel: Path, content: bytes) -> None:
    changed = wheel.with_suffix('.tmp')
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(changed, 'w', zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename.endswith('.dist-info/top_level.txt'):
                data = content
            elif item.filename.endswith('.dist-info/RECORD'):
                data = _with_new_hash(data.decode(), content).encode()
            new.writestr(item, data)
    os.replace(changed, wheel)


def _with_new_hash(record: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
    lines = []
    for line in record.splitlines():
        path = line.split(',')[0]
        if path.endswith('.dist-info/top_level.txt'):
            line = f'{path},sha256={digest},{len(content)}'
        lines.append(line)
    return '\n'.join(lines) + '\n'
