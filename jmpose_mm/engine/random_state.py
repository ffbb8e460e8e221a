"""The state of all random number generators of training, as plain types and tensors."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch


def capture() -> dict[str, Any]:
    """The states of Python's, numpy's and torch's generators (CPU and every CUDA device)."""
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        'python': random.getstate(),
        'numpy': (
            name,
            torch.from_numpy(np.asarray(keys).astype(np.int64)),
            position,
            has_gauss,
            cached,
        ),
        'torch': torch.get_rng_state(),
        'cuda': torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore(state: dict[str, Any]) -> None:
    """Put all generators into a captured `state`; CUDA only on as many devices as there were."""
    random.setstate(state['python'])
    name, keys, *rest = state['numpy']
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), *rest))
    # A checkpoint may have been loaded to a GPU; the generators' states live on the processor.
    torch.set_rng_state(state['torch'].cpu())
    cuda = [device_state.cpu() for device_state in state['cuda']]
    if cuda and torch.cuda.is_available() and len(cuda) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(cuda)


class CallBeforeItem:
    """An iterator that makes one call before it fetches item `index` (0 is the first)."""

    def __init__(self, iterator: Iterator[Any], index: int, call: Callable[[], None]) -> None:
        self.iterator = iterator
        self.remaining = index
        self.call = call

    def __iter__(self) -> CallBeforeItem:
        return self

    def __next__(self) -> Any:
        # Before the item is fetched: what is drawn for it comes from the restored state.
        if self.remaining == 0:
            self.call()
        self.remaining -= 1
        return next(self.iterator)
