"""One table of everything that was measured."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.study.plan import RUNS, chosen_runs
from experiments.study.scales import Scale
from jmpose_mm.errors import UsageError

__all__ = [
    'passes_curve',
    'read_results',
    'shared_seeds',
    'spread',
    'study_table',
    'subset_means',
    'video_means',
]


def read_results(folder: str | Path, scale: Scale) -> list[dict[str, Any]]:
    """The results of a scale's runs in a folder, in the order of the plan, then by seed.

    Raises:
        UsageError: There is none.
    """
    files = [
        Path(folder, f'{run.name}-seed{seed}.json')
        for run in chosen_runs(scale)
        for seed in range(run.seeds)
    ]
    results = [json.loads(file.read_text(encoding='utf-8')) for file in files if file.exists()]
    if not results:
        raise UsageError(f'{folder}: expected results of runs, found none')
    return results


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
        'whole_seconds': [result['whole_seconds'] for result in results],
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


def shared_seeds(runs: Sequence[dict[str, Any] | None]) -> list[int]:
    """The seeds that all of some runs of a table have, in the order of the first; none where a
    run is None."""
    known = [run['seeds'] for run in runs if run is not None]
    if not known or len(known) < len(runs):
        return []
    return [seed for seed in known[0] if all(seed in seeds for seeds in known)]


def subset_means(run: dict[str, Any], subsets: list[str], seeds: list[int]) -> np.ndarray:
    """AP of groups of frames in ground-truth boxes, averaged over seeds; NaN where none is."""
    places = [run['seeds'].index(seed) for seed in seeds]
    values = [[run['ap']['truth'][name]['values'][i] for i in places] for name in subsets]
    return np.asarray([spread(of_subset)['mean'] for of_subset in values], dtype=float)


def passes_curve(table: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """The table's runs of JM-Pose by their number of passes, ascending."""
    curve = [run for run in RUNS if run.name == 'jm_pose' or run.group == 'curve']
    curve.sort(key=lambda run: run.passes)
    return {run.passes: table['runs'][run.name] for run in curve if run.name in table['runs']}


def video_means(run: dict[str, Any], seeds: list[int], subset: str) -> dict[str, float]:
    """AP of each video that has such frames, averaged over seeds."""
    videos = [run['videos'][str(seed)][subset] for seed in seeds]
    return {
        name: float(np.mean([video[name] for video in videos]))
        for name in videos[0]
        if all(video.get(name) is not None for video in videos)
    }
