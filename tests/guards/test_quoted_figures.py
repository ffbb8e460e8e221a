"""Figures that are quoted are those of their row: docs/study.md is written by its program."""

from __future__ import annotations

import re

import pytest
from source_files import ROOT

README, STUDY, NIGHT, ONE_PASS, JM_POSE, FAMI_POSE = (
    (ROOT / name).read_text(encoding='utf-8')
    for name in (
        'README.md',
        'docs/study.md',
        'docs/study_night.md',
        'docs/study_one_pass.md',
        'docs/jm_pose.md',
        'docs/fami_pose.md',
    )
)
QUOTED = '| embedded `hard` set'
# A row of docs/jm_pose.md and the claim that it quotes: of docs/study.md, and of the study before.
CLAIMS = {
    'JM-Pose − single frame': 'JM-Pose beats the single frame by 9 AP',
    'JM-Pose − TDMI': 'JM-Pose beats TDMI',
    'TDMI − FAMI-Pose': 'TDMI beats FAMI-Pose',
    'FAMI-Pose − DCPose': 'FAMI-Pose beats DCPose',
    'joint learner': "JM-Pose's joint learner is worth 0.5 AP",
    'mutual learning': "JM-Pose's mutual learning is worth 0.5 AP",
    'orthogonality, weight 1e-4': "JM-Pose's orthogonality is worth 0.5 AP",
    'orthogonality, weight 1e-5': 'orthogonality pays at a weight of 1e-5',
    'orthogonality, second half alone': 'orthogonality pays if it starts late',
    'orthogonality as released': 'orthogonality pays as released',
    'second pass': 'a second pass brings JM-Pose 1 AP',
    'third pass': 'a third pass brings JM-Pose 1 AP',
    '5 passes − 3': '5 passes bring JM-Pose 1 AP more than 3',
    'JM-Pose − the same, trained on copies': 'JM-Pose gains from time, not from its size',
    'JM-Pose − single frame with as many parameters': (
        'JM-Pose beats a single frame with as many parameters by 9 AP'
    ),
}
CLAIMS_AT_NIGHT = {
    'joint learner, 5 passes': "JM-Pose's joint learner is worth 0.5 AP after 5 passes",
    'mutual learning, 5 passes': "JM-Pose's mutual learning is worth 0.5 AP after 5 passes",
    'orthogonality, 5 passes': "JM-Pose's orthogonality is worth 0.5 AP after 5 passes",
    'orthogonality, weight 1e-5': 'orthogonality pays at a weight of 1e-5',
    'orthogonality, second half alone': 'orthogonality pays if it starts late',
    'orthogonality as released': 'orthogonality pays as released',
    'attention over channels − over positions': 'attention over channels beats positions',
    'attention over channels − to pooled positions': (
        'attention over channels beats pooled positions'
    ),
    "guided by all heatmaps − by the key frame's": "all frames' heatmaps guide better than one's",
    'guided by heatmaps and motion − by motion': 'heatmaps guide better than motion alone',
    "key frame's features in the motion": "the key frame's features in the motion pay",
    '5 frames − 3': '5 frames beat 3 (JM-Pose)',
    'backbone trained too − frozen': 'training the backbone too pays',
    'JM-Pose − single frame on ResNet-34': 'JM-Pose beats a single frame on ResNet-34',
}
CLAIMS_BEFORE = {
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
DEGRADED = 5  # a claim's column in docs/study.md


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
    study = re.search(r'(\d+) claims: (?:[^.]*, )?(\d+) yes', ' '.join(STUDY.split()))
    assert quoted is not None
    assert study is not None
    assert quoted.groups() == study.groups()


def claims_of(study: str) -> dict[str, list[str]]:
    """Answer, difference and the other cells by claim."""
    return table_rows(study[study.index('## Claims') :])


def test_readme__quotes_what_orthogonality_costs() -> None:
    (cost,) = re.findall(r'orthogonality objective costs (\d+\.\d) AP', ' '.join(README.split()))
    answer, difference, *_ = claims_of(STUDY)["JM-Pose's orthogonality is worth 0.5 AP"]
    assert answer == '**no: the opposite**'
    assert difference.split(' ± ')[0] == f'-{cost}'


@pytest.mark.parametrize(
    ('title', 'study', 'wanted'),
    [
        ('## What the study shows', STUDY, CLAIMS),
        ('### After more passes, and in other forms', NIGHT, CLAIMS_AT_NIGHT),
    ],
    ids=['study', 'night'],
)
def test_jm_pose__quotes_each_claim(title: str, study: str, wanted: dict[str, str]) -> None:
    quoted = table_rows(JM_POSE[JM_POSE.index(title) :])
    now = {row: [cell.replace('−', '-') for cell in cells] for row, cells in quoted.items()}
    claims = {row: claims_of(study)[claim] for row, claim in wanted.items()}
    assert now == {
        row: [cells[1], cells[DEGRADED], cells[0].strip('*')] for row, cells in claims.items()
    }


def test_jm_pose__quotes_each_difference_of_the_study_before() -> None:
    quoted = table_rows(JM_POSE[JM_POSE.index('### The studies before') :])
    now = {title: cells[-1].replace('−', '-') for title, cells in quoted.items()}
    means = table_rows(ONE_PASS[ONE_PASS.index('### Ground-truth boxes') :])
    said = {title: claims_of(ONE_PASS)[claim][1] for title, claim in CLAIMS_BEFORE.items()}
    assert now == {'single frame': means['single frame'][1], **said}


def test_jm_pose__quotes_the_differences_in_its_text() -> None:
    start, end = JM_POSE.index('What the figures mean'), JM_POSE.index('### After more passes')
    said = ' '.join(JM_POSE[start:end].split())
    quoted = re.findall(r'[+-]\d+\.\d(?: ± \d+\.\d)?', said)
    rows = [
        'JM-Pose − single frame',
        *('second pass', 'third pass', '5 passes − 3', 'joint learner', 'mutual learning'),
        *(f'orthogonality, {form}' for form in ('weight 1e-4', 'weight 1e-5', 'second half alone')),
    ]
    known = [claims_of(STUDY)[CLAIMS[row]][1] for row in rows]
    known.insert(1, claims_of(STUDY)[CLAIMS[rows[0]]][DEGRADED])
    assert quoted == known


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


# A page and its figures, in their order: the study, the claim in it and its column.
SAID_IN_WORDS = {
    'dcpose': [
        (STUDY, 'DCPose beats the single frame', 1),
        (STUDY, 'DCPose beats the single frame', DEGRADED),
    ],
    'posewarper': [
        (STUDY, 'PoseWarper beats the single frame', 1),
        (STUDY, 'PoseWarper beats the single frame', DEGRADED),
        (STUDY, 'DCPose beats PoseWarper', 1),
    ],
    'tar': [
        (STUDY, 'TAR beats the single frame', 1),
        (STUDY, 'TAR beats the single frame', DEGRADED),
        (NIGHT, 'TAR beats the single frame', 1),
    ],
    'fami_pose': [
        (STUDY, 'FAMI-Pose beats DCPose', 1),
        (NIGHT, 'FAMI-Pose beats DCPose after 5 passes', 1),
        (NIGHT, 'FAMI-Pose: global alignment pays', 1),
        (NIGHT, 'FAMI-Pose: local calibration pays', 1),
        (NIGHT, 'FAMI-Pose: the information terms pay', 1),
        (ONE_PASS, 'FAMI-Pose: global alignment pays', 1),
        (ONE_PASS, 'FAMI-Pose: local calibration pays', 1),
        (ONE_PASS, 'FAMI-Pose: the information terms pay', 1),
    ],
    'tdmi': [
        (STUDY, 'TDMI beats FAMI-Pose', 1),
        (STUDY, 'TDMI beats FAMI-Pose', DEGRADED),
        (NIGHT, 'TDMI: 4 stages beat 1', 1),
        (NIGHT, 'TDMI: disentanglement pays', 1),
        (NIGHT, 'TDMI: the information terms pay', 1),
        (ONE_PASS, 'TDMI: 4 stages beat 1', 1),
        (ONE_PASS, 'TDMI: disentanglement pays', 1),
        (ONE_PASS, 'TDMI: the information terms pay', 1),
    ],
}


@pytest.mark.parametrize('page', SAID_IN_WORDS)
def test_method_page__quotes_the_differences_of_its_claims(page: str) -> None:
    text = (ROOT / 'docs' / f'{page}.md').read_text(encoding='utf-8')
    said = text[text.index('# What the study says') :].split('\n#')[0]
    quoted = re.findall(r'[+-]\d+\.\d ± \d+\.\d', ' '.join(said.split()))
    known = [claims_of(study)[claim][column] for study, claim, column in SAID_IN_WORDS[page]]
    assert quoted == known
