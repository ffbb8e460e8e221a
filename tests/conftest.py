"""Before a test imports mmpose, the package makes it importable without compiled operators."""

from __future__ import annotations

import signal
import sys

import pytest

import jmpose_mm  # noqa: F401

# A job in the background starts with Ctrl-C ignored; tests that send it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope='session')
def _apples_gpu_stays_aside():
    """On a Mac all tests compute on the processor, as their expectations were made."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.platform == 'darwin':
            patch.setattr('torch.backends.mps.is_available', lambda: False)
            patch.setattr('mmengine.device.utils.DEVICE', 'cpu')
        yield
