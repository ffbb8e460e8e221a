#!/usr/bin/env python3
"""Make the virtual environment: what requirements/ pins, and this package, editable.

Standard library only, since it runs before anything is installed. `make` calls it.
A torch (with its torchvision) or a compiled mmcv that the running Python already has is used
instead of the pinned one: the environment then sees the packages of that Python as well.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUPPORTED = ((3, 10), (3, 12))

# Each probe exits with 0 where the distributions that it stands for are there and fit.
PROBES = {
    ('torch', 'torchvision'): (
        'import torch, torchvision; torchvision.ops.nms;'
        'assert tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 1)'
    ),
    ('mmcv-lite',): (
        'import mmcv, mmcv._ext;'
        'assert (2, 0) <= tuple(map(int, mmcv.__version__.split(".")[:2])) < (2, 2)'
    ),
}


def present(python: Path) -> set[str]:
    """Names of the pinned distributions that `python` has an equivalent of already."""
    found: set[str] = set()
    for names, probe in PROBES.items():
        result = subprocess.run([python, '-c', probe], capture_output=True, check=False)
        if result.returncode == 0:
            found.update(names)
    return found


def create(target: Path) -> Path:
    """Create the environment if missing; it sees the running Python's packages if that helps."""
    python = target / ('Scripts' if os.name == 'nt' else 'bin') / 'python'
    if not python.exists():
        venv.EnvBuilder(system_site_packages=True).create(target)
        helps = bool(present(python))
        venv.EnvBuilder(system_site_packages=helps, with_pip=True).create(target)
    return python


def install(python: Path, skip: set[str]) -> None:
    """Install both requirement files without the lines named in `skip`, then the package."""
    pip = [str(python), '-m', 'pip', '--disable-pip-version-check', 'install', '--prefer-binary']
    for name, options in (('pinned.txt', []), ('without_dependencies.txt', ['--no-deps'])):
        lines = (ROOT / 'requirements' / name).read_text().splitlines()
        kept = [line for line in lines if line.split('==')[0] not in skip]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, name)
            file.write_text('\n'.join(kept) + '\n')
            subprocess.run([*pip, *options, '-r', str(file)], check=True)
    editable = ['--no-deps', '--no-build-isolation', '--editable', str(ROOT)]
    subprocess.run([*pip, *editable], check=True)


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('target', type=Path, help='folder of the environment, e.g. .venv')
    target = parser.parse_args().target.absolute()
    low, high = SUPPORTED
    if not low <= sys.version_info[:2] <= high:
        found = '.'.join(map(str, sys.version_info[:2]))
        print(
            f'Python {found} is not supported: 3.{low[1]} to 3.{high[1]} is. '
            'Name another one: make PYTHON=python3.11',
            file=sys.stderr,
        )
        return 2
    python = create(target)
    skip = present(python)
    if skip:
        print('already there, not installed again:', ', '.join(sorted(skip)))
    try:
        install(python, skip)
    except subprocess.CalledProcessError as error:
        print(f'pip failed (its message is above): {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
