"""An entry of a docstring stands alone, and a sentence has one thought."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from source_files import name_of, python_files, tree_of

MOST_WORDS = 30
ENTRY = re.compile(r'^ {4,}(\*{0,2}\w+): (Of|Its|Their|What|Which|Whether|How)\b', re.M)
# Parts that are no sentences: examples, formulas, tables.
NO_PROSE = re.compile(r'\n\s*Examples?:.*|\.\. math::.*?(?=\n\n|\Z)|^[=| ].*={3,}.*$', re.S | re.M)


def docstrings(folder: str) -> Iterator[tuple[str, str]]:
    """Where each docstring of a folder stands, and its text."""
    for file in python_files(folder):
        for node in ast.walk(tree_of(file)):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                text = ast.get_docstring(node)
                if text:
                    yield f'{name_of(file)} {getattr(node, "name", "module")}', text


def long_sentences(text: str) -> list[str]:
    prose = NO_PROSE.sub('\n\n', text)
    blocks = re.split(r'\n\s*\n|\n(?=\s*\w[\w*, ]*: )|\n(?=\s*(?:[*-]|\d+\.) )', prose)
    sentences = (
        sentence
        for block in blocks
        for sentence in re.split(r'(?<=[.!?;:])\s+(?=[A-Z`*(])|(?<=;)\s', ' '.join(block.split()))
    )
    return [s for s in sentences if len(re.findall(r'(?<!\S)\S*\w\S*', s)) > MOST_WORDS]


def test_entries__stand_alone() -> None:
    found = [
        f'{place}: {match[1]}: {match[2]} ...'
        for folder in ('jmpose_mm', 'experiments')
        for place, text in docstrings(folder)
        for match in ENTRY.finditer(text)
    ]
    assert found == []


def test_sentences__have_one_thought() -> None:
    found = [
        f'{place}: {sentence}'
        for place, text in docstrings('jmpose_mm')
        for sentence in long_sentences(text)
    ]
    assert found == []


def test_patterns__find_and_spare() -> None:
    assert ENTRY.search('Args:\n    names: Of the runs.')
    assert not ENTRY.search('Args:\n    names: Names of the runs. Of two, both.')
    words = 'word ' * (MOST_WORDS - 1)
    assert long_sentences(f'{words}end.') == []
    assert long_sentences(f'A {words}end.') == [f'A {words}end.']
    assert long_sentences(f'{words}end. W{words[1:]}end.') == []
