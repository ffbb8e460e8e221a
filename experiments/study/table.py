"""One table of everything that was measured, and the comparisons that claims are judged by."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr, wilcoxon

from experiments.study.plan import RUNS
from jmpose_mm.errors import UsageError

__all__ = [
    'common_seeds',
    'compare',
    'gain_by_quality',
    'read_results',
    'spread',
    'study_table',
    'video_means',
]


def read_results(folder: str | Path) -> list[dict[str, Any]]:
    """The results in a folder, in the order of the plan, then by seed.

    Raises:
        UsageError: There is none.
    """
    results = [
        json.loads(file.read_text(encoding='utf-8'))
        for file in sorted(Path(folder).glob('*-seed*.json'))
    ]
    if not results:
        raise UsageError(f'{folder}: expected results of runs, found none')
    places = {run.name: number for number, run in enumerate(RUNS)}
    return sorted(results, key=lambda r: (places.get(r['name'], len(places)), r['seed']))


def study_table(study: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything, machine-readable.

    Args:
        study: Scale and data of the study.
        results: Results of the runs.

    Returns:
        ``study``, with ``boxes`` and ``protocol`` of the results; ``sources``, the hashes of the
        code that made them, more than one where it changed on the way; ``devices`` and
        ``versions``; ``runs`` by name, each with its facts, ``seeds``, for each kind of boxes (and
        ``copies``) ``ap`` of each subset as ``mean``, ``deviation`` (sample standard deviation,
        None for one seed) and ``values`` by seed, and ``videos``, AP by seed, kind of frames and
        video.
    """
    by_run: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        by_run[result['name']].append(result)
    versions = {k: v for k, v in results[0]['versions'].items() if k not in ('load before',)}
    return {
        'study': {**study, **_labels(results[0])},
        'sources': sorted({result['sources'] for result in results}),
        'devices': sorted({result['device'] for result in results}),
        'versions': versions,
        'frames': results[0]['tested']['truth']['frames'],
        'runs': {name: _summary(of_run) for name, of_run in by_run.items()},
    }


def _labels(result: dict[str, Any]) -> dict[str, Any]:
    """How a result names its boxes, by kind, and its protocol."""
    labels = {kind: tested['label'] for kind, tested in result['tested'].items()}
    boxes = {kind: label['boxes'] for kind, label in labels.items()}
    return {'boxes': boxes, 'protocol': labels['truth']['protocol']}


def _summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    first = results[0]
    facts = ('title', 'group', 'of', 'copies', 'trained', 'config', 'changes', 'cost')
    seconds = [result['training']['seconds'] for result in results]
    kinds = dict.fromkeys(kind for result in results for kind in _tests(result))
    return {
        **{name: first[name] for name in facts},
        'seeds': [result['seed'] for result in results],
        'training': {**first['training'], 'seconds': spread(seconds)},
        'seconds_per_clip': spread(r['cost']['seconds_per_clip'] for r in results),
        'ap': {
            kind: {
                subset: spread(_tests(result)[kind]['ap'][subset] for result in results)
                for subset in _tests(first)[kind]['ap']
            }
            for kind in kinds
        },
        'videos': {str(r['seed']): r['tested']['truth']['videos'] for r in results},
    }


def _tests(result: dict[str, Any]) -> dict[str, Any]:
    copies = {'copies': result['on_copies']} if 'on_copies' in result else {}
    return {**result['tested'], **copies}


def spread(values: Iterable[float | None]) -> dict[str, Any]:
    """``mean``, sample standard ``deviation`` (None of fewer than two) and the ``values``."""
    values = list(values)
    known = [value for value in values if value is not None]
    return {
        'mean': float(np.mean(known)) if known else None,
        'deviation': float(np.std(known, ddof=1)) if len(known) > 1 else None,
        'values': values,
    }


def common_seeds(first: dict[str, Any], second: dict[str, Any]) -> list[int]:
    """The seeds that two runs of a table have both."""
    return [seed for seed in first['seeds'] if seed in second['seeds']]


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
        signed-rank test over the test videos, on each one's AP averaged over these seeds, and the
        number of ``videos``; None where a run or common seed is missing. ``p`` is 1 where no video
        differs.
    """
    runs = [table['runs'].get(name) for name in (better, worse)]
    if None in runs:
        return None
    seeds = common_seeds(*runs)
    if not seeds:
        return None
    first, second = ([_value(run, subset, seed) for seed in seeds] for run in runs)
    differences = [
        None if a is None or b is None else a - b for a, b in zip(first, second, strict=True)
    ]
    by_video = video_means(runs[0], seeds, subset), video_means(runs[1], seeds, subset)
    away = [by_video[0][v] - by_video[1][v] for v in by_video[0] if v in by_video[1]]
    p = float(wilcoxon(away).pvalue) if np.any(away) else 1.0
    return {'difference': spread(differences), 'p': p, 'videos': len(away), 'seeds': seeds}


def _value(run: dict[str, Any], subset: str, seed: int) -> float | None:
    return run['ap']['truth'][subset]['values'][run['seeds'].index(seed)]


def video_means(run: dict[str, Any], seeds: list[int], subset: str) -> dict[str, float]:
    """AP of each video that has such frames, averaged over seeds."""
    videos = [run['videos'][str(seed)][subset] for seed in seeds]
    return {
        name: float(np.mean([video[name] for video in videos]))
        for name in videos[0]
        if all(video.get(name) is not None for video in videos)
    }


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
    if None in runs:
        return None
    seeds = common_seeds(*runs)
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
