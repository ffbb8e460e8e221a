"""In what order the work of a study is done: one by one, or in processes beside each other.

A seed's work: its baseline is trained, then features are stored with it, then all runs are made.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import TYPE_CHECKING

from experiments.study.plan import Run
from experiments.study.set_up import Study
from jmpose_mm.whole_files import write_json
from jmpose_mm.worker_processes import follow_parent

if TYPE_CHECKING:
    from experiments.study.seed_runs import SeedRuns

__all__ = ['one_by_one', 'side_by_side']

_STORED_SEEDS = 2
"""Seeds whose features, which take gigabytes, are on disk at the same time."""


def one_by_one(study: Study, device: str, todo: dict[int, list[Run]]) -> Iterator[tuple[Run, int]]:
    """Runs and their seeds, each when it is made.

    Args:
        study: The study.
        device: ``'cpu'`` or ``'cuda'``.
        todo: Runs to make, by seed.
    """
    for seed, runs in todo.items():
        _store_features(study, device, seed)
        for run in runs:
            _make(study, device, seed, run)
            yield run, seed
        _forget_features(study, device, seed)


def side_by_side(
    study: Study, device: str, todo: dict[int, list[Run]], jobs: int
) -> Iterator[tuple[Run, int]]:
    """The same by several processes of one thread: small layers gain little from a second one.

    All that can be made is made before an error is raised. An interrupt ends the processes at once.
    """
    context = multiprocessing.get_context('spawn')
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(jobs, context, initializer=_begin_process) as pool:
        tasks = _Tasks(pool, jobs, study, device, todo)
        try:
            for seed in todo:
                tasks.add(_train_baseline, seed)
            while tasks.begin():
                for future in wait(tasks.under_way, return_when=FIRST_COMPLETED).done:
                    yield from tasks.end(future)
        except BaseException:
            # Leaving the pool would wait for what is under way, which takes minutes.
            for process in multiprocessing.active_children():
                if process not in others:
                    process.terminate()
            raise
    if tasks.errors:
        raise tasks.errors[0]


class _Tasks:
    """What waits, what is under way, and what follows from what is done.

    The pool gets no more than it can begin: its own queue knows no order but that of arrival.
    """

    def __init__(
        self,
        pool: ProcessPoolExecutor,
        jobs: int,
        study: Study,
        device: str,
        todo: dict[int, list[Run]],
    ) -> None:
        self.pool, self.jobs, self.study, self.device, self.todo = pool, jobs, study, device, todo
        self.queue: list[tuple[Callable, int, tuple[Run, ...]]] = []
        self.under_way: dict[Future, tuple[Callable, int, tuple[Run, ...]]] = {}
        self.left = {seed: len(runs) for seed, runs in todo.items()}
        self.trained: list[int] = []
        self.stored: set[int] = set()
        self.errors: list[BaseException] = []

    def add(self, work: Callable, seed: int, *run: Run) -> None:
        """Put work into the queue: features, which much waits for, to its front."""
        self.queue.insert(0 if work is _store_features else len(self.queue), (work, seed, run))

    def begin(self) -> bool:
        """Give every free process work from the queue; whether any is under way."""
        while self.queue and len(self.under_way) < self.jobs:
            work, seed, run = self.queue.pop(0)
            future = self.pool.submit(work, self.study, self.device, seed, *run)
            self.under_way[future] = work, seed, run
        return bool(self.under_way)

    def end(self, future: Future) -> list[tuple[Run, int]]:
        """Start what follows, and give the run and its seed if one is made."""
        work, seed, run = self.under_way.pop(future)
        error = future.exception()
        if error is not None:
            name = run[0].name if run else work.__name__.strip('_')
            print(f'{name}, seed {seed} failed: {error}', flush=True)
            self.errors.append(error)
        elif work is _train_baseline:
            self.trained.append(seed)
        elif work is _store_features:
            for each in self.todo[seed]:
                self.add(_make, seed, each)
        self.left[seed] -= len(run)
        if not self.left[seed] or (error is not None and work is _store_features):
            _forget_features(self.study, self.device, seed)
            self.stored.discard(seed)
        self._store_next()
        return [(run[0], seed)] if run and error is None else []

    def _store_next(self) -> None:
        while self.trained and len(self.stored) < _STORED_SEEDS:
            seed = self.trained.pop(0)
            self.stored.add(seed)
            self.add(_store_features, seed)


def _seed_runs(study: Study, device: str, seed: int) -> SeedRuns:
    # Importing torch and mmpose takes seconds, and they are not needed for the report.
    from experiments.study.seed_runs import SeedRuns

    return SeedRuns(study, seed, device)


def _train_baseline(study: Study, device: str, seed: int) -> None:
    _ = _seed_runs(study, device, seed).baseline


def _store_features(study: Study, device: str, seed: int) -> None:
    _seed_runs(study, device, seed).prepare()


def _forget_features(study: Study, device: str, seed: int) -> None:
    _seed_runs(study, device, seed).forget()


def _make(study: Study, device: str, seed: int, run: Run) -> None:
    write_json(study.result(run, seed), _seed_runs(study, device, seed).make(run))


def _begin_process() -> None:
    import torch
    from mmengine.logging import MMLogger

    torch.set_num_threads(1)
    # Every run reads the same data; what is to be said of it would hide how far the study is.
    MMLogger.get_current_instance().setLevel('ERROR')
    follow_parent()
