"""What the command line tools call, and what programs call to get poses of videos."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Where each is; imported on demand, since most of what is here can wait for torch and mmpose.
_PLACES = {
    'FoundBoxes': 'jmpose_mm.video.people.found_boxes',
    'VideoPoseInferencer': 'jmpose_mm.video.inferencer',
    'open_source': 'jmpose_mm.video.frames.sources',
    'read_poses': 'jmpose_mm.video.files.recordings',
    'to_dataframe': 'jmpose_mm.video.files.pose_tables',
}

__all__ = ['FoundBoxes', 'VideoPoseInferencer', 'open_source', 'read_poses', 'to_dataframe']  # noqa: F822, made by __getattr__


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
