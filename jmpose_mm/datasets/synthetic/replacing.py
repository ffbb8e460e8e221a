"""A rendered data set in the place of another, at once, with what a user has put beside it."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from jmpose_mm.datasets.synthetic.video import SPLITS

__all__ = ['MANIFEST', 'check_target', 'manifest_at', 'put_in_place', 'rendered_files', 'tidy']

MANIFEST = 'synthetic.json'
_ENDING = 5.0  # seconds in which workers of a killed run end


def manifest_at(out: Path) -> dict[str, Any] | None:
    """The manifest of a folder; None where it is no rendered data set."""
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or not isinstance(manifest.get('digest'), str):
        return None
    return manifest if isinstance(manifest.get('counts'), dict) else None


def check_target(out: Path, present: dict[str, Any] | None, overwrite: bool) -> None:
    """Raise `FileExistsError` where `out` holds what must not be replaced."""
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


def tidy(out: Path) -> None:
    """Remove, or put back, what a killed run left beside `out`."""
    for old in out.parent.glob(f'.{out.name}.????????.old'):
        if out.exists():
            _keep_own_files(old, out)
            shutil.rmtree(old)
        else:
            old.rename(out)
    for scratch in out.parent.glob(f'.{out.name}.????????.part'):
        _remove(scratch)


def _remove(folder: Path) -> None:
    """Remove a folder, into which a killed run's workers may write for moments more."""
    latest = time.monotonic() + _ENDING
    while time.monotonic() < latest:
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
    shutil.rmtree(folder)


def put_in_place(scratch: Path, out: Path) -> None:
    """Let a finished data set be `out`; files there that were not rendered stay."""
    if not out.exists():
        scratch.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f'.{out.name}.', suffix='.old', dir=out.parent))
    out.rename(old)
    try:
        scratch.rename(out)
    except OSError:
        # The new folder could not take its place: the old one goes back.
        old.rename(out)
        raise
    _keep_own_files(old, out)
    shutil.rmtree(old, ignore_errors=True)


def _keep_own_files(old: Path, out: Path) -> None:
    """Move what was not rendered, a user's own boxes and notes, to where it was."""
    rendered = rendered_files(old)
    for file in sorted(path for path in old.rglob('*') if path.is_file()):
        target = out / file.relative_to(old)
        if file.relative_to(old).as_posix() not in rendered and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)


def rendered_files(root: Path) -> set[str]:
    """Names of the files of a data set, relative to its folder."""
    files = {MANIFEST}
    for split in SPLITS:
        merged = f'annotations/posetrack18_{split}.json'
        files |= {merged, f'annotations/posetrack18_{split}_human_detections.json'}
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            pictures = {
                i['file_name']
                for i in json.loads((root / merged).read_text(encoding='utf-8'))['images']
            }
            files |= pictures
            files |= {f'annotations/{split}/{Path(name).parent.name}.json' for name in pictures}
    return files
