"""The build backend: setuptools, with three things that a plugin of OpenMMLab needs.

* Editable installs that mim and mmengine find. Both look for the files of a package at
  ``<site-packages>/<first line of top_level.txt>``, which an editable install leaves empty.
  `os.path.join` lets an absolute second part win, so the absolute path of the package is there.
* A start-up file, in wheels and editable installs alike: ``jmpose_mm/host/start_hook.py`` says why.
* Configs and tools in the wheel although they lie at the top of the tree: ``jmpose_mm/.mim`` has
  symbolic links to them. Where a checkout could not make links (Windows, some archives), copies
  take their place while a wheel is built, and an editable install links or says what to do.

Everything else is setuptools unchanged.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

PACKAGE = 'jmpose_mm'
ROOT = Path(__file__).resolve().parents[1]
RESOURCES = ('configs', 'tools', 'model-index.yml', 'dataset-index.yml')


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build the wheel with its resources, and add the start-up file."""
    with resources_in_package():
        name = build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    _change(Path(wheel_directory, name), added=start_up_files())
    return name


def build_sdist(sdist_directory, config_settings=None):
    """Build the sdist with its resources."""
    with resources_in_package():
        return build_meta.build_sdist(sdist_directory, config_settings)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Build the editable wheel (PEP 660): ``top_level.txt`` points at the working tree."""
    link_resources()
    name = build_meta.build_editable(wheel_directory, config_settings, metadata_directory)
    top_level = {'.dist-info/top_level.txt': f'{ROOT / PACKAGE}\n'.encode()}
    _change(Path(wheel_directory, name), replaced=top_level, added=start_up_files())
    return name


def start_up_files() -> dict[str, bytes]:
    """The start-up hook and the file that makes Python import it, by their names in the wheel."""
    hook = f'{PACKAGE}_start_hook'
    line = f'import sys; exec("try: import {hook}\\nexcept ImportError: pass")\n'
    source = (ROOT / PACKAGE / 'host' / 'start_hook.py').read_bytes()
    return {f'{hook}.py': source, f'{hook}.pth': line.encode()}


def _is_there(place: Path, original: Path) -> bool:
    """Whether `place` gives the content of `original`: the link itself, or real files of an sdist.

    Git writes a link that it cannot make as a small file with the path in it.
    """
    if place.is_symlink():
        return place.resolve() == original.resolve()
    if original.is_dir():
        return place.is_dir()
    return place.is_file() and place.read_bytes() == original.read_bytes()


@contextmanager
def resources_in_package() -> Iterator[None]:
    """Configs, tools and index files are below the package; what was put there is taken away."""
    made = []
    try:
        for name in RESOURCES:
            original, place = ROOT / name, ROOT / PACKAGE / '.mim' / name
            if not original.exists():
                raise RuntimeError(f'{original} is missing: no complete wheel can be built')
            if place.exists() and _is_there(place, original):
                continue
            held = place.read_bytes() if place.is_file() else None
            place.parent.mkdir(exist_ok=True)
            made.append((place, held))
            place.unlink(missing_ok=True)
            copy = shutil.copytree if original.is_dir() else shutil.copyfile
            copy(original, place)
        yield
    finally:
        for place, held in made:
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
            if held is not None:
                place.write_bytes(held)


def link_resources() -> None:
    """Make the links that are missing; a junction does for a folder on Windows.

    Raises:
        RuntimeError: The system allows none; the message says what to do.
    """
    for name in RESOURCES:
        original, place = ROOT / name, ROOT / PACKAGE / '.mim' / name
        if place.exists() and _is_there(place, original):
            continue
        place.parent.mkdir(exist_ok=True)
        place.unlink(missing_ok=True)
        try:
            _link(original, place)
        except OSError as error:
            raise RuntimeError(
                f'{place} cannot be linked to {original} ({error}): install the package as it is, '
                '`pip install .` without --editable, which copies'
            ) from error


def _link(original: Path, place: Path) -> None:
    try:
        place.symlink_to(os.path.relpath(original, place.parent), original.is_dir())
    except OSError:
        if original.is_file():
            os.link(original, place)
        elif os.name == 'nt':
            import _winapi

            _winapi.CreateJunction(str(original), str(place))
        else:
            raise


def _change(wheel: Path, added: dict[str, bytes], replaced: dict[str, bytes] | None = None) -> None:
    """Add files to a wheel and replace those whose names end like a key; ``RECORD`` follows."""
    changed, lines = wheel.with_suffix('.tmp'), []
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(changed, 'w', zipfile.ZIP_DEFLATED) as new:
        contents = [(item, old.read(item)) for item in old.infolist()]
        contents += [(_entry(name), data) for name, data in added.items()]
        record = next(item for item, _ in contents if item.filename.endswith('.dist-info/RECORD'))
        for item, data in contents:
            if item is record:
                continue
            for ending, content in (replaced or {}).items():
                data = content if item.filename.endswith(ending) else data
            new.writestr(item, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()
            lines.append(f'{item.filename},sha256={digest},{len(data)}')
        new.writestr(record, '\n'.join([*lines, f'{record.filename},,']) + '\n')
    os.replace(changed, wheel)


def _entry(name: str) -> zipfile.ZipInfo:
    """An entry that does not depend on the day of the build."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    return entry
