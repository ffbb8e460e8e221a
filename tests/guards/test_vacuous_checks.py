"""No test that cannot fail: results thrown away, assertions about constants, or none at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from source_files import name_of, python_files, tree_of

THROWN_AWAY = {'allclose', 'equal', 'array_equal', 'isclose', 'isfinite', 'all', 'any'}
# calls that raise by themselves
RAISING = ('assert_', 'raises', 'warns', 'fail', 'gradcheck', 'check_call')


def called(node: ast.AST) -> str:
    """The last part of the name of a called function, '' for anything else."""
    if not isinstance(node, ast.Call):
        return ''
    function = node.func
    return getattr(function, 'attr', getattr(function, 'id', ''))


def is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return bool(node.elts)
    return isinstance(node, ast.Constant) and bool(node.value)


def vacuous(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and kind of every check in a syntax tree that cannot fail."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            if isinstance(node.value, ast.Compare):
                yield node.lineno, 'a comparison thrown away'
            elif called(node.value) in THROWN_AWAY:
                yield node.lineno, f'the result of {called(node.value)} thrown away'
            elif called(node.value) in ('assertTrue', 'assertFalse'):
                call = node.value
                if isinstance(call, ast.Call) and (len(call.args) > 1 or is_constant(call.args[0])):
                    yield node.lineno, 'assertTrue with a second argument or a constant'
        elif isinstance(node, ast.Assert) and is_constant(node.test):
            yield node.lineno, 'an assertion about a constant or a tuple'
        elif isinstance(node, ast.FunctionDef) and node.name.startswith('test_'):
            if not any(checks(child) for child in ast.walk(node)):
                yield node.lineno, f'{node.name} checks nothing'


def checks(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert) or called(node).startswith(RAISING)


def test_tests__can_fail() -> None:
    files = python_files('tests')
    assert files
    found = [
        f'{name_of(file)}:{line}: {kind}' for file in files for line, kind in vacuous(tree_of(file))
    ]
    assert found == []


@pytest.mark.parametrize(
    'line',
    [
        'a == b',
        'torch.allclose(a, b)',
        'assert (a, "message")',
        'assert True',
        'self.assertTrue(a, 3)',
        'pass',
    ],
)
def test_guard__finds(line: str) -> None:
    checked = '' if line == 'pass' else '    assert c\n'
    assert len(list(vacuous(ast.parse(f'def test_x():\n    {line}\n{checked}')))) == 1


@pytest.mark.parametrize(
    'line',
    ['assert torch.allclose(a, b)', 'torch.testing.assert_close(a, b)', 'assert a == b, (a, b)'],
)
def test_guard__accepts(line: str) -> None:
    assert list(vacuous(ast.parse(f'def test_x():\n    {line}\n'))) == []
