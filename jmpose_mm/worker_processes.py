"""Worker processes end with the one that started them, however that ends, and without a word."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait

__all__ = ['end_loader_worker_with_parent', 'follow_parent']

_FOLLOWING: set[int] = set()  # this process, once it waits for its parent's end


def follow_parent() -> None:
    """To be called first in a pool's worker: Ctrl-C is for the command, whose end ends the worker.

    A worker whose parent was killed would go on, and write into a folder that the next run clears.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with_parent()


def end_loader_worker_with_parent() -> None:
    """In a worker of a torch loader: end it with its parent. Elsewhere nothing.

    A worker whose parent was killed may otherwise wait for ever to hand over a batch, and keep the
    memory of its data set.
    """
    from torch.utils.data import get_worker_info

    if get_worker_info() is not None:
        _end_with_parent()


def _end_with_parent() -> None:
    """End this process as soon as the one that started it has ended; where none did, nothing."""
    parent = multiprocessing.parent_process()
    if parent is None or os.getpid() in _FOLLOWING:
        return
    _FOLLOWING.add(os.getpid())

    def end_with(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=end_with, args=(parent.sentinel,), daemon=True).start()
