"""Every public function of `jmpose_mm.functional` has an example, and what it shows holds."""

from __future__ import annotations

import ast
import doctest
from importlib import import_module
from pathlib import Path

import pytest

import jmpose_mm.functional

FOLDER = Path(jmpose_mm.functional.__file__).parent
MODULES = sorted(file for file in FOLDER.rglob('*.py') if file.stem != '__init__')


def module_name(file: Path) -> str:
    return '.'.join(['jmpose_mm.functional', *file.relative_to(FOLDER).with_suffix('').parts])


@pytest.mark.parametrize('file', MODULES, ids=lambda file: file.stem)
def test_examples__hold(file: Path) -> None:
    failed, _ = doctest.testmod(import_module(module_name(file)))
    assert failed == 0


def test_public_functions__have_an_example() -> None:
    without = [
        f'{file.stem}.{node.name}'
        for file in MODULES
        for node in ast.parse(file.read_text(encoding='utf-8')).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith('_')
        and '>>>' not in (ast.get_docstring(node) or '')
    ]
    assert without == []
