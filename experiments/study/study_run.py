"""The study from nothing to its report: every run and seed that has no result yet, one by one."""

from __future__ import annotations

import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Any

from experiments.study.budget import CORES, estimated_seconds
from experiments.study.plan import Run, chosen_runs
from experiments.study.scales import MAIN, SCALES, Scale
from experiments.study.scheduling import one_by_one, side_by_side
from experiments.study.set_up import Study, description, write_test_truth
from jmpose_mm.engine.devices import choose_device
from jmpose_mm.errors import UsageError, naming
from jmpose_mm.whole_files import alone_in, write_json

__all__ = ['run_study']


def run_study(
    folder: str | Path,
    scale: str | Scale = 'cpu',
    only: str = '*',
    report_only: bool = False,
    report: str | Path = 'docs/study.md',
    jobs: int | None = None,
) -> Path | None:
    """Make what is missing of the study, then its table and its report.

    Args:
        folder: Folder of data, results and table; made, or continued.
        scale: Name of one of :data:`experiments.study.scales.SCALES`, or another.
        only: Make runs with names of these patterns alone (commas between them), and no report.
        report_only: Make table and report of the results that there are.
        report: The Markdown file; its pictures go into a folder beside it, of its name.
        jobs: Runs made beside each other, on processors only; by default one for each core.

    Returns:
        The report's path, None where only some of the runs were asked for.

    Raises:
        UsageError: The scale is unknown or needs another machine, no run has such a name, there
            is no result, or the folder holds another study.
    """
    if isinstance(scale, str) and scale not in SCALES:
        raise UsageError(f'scale: expected one of {sorted(SCALES)}, got {scale!r}')
    study = Study(Path(folder), SCALES[scale] if isinstance(scale, str) else scale)
    if not report_only:
        with alone_in(study.folder):
            _make_runs(study, only, jobs or os.cpu_count() or 1)
        if only != '*':
            return None
    from experiments.study.study_report import write_report
    from experiments.study.table import read_results, study_table

    described = _described(study)
    if described.get('setting') != study.scale.setting():
        raise _another_study(study)
    results = read_results(study.folder / 'results', study.scale)
    table = study_table({**described, 'scale': study.scale.to_dict()}, results)
    write_json(study.folder / 'table.json', table)
    return write_report(report, study, table)


def _make_runs(study: Study, only: str, jobs: int) -> None:
    runs = chosen_runs(study.scale, only)
    # First what tells most; then the longest, so that no worker waits at the end.
    runs.sort(key=lambda run: (run.group not in MAIN, run.trained != 'all', -run.passes))
    asked = 'cuda' if study.scale.name == 'gpu' else 'auto'
    device = choose_device(asked, 'training').type
    _render(study)
    todo = {
        seed: [run for run in runs if seed < run.seeds and not study.result(run, seed).exists()]
        for seed in range(max(run.seeds for run in runs))
    }
    todo = {seed: missing for seed, missing in todo.items() if missing}
    clock = _Clock(sum(map(len, todo.values())), estimated_seconds(study.scale))
    made = one_by_one if device != 'cpu' or jobs == 1 else partial(side_by_side, jobs=jobs)
    for run, seed in made(study, device, todo):
        clock.tell(run, seed)


class _Clock:
    """Says how far the study is, and how long the rest takes if it goes on like this."""

    def __init__(self, total: int, estimated: float | None) -> None:
        self.total, self.done, self.start = total, 0, time.monotonic()
        hours = (
            ''
            if estimated is None
            else f'; all of the study: about {estimated / 3600 / CORES:.1f} hours of {CORES} cores'
        )
        print(f'study: {total} runs to make{hours}', flush=True)

    def tell(self, run: Run, seed: int) -> None:
        """One more run is done."""
        self.done += 1
        minutes = (time.monotonic() - self.start) / 60
        left = minutes / self.done * (self.total - self.done)
        print(
            f'[{self.done}/{self.total}] {run.name}, seed {seed}: {minutes:.1f} minutes so far, '
            f'about {left:.0f} left',
            flush=True,
        )


def _render(study: Study) -> None:
    from jmpose_mm.datasets.synthetic import make_synthetic

    try:
        manifest = make_synthetic(study.data, study.scale.preset, **study.scale.settings)
    except FileExistsError as error:
        raise UsageError(str(error)) from error
    described, file = description(study, manifest), study.folder / 'study.json'
    if file.exists() and _described(study) != described:
        raise _another_study(study)
    write_json(file, described)
    write_test_truth(study)


def _another_study(study: Study) -> UsageError:
    return UsageError(
        f'{study.folder}: expected this very study or a new folder, found one of other settings or '
        'data (study.json says which); choose another --work-dir'
    )


def _described(study: Study) -> dict[str, Any]:
    file = study.folder / 'study.json'
    if not file.exists():
        raise UsageError(f'{study.folder}: expected a study, found no {file.name}')
    with naming(file, 'a study'):
        described: dict[str, Any] = json.loads(file.read_text(encoding='utf-8'))
    return described
