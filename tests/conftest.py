"""Before a test imports mmpose, the package makes it importable without compiled operators."""

from __future__ import annotations

import signal
import sys

import pytest

import jmpose_mm  # noqa: F401

# A job in the background starts with Ctrl-C ignored, one of nohup with the end of the terminal;
# tests that send these would wait for ever.
for _name, _usual in (('SIGINT', signal.default_int_handler), ('SIGHUP', signal.SIG_DFL)):
    if hasattr(signal, _name) and signal.getsignal(getattr(signal, _name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, _name), _usual)


@pytest.fixture(autouse=True, scope='session')
def _apples_gpu_stays_aside():
    """On a Mac all tests compute on the processor, as their expectations were made."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.platform == 'darwin':
            patch.setattr('torch.backends.mps.is_available', lambda: False)
            patch.setattr('mmengine.device.utils.DEVICE', 'cpu')
        yield
