"""Comparisons that claims are judged by, with their uncertainty."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import kendalltau, spearmanr, wilcoxon

from experiments.study.table import shared_seeds, spread, video_means

__all__ = ['compare', 'gain_by_quality', 'holm', 'published_order']

_RESAMPLES = 2000


def _resampled(count: int) -> np.ndarray:
    """Indices of ``count`` videos, drawn with replacement: (resamples, count)."""
    return np.random.default_rng(0).integers(count, size=(_RESAMPLES, count))


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Bounds of the middle 95 percent of values."""
    low, high = np.nanquantile(values, (0.025, 0.975))
    return float(low), float(high)


def compare(
    table: dict[str, Any], better: str, worse: str, subset: str = 'all'
) -> dict[str, Any] | None:
    """One run against another, in ground-truth boxes and over the seeds that both have.

    Args:
        table: Table of :func:`study_table`.
        better: Name of a run.
        worse: Name of another.
        subset: Frames whose AP is compared: ``'all'`` or ``'degraded'``.

    Returns:
        ``difference`` in AP over the common seeds, a :func:`spread`; ``p`` of a two-sided Wilcoxon
        signed-rank test over the test videos, on each one's AP averaged over these seeds;
        ``interval``, in which 95 percent of resampled sets of videos have their mean difference;
        the number of ``videos``; None where a run or common seed is missing. ``p`` is 1 where no
        video differs.
    """
    runs = [table['runs'].get(name) for name in (better, worse)]
    seeds = shared_seeds(runs)
    if not seeds:
        return None
    first, second = ([_value(run, subset, seed) for seed in seeds] for run in runs)
    differences = [
        None if a is None or b is None else a - b for a, b in zip(first, second, strict=True)
    ]
    by_video = video_means(runs[0], seeds, subset), video_means(runs[1], seeds, subset)
    away = np.asarray([by_video[0][v] - by_video[1][v] for v in by_video[0] if v in by_video[1]])
    drawn = away[_resampled(len(away))].mean(axis=1) if len(away) else np.zeros(1)
    return {
        'difference': spread(differences),
        'p': float(wilcoxon(away).pvalue) if np.any(away) else 1.0,
        'interval': _interval(drawn),
        'videos': len(away),
        'seeds': seeds,
    }


def _value(run: dict[str, Any], subset: str, seed: int) -> float | None:
    return run['ap']['truth'][subset]['values'][run['seeds'].index(seed)]


def gain_by_quality(table: dict[str, Any], method: str, baseline: str) -> dict[str, Any] | None:
    """Whether a method gains more in videos where the baseline's own heatmaps are better.

    The baseline's AP is of other seeds than the gain, in turn, so that its chance errors do not
    count on both sides.

    Returns:
        ``rho``, Spearman's rank correlation over videos and seeds between the baseline's AP on
        degraded frames and the method's gain there; ``videos``. None where a run is missing, or
        fewer than two seeds or four videos are left.
    """
    runs = [table['runs'].get(name) for name in (method, baseline)]
    seeds = shared_seeds(runs)
    if len(seeds) < 2:
        return None
    qualities, gains = [], []
    for seed in seeds:
        quality = video_means(runs[1], [s for s in seeds if s != seed], 'degraded')
        after, before = (video_means(run, [seed], 'degraded') for run in runs)
        videos = [v for v in quality if v in after and v in before]
        qualities += [quality[v] for v in videos]
        gains += [after[v] - before[v] for v in videos]
    if len(videos) < 4:
        return None
    rho = float(spearmanr(qualities, gains).statistic)
    return None if np.isnan(rho) else {'rho': rho, 'videos': len(videos)}


def holm(values: list[float]) -> list[float]:
    """Holm's correction of p-values for their number, by steps down (Holm, 1979).

    Args:
        values: p of every claim that is made, in any order.

    Returns:
        The corrected ones, in the same order. Each is at least the value itself, at most 1.

    Example:
        >>> holm([0.04, 0.01, 0.03])
        [0.06, 0.03, 0.06]
    """
    order = np.argsort(values, kind='stable')
    steps = np.arange(len(values), 0, -1) * np.asarray(values, dtype=float)[order]
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return corrected.tolist()


def published_order(
    table: dict[str, Any], published: dict[str, float], subset: str = 'all'
) -> dict[str, Any] | None:
    """Agreement of the order of methods, and of the gaps between them, with published ones.

    AP is the mean over test videos, averaged over the seeds that all methods have.

    Args:
        table: Table of :func:`study_table`.
        published: AP of runs by name, ascending.
        subset: ``'all'`` frames or the ``'degraded'`` ones.

    Returns:
        ``order``, Kendall's tau of the methods' AP, and ``gaps``, Spearman's rho of the steps from
        one method to the next, each with its ``interval``, in which 95 percent of resampled sets of
        videos have it. None where a method or a common seed is missing.
    """
    runs = [table['runs'].get(name) for name in published]
    seeds = shared_seeds(runs)
    if not seeds:
        return None
    means = [video_means(run, seeds, subset) for run in runs]
    videos = [video for video in means[0] if all(video in of_run for of_run in means)]
    values = np.asarray([[of_run[video] for video in videos] for of_run in means])
    drawn = values[:, _resampled(len(videos))].mean(axis=2).T  # (resamples, methods)
    paper = list(published.values())
    found = {}
    for name, agreement, steps in (('order', kendalltau, False), ('gaps', spearmanr, True)):

        def of(ap: np.ndarray, agreement: Any = agreement, steps: bool = steps) -> float:
            pair = (np.diff(paper), np.diff(ap)) if steps else (paper, ap)
            known = np.ptp(pair[1]) > 0
            return float(agreement(*pair).statistic) if known else np.nan

        found[name] = {
            'value': of(values.mean(axis=1)),
            'interval': _interval(np.asarray([of(ap) for ap in drawn])),
        }
    return {**found, 'seeds': seeds, 'videos': len(videos)}
