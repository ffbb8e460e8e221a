"""PyAV's codecs and forks: codecs that are no longer used are freed before a process forks.

Containers and streams of PyAV refer to each other, so the garbage collector frees them, some time
later. Where that happens in a forked process, the codec waits for threads that only its parent has,
and the process dies. Importing this module prevents it.
"""

from __future__ import annotations

import gc
import os

if hasattr(os, 'register_at_fork'):
    os.register_at_fork(before=gc.collect)
