#!/usr/bin/env python3
"""Make the virtual environment: what requirements/ pins, and this package, editable.

Standard library only, since it runs before anything is installed. `make` calls it; where there is
no make, call it yourself. A torch (with its torchvision) or a compiled mmcv that the running Python
already has is used instead of the pinned one: the environment then sees its packages as well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUPPORTED = ((3, 10), (3, 14))  # as python_requires in setup.cfg
TORCH = ('torch', 'torchvision')

# Each probe exits with 0 where the distributions that it stands for are there and fit.
PROBES = {
    TORCH: (
        'import torch, torchvision; torchvision.ops.nms;'
        'assert tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 1)'
    ),
    ('mmcv-lite',): (
        'import mmcv, mmcv._ext; mmcv._ext.__file__;'  # a stand-in has no file
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
    """Create the environment if missing; it sees the running Python's packages if that helps.

    One without pip is what an interruption left: it is made again.
    """
    scripts = target / ('Scripts' if os.name == 'nt' else 'bin')
    python = scripts / ('python.exe' if os.name == 'nt' else 'python')
    if not any(scripts.glob('pip*')):
        venv.EnvBuilder(system_site_packages=True).create(target)
        borrowed = _borrow(python)
        helps = bool(present(python))
        if borrowed is not None and not helps:
            borrowed.unlink()
        venv.EnvBuilder(system_site_packages=helps, with_pip=True).create(target)
    return python


def _borrow(python: Path) -> Path | None:
    """Let `python` see the packages of the environment that runs this, if one does.

    An environment sees the packages of the Python that its own environment was made with, never
    those of an environment. Returns the file that does it.
    """
    if sys.prefix == sys.base_prefix:
        return None
    folders = [path for path in sys.path if Path(path).name in ('site-packages', 'dist-packages')]
    asked = [python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']
    own = subprocess.run(asked, capture_output=True, encoding='utf-8', check=True).stdout.strip()
    file = Path(own, '_packages_of_the_first_environment.pth')
    # with their own .pth files, which a path alone would leave out
    lines = [f'import site; site.addsitedir({folder!r})\n' for folder in folders]
    file.write_text(''.join(lines), encoding='utf-8')
    return file


def install(python: Path, skip: set[str], torch_index: str | None = None) -> None:
    """Install both requirement files without the lines named in `skip`, then the package."""
    pip = [str(python), '-m', 'pip', '--disable-pip-version-check', 'install', '--prefer-binary']
    if torch_index is not None:
        lines = _lines('pinned.txt')
        wanted = [line.split()[0] for line in lines if line.split('==')[0] in TORCH]
        subprocess.run([*pip, '--index-url', torch_index, *wanted], check=True)
    for name, options in (('pinned.txt', []), ('without_dependencies.txt', ['--no-deps'])):
        kept = [line for line in _lines(name) if line.split('==')[0] not in skip]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, name)
            file.write_text('\n'.join(kept) + '\n', encoding='utf-8')
            subprocess.run([*pip, *options, '-r', str(file)], check=True)
    editable = ['--no-deps', '--no-build-isolation', '--editable', str(ROOT)]
    subprocess.run([*pip, *editable], check=True)


def _lines(name: str) -> list[str]:
    return (ROOT / 'requirements' / name).read_text(encoding='utf-8').splitlines()


def next_lines(python: Path) -> str:
    """Lines to type next, as this system writes them, and a hint where a GPU is not used yet."""

    def shown(path: Path) -> str:
        here = Path.cwd()
        text = str(path.relative_to(here) if path.is_relative_to(here) else path)
        return f'"{text}"' if ' ' in text else text

    command = shown(python)
    said = f'Ready. The demo, then all tests:\n  {command} {shown(ROOT / "tools" / "demo.py")}'
    said += f'\n  {command} -m pytest {shown(ROOT / "tests")}'
    probe = (
        'import torch; raise SystemExit(torch.version.cuda is None and torch.version.hip is None)'
    )
    build = subprocess.run([python, '-c', probe], capture_output=True, check=False)
    if build.returncode != 0 and shutil.which('nvidia-smi'):
        said += (
            '\nThere is an NVIDIA GPU, but the torch of your package index is built for processors '
            f'alone. For a GPU build:\n  {command} {shown(Path(__file__))} --torch-index ADDRESS\n'
            'with the --index-url that pytorch.org/get-started shows for your system and CUDA.'
        )
    return said


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument(
        'target', type=Path, nargs='?', default=Path('.venv'), help='its folder; default: .venv'
    )
    parser.add_argument(
        '--torch-index',
        metavar='ADDRESS',
        help='install torch and torchvision from this package index, e.g. a GPU build for Windows',
    )
    args = parser.parse_args()
    target = args.target.absolute()
    low, high = SUPPORTED
    if not low <= sys.version_info[:2] <= high:
        found = '.'.join(map(str, sys.version_info[:2]))
        print(
            f'Python {found} is not supported: 3.{low[1]} to 3.{high[1]} is. Start this with '
            'another one: python3.11 tools/setup_environment.py, or make PYTHON=python3.11',
            file=sys.stderr,
        )
        return 2
    python = create(target)
    skip = present(python) if args.torch_index is None else present(python).difference(TORCH)
    if skip:
        print('already there, not installed again:', ', '.join(sorted(skip)))
    try:
        install(python, skip, args.torch_index)
    except subprocess.CalledProcessError as error:
        print(f'pip failed (its message is above): {error}', file=sys.stderr)
        return 1
    print(next_lines(python))
    return 0


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
