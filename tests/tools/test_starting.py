"""Ctrl-C while a tool still imports, and a Python without the package, are told in one line."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
PARTS = {'film_arguments', 'runner_arguments', 'starting'}
STANDARD_LIBRARY_ALONE = {'setup_environment'}
NAMES = [file.stem for file in sorted(TOOLS.glob('*.py')) if file.stem not in PARTS]
INTERRUPTED = 'import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(9)\n'


def module_of(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f'starting_{name}', TOOLS / f'{name}.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def least_arguments(parser: argparse.ArgumentParser) -> list[str]:
    """Something for each argument that must be there."""
    words: list[str] = []
    for action in parser._actions:
        if action.required or (not action.option_strings and action.nargs not in ('?', '*')):
            words += action.option_strings[:1]
            words.append(str(next(iter(action.choices or ['1']))))
    return words


@pytest.mark.skipif(os.name == 'nt', reason='a process cannot send itself Ctrl-C there')
@pytest.mark.parametrize('name', [name for name in NAMES if name not in STANDARD_LIBRARY_ALONE])
def test_interrupted_while_importing__is_one_line_and_130(name: str, tmp_path: Path) -> None:
    (tmp_path / 'jmpose_mm').mkdir()
    (tmp_path / 'jmpose_mm/__init__.py').write_text(INTERRUPTED, encoding='utf-8')
    ran = started_alone(name, tmp_path)
    assert (ran.returncode, ran.stderr) == (130, f'{name}.py: interrupted\n'), ran.stdout


@pytest.mark.parametrize('name', [name for name in NAMES if name not in STANDARD_LIBRARY_ALONE])
def test_python_without_the_package__is_one_line_that_names_the_environment(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / 'jmpose_mm.py').write_text(ABSENT, encoding='utf-8')
    ran = started_alone(name, tmp_path)
    assert ran.returncode == 2, ran.stdout
    assert ran.stderr.count('\n') == 1
    assert ran.stderr.startswith(f'{name}.py: {sys.executable} has no jmpose_mm.')
    assert 'source .venv/bin/activate' in ran.stderr


def started_alone(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A tool in an isolated Python that finds `folder`'s jmpose_mm first."""
    words = least_arguments(module_of(name).make_parser())
    return subprocess.run(
        [sys.executable, '-I', '-c', STARTER, str(folder), str(TOOLS / f'{name}.py'), *words],
        capture_output=True,
        text=True,
        check=False,
    )


ABSENT = "raise ModuleNotFoundError(\"No module named 'jmpose_mm'\", name='jmpose_mm')\n"
STARTER = """
import runpy, sys
from pathlib import Path
sys.argv = sys.argv[1:]
sys.path[:0] = [sys.argv.pop(0), str(Path(sys.argv[0]).parent)]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


@pytest.mark.parametrize('name', NAMES)
def test_every_tool__is_started_so(name: str) -> None:
    text = (TOOLS / f'{name}.py').read_text(encoding='utf-8')
    assert text.rstrip().endswith('sys.exit(started(main))')
