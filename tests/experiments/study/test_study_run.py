"""A study of two runs from end to end: what it writes, that it goes on, what its report says."""

from __future__ import annotations

import json
import re

import pytest

from experiments.study import plan, run_study
from experiments.study.scales import Scale
from jmpose_mm.errors import UsageError

SCALE = Scale(
    seeds={'method': 1, 'part': 1},
    settings={'videos_train': 2, 'videos_val': 4, 'frames': 9},
    samples=8,
    batch=4,
    baseline_epochs=1,
    test_interval=4,
    workers=0,
)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('study')
    with pytest.MonkeyPatch.context() as patch:
        chosen = [run for run in plan.RUNS if run.name in ('single_frame', 'jm_pose')]
        patch.setattr(plan, 'RUNS', chosen)
        run_study(folder / 'work', SCALE, report=folder / 'docs/study.md', jobs=1)
    return folder


def _results(folder) -> dict[str, int]:
    return {f.name: f.stat().st_mtime_ns for f in (folder / 'work/results').iterdir()}


@pytest.mark.slow
def test_run_study__writes_a_result_for_each_run(folder):
    assert set(_results(folder)) == {'jm_pose-seed0.json', 'single_frame-seed0.json'}
    result = json.loads((folder / 'work/results/jm_pose-seed0.json').read_text())
    assert set(result['tested']) == {'truth', 'noisy'}
    assert set(result['on_copies']['ap']) == set(result['tested']['truth']['ap'])
    assert len(result['tested']['truth']['videos']['all']) == 4
    assert not (folder / 'work/seed0/features').exists()


@pytest.mark.slow
def test_run_study__does_not_make_a_result_again(folder):
    before = _results(folder)
    assert run_study(folder / 'work', SCALE, only='jm_pose', jobs=1) is None
    assert _results(folder) == before


@pytest.mark.slow
def test_report__again_changes_nothing_but_the_date(folder):
    def written() -> dict[str, bytes]:
        run_study(folder / 'work', SCALE, report_only=True, report=folder / 'docs/study.md')
        files = [file for file in (folder / 'docs').rglob('*') if file.is_file()]
        return {file.name: re.sub(rb'Written \S+', b'', file.read_bytes()) for file in files}

    before = written()
    assert written() == before
    assert {'study.md', 'data.jpg', 'factors.png', 'cases_won.jpg'} <= set(before)


@pytest.mark.slow
def test_report__says_what_is_missing(folder):
    run_study(folder / 'work', SCALE, report_only=True, report=folder / 'docs/study.md')
    text = (folder / 'docs/study.md').read_text()
    assert '**Not finished.** Missing:' in text
    assert 'dcpose' in text
    assert 'JM-Pose beats TDMI' in text
    assert '**not run**' in text


@pytest.mark.slow
def test_run_study__refuses_the_folder_of_another(folder):
    other = Scale(**{**SCALE.to_dict(), 'samples': 12})
    with pytest.raises(UsageError, match='expected this very study or a new folder'):
        run_study(folder / 'work', other, only='jm_pose', jobs=1)


def test_run_study__unknown_scale(tmp_path):
    with pytest.raises(
        UsageError, match=r"scale: expected one of \['cpu', 'gpu', 'night'\], got 'tpu'"
    ):
        run_study(tmp_path, 'tpu')


def test_report__of_nothing(tmp_path):
    with pytest.raises(UsageError, match=r'expected a study, found no study\.json'):
        run_study(tmp_path, report_only=True)
