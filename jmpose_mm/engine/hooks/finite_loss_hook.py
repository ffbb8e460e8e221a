"""A loss that is not finite ends the training where it appears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from mmengine.hooks import Hook

from jmpose_mm.errors import NotFiniteError, listed
from jmpose_mm.registry import HOOKS

if TYPE_CHECKING:
    from mmengine.runner import Runner

__all__ = ['FiniteLossHook']


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops a training at the first loss that is not finite, before a checkpoint is written.

    Example:
        >>> from types import SimpleNamespace
        >>> losses = {'loss_kpt': 0.1, 'loss_total': float('nan')}
        >>> FiniteLossHook().after_train_iter(SimpleNamespace(iter=4), 0, outputs=losses)
        Traceback (most recent call last):
        jmpose_mm.errors.NotFiniteError: iteration 5: expected finite losses, got ...loss_total...
    """

    # Before checkpoints are written.
    priority = 'VERY_HIGH'

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Look at the losses of an iteration.

        Raises:
            NotFiniteError: One of them is not finite; it names the iteration and the terms.
        """
        losses = {k: v for k, v in (outputs or {}).items() if 'loss' in k}
        if not losses:
            return
        # In one tensor: each look at a value would wait for the GPU.
        values = torch.stack([torch.as_tensor(v).detach().float().sum() for v in losses.values()])
        finite = torch.isfinite(values).tolist()
        bad = [name for name, is_finite in zip(losses, finite, strict=True) if not is_finite]
        # The sum of the others comes last in words: it is what they make of it.
        terms = [name for name in bad if name != 'loss'] or bad
        if bad:
            raise NotFiniteError(
                f'iteration {runner.iter + 1}: expected finite losses, got others in '
                f'{listed(terms)}; a smaller learning rate, or clipping gradients '
                '(optim_wrapper.clip_grad.max_norm), may help'
            )
