"""Checkpoints that load under torch's safe default, and from which training resumes exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.dist import get_world_size
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from jmpose_mm.engine import random_state
from jmpose_mm.engine.checkpoints import check_finite
from jmpose_mm.engine.plain_types import from_plain, to_plain
from jmpose_mm.errors import naming
from jmpose_mm.registry import HOOKS

# Named tensors already; copying them would only lose the version numbers that torch keeps beside
# them.
_WEIGHTS = ('state_dict', 'ema_state_dict')


def _keep_to_own_files(runner: Runner, checkpoint: dict[str, Any], file: str) -> None:
    """Leave out, in place, what names files and code that are not this training's."""
    checkpoint.get('meta', {}).pop('config', None)
    hooks = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook)]
    folder = Path(runner.work_dir)
    for elsewhere in [hook.out_dir for hook in hooks if hook.out_dir not in (None, str(folder))]:
        folder = Path(elsewhere, folder.name)
    known = checkpoint.get('message_hub', {}).get('runtime_info', {})
    own = Path(file).resolve().parent == folder.resolve()
    numbers = known.get('keep_ckpt_ids', [])
    if not own or not all(type(number) is int for number in numbers):
        known['keep_ckpt_ids'] = []
    for name in [name for name in known if name.startswith(('best_ckpt', 'last_ckpt'))]:
        best = folder / Path(str(known[name])).name
        known[name] = str(best) if own and best.suffix == '.pth' and best.is_file() else None


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Keeps what mmengine saves to plain types and tensors, and the random state with it.

    Since torch 2.6, ``torch.load`` refuses mmengine's checkpoints: they hold numpy objects and
    `HistoryBuffer`. This hook replaces both before a checkpoint is written, notes where they stood
    under ``replaced``, and puts them back after it is read, for testing and resuming alike.

    The random state is stored under ``random_state``. On a CPU, resuming then continues the very
    same training, bit for bit, given a fixed ``randomness.seed`` and workers that do not outlive an
    epoch (``persistent_workers=False``). Validation leaves the random state as it was, since a
    resumed training does not repeat it. With several processes only the first one's state could be
    saved, so none is restored.

    Example:
        >>> import numpy as np
        >>> import torch
        >>> checkpoint = {'state_dict': {}, 'meta': {'seed': np.int64(3)}}
        >>> PlainCheckpointHook().before_save_checkpoint(None, checkpoint)
        >>> torch.save(checkpoint, 'epoch_1.pth')
        >>> torch.load('epoch_1.pth', weights_only=True)['meta']
        {'seed': 3}
    """

    # After every hook that adds to the checkpoint.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._pending: dict[str, Any] | None = None
        self._before_validation: dict[str, Any] | None = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Replace, in place, all that the safe default would refuse."""

        def drop(path: tuple[Any, ...], value: Any) -> None:
            place = '.'.join(map(str, path))
            runner.logger.warning(
                f'checkpoint: `{place}` is left out, a {type(value).__name__} has no plain form'
            )

        weights = {name: checkpoint[name] for name in _WEIGHTS if name in checkpoint}
        rest = {name: value for name, value in checkpoint.items() if name not in weights}
        plain, replaced = to_plain(rest, drop)
        checkpoint.update(plain)
        for name in rest.keys() - plain.keys():
            del checkpoint[name]
        checkpoint['replaced'] = replaced
        checkpoint['random_state'] = random_state.capture()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Put back what was replaced; checkpoints that this hook did not write are left alone.

        What mmengine would run (``meta['config']``) or remove (the outdated and the best checkpoint
        that the file names) is left out, unless it is a file of this work directory.

        Raises:
            UsageError: A replaced part is not there, or weights are not finite.
        """
        file = getattr(runner, '_load_from', None) or 'the checkpoint'
        with naming(file, 'a checkpoint of a training'):
            check_finite(checkpoint.get('state_dict', checkpoint), file)
            from_plain(checkpoint, checkpoint.pop('replaced', []))
            _keep_to_own_files(runner, checkpoint, str(file))
        self._pending = checkpoint.get('random_state')

    def before_train_epoch(self, runner: Runner) -> None:
        """Restore the random state when this is the first epoch after resuming."""
        state, self._pending = self._pending, None
        # Weights alone were loaded, as a start: `load_from` without `resume`.
        if state is None or runner.iter == 0:
            return
        if get_world_size() > 1:
            runner.logger.warning('several processes: the random state is not restored')
            return
        loop = runner.train_loop
        if not isinstance(loop, IterBasedTrainLoop):
            random_state.restore(state)
            return
        # This loop first fetches the batches of the iterations done, which draws random numbers
        # again.
        loop.dataloader_iterator = random_state.CallBeforeItem(
            loop.dataloader_iterator, runner.iter, lambda: random_state.restore(state)
        )

    def before_val(self, runner: Runner) -> None:
        """Remember the random state."""
        self._before_validation = random_state.capture()

    def after_val(self, runner: Runner) -> None:
        """Go on as if there had been no validation."""
        if self._before_validation is not None:
            random_state.restore(self._before_validation)
            self._before_validation = None
