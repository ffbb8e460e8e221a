"""The plan: every run builds, differs from its method where it says so, and serves a claim."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.study.budget import CORES, estimated_seconds
from experiments.study.claims import CLAIMS
from experiments.study.plan import METHODS, PASSES, RUNS, chosen_runs
from experiments.study.scales import MAIN, SCALES, Scale
from experiments.study.set_up import run_config
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import MODELS

BY_NAME = {run.name: run for run in RUNS}
ON_CPU = chosen_runs(SCALES['night'])


def _trained(study, name: str) -> int:
    model = MODELS.build(run_config(study, BY_NAME[name], 0).model)
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def test_names__are_unique_and_claims_name_runs():
    assert len(BY_NAME) == len(RUNS)
    assert {name for claim in CLAIMS for name in (claim.better, claim.worse)} <= BY_NAME.keys()


@pytest.mark.parametrize('run', ON_CPU, ids=lambda run: run.name)
def test_runs__build_and_differ_from_their_method(study, run):
    cfg = run_config(study, run, 0)
    model = MODELS.build(cfg.model)
    assert model.with_neck == ('neck' in cfg.model)
    learns = any(p.requires_grad for p in model.backbone.parameters())
    assert learns == (run.trained != 'neck')
    if run.of:
        proposed = run_config(study, BY_NAME[run.of], 0)
        pipeline = cfg.train_dataloader.dataset.pipeline[0]
        other_passes = run.passes != BY_NAME[run.of].passes
        late = run.objective_from > 0
        changed = [cfg.model != proposed.model, run.copies, other_passes, late]
        assert changed.count(True) == 1
        assert pipeline.copies_of_key == run.copies


@pytest.mark.parametrize('run', METHODS, ids=lambda run: run.name)
def test_gpu_scale__takes_the_other_backbone(study, run):
    large = type(study)(study.folder, SCALES['gpu'])
    cfg = run_config(large, run, 0)
    model = MODELS.build(cfg.model)
    assert cfg.model.backbone.type == 'jmpose_mm.HRNetStages'
    (crop,) = (s for s in cfg.test_dataloader.dataset.pipeline if 'TopdownClipAffine' in s.type)
    assert tuple(crop.input_size) == (192, 256) == tuple(model.head.decoder.input_size)


def test_single_frame__has_as_many_parameters_as_jm_pose(study):
    wanted = _trained(study, 'jm_pose')
    assert _trained(study, 'single_frame-as_many_parameters') == pytest.approx(wanted, rel=0.01)


def test_chosen_runs__by_scale_and_pattern():
    found = {scale: {run.name for run in chosen_runs(SCALES[scale])} for scale in SCALES}
    assert found['cpu'] < found['night']
    assert SCALES['cpu'].setting() == SCALES['night'].setting()  # so that they share results
    assert found['gpu'] - found['night'] == {
        'single_frame-hrnet_w48',
        'tdmi-2_stages',
        'tdmi-3_stages',
    }
    chosen = chosen_runs(SCALES['night'], 'fami_pose-no_l*,tar,tdmi')
    assert {run.name: run.seeds for run in chosen} == {
        'tdmi': 3,
        'tar': 5,  # its own number stands before its group's
        'fami_pose-no_local': 2,
    }
    with pytest.raises(UsageError, match=r"only: expected a pattern of .*'jm_pose'.* got 'x'"):
        chosen_runs(SCALES['cpu'], 'x')


def test_plan__has_what_the_study_promises():
    main = [run for run in chosen_runs(SCALES['cpu']) if run.group in ('method', 'part')]
    assert len(main) == 7 + 3
    assert {(run.seeds, run.passes) for run in main} == {(3, PASSES)}
    curve = {run.passes for run in RUNS if run.group == 'curve'}
    assert curve | {PASSES} == {1, 2, 3, 5}
    assert {run.seeds for run in chosen_runs(SCALES['night']) if run.group == 'ablation'} == {2}


def test_plan__serves_claims_and_every_group_has_one():
    """What no claim names is trained for nothing."""
    named = {name for claim in CLAIMS for name in (claim.better, claim.worse)}
    assert {run.name for run in RUNS} == named


def test_estimated_seconds__fit_what_is_promised():
    assert estimated_seconds(SCALES['cpu']) <= 2 * 3600 * CORES
    assert estimated_seconds(SCALES['night']) <= 8 * 3600 * CORES
    assert estimated_seconds(SCALES['gpu']) is None


def test_estimated_seconds__by_hand():
    one = Scale(seeds={'curve': 2}, samples=1600)
    # Rendering; two seeds of features of 1600 and 2700 clips, of three tests, and of 1, 2 and 5
    # passes of 200 steps.
    expected = 250 + 2 * (0.06 * (1600 + 2700) + 3 * 12 + 8 * 200 * 0.215)
    assert estimated_seconds(one) == pytest.approx(expected)


def test_setting__is_that_of_a_file():
    scale = Scale(name='other', seeds={'method': 1}, settings={'size': (96, 72)})
    assert scale.setting()['settings'] == {'size': [96, 72]}
    assert scale.setting() == json.loads(json.dumps(scale.setting()))
    assert 'name' not in scale.setting()


def test_doc__states_the_scales_as_they_are():
    text = (Path(__file__).parents[3] / 'docs/synthetic_data.md').read_text(encoding='utf-8')
    rows = [line.strip('| ').split(' | ') for line in text.splitlines() if line.startswith('| `')]
    said = {name.strip('`'): cells for name, *cells in rows}
    for name in ('cpu', 'night'):
        scale = SCALES[name]
        runs = chosen_runs(scale)
        main = {run.seeds for run in runs if run.group in MAIN}
        seeds = ' to '.join(map(str, sorted({min(main), max(main)})))
        hours = estimated_seconds(scale) / 3600 / CORES
        total = sum(run.seeds for run in runs)
        expected = [total, scale.samples, seeds, f'{hours:.1f}']
        assert said[name] == [str(figure) for figure in expected]
