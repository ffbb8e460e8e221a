"""Processes of a pool end with the one that started them, and without a word."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait

__all__ = ['follow_parent']


def follow_parent() -> None:
    """To be called first in a worker: Ctrl-C is for the command, whose end ends the worker.

    A worker whose parent was killed would go on, and write into a folder that the next run clears.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def end_with(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=end_with, args=(parent.sentinel,), daemon=True).start()
