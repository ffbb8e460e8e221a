"""The data set on disk: PoseTrack18 layout, whole or not at all.

::

    OUT/synthetic.json                               settings, seed, digest, counts
    OUT/images/{train,val}/<video>/000000.jpg
    OUT/annotations/{train,val}/<video>.json         one official document per video
    OUT/annotations/posetrack18_{train,val}.json     all of them merged
    OUT/annotations/posetrack18_{train,val}_human_detections.json
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import sys
import tempfile
import warnings
from collections.abc import Generator
from contextlib import closing
from operator import index
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from jmpose_mm.datasets.synthetic.annotation import CATEGORY
from jmpose_mm.datasets.synthetic.replacing import (
    MANIFEST,
    check_target,
    manifest_at,
    put_in_place,
    rendered_files,
    tidy,
)
from jmpose_mm.datasets.synthetic.settings import Settings, settings_from
from jmpose_mm.datasets.synthetic.video import SPLITS, VideoJob, render_video
from jmpose_mm.errors import listed
from jmpose_mm.formats.coco_writing import write_coco
from jmpose_mm.formats.detections import write_detections
from jmpose_mm.formats.json_files import write_compact_json
from jmpose_mm.whole_files import alone_in
from jmpose_mm.worker_processes import follow_parent

__all__ = ['GENERATOR_VERSION', 'MANIFEST', 'make_synthetic']

GENERATOR_VERSION = 1
"""A new number for every change of pixels or annotations; a test holds it against kept ones."""


def _digest(wanted: dict[str, Any]) -> str:
    """SHA-256 over all that decides the data, whatever the preset is called."""
    decisive = {key: wanted[key] for key in ('seed', 'settings', 'generator')}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def make_synthetic(
    out: str | Path,
    preset: str = 'demo',
    seed: int = 0,
    *,
    workers: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
    **overrides: Any,
) -> dict[str, Any]:
    """Render a data set, or return at once if `out` already holds the very same one.

    Args:
        out: Folder to make. It appears when everything in it is complete.
        preset: One of `PRESETS`.
        seed: >= 0. Equal seeds, settings and library versions give equal bytes, whatever `workers`
            is.
        workers: Processes; None is one per core, at most one per video.
        overwrite: Replace the data in `out` by these, also where some of them were removed; other
            files in it stay.
        progress: Show a progress bar.
        **overrides: Fields of `Settings` to change in the preset.

    Returns:
        The manifest: 'preset', 'seed', 'settings', 'generator' (its version), 'digest' (a hash of
        seed, settings and version, which a table of results can state), and 'counts' by split.

    Raises:
        ValueError: If an argument is out of range.
        FileExistsError: If `out` holds something else and `overwrite` is false, or no synthetic
            data set at all.
    """
    settings = settings_from(preset, **overrides)
    seed = _checked_count('seed', seed, 0)
    if workers is not None:
        workers = _checked_count('workers', workers, 1)
    out = Path(out)
    wanted = {
        'preset': preset,
        'seed': seed,
        'settings': settings.to_dict(),
        'generator': GENERATOR_VERSION,
    }
    with alone_in(out.parent, f'.{out.name}.in_use'):
        tidy(out)
        return _made(out, wanted, settings, workers, overwrite, progress)


def _made(
    out: Path,
    wanted: dict[str, Any],
    settings: Settings,
    workers: int | None,
    overwrite: bool,
    progress: bool,
) -> dict[str, Any]:
    present = manifest_at(out)
    if present is not None and all(present.get(key) == value for key, value in wanted.items()):
        missing = sorted(file for file in rendered_files(out) if not (out / file).exists())
        if missing and not overwrite:
            warnings.warn(
                f'{out}: expected a whole data set, found one without {listed(missing, 2)}; render '
                'it again by tools/make_synthetic.py with --overwrite (overwrite=True)',
                stacklevel=2,
            )
        if not missing or not overwrite:
            return present
    check_target(out, present, overwrite)
    scratch = Path(tempfile.mkdtemp(prefix=f'.{out.name}.', suffix='.part', dir=out.parent))
    try:
        counts = _render(scratch, settings, wanted['seed'], workers, progress)
        manifest = {**wanted, 'digest': _digest(wanted), 'counts': counts}
        write_compact_json(scratch / MANIFEST, manifest)
        # `mkdtemp` makes folders that nobody else can read.
        scratch.chmod(0o755)
        put_in_place(scratch, out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return manifest


def _checked_count(name: str, value: Any, least: int) -> int:
    try:
        number = -1 if isinstance(value, bool) else index(value)
    except TypeError:
        number = -1
    if number < least:
        raise ValueError(f'{name}: expected an integer of at least {least}, got {value!r}')
    return number


def _render(
    root: Path, settings: Settings, seed: int, workers: int | None, progress: bool
) -> dict[str, dict[str, int]]:
    jobs = [
        VideoJob(settings, seed, split, index, str(root))
        for split, count in zip(SPLITS, (settings.videos_train, settings.videos_val), strict=True)
        for index in range(count)
    ]
    results: dict[str, list[Any]] = {split: [] for split in SPLITS}
    bar = tqdm(total=len(jobs) * settings.frames, unit='frame', desc='render', disable=not progress)
    # Closed before anybody clears the folder: workers that still run would write into it.
    with bar, closing(_results(jobs, workers or multiprocessing.cpu_count())) as made:
        for job, result in zip(jobs, made, strict=True):
            results[job.split].append((job, *result))
            bar.update(settings.frames)
    return {split: _write_split(root, split, made) for split, made in results.items()}


def _results(jobs: list[VideoJob], workers: int) -> Generator[Any, None, None]:
    """Results in the order of the jobs."""
    workers = min(workers, len(jobs))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # one core per process, and no thread of OpenCV's alive when forking
    try:
        if workers == 1:
            yield from map(render_video, jobs)
            return
        # Forked where that is usual: a fresh interpreter would import the host libraries again,
        # and the caller's main module, which need not be importable.
        context = multiprocessing.get_context(_start_method())
        with context.Pool(workers, follow_parent) as pool:
            yield from pool.imap(render_video, jobs)
    finally:
        cv2.setNumThreads(threads)


def _start_method() -> str:
    """Forking is quick, and safe on Linux alone."""
    forks = sys.platform == 'linux' and 'fork' in multiprocessing.get_all_start_methods()
    return 'fork' if forks else 'spawn'


def _write_split(root: Path, split: str, made: list[Any]) -> dict[str, int]:
    folder = root / 'annotations'
    documents = [document for _, document, _ in made]
    for job, document, _ in made:
        write_coco(folder / split / f'{job.name}.json', [document])
    write_coco(folder / f'posetrack18_{split}.json', documents, [CATEGORY])
    detections = [box for _, _, found in made for box in found]
    write_detections(folder / f'posetrack18_{split}_human_detections.json', detections)
    images = [image for document in documents for image in document['images']]
    return {
        'videos': len(made),
        'images': len(images),
        'annotations': sum(len(document['annotations']) for document in documents),
        'degraded_images': sum(image['degraded'] for image in images),
    }
