"""Documents for strangers: short sentences, lines that fit a screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from source_files import ROOT, name_of

MEDIAN_WORDS, MOST_WORDS = 15, 30  # MOST_WORDS holds for nine sentences in ten
LINE_CHARACTERS = 100
DOCUMENTS = sorted([*ROOT.glob('*.md'), *ROOT.glob('docs/**/*.md'), *ROOT.glob('configs/**/*.md')])


def prose(text: str) -> str:
    """The text without code blocks, tables, headings, links' targets and comments."""
    text = re.sub(r'^```.*?^```', '', text, flags=re.S | re.M)
    text = re.sub(r'<!--.*?-->', '', text, flags=re.S)
    text = re.sub(r'^(#|\||:::|    ).*$', '', text, flags=re.M)
    return re.sub(r'\]\([^)]*\)', ']', text)


def sentence_lengths(text: str) -> list[int]:
    """Numbers of words, of sentences in ascending order."""
    blocks = re.split(r'\n\s*\n|\n\s*(?=[*-] |\d+\. )', prose(text))
    sentences = (
        sentence
        for block in blocks
        for sentence in re.split(r'(?<=[.!?])\s+(?=[^a-z])|:\s*\n', ' '.join(block.split()))
    )
    counts = (len(re.findall(r'(?<!\S)\S*\w\S*', sentence)) for sentence in sentences)
    return sorted(count for count in counts if count > 1)


@pytest.mark.parametrize('file', DOCUMENTS, ids=name_of)
def test_sentences__are_short(file: Path) -> None:
    lengths = sentence_lengths(file.read_text(encoding='utf-8'))
    if lengths:
        assert lengths[len(lengths) // 2] <= MEDIAN_WORDS
        assert lengths[int(0.9 * len(lengths))] <= MOST_WORDS


@pytest.mark.parametrize('file', DOCUMENTS, ids=name_of)
def test_lines__fit(file: Path) -> None:
    text = re.sub(r'^```.*?^```', '', file.read_text(encoding='utf-8'), flags=re.S | re.M)
    long = [
        line for line in text.splitlines() if len(line) > LINE_CHARACTERS and line[:1] not in '|!['
    ]
    assert long == []


def test_sentence_lengths__of_prose_alone() -> None:
    text = '# A b c d\n\nOne two three. Four [five](six/seven eight).\n\n```\nx y z w\n```\n* a b\n'
    assert sentence_lengths(text) == [2, 2, 3]
