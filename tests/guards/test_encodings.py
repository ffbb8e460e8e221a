"""Text is read and written in a named encoding: a system's default need not be UTF-8.

ruff's rule sees it where it can tell that something is a path; this sees every call of the name.
"""

from __future__ import annotations

import ast

import pytest
from source_files import name_of, python_files, tree_of

SOURCES = ('jmpose_mm', 'experiments', 'tools', 'build_backend')
# Name of the call to the place of its mode.
OPENS = {'open': 1, 'fdopen': 1}
SYSTEM = ('os', 'cv2', 'Image', 'tarfile', 'zipfile', 'webbrowser', 'av', 'wave', 'opener')


def without_encoding(tree: ast.AST) -> list[int]:
    """Lines of calls that leave the encoding of text to the system."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and 'encoding' not in {keyword.arg for keyword in node.keywords}
        and _is_text(node)
    ]


def _is_text(call: ast.Call) -> bool:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, 'id', '')
    owner = getattr(getattr(function, 'value', None), 'id', '')
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if name == 'read_text':
        return not call.args
    if name == 'write_text':
        return len(call.args) < 2
    if name in ('run', 'Popen', 'check_output') and owner == 'subprocess':
        return 'text' in keywords
    if name not in OPENS or (owner in SYSTEM and name != 'fdopen'):
        return False
    place = OPENS[name] - (isinstance(function, ast.Attribute) and name == 'open')
    mode = keywords.get('mode') or (call.args[place] if len(call.args) > place else None)
    if mode is None:
        return True
    return not isinstance(mode, ast.Constant) or 'b' not in str(mode.value)


def test_sources__name_the_encoding_of_text() -> None:
    files = python_files(*SOURCES)
    assert len(files) > 100
    found = {name_of(file): without_encoding(tree_of(file)) for file in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ('line', 'is_found'),
    [
        ('path.read_text()', True),
        ("path.read_text(encoding='utf-8')", False),
        ('path.write_text(content)', True),
        ("path.write_text(content, 'utf-8')", False),
        ('open(path)', True),
        ("open(path, 'rb')", False),
        ("path.open('w')", True),
        ("path.open('rb')", False),
        ("os.fdopen(number, 'w')", True),
        ('os.open(path, flags)', False),
        ('subprocess.run(command, text=True)', True),
        ('subprocess.run(command)', False),
    ],
)
def test_guard__finds(line: str, is_found: bool) -> None:
    assert bool(without_encoding(ast.parse(line))) is is_found
