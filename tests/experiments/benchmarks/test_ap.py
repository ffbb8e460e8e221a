"""The two ways that are timed agree, and the set that they are timed on is what it claims to be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from official_evaluations import KEPT, REAL

from experiments.benchmarks import ap
from experiments.benchmarks.per_frame_ap import evaluate_per_frame, read_per_frame
from experiments.benchmarks.poseval_set import write_poseval_set
from jmpose_mm.evaluation.poseval import evaluate_folders
from jmpose_mm.formats.prediction_pairs import read_pairs


@pytest.mark.parametrize(
    'folder',
    [KEPT / '04_edge_nan', *([REAL] if REAL.is_dir() else [])],
    ids=lambda folder: folder.name,
)
def test_per_frame_loop__gives_the_official_numbers(folder: Path) -> None:
    expected = json.loads((folder / 'expected.json').read_text())['ap'][:-1]
    with np.errstate(invalid='ignore'):  # a joint may be nowhere
        values = evaluate_per_frame(read_per_frame(folder / 'gt', folder / 'pred'))
    known = [value is not None for value in expected]
    assert sum(known) > 10
    np.testing.assert_allclose(np.asarray(values)[known], np.asarray(expected, float)[known])


def test_made_up_set__is_imperfect_in_every_way_and_equal_for_equal_seeds(tmp_path: Path) -> None:
    for name in ('a', 'b'):
        write_poseval_set(tmp_path / name, videos=2, frames=20, people=6)
    files = sorted((tmp_path / 'a').rglob('*.json'))
    assert len(files) == 4
    for file in files:
        assert file.read_bytes() == (tmp_path / 'b' / file.relative_to(tmp_path / 'a')).read_bytes()
    result = evaluate_folders(tmp_path / 'a' / 'gt', tmp_path / 'a' / 'pred').ap
    true, predicted, *_ = read_pairs(tmp_path / 'a' / 'gt', tmp_path / 'a' / 'pred')
    persons = len(true.persons.image), len(predicted.persons.image)
    assert persons[0] == 2 * 20 * 6
    assert persons[0] < persons[1] < 1.3 * persons[0]
    assert 0.8 * persons[0] < result.num_true.mean() < 0.95 * persons[0]
    assert ((55 < result.ap) & (result.ap < 85)).all()


def test_run__times_both_ways_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, core = ap.measure(size=ap.PoseSetSize(videos=1, frames=3, people=2, runs=2))
    for comparison in (whole, core):
        seconds = [*comparison.reference_seconds, *comparison.our_seconds]
        assert len(seconds) == 4
        assert min(seconds) > 0
        assert '1 videos x 3 frames x 2 people' in comparison.note
    monkeypatch.setattr(ap, 'evaluate_per_frame', lambda frames: [1.0] * 15)
    with pytest.raises(RuntimeError, match='the two ways differ'):
        ap.measure(size=ap.PoseSetSize(videos=1, frames=3, people=2, runs=1))
