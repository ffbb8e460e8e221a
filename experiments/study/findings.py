"""Findings of a study, in sentences that its table decides."""

from __future__ import annotations

from collections import Counter
from math import isnan
from typing import Any

from experiments.study.answers import Answer
from experiments.study.claims import ORDER
from experiments.study.comparison import published_order
from experiments.study.plan import METHODS
from experiments.study.table import passes_curve, shared_seeds, subset_means

__all__ = ['finding_sentences']

_PARTS = {
    'the joint learner': 'no_joint_learner',
    'mutual learning': 'no_mutual_learning',
    'orthogonality': 'no_orthogonality',
}
_OBJECTIVES = {'at a weight of 1e-5': 'weight_1e-5', 'if it starts late': 'late'}
_OBJECTIVES |= {'as released': 'released'}
_FORMS = {
    'Attention over channels instead of positions': 'positions',
    'Attention over channels instead of pooled positions': 'pooled',
    "All frames' heatmaps as guides instead of the key frame's": 'key_guides',
    'Heatmaps and motion as guides instead of motion': 'motion_guides',
}


def finding_sentences(table: dict[str, Any], found: list[Answer]) -> list[str]:
    """The findings, most important first; those whose runs are missing are left out.

    Args:
        table: Table of :func:`experiments.study.table.study_table`.
        found: Answers of :func:`experiments.study.answers.answers`.
    """
    said = [
        _ranking(table),
        _gain(table),
        _passes(table),
        *_parts(found),
        *_forms(found),
        *_agreement(table),
        _count(found),
    ]
    return [sentence for sentence in said if sentence]


def _listed(parts: list[str]) -> str:
    """Words with commas and an ``and``."""
    return parts[0] if len(parts) == 1 else f'{", ".join(parts[:-1])} and {parts[-1]}'


def _ranking(table: dict[str, Any]) -> str:
    runs = [table['runs'][method.name] for method in METHODS if method.name in table['runs']]
    seeds = shared_seeds(runs)
    if len(runs) < 2 or not seeds:
        return ''
    means = sorted(
        ((subset_means(run, ['all'], seeds)[0], run['title']) for run in runs), reverse=True
    )
    ranked = [f'{title} {mean:.1f}' for mean, title in means]
    return f'AP on all frames, from best to worst: {_listed(ranked)}.'


def _gain(table: dict[str, Any]) -> str:
    pair = [table['runs'].get(name) for name in ('single_frame', 'jm_pose')]
    seeds = shared_seeds(pair)
    if not seeds:
        return ''
    before, after = (subset_means(run, ['all', 'degraded', 'not_degraded'], seeds) for run in pair)
    whole, degraded, clean = (f'{gain:+.1f}' for gain in after - before)
    return (
        f'JM-Pose gains {whole} AP over the single frame: {degraded} on degraded frames and '
        f'{clean} on clean ones.'
    )


def _passes(table: dict[str, Any]) -> str:
    curve = passes_curve(table)
    seeds = shared_seeds(list(curve.values()))
    if len(curve) < 2 or not seeds:
        return ''
    means = [f'{subset_means(run, ["all"], seeds)[0]:.1f}' for run in curve.values()]
    passes = _listed([str(number) for number in curve])
    return f'After {passes} passes over the samples JM-Pose has {_listed(means)} AP.'


def _answer(found: list[Answer], better: str, worse: str) -> Answer | None:
    for one in found:
        if (one.claim.better, one.claim.worse) == (better, worse) and one.whole is not None:
            return one
    return None


def _difference(answer: Answer) -> str:
    return f'{answer.whole["difference"]["mean"]:+.1f} AP ({answer.verdict})'  # type: ignore[index]


def _parts(found: list[Answer]) -> list[str]:
    said = []
    for part, run in _PARTS.items():
        answer = _answer(found, 'jm_pose', f'jm_pose-{run}')
        if answer is not None:
            said.append(f'Is {part} worth 0.5 AP? It adds {_difference(answer)}.')
    return said


def _forms(found: list[Answer]) -> list[str]:
    """Sentences on orthogonality in other forms, on attention and on guides."""
    said = []
    for form, run in _OBJECTIVES.items():
        answer = _answer(found, f'jm_pose-{run}', 'jm_pose-no_orthogonality')
        if answer is not None:
            said.append(f'Orthogonality adds {_difference(answer)} {form}.')
    for form, run in _FORMS.items():
        answer = _answer(found, 'jm_pose', f'jm_pose-{run}')
        if answer is not None:
            said.append(f'{form}: {_difference(answer)}.')
    return said


def _agreement(table: dict[str, Any]) -> list[str]:
    found = published_order(table, ORDER)
    if found is None:
        return []
    said = []
    for kind, measure in (('order', "Kendall's τ"), ('gaps', "Spearman's ρ")):
        if isnan(found[kind]['value']):
            continue
        low, high = found[kind]['interval']
        said.append(
            f'The {kind} of {len(ORDER)} methods and the published ones have {measure} '
            f'{found[kind]["value"]:+.2f} (95 percent: {low:+.2f} to {high:+.2f}).'
        )
    return said


def _count(found: list[Answer]) -> str:
    kinds = Counter(answer.verdict.partition(':')[0] for answer in found)
    counts = ', '.join(f'{count} {kind}' for kind, count in kinds.most_common())
    return f'{len(found)} claims: {counts}.'
