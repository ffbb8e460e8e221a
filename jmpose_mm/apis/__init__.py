"""What the command line tools call, and :class:`VideoPoseInferencer` for programs."""

from __future__ import annotations

from typing import Any

__all__ = ['VideoPoseInferencer']  # noqa: F822, made by __getattr__


def __getattr__(name: str) -> Any:
    # On demand: it imports torch and mmpose, which most of what is here can wait for.
    if name == 'VideoPoseInferencer':
        from jmpose_mm.video.inferencer import VideoPoseInferencer

        return VideoPoseInferencer
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
