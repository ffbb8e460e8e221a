"""What may end a tool while it imports, in one line: Ctrl-C, a Python without the package."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

__all__ = ['started']

NO_PACKAGE = (
    f'{sys.executable} has no jmpose_mm. In a clone, `make setup` makes .venv with it, and '
    '`source .venv/bin/activate` chooses that Python; docs/install.md tells other ways'
)


def started(main: Callable[[], int]) -> int:
    """The exit status of `main`; 2 where this Python has no jmpose_mm, 130 after Ctrl-C.

    `run_tool`, which `main` calls, takes Ctrl-C over.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as of a job in the background
        signal.signal(signal.SIGINT, _end)
    try:
        return main()
    except ModuleNotFoundError as error:
        if error.name != 'jmpose_mm':
            raise
        print(f'{os.path.basename(sys.argv[0])}: {NO_PACKAGE}', file=sys.stderr)
        return 2


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, f'{os.path.basename(sys.argv[0])}: interrupted\n'.encode())
    os._exit(130)
