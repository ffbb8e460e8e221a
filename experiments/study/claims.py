"""Claims of the papers against what was measured: every answer is computed from the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.study.plan import chosen_runs
from experiments.study.scales import Scale
from experiments.study.table import compare, gain_by_quality

__all__ = [
    'CHANCE',
    'CLAIMS',
    'Claim',
    'claim_rows',
    'plus_minus',
    'quality_sentence',
    'verdict',
]

CHANCE = 0.05
"""Differences with a larger p count as chance."""


@dataclass(frozen=True)
class Claim:
    """That one run beats another.

    Attributes:
        text: The claim.
        better: Name of a run.
        worse: Name of another.
        least: AP by which it must, 0 for any.
        published: Difference in AP that the paper reports for such data, if any.
    """

    text: str
    better: str
    worse: str
    least: float = 0.0
    published: float | None = None


def _without(of: str, name: str, text: str, least: float = 0.0) -> Claim:
    return Claim(text, of, f'{of}-{name}', least)


# The published figures: AP on JM-Pose's hard subset with ground-truth boxes, 56.1, 54.4, 51.6,
# 48.7 and 46.4 from JM-Pose to the single frame.
CLAIMS = (
    Claim('JM-Pose beats TDMI', 'jm_pose', 'tdmi', published=1.7),
    Claim('TDMI beats FAMI-Pose', 'tdmi', 'fami_pose', published=2.8),
    Claim('FAMI-Pose beats DCPose', 'fami_pose', 'dcpose', published=2.9),
    Claim('DCPose beats the single frame', 'dcpose', 'single_frame', published=2.3),
    Claim('JM-Pose beats the single frame by 9 AP', 'jm_pose', 'single_frame', 9.0, 9.7),
    _without('jm_pose', 'no_joint_learner', "JM-Pose's joint learner is worth 0.5 AP", 0.5),
    _without('jm_pose', 'no_mutual_learning', "JM-Pose's mutual learning is worth 0.5 AP", 0.5),
    _without('jm_pose', 'no_orthogonality', "JM-Pose's orthogonality is worth 0.5 AP", 0.5),
    Claim(
        'after 3 passes JM-Pose beats the single frame by 9 AP',
        'jm_pose-3_passes',
        'single_frame',
        9.0,
        9.7,
    ),
    Claim(
        'after 3 passes JM-Pose beats a single frame with as many parameters by 9 AP',
        'jm_pose-3_passes',
        'single_frame-as_many_parameters-3_passes',
        9.0,
    ),
    *(
        Claim(
            f'after 3 passes the {part} is worth 0.5 AP',
            'jm_pose-3_passes',
            f'jm_pose-no_{part.replace(" ", "_")}-3_passes',
            0.5,
        )
        for part in ('joint learner', 'mutual learning', 'orthogonality')
    ),
    _without('jm_pose', 'kl', 'the Gaussian estimator beats kl'),
    _without('jm_pose', 'released', 'the Gaussian estimator beats the released one'),
    Claim('kl beats the released estimator', 'jm_pose-kl', 'jm_pose-released'),
    _without('jm_pose', 'difference', "the key frame's features in the motion pay"),
    _without('jm_pose', '3_frames', '5 frames beat 3 (JM-Pose)'),
    Claim('training the backbone too pays', 'jm_pose-trained_backbone', 'jm_pose'),
    _without('tdmi', '1_stage', 'TDMI: 4 stages beat 1'),
    _without('tdmi', '2_stages', 'TDMI: 4 stages beat 2'),
    _without('tdmi', '3_stages', 'TDMI: 4 stages beat 3'),
    _without('tdmi', 'no_disentanglement', 'TDMI: disentanglement pays'),
    _without('tdmi', 'no_information', 'TDMI: the information terms pay'),
    _without('fami_pose', 'no_global', 'FAMI-Pose: global alignment pays'),
    _without('fami_pose', 'no_local', 'FAMI-Pose: local calibration pays'),
    _without('fami_pose', 'no_information', 'FAMI-Pose: the information terms pay'),
    _without('jm_pose', 'copies', 'JM-Pose gains from time, not from its size'),
    _without('tdmi', 'copies', 'TDMI gains from time, not from its size'),
    _without('fami_pose', 'copies', 'FAMI-Pose gains from time, not from its size'),
    _without('dcpose', 'copies', 'DCPose gains from time, not from its size'),
    Claim(
        'JM-Pose beats a single frame with as many parameters',
        'jm_pose',
        'single_frame-as_many_parameters',
    ),
    Claim('a bigger backbone does not close the gap', 'jm_pose', 'single_frame-resnet34'),
    Claim('a bigger backbone does not close the gap', 'jm_pose', 'single_frame-hrnet_w48'),
)


def verdict(claim: Claim, found: dict[str, Any] | None) -> str:
    """The answer in words, from what :func:`compare` found."""
    if found is None or found['difference']['mean'] is None:
        return 'not run'
    difference, certain = found['difference']['mean'], found['p'] < CHANCE
    if difference <= 0:
        return 'no: the opposite' if certain and difference < 0 else 'no'
    if not certain:
        return 'not beyond chance'
    return 'yes' if difference >= claim.least else f'in part: less than {claim.least:g}'


def claim_rows(table: dict[str, Any]) -> list[list[str]]:
    """A row of the checklist for each claim about runs of the table's scale: claim, answer,
    difference and p on all and on degraded frames, seeds, published difference."""
    rows = []
    planned = {run.name for run in chosen_runs(Scale(**table['study']['scale']))}
    for claim in CLAIMS:
        if not {claim.better, claim.worse} <= planned:
            continue
        whole, degraded = (
            compare(table, claim.better, claim.worse, kind) for kind in ('all', 'degraded')
        )
        cells = [claim.text, f'**{verdict(claim, whole)}**']
        for one in (whole, degraded):
            known = one is not None and one['difference']['mean'] is not None
            cells += [plus_minus(one['difference'], '+.1f'), p_text(one)] if known else ['–', '–']
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


def p_text(found: dict[str, Any]) -> str:
    """A p-value."""
    return '< 0.001' if found['p'] < 0.001 else f'{found["p"]:.3f}'


def quality_sentence(table: dict[str, Any]) -> str:
    """Whether better initial heatmaps go with a greater gain."""
    found = gain_by_quality(table, 'jm_pose', 'single_frame')
    if found is None:
        return 'Initial heatmaps against final gain: not run.'
    word = 'greater' if found['rho'] > 0 else 'smaller'
    return (
        f'Initial heatmaps against final gain: over {found["videos"]} test videos, the better the '
        f"single frame's AP on degraded frames, the {word} JM-Pose's gain (Spearman's ρ = "
        f'{found["rho"]:+.2f}; the AP is of other seeds than the gain). A ceiling of 100 lets the '
        'gain shrink where the AP is high, whatever the method.'
    )
