"""The plan: every run builds, differs from its method where it says so, and serves a claim."""

from __future__ import annotations

import pytest

from experiments.study.claims import CLAIMS
from experiments.study.plan import METHODS, RUNS, chosen_runs
from experiments.study.scales import SCALES
from experiments.study.set_up import run_config
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import MODELS

BY_NAME = {run.name: run for run in RUNS}
ON_CPU = [run for run in RUNS if 'cpu' in run.scales]


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
    if run.of:
        proposed = run_config(study, BY_NAME[run.of], 0)
        pipeline = cfg.train_dataloader.dataset.pipeline[0]
        longer = run.passes > BY_NAME[run.of].passes
        assert [cfg.model != proposed.model, run.copies, longer].count(True) == 1
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


def test_frozen_backbone__but_for_the_controls_that_say_so(study):
    free = [
        run.name
        for run in ON_CPU
        if any(
            p.requires_grad
            for p in MODELS.build(run_config(study, run, 0).model).backbone.parameters()
        )
    ]
    assert free == ['single_frame', 'single_frame-resnet34', 'jm_pose-trained_backbone']


def test_chosen_runs__by_scale_and_pattern():
    assert {run.name for run in RUNS} - {run.name for run in chosen_runs(SCALES['cpu'])} == {
        'single_frame-hrnet_w48',
        'tdmi-2_stages',
        'tdmi-3_stages',
    }
    assert max(run.seeds for run in chosen_runs(SCALES['gpu'])) == 2
    assert [run.name for run in chosen_runs(SCALES['cpu'], 'fami_pose-no_l*')] == [
        'fami_pose-no_local'
    ]
    with pytest.raises(UsageError, match=r"only: expected a pattern of .*'jm_pose'.* got 'x'"):
        chosen_runs(SCALES['cpu'], 'x')


def test_plan__has_the_seeds_that_the_study_promises():
    assert {run.seeds for run in RUNS if run.group == 'method'} == {3}
    assert min(run.seeds for run in RUNS if run.group == 'ablation') >= 2
