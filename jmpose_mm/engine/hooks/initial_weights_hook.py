"""A training never starts on nothing: what was loaded is said, and what is frozen was loaded."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop

from jmpose_mm.engine.initial_weights import (
    ModelPart,
    adopt_layout,
    named_weights,
    other_joints,
    parts_of_model,
    start_table,
)
from jmpose_mm.errors import UsageError, listed, without_credentials
from jmpose_mm.registry import HOOKS

if TYPE_CHECKING:
    from mmengine.runner import Runner
    from torch import nn

__all__ = ['InitialWeightsHook']


# What a checkpoint has of a layer. Constants, such as embeddings of positions, have other names.
_LOADED = ('.weight', '.bias', '.running_mean', '.running_var')


@HOOKS.register_module()
class InitialWeightsHook(Hook):
    """Before the first iteration: one table of what the model starts with.

    Which weights a checkpoint filled is read off the tensors: torch counts how often each was
    written. Weights of a frozen part that nothing filled are refused, unless the config has
    ``allow_random_frozen = True``; so is a checkpoint of which nothing fits.

    Checkpoints of other layouts are brought into mmengine's while they are loaded, see
    `adopt_layout`.

    Example:
        >>> from jmpose_mm import load_config
        >>> cfg = load_config('jm-pose_debug.py')
        >>> {'type': 'jmpose_mm.InitialWeightsHook'} in cfg.custom_hooks
        True
        >>> cfg.allow_random_frozen  # three iterations teach nothing
        True
    """

    # Before hooks that read the checkpoint.
    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._written: dict[str, int] | None = None
        self._unused: list[str] = []
        self._other_joints = ''

    def before_run(self, runner: Runner) -> None:
        """Forget what an earlier run has loaded."""
        self._written, self._unused, self._other_joints = None, [], ''

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Right before the model takes the weights: remember how often each was written."""
        model = _plain(runner.model)
        weights = named_weights(model)
        adopted = adopt_layout(checkpoint, weights)
        if adopted:
            runner.logger.info(f'checkpoint: taken with {adopted}')
        if not isinstance(runner._train_loop, BaseLoop):  # no training, where loading is strict
            return
        self._other_joints = other_joints(checkpoint.get('state_dict', checkpoint), weights)
        self._written = {name: weight._version for name, weight in weights.items()}
        handles: list[Any] = []

        def take_lists(_: nn.Module, keys: Any) -> None:
            # The table says it; mmengine would log each name.
            self._unused = list(keys.unexpected_keys)
            keys.missing_keys.clear()
            keys.unexpected_keys.clear()
            handles.pop().remove()

        handles.append(model.register_load_state_dict_post_hook(take_lists))

    def before_train(self, runner: Runner) -> None:
        """Say what the model starts with, or refuse it.

        Raises:
            UsageError: A frozen weight was filled by nothing, nothing of the checkpoint fits, or
                everything is frozen.
        """
        model, source = _plain(runner.model), _source(runner)
        loaded = _pretrained(model)
        if self._written is not None:
            weights = named_weights(model)
            # Values would not tell: weights that are loaded may equal those that were drawn.
            filled = {n for n, count in self._written.items() if weights[n]._version > count}
            if not filled:
                raise UsageError(
                    f'load_from: expected weights of this model, but nothing of {source} fits; it '
                    f'has {listed(self._unused, 3)}, the model {listed(weights, 3)}'
                )
            loaded |= filled
        parts = parts_of_model(model, loaded)
        if runner.iter >= runner.max_iters:
            runner.logger.warning(
                f'nothing is left to train: {source} has {runner.iter} of {runner.max_iters} '
                'iterations behind it; train_cfg says how many there are'
            )
        unused = f'\nnot used of {source}: {listed(self._unused, 3)}' if self._unused else ''
        runner.logger.info(f'the model starts with\n{start_table(parts, source)}{unused}')
        if all(part.is_frozen for part in parts):
            raise UsageError(
                'model.frozen: expected something left to train, got every part of the model frozen'
            )
        rates = {g.get('initial_lr', g['lr']) for g in _parameter_groups(runner)}
        if rates == {0}:
            raise UsageError('optim_wrapper.optimizer.lr: expected more than 0, got 0')
        self._check_frozen(runner, [part for part in parts if part.is_frozen], source)

    def _check_frozen(self, runner: Runner, parts: list[ModelPart], source: str) -> None:
        random = {
            part.name: names
            for part in parts
            if (names := [n for n in part.new if n.endswith(_LOADED)])
        }
        if not random:
            return
        said = listed(f'{name} ({len(names)} weights)' for name, names in random.items())
        if runner.cfg.get('allow_random_frozen', False):
            runner.logger.log(logging.WARNING, f'frozen, and random: {said}')
            return
        raise UsageError(
            f'load_from: expected weights for the frozen {said}, got none from {source}, so that '
            f'they would stay random{self._other_joints}; name a checkpoint that has them, or '
            'set allow_random_frozen=True'
        )


def _plain(model: nn.Module) -> nn.Module:
    return cast('nn.Module', model.module) if is_model_wrapper(model) else model


def _parameter_groups(runner: Runner) -> list[dict[str, Any]]:
    return getattr(getattr(runner.optim_wrapper, 'optimizer', None), 'param_groups', [])


def _source(runner: Runner) -> str:
    """Where weights come from, in words."""
    return without_credentials(str(runner._load_from or 'no checkpoint (load_from is None)'))


def _pretrained(model: nn.Module) -> set[str]:
    """Names of the weights of modules that mmengine initialises from a file."""
    found: set[str] = set()
    for name, module in model.named_modules():
        init = getattr(module, 'init_cfg', None) or []
        for entry in init if isinstance(init, (list, tuple)) else [init]:
            if entry.get('type') == 'Pretrained':
                found |= {f'{name}.{weight}'.lstrip('.') for weight in named_weights(module)}
    return found
