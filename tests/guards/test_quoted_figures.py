"""Quotations of the study are what docs/study.md, written by its program, says."""

from __future__ import annotations

import re

from source_files import ROOT

README, STUDY, JM_POSE = (
    (ROOT / name).read_text() for name in ('README.md', 'docs/study.md', 'docs/jm_pose.md')
)
QUOTED = '| embedded `hard` set'


def table_rows(text: str) -> dict[str, list[str]]:
    """First cell to the other cells, of a text's first table."""
    lines = text[text.index('|') :].splitlines()
    table = lines[: next((i for i, line in enumerate(lines) if not line.startswith('|')), None)]
    cells = ([cell.strip() for cell in line.strip('|').split('|')] for line in table[2:])
    return {first: rest for first, *rest in cells}


def test_readme__quotes_the_means_of_the_study() -> None:
    quoted = table_rows(README[README.index(QUOTED) :])
    study = table_rows(STUDY[STUDY.index('### Ground-truth boxes') :])
    assert len(quoted) >= 5
    assert quoted == {title: study[title][1:4] for title in quoted}


def test_readme__counts_the_claims_of_the_study() -> None:
    quoted = re.search(r'each of (\d+) claims, (\d+) of them yes', README)
    study = re.search(r'(\d+) claims: (?:.*, )?(\d+) yes', STUDY)
    assert quoted is not None
    assert study is not None
    assert quoted.groups() == study.groups()


def test_jm_pose__quotes_differences_of_the_study() -> None:
    quoted = table_rows(JM_POSE[JM_POSE.index('## What the study shows') :])
    said = {cell.strip() for line in STUDY.splitlines() for cell in line.split('|')}
    assert len(quoted) >= 10
    assert {now.replace('−', '-') for *_, now in quoted.values()} <= said


def test_table_rows__of_the_first_table() -> None:
    text = 'x\n| a | b |\n| - | - |\n| 1 | 2 ± 1 |\n\n| c |\n| - |\n| 3 |\n'
    assert table_rows(text) == {'1': ['2 ± 1']}
