"""Which checkpoint a training goes on from, and whether it can."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.engine.checkpoints import (
    check_weights,
    checkpoints_in_order,
    find_checkpoint,
    read_checkpoint,
)
from jmpose_mm.errors import UsageError, listed

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['check_resumable', 'newest_checkpoint', 'resume_from', 'tell_of_earlier']


def resume_from(cfg: Config, checkpoint: str) -> None:
    """Change `cfg` in place so that its training goes on from a checkpoint.

    Args:
        cfg: Config whose ``work_dir`` and checkpoint hook say where checkpoints are.
        checkpoint: A path, an address, or a folder, for the newest in it that loads; ``'auto'`` for
            that of the work directory. Where ``'auto'`` finds none, the training begins as without
            resuming, and says so.

    Raises:
        UsageError: The checkpoint is none to resume from, or of several none can be read.
    """
    from mmengine.logging import print_log

    named = Path(checkpoint) if checkpoint != 'auto' else None
    if named is not None and not named.is_dir():
        file = find_checkpoint(checkpoint)
        check_resumable(read_checkpoint(file), checkpoint)
        cfg.resume, cfg.load_from = True, file
        return
    folder, template = _checkpoints(cfg)
    folder = named or folder
    newest, skipped = newest_checkpoint(folder, template)
    for message in skipped:
        print_log(f'resume: skipped {message}')
    if newest is None and skipped:
        raise UsageError(
            f'resume: none of the {len(skipped)} checkpoints in {folder} can be resumed from: '
            f'{listed(skipped, 2)}; without --resume the training begins anew'
        )
    if newest is None and named is not None:
        raise UsageError(f'resume: expected a checkpoint in the folder {folder}, got none')
    if newest is None:
        print_log(f'resume: no checkpoint in {folder}: the training begins')
        cfg.resume = False
        if cfg.get('load_from') is not None:
            cfg.load_from = find_checkpoint(cfg.load_from)
        return
    print_log(f'resume: from {newest}')
    cfg.resume, cfg.load_from = True, newest


def tell_of_earlier(cfg: Config) -> None:
    """Warn where a training that begins anew would write over checkpoints of an earlier one."""
    from mmengine.logging import print_log

    folder, template = _checkpoints(cfg)
    files = sorted(folder.glob(template.format('*')), key=lambda file: file.stat().st_mtime)
    if files:
        print_log(
            f'work_dir: {folder} holds checkpoints of an earlier training, the last '
            f'{files[-1].name}; this one begins anew, and replaces those of the same name. '
            '--resume goes on after the last; another work_dir keeps all',
            'current',
            logging.WARNING,
        )


def _checkpoints(cfg: Config) -> tuple[Path, str]:
    """Folder of a training's checkpoints, and the template of their names."""
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    folder = Path(cfg.work_dir)
    if hook.get('out_dir') is not None:
        # mmengine's hook adds the name of the work directory to its own folder.
        folder = Path(hook['out_dir'], folder.name)
    return folder, hook.get('filename_tmpl') or '*_{}.pth'


def check_resumable(checkpoint: Mapping[str, Any], file: str | Path) -> None:
    """Raise `UsageError` if a training cannot go on from a checkpoint, e.g. from weights."""
    meta = checkpoint.get('meta')
    counts = [meta.get(name) if isinstance(meta, Mapping) else None for name in ('epoch', 'iter')]
    whole = all(isinstance(count, int) for count in counts)
    parts = ('state_dict', 'message_hub', 'optimizer')
    missing = [part for part in parts if not isinstance(checkpoint.get(part), Mapping)]
    if missing or not whole:
        missing += [] if whole else ['meta.epoch and meta.iter']
        raise UsageError(
            f'{file}: expected a checkpoint that a training stored, to resume from; it lacks '
            f'{listed(missing)}. Weights alone are a start: --cfg-options load_from={file}'
        )
    check_weights(checkpoint['state_dict'], file)


def newest_checkpoint(
    folder: str | Path, template: str = '*_{}.pth'
) -> tuple[str | None, list[str]]:
    """The newest checkpoint in a folder that a training can go on from.

    Args:
        folder: Work directory, or where the checkpoints go.
        template: File name, with ``{}`` for the number of epochs or iterations.

    Returns:
        Its path, None where there is none, and a message for every newer one that was skipped.
    """
    skipped: list[str] = []
    for file in checkpoints_in_order(folder, template):
        try:
            check_resumable(read_checkpoint(file), file)
        except UsageError as error:
            skipped.append(str(error))
        else:
            return str(file), skipped
    return None, skipped
