"""The study from nothing to its report: every run and seed that has no result yet, one by one."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from jmpose_mm.apis.configs import UsageError
from jmpose_mm.whole_files import write_json

from .plan import SCALES, Run, Scale, chosen_runs
from .set_up import Study, description, write_test_truth

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
        folder: Of data, results and table; made, or continued.
        scale: Name of one of :data:`jmpose_mm.apis.study.plan.SCALES`, or another.
        only: Make runs with names of this pattern alone, and no report.
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
        _make_runs(study, only, jobs or os.cpu_count() or 1)
        if only != '*':
            return None
    from .report import write_report
    from .table import read_results, study_table

    table = study_table(_described(study), read_results(study.folder / 'results'))
    write_json(study.folder / 'table.json', table)
    return write_report(report, study, table)


def _make_runs(study: Study, only: str, jobs: int) -> None:
    runs = chosen_runs(study.scale, only)
    # First what everybody waits for; then the longest, so that no worker waits at the end.
    runs.sort(key=lambda run: (run.group != 'method', run.trained != 'all'))
    device = _device(study.scale)
    _render(study)
    todo = {
        seed: [run for run in runs if seed < run.seeds and not study.result(run, seed).exists()]
        for seed in range(max(run.seeds for run in runs))
    }
    clock = _Clock(sum(map(len, todo.values())))
    for seed, missing in todo.items():
        if missing:
            # Importing torch and mmpose takes seconds, and they are not needed for the report.
            from .seed_runs import SeedRuns

            shared = SeedRuns(study, seed, device)
            shared.prepare()
            for run in _made(study, seed, missing, device, 1 if device == 'cuda' else jobs):
                clock.tell(run, seed)
            shared.forget()


def _made(study: Study, seed: int, runs: list[Run], device: str, jobs: int) -> Iterator[Run]:
    """Runs of one seed as they become ready; all are tried before an error of one is raised."""
    if jobs == 1:
        for run in runs:
            _make_one(study, seed, run, device)
            yield run
        return
    # One thread for each process: small layers gain little from a second one.
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(jobs, context, initializer=_one_thread) as pool:
        futures = {pool.submit(_make_one, study, seed, run, device): run for run in runs}
        errors = []
        for future in as_completed(futures):
            error = future.exception()
            if error is None:
                yield futures[future]
            else:
                print(f'{futures[future].name}, seed {seed} failed: {error}', flush=True)
                errors.append(error)
        if errors:
            raise errors[0]


def _make_one(study: Study, seed: int, run: Run, device: str) -> None:
    from .seed_runs import SeedRuns

    write_json(study.result(run, seed), SeedRuns(study, seed, device).make(run))


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


class _Clock:
    """Says how far the study is, and how long the rest takes if it goes on like this."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.start = total, 0, time.monotonic()
        print(f'study: {total} runs to make', flush=True)

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


def _device(scale: Scale) -> str:
    import torch

    if torch.cuda.is_available():
        return 'cuda'
    if scale.name == 'gpu':
        raise UsageError('--scale gpu: torch sees no CUDA device on this machine')
    return 'cpu'


def _render(study: Study) -> None:
    from jmpose_mm.datasets.synthetic import make_synthetic

    try:
        manifest = make_synthetic(study.data, study.scale.preset, **study.scale.settings)
    except FileExistsError as error:
        raise UsageError(str(error)) from error
    described, file = description(study, manifest), study.folder / 'study.json'
    if file.exists() and _described(study) != described:
        raise UsageError(
            f'{study.folder}: expected this very study or a new folder, found one of other '
            f'settings or data ({file.name} says which); choose another --work-dir'
        )
    write_json(file, described)
    write_test_truth(study)


def _described(study: Study) -> dict[str, Any]:
    file = study.folder / 'study.json'
    if not file.exists():
        raise UsageError(f'{study.folder}: expected a study, found no {file.name}')
    return json.loads(file.read_text())
