"""Figures that are quoted are those of their row: docs/study.md is written by its program."""

from __future__ import annotations

import re

import pytest
from source_files import ROOT

README, STUDY, JM_POSE, FAMI_POSE = (
    (ROOT / name).read_text(encoding='utf-8')
    for name in ('README.md', 'docs/study.md', 'docs/jm_pose.md', 'docs/fami_pose.md')
)
QUOTED = '| embedded `hard` set'
# A row of docs/jm_pose.md and the claim of docs/study.md that it quotes.
CLAIMS = {
    'JM-Pose − single frame, one pass': 'JM-Pose beats the single frame by 9 AP',
    'JM-Pose − single frame, three passes': 'after 3 passes JM-Pose beats the single frame by 9 AP',
    'JM-Pose − TDMI': 'JM-Pose beats TDMI',
    'TDMI − FAMI-Pose': 'TDMI beats FAMI-Pose',
    'FAMI-Pose − DCPose': 'FAMI-Pose beats DCPose',
    'joint learner, one pass': "JM-Pose's joint learner is worth 0.5 AP",
    'joint learner, three passes': 'after 3 passes the joint learner is worth 0.5 AP',
    'mutual learning, one pass': "JM-Pose's mutual learning is worth 0.5 AP",
    'mutual learning, three passes': 'after 3 passes the mutual learning is worth 0.5 AP',
    'orthogonality, one pass': "JM-Pose's orthogonality is worth 0.5 AP",
    'orthogonality, three passes': 'after 3 passes the orthogonality is worth 0.5 AP',
    '`gaussian` − `released`': 'the Gaussian estimator beats the released one',
    '`gaussian` − `kl`': 'the Gaussian estimator beats kl',
    "key frame's features in the motion": "the key frame's features in the motion pay",
    '5 frames − 3': '5 frames beat 3 (JM-Pose)',
    'backbone trained too − frozen': 'training the backbone too pays',
}


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
    quoted = re.search(r'each of (\d+) claims, (\d+) of them yes', ' '.join(README.split()))
    study = re.search(r'(\d+) claims: (?:.*, )?(\d+) yes', STUDY)
    assert quoted is not None
    assert study is not None
    assert quoted.groups() == study.groups()


def test_jm_pose__quotes_each_difference_of_its_claim() -> None:
    quoted = table_rows(JM_POSE[JM_POSE.index('## What the study shows') :])
    now = {title: cells[-1].replace('−', '-') for title, cells in quoted.items()}
    claims = table_rows(STUDY[STUDY.index('## Claims') :])
    means = table_rows(STUDY[STUDY.index('### Ground-truth boxes') :])
    said = {title: claims[claim][1] for title, claim in CLAIMS.items()}
    assert now == {'single frame': means['single frame'][1], **said}


def test_jm_pose__quotes_the_gains_in_its_text() -> None:
    claims = table_rows(STUDY[STUDY.index('## Claims') :])
    for words, claim in (
        (
            r'its gain is time\'s\*\* \((\S+) on all frames, (\S+) on degraded',
            'JM-Pose beats the single frame by 9 AP',
        ),
        (
            r'the gain is (\S+) \(degraded (\S+);',
            'after 3 passes JM-Pose beats the single frame by 9 AP',
        ),
    ):
        quoted = re.search(words, ' '.join(JM_POSE.split()))
        assert quoted is not None, words
        said = [claims[claim][place].split(' ± ')[0].lstrip('+') for place in (1, 3)]
        assert [figure.lstrip('+') for figure in quoted.groups()] == said


def test_fami_pose__quotes_the_demo_of_the_readme() -> None:
    rows = README[README.index('## Results') : README.index('The first rows are')].splitlines()
    demo = {
        model.split(',')[0].strip(): [ap.strip(), degraded.strip()]
        for model, ap, degraded in (
            (cells[3], cells[5], cells[6]) for cells in (row.split('|') for row in rows[4:] if row)
        )
    }
    quoted = table_rows(FAMI_POSE[FAMI_POSE.index('| | all | degraded | copies |') :])
    assert quoted['single frame'][:2] == demo['single frame']
    assert quoted['FAMI-Pose, sigmoid'][:2] == demo['FAMI-Pose']


def test_table_rows__of_the_first_table() -> None:
    text = 'x\n| a | b |\n| - | - |\n| 1 | 2 ± 1 |\n\n| c |\n| - |\n| 3 |\n'
    assert table_rows(text) == {'1': ['2 ± 1']}


# A page and its figures, in their order: the claim of docs/study.md and its column.
SAID_IN_WORDS = {
    'dcpose': [('DCPose beats the single frame', 1), ('DCPose beats the single frame', 3)],
    'fami_pose': [
        ('FAMI-Pose beats DCPose', 1),
        ('FAMI-Pose: global alignment pays', 1),
        ('FAMI-Pose: local calibration pays', 1),
        ('FAMI-Pose: the information terms pay', 1),
    ],
    'tdmi': [
        ('TDMI beats FAMI-Pose', 1),
        ('TDMI beats FAMI-Pose', 3),
        ('TDMI: 4 stages beat 1', 1),
        ('TDMI: disentanglement pays', 1),
        ('TDMI: the information terms pay', 1),
    ],
}


@pytest.mark.parametrize('page', SAID_IN_WORDS)
def test_method_page__quotes_the_differences_of_its_claims(page: str) -> None:
    text = (ROOT / 'docs' / f'{page}.md').read_text(encoding='utf-8')
    said = text[text.index('# What the study says') :].split('\n#')[0]
    claims = table_rows(STUDY[STUDY.index('## Claims') :])
    quoted = re.findall(r'[+-]\d+\.\d ± \d+\.\d', ' '.join(said.split()))
    assert quoted == [claims[claim][column] for claim, column in SAID_IN_WORDS[page]]
