"""Verdicts by hand, and the report that a table gives."""

from __future__ import annotations

import pytest
from study_results import result, table_of
from test_plain_english import LINE_CHARACTERS, MEDIAN_WORDS, MOST_WORDS, sentence_lengths

from experiments.study.answers import answers, claim_rows, verdict
from experiments.study.claims import CLAIMS, Claim
from experiments.study.findings import finding_sentences
from experiments.study.plan import chosen_runs
from experiments.study.scales import SCALES
from experiments.study.set_up import Study
from experiments.study.study_report import write_report
from experiments.study.table import spread

BASE = [float(v) for v in range(10, 16)]


@pytest.mark.parametrize(
    ('difference', 'p', 'corrected', 'words'),
    [
        (9.5, 0.001, 0.01, 'yes'),
        (4.0, 0.001, 0.01, 'in part: less than 9'),
        (9.5, 0.2, 1.0, 'not beyond chance'),
        (9.5, 0.01, 0.3, 'open'),
        (-1.0, 0.01, 0.3, 'open'),
        (-1.0, 0.2, 1.0, 'no'),
        (-1.0, 0.001, 0.01, 'no: the opposite'),
        (0.0, 1.0, 1.0, 'no'),
    ],
)
def test_verdict__of_difference_and_chance(difference, p, corrected, words):
    found = {'difference': spread([difference]), 'p': p}
    assert verdict(Claim('', 'a', 'b', least=9.0), found, corrected) == words


def test_verdict__not_run():
    assert verdict(Claim('', 'a', 'b'), None, 1.0) == 'not run'


def test_claims__published_differences_are_of_the_figures_beside_each_other():
    known = {claim.text: claim.published for claim in CLAIMS if claim.published is not None}
    assert known == {
        'JM-Pose beats TDMI': 1.7,
        'TDMI beats FAMI-Pose': 2.8,
        'FAMI-Pose beats DCPose': 2.9,
        'DCPose beats the single frame': 2.3,
        'JM-Pose beats the single frame by 9 AP': 9.7,
    }


def rows(*results: dict) -> dict[str, list[str]]:
    """Of the checklist, by claim."""
    return {row[0]: row[1:] for row in claim_rows(answers(table_of(*results)))}


def test_claim_rows__are_computed_from_the_table():
    low, high = BASE, [v + 20 for v in BASE]
    better = rows(result('jm_pose', 0, 60.0, high), result('tdmi', 0, 50.0, low))
    worse = rows(result('jm_pose', 0, 50.0, low), result('tdmi', 0, 60.0, high))
    # Six videos have a p of 2 / 2**6; the others that are not run count as p = 1 in the correction.
    assert (
        better['JM-Pose beats TDMI'][:5]
        == [
            '**open**',
            '+10.0',
            '+20.0 to +20.0',
            '0.031',
            f'{len(better) / 32:.3f}',
        ]
        or len(better) > 32
    )
    assert worse['JM-Pose beats TDMI'][1:3] == ['-10.0', '-20.0 to -20.0']
    assert better['DCPose beats the single frame'][:2] == ['**not run**', '–']


def test_claim_rows__are_of_the_scale_alone():
    claims = {
        scale: {a.claim.text for a in answers(table_of(result('tdmi', 0, 1.0, BASE), scale=scale))}
        for scale in ('cpu', 'night')
    }
    assert claims['cpu'] < claims['night']
    assert 'TDMI: 4 stages beat 1' in claims['night'] - claims['cpu']


def whole_table(scale: str) -> dict:
    """A table with every run of a scale: each is 0.1 AP better than the one before."""
    results = []
    for place, run in enumerate(chosen_runs(SCALES[scale])):
        facts = {'title': run.title, 'group': run.group, 'of': run.of}
        for seed in range(run.seeds):
            values = [v + place / 10 + seed for v in BASE]
            results.append(result(run.name, seed, 20 + place / 10 + seed, values, **facts))
    return table_of(*results, scale=scale)


def test_finding_sentences__are_the_figures_of_the_table():
    table = whole_table('night')
    said = finding_sentences(table, answers(table))
    # Over the three seeds that all have, though TAR and the single frame have two more.
    assert said[0].startswith('AP on all frames, from best to worst: TAR 21.9, PoseWarper 21.8')
    assert said[0].endswith('JM-Pose 21.1 and single frame 21.0.')
    assert said[1].startswith('JM-Pose gains +0.1 AP over the single frame: +0.1 on degraded')
    assert (
        said[2]
        == 'After 1, 2, 3 and 5 passes over the samples JM-Pose has 22.0, 22.1, 21.1 and 22.2 AP.'
    )
    assert 'Is the joint learner worth 0.5 AP? It adds -0.1 AP (open)' in said[3]
    assert any(sentence.startswith('The order of 5 methods and the published') for sentence in said)
    assert len(said) == 16
    assert finding_sentences(table_of(result('tdmi', 0, 1.0, BASE)), []) == ['0 claims: .']


@pytest.mark.parametrize('scale', ['cpu', 'night'])
def test_report__is_plain_english_that_fits(scale, tmp_path):
    study = Study(tmp_path / 'work', SCALES[scale])
    text = write_report(tmp_path / 'study.md', study, whole_table(scale)).read_text()
    lengths = sentence_lengths(text)
    assert lengths[len(lengths) // 2] <= MEDIAN_WORDS
    assert lengths[int(0.9 * len(lengths))] <= MOST_WORDS
    long = [line for line in text.splitlines() if len(line) > LINE_CHARACTERS]
    assert [line for line in long if line[:1] not in '|!['] == []
    headings = [line for line in text.splitlines() if line.startswith('## ')]
    assert headings == [
        '## Findings',
        '## Methods and parts',
        '## Figures',
        '## Claims',
        '## Details',
    ]
    pictures = {file.name for file in (tmp_path / 'study').iterdir()}
    assert pictures == {'passes.png', 'factors.png', 'ablations.png'}
    assert 'Runs made: ' in text.splitlines()[2]
    assert 'Not finished' not in text


def test_report__says_what_is_missing(tmp_path):
    table = table_of(result('jm_pose', 0, 50.0, BASE), result('single_frame', 0, 40.0, BASE))
    text = write_report(tmp_path / 'study.md', Study(tmp_path / 'work', SCALES['cpu']), table)
    said = ' '.join(text.read_text().split())
    assert 'Runs made: 2 of 38 planned, of seeds 0.' in said
    assert '**Not finished.** Missing: * seed 0: jm_pose-no_joint_learner,' in said
    assert '| **not run** |' in said or '**not run**' in said
