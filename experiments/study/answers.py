"""Answers to the claims: every one is computed from the table."""

from __future__ import annotations

from typing import Any, NamedTuple

from experiments.study.claims import CHANCE, CLAIMS, Claim
from experiments.study.comparison import compare, gain_by_quality, holm
from experiments.study.plan import chosen_runs
from experiments.study.scales import Scale

__all__ = ['Answer', 'answers', 'claim_rows', 'plus_minus', 'quality_sentence', 'verdict']


class Answer(NamedTuple):
    """A claim with its answer.

    Attributes:
        claim: The claim.
        verdict: The answer in words.
        whole: Result of :func:`compare` on all frames; None where a run is missing.
        degraded: The same on degraded frames.
        corrected: p on all frames after Holm's correction.
    """

    claim: Claim
    verdict: str
    whole: dict[str, Any] | None
    degraded: dict[str, Any] | None
    corrected: float


def answers(table: dict[str, Any]) -> list[Answer]:
    """The answers to all claims about runs of the table's scale, in the order of the claims.

    Claims without their runs count in the correction too, as if their p were 1.
    """
    planned = {run.name for run in chosen_runs(Scale(**table['study']['scale']))}
    claims = [claim for claim in CLAIMS if {claim.better, claim.worse} <= planned]
    found = []
    for claim in claims:
        pair = [compare(table, claim.better, claim.worse, kind) for kind in ('all', 'degraded')]
        found.append(
            [one if one and one['difference']['mean'] is not None else None for one in pair]
        )
    corrected = holm([1.0 if whole is None else whole['p'] for whole, _ in found])
    return [
        Answer(claim, verdict(claim, whole, p), whole, degraded, p)
        for claim, (whole, degraded), p in zip(claims, found, corrected, strict=True)
    ]


def verdict(claim: Claim, found: dict[str, Any] | None, corrected: float) -> str:
    """The answer in words.

    Args:
        claim: The claim.
        found: Result of :func:`compare`, None where a run is missing.
        corrected: p after the correction for all claims.
    """
    if found is None:
        return 'not run'
    difference = found['difference']['mean']
    if found['p'] >= CHANCE or difference == 0:
        return 'no' if difference <= 0 else 'not beyond chance'
    if corrected >= CHANCE:
        return 'open'
    if difference < 0:
        return 'no: the opposite'
    return 'yes' if difference >= claim.least else f'in part: less than {claim.least:g}'


def claim_rows(found: list[Answer]) -> list[list[str]]:
    """A row of the checklist for each claim: claim, answer, difference, interval, p and corrected p
    on all frames, difference and p on degraded ones, seeds, published difference."""
    rows = []
    for claim, answer, whole, degraded, corrected in found:
        cells = [claim.text, f'**{answer}**']
        if whole is None:
            cells += ['–'] * 4
        else:
            low, high = whole['interval']
            cells += [plus_minus(whole['difference'], '+.1f'), f'{low:+.1f} to {high:+.1f}']
            cells += [p_text(whole['p']), p_text(corrected)]
        known = degraded is not None
        cells += (
            [plus_minus(degraded['difference'], '+.1f'), p_text(degraded['p'])] if known else []
        )
        cells += [] if known else ['–', '–']
        cells.append('–' if whole is None else str(len(whole['seeds'])))
        cells.append('' if claim.published is None else f'{claim.published:+.1f}')
        rows.append(cells)
    return rows


def plus_minus(values: dict[str, Any], form: str = '.1f') -> str:
    """Mean ± standard deviation."""
    if values['mean'] is None:
        return '–'
    deviation = values['deviation']
    return f'{values["mean"]:{form}}' + ('' if deviation is None else f' ± {deviation:.1f}')


def p_text(p: float) -> str:
    """A p-value."""
    return '< 0.001' if p < 0.001 else f'{p:.3f}'


def quality_sentence(table: dict[str, Any]) -> str:
    """Sentence on whether better initial heatmaps go with a greater gain."""
    found = gain_by_quality(table, 'jm_pose', 'single_frame')
    if found is None:
        return 'Initial heatmaps against final gain: not run.'
    word = 'greater' if found['rho'] > 0 else 'smaller'
    return (
        "The better the single frame's AP on degraded frames of a test video, the "
        f"{word} JM-Pose's gain there. Spearman's ρ is {found['rho']:+.2f} over {found['videos']} "
        'videos. The AP is of other seeds than the gain. A ceiling of 100 lets the gain shrink '
        'where the AP is high, whatever the method.'
    )
