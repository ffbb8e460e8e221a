"""The charts of a study's report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from experiments.study.table import passes_curve, shared_seeds, subset_means
from jmpose_mm.datasets.synthetic import FACTORS
from jmpose_mm.visualization.charts import Chart, save_chart

__all__ = ['SUBSETS', 'draw_figures']

SUBSETS = {'all': 'all', 'degraded': 'degraded', 'not_degraded': 'clean'}
"""Groups of frames by their names in a table, as readers see them."""
SUBSETS |= {factor: factor.replace('_', ' ') for factor in FACTORS}


def draw_figures(table: dict[str, Any], pictures: Path) -> dict[str, Path]:
    """Charts by title, of what the table has.

    Args:
        table: Table of :func:`experiments.study.table.study_table`.
        pictures: Folder that they go into.
    """
    drawn = {}
    for name, chart in (
        ('passes', _passes(table)),
        ('factors', _factors(table)),
        ('ablations', _ablations(table)),
    ):
        if chart is not None:
            drawn[chart.title] = save_chart(pictures / f'{name}.png', chart)
    return drawn


def _chart(
    table: dict[str, Any], title: str, parts: dict[str, int], runs: dict, whole: bool
) -> Chart:
    return Chart(
        title,
        'PoseTrack AP, mean over common seeds',
        list(parts),
        list(parts.values()),
        runs,
        counted='frames',
        note=f'ground-truth boxes | {table["study"]["protocol"]}',
        whole=whole,
    )


def _pairs(
    table: dict[str, Any],
    title: str,
    pairs: dict[str, tuple],
    names: tuple[str, str],
    seeds: list[int] | None = None,
) -> Chart:
    """Two runs in every row, on all frames; of the seeds that both have, unless there are some."""
    frames = dict.fromkeys(pairs, table['frames']['all'])
    values = [
        [subset_means(run, ['all'], seeds or shared_seeds(pair)) for run in pair]
        for pair in pairs.values()
    ]
    sides = np.concatenate(values, axis=1)
    return _chart(table, title, frames, dict(zip(names, sides, strict=True)), whole=False)


def _passes(table: dict[str, Any]) -> Chart | None:
    curve, single = passes_curve(table), table['runs'].get('single_frame')
    seeds = shared_seeds([single, *curve.values()])
    if len(curve) < 2 or not seeds:
        return None
    pairs = {f'passes: {number}': (single, run) for number, run in curve.items()}
    return _pairs(
        table, 'AP after passes over the samples', pairs, ('single frame', 'JM-Pose'), seeds
    )


def _factors(table: dict[str, Any]) -> Chart | None:
    pair = [table['runs'].get(name) for name in ('single_frame', 'jm_pose')]
    seeds = shared_seeds(pair)
    if not seeds:
        return None
    values = {run['title']: subset_means(run, list(SUBSETS), seeds) for run in pair}
    frames = {word: table['frames'][name] for name, word in SUBSETS.items()}
    return _chart(table, 'AP by factor', frames, values, whole=True)


def _ablations(table: dict[str, Any]) -> Chart | None:
    runs = table['runs']
    groups = ('part', 'ablation', 'objective', 'form', 'answered')
    pairs = {
        run['title']: (run, runs[run['of']])
        for run in runs.values()
        if run['group'] in groups and shared_seeds([run, runs.get(run['of'])])
    }
    return _pairs(table, 'Changed runs', pairs, ('changed', 'as proposed')) if pairs else None
