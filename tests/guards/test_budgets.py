"""Sizes: files, functions, constructors and configs stay small enough to be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path

from source_files import ROOT, name_of, python_files, tree_of

FILE_LINES = 250
FUNCTION_LINES = 40
CONSTRUCTOR_ARGUMENTS = 8
CONFIG_LINES = 60
SOURCES = ('jmpose_mm', 'experiments', 'tools', 'build_backend')


def functions(file: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree_of(file)) if isinstance(node, ast.FunctionDef)]


def length(function: ast.FunctionDef) -> int:
    """Lines of the body of a function, without its docstring."""
    lines = (function.end_lineno or 0) - function.body[0].lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or 0) - docstring.lineno + 1
    return lines


def test_files__fit() -> None:
    sizes = {name_of(file): len(file.read_text().splitlines()) for file in python_files(*SOURCES)}
    assert len(sizes) > 20
    assert {name: lines for name, lines in sizes.items() if lines > FILE_LINES} == {}


def test_functions__fit() -> None:
    sizes = {
        f'{name_of(file)}:{function.name}': length(function)
        for file in python_files(*SOURCES)
        for function in functions(file)
    }
    assert len(sizes) > 50
    assert {name: lines for name, lines in sizes.items() if lines > FUNCTION_LINES} == {}


def test_constructors__fit() -> None:
    too_long = {}
    for file in python_files(*SOURCES):
        for function in functions(file):
            arguments = function.args
            count = len([*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]) - 1
            if function.name == '__init__' and count > CONSTRUCTOR_ARGUMENTS:
                too_long[name_of(file)] = count
    assert too_long == {}


def test_configs__are_differences() -> None:
    files = [file for file in (ROOT / 'configs').rglob('*.py') if '_base_' not in file.parts]
    sizes = {name_of(file): len(file.read_text().splitlines()) for file in files}
    assert {name: lines for name, lines in sizes.items() if lines > CONFIG_LINES} == {}
