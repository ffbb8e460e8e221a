"""Ctrl-C before a tool's work begins, while it still imports: one line and exit status 130."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

__all__ = ['started']


def started(main: Callable[[], int]) -> int:
    """The exit status of `main`; `run_tool`, which that calls, takes Ctrl-C over."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as of a job in the background
        signal.signal(signal.SIGINT, _end)
    return main()


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, f'{os.path.basename(sys.argv[0])}: interrupted\n'.encode())
    os._exit(130)
