"""Checkpoints that a crash, a full disk or a power loss cannot take away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.registry import HOOKS
from jmpose_mm.whole_files import flush_to_disk, remove_unfinished


class _WholeSaves:
    """A runner whose checkpoints get their names when they are on the disk."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, **options: Any) -> None:
        unfinished, final = Path(out_dir, f'.{filename}.unfinished'), Path(out_dir, filename)
        try:
            self._runner.save_checkpoint(out_dir, unfinished.name, *args, **options)
            # the main process alone has written one
            if unfinished.exists():
                flush_to_disk(unfinished)
                os.replace(unfinished, final)
                flush_to_disk(final.parent)
        finally:
            unfinished.unlink(missing_ok=True)


class _LateRemovals:
    """A file backend that notes what to remove; `finish` does it."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend, self._outdated = backend, []  # type: ignore[var-annotated]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self._outdated.append(path)

    def finish(self, kept: set[str]) -> None:
        for path in self._outdated:
            if path not in kept and os.path.isfile(path):
                os.unlink(path)


@HOOKS.register_module()
class DurableCheckpointHook(CheckpointHook):
    """mmengine's hook, differing in that there is a whole checkpoint at any moment.

    A checkpoint is written under another name, flushed to the disk and renamed. Only then are
    outdated ones removed; mmengine removes one before it writes the next. What a killed training
    left unfinished is removed by the next one. Arguments are those of ``CheckpointHook``. On other
    than local storage it does what the parent does.

    Example:
        >>> hook = {'type': 'jmpose_mm.DurableCheckpointHook', 'interval': 1, 'max_keep_ckpts': 2}
        >>> HOOKS.build(hook).interval  # as default_hooks.checkpoint of a config
        1
    """

    file_backend: Any

    def before_train(self, runner: Runner) -> None:
        """Find the folder, and clear it of what was left unfinished.

        Raises:
            UsageError: ``save_best`` names a number that no metric of the config gives.
        """
        self._check_save_best(runner)
        super().before_train(runner)
        if isinstance(self.file_backend, LocalBackend):
            remove_unfinished(self.out_dir)

    def _check_save_best(self, runner: Runner) -> None:
        """What it names is looked for in the first validation, after an epoch."""
        if self.save_best is None or runner.val_loop is None:
            return
        prefixes = {metric.prefix for metric in runner.val_loop.evaluator.metrics}
        if None in prefixes:  # of a metric that names its numbers freely
            return
        for name in self.key_indicators:
            if name != 'auto' and name.rpartition('/')[0] not in prefixes:
                raise UsageError(
                    f'default_hooks.checkpoint.save_best: expected auto or a number that is logged '
                    f'as {listed(f"{prefix}/NAME" for prefix in sorted(prefixes))}, got {name!r}'
                )

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        with self._durably(runner) as saving:
            super()._save_checkpoint_with_step(saving, step, meta)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, Any]) -> None:
        with self._durably(runner) as saving:
            super()._save_best_checkpoint(saving, metrics)

    @contextmanager
    def _durably(self, runner: Runner) -> Iterator[Any]:
        """A runner that saves whole files; what is removed inside goes at the end."""
        backend = self.file_backend
        if not isinstance(backend, LocalBackend):
            yield runner
            return
        self.file_backend = late = _LateRemovals(backend)
        try:
            yield _WholeSaves(runner)
        finally:
            self.file_backend = backend
        kept = {self.last_ckpt, getattr(self, 'best_ckpt_path', None)}
        late.finish(kept | set(getattr(self, 'best_ckpt_path_dict', {}).values()))
