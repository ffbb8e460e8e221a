"""Every arm and seed that has no row yet, one by one; each row is written as it comes."""

from __future__ import annotations

import json
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from experiments.few_labels.arms import ARMS, SCALE, UNLABELLED
from experiments.study.scales import Scale
from experiments.study.set_up import Study, write_test_truth
from jmpose_mm.datasets.synthetic import make_synthetic
from jmpose_mm.errors import UsageError
from jmpose_mm.whole_files import alone_in, write_json

__all__ = ['make_arms', 'read_rows']


def make_arms(
    folder: str | Path,
    seeds: int = 1,
    only: str = '*',
    scale: Scale = SCALE,
    unlabelled: dict[str, Any] = UNLABELLED,
    teacher: str | Path | None = None,
) -> list[dict[str, Any]]:
    """Make what is missing.

    Args:
        folder: Folder of data, poses, labels and rows; made, or continued.
        seeds: Seeds 0 to this, exclusively.
        only: Arms with names of this pattern alone.
        scale: Size of the labelled set, the test and the training.
        unlabelled: Arguments of `make_synthetic` for the films.
        teacher: Weights of a teacher, the same for all seeds; None trains one for each.

    Returns:
        All rows that there are.

    Raises:
        UsageError: The folder holds an experiment of another size, or no arm has such a name.
    """
    arms = [arm for arm in ARMS if fnmatch(arm.name, only)]
    if not arms:
        raise UsageError(f'only: expected a pattern of {[a.name for a in ARMS]}, got {only!r}')
    study, films = Study(Path(folder), scale), Path(folder) / 'films'
    with alone_in(study.folder):
        _check_size(study, unlabelled)
        make_synthetic(study.data, scale.preset, **scale.settings)
        make_synthetic(films, scale.preset, **{**_common(scale), **unlabelled})
        write_test_truth(study)
        if teacher is not None:
            given = {'checkpoint': str(Path(teacher).resolve()), 'seconds': 0.0}
            for seed in range(seeds):
                write_json(study.seed(seed) / 'baseline.json', given)
        todo = [
            (arm, s) for s in range(seeds) for arm in arms if not _row(study, arm.name, s).exists()
        ]
        begun = time.monotonic()
        for done, (arm, seed) in enumerate(todo):
            from experiments.few_labels.seed_arms import SeedArms  # torch is slow to import

            made = SeedArms(study, films, seed).make(arm)
            write_json(_row(study, arm.name, seed), made)
            minutes = (time.monotonic() - begun) / 60
            left = minutes / (done + 1) * (len(todo) - done - 1)
            print(
                f'[{done + 1}/{len(todo)}] {arm.name}, seed {seed}: {minutes:.1f} minutes so far, '
                f'about {left:.0f} left',
                flush=True,
            )
    return read_rows(folder)


def read_rows(folder: str | Path) -> list[dict[str, Any]]:
    """The rows of a folder in the order of the arms, then of the seeds."""
    order = [arm.name for arm in ARMS]
    files = (Path(folder) / 'results').glob('*.json')
    rows = [json.loads(file.read_text(encoding='utf-8')) for file in files]
    return sorted(rows, key=lambda row: (order.index(row['name']), row['seed']))


def _row(study: Study, name: str, seed: int) -> Path:
    return study.folder / 'results' / f'{name}-seed{seed}.json'


def _common(scale: Scale) -> dict[str, Any]:
    return {k: v for k, v in scale.settings.items() if not k.startswith('videos_')}


def _check_size(study: Study, unlabelled: dict[str, Any]) -> None:
    described = json.loads(json.dumps({'scale': study.scale.to_dict(), 'films': unlabelled}))
    file = study.folder / 'experiment.json'
    if file.exists() and json.loads(file.read_text(encoding='utf-8')) != described:
        raise UsageError(
            f'{study.folder}: expected this very experiment or a new folder, found one of another '
            'size (experiment.json says which); choose another --work-dir'
        )
    write_json(file, described)
