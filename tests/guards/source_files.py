"""What the guards look at: the source files of this repository and their imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'jmpose_mm'


def python_files(*folders: str) -> list[Path]:
    """All Python files in `folders` of the repository, by path; not those behind ``.mim``."""
    found = [file for folder in folders for file in (ROOT / folder).rglob('*.py')]
    return sorted(file for file in found if '.mim' not in file.parts)


@cache
def tree_of(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text(encoding='utf-8'), str(file))


def name_of(file: Path) -> str:
    """The path of a file as shown in messages."""
    return file.relative_to(ROOT).as_posix()


def imports_of(file: Path) -> Iterator[str]:
    """Full dotted names of all that a module of the package imports, wherever in the file."""
    package = file.relative_to(ROOT).with_suffix('').parts[:-1]
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = '.'.join([*base, *([node.module] if node.module else [])])
            yield from (f'{module}.{alias.name}' for alias in node.names)
