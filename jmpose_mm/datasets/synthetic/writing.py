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
from collections.abc import Generator
from contextlib import closing, suppress
from operator import index
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from jmpose_mm.datasets.synthetic.annotation import CATEGORY
from jmpose_mm.datasets.synthetic.settings import Settings, settings_from
from jmpose_mm.datasets.synthetic.video import SPLITS, VideoJob, render_video

__all__ = ['GENERATOR_VERSION', 'MANIFEST', 'make_synthetic']

MANIFEST = 'synthetic.json'
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
        overwrite: Replace the data in `out` by these; other files in it stay.
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
    present = _manifest_at(out)
    if present is not None and all(present.get(key) == value for key, value in wanted.items()):
        return present
    _check_target(out, present, overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f'.{out.name}.', suffix='.part', dir=out.parent))
    try:
        counts = _render(scratch, settings, seed, workers, progress)
        manifest = {**wanted, 'digest': _digest(wanted), 'counts': counts}
        _write_json(scratch / MANIFEST, manifest)
        scratch.chmod(0o755)
        _put_in_place(scratch, out)
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


def _manifest_at(out: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None


def _check_target(out: Path, present: dict[str, Any] | None, overwrite: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if present is None:
        raise FileExistsError(
            f'{out}: expected a new folder or a synthetic data set ({MANIFEST}), '
            'found something else; it is never overwritten: choose another folder'
        )
    if not overwrite:
        raise FileExistsError(
            f'{out}: expected the same settings, seed and generator, found a data set made with '
            'others; choose another folder (data_root), or replace it by tools/make_synthetic.py '
            'with --overwrite (overwrite=True), where other files in it stay'
        )


def _put_in_place(scratch: Path, out: Path) -> None:
    if not out.exists():
        scratch.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f'.{out.name}.', suffix='.old', dir=out.parent))
    out.rename(old)
    try:
        scratch.rename(out)
    except OSError:
        old.rename(out)
        raise
    _keep_own_files(old, out)
    shutil.rmtree(old, ignore_errors=True)


def _keep_own_files(old: Path, out: Path) -> None:
    """Move what was not rendered, a user's own boxes and notes, to where it was."""
    rendered = _rendered_files(old)
    for file in sorted(path for path in old.rglob('*') if path.is_file()):
        target = out / file.relative_to(old)
        if file.relative_to(old).as_posix() not in rendered and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)


def _rendered_files(root: Path) -> set[str]:
    files = {MANIFEST}
    for split in SPLITS:
        merged = f'annotations/posetrack18_{split}.json'
        files |= {merged, f'annotations/posetrack18_{split}_human_detections.json'}
        with suppress(OSError, ValueError, KeyError, TypeError):
            pictures = {
                i['file_name']
                for i in json.loads((root / merged).read_text(encoding='utf-8'))['images']
            }
            files |= pictures
            files |= {f'annotations/{split}/{Path(name).parent.name}.json' for name in pictures}
    return files


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
        context = multiprocessing.get_context('fork' if sys.platform == 'linux' else 'spawn')
        with context.Pool(workers) as pool:
            yield from pool.imap(render_video, jobs)
    finally:
        cv2.setNumThreads(threads)


def _write_split(root: Path, split: str, made: list[Any]) -> dict[str, int]:
    folder = root / 'annotations'
    merged: dict[str, list[Any]] = {'images': [], 'annotations': []}
    detections = []
    (folder / split).mkdir(parents=True)
    for job, document, found in made:
        _write_json(folder / split / f'{job.name}.json', document)
        for key in merged:
            merged[key] += document[key]
        detections += found
    _write_json(folder / f'posetrack18_{split}.json', {**merged, 'categories': [CATEGORY]})
    _write_json(folder / f'posetrack18_{split}_human_detections.json', detections)
    return {
        'videos': len(made),
        'images': len(merged['images']),
        'annotations': len(merged['annotations']),
        'degraded_images': sum(image['degraded'] for image in merged['images']),
    }


def _write_json(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, separators=(',', ':')) + '\n', encoding='utf-8')
