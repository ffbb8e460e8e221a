"""Lets mmpose import where ``xtcocotools`` is missing: it has no wheel for Python 3.12.

mmpose reads COCO-style annotation files with ``xtcocotools.coco.COCO``, an extended copy of
pycocotools' class. Reading is the same in both, so pycocotools takes its place. Its evaluation
differs (sigmas per data set, evaluation without areas): asking for that says what to install.
Nothing happens where xtcocotools is there.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NoReturn

PACKAGE = 'xtcocotools'


class _Borrowed(ModuleType):
    """A module that takes its names from pycocotools, the first time that one is asked for."""

    def __getattr__(self, name: str) -> Any:
        # Python itself asks modules for such names, as `__path__`: that must not import anything.
        if name.startswith('__'):
            raise AttributeError(name)
        return getattr(import_module(self.__name__.replace(PACKAGE, 'pycocotools')), name)


def _no_evaluation(*args: Any, **kwargs: Any) -> NoReturn:
    raise RuntimeError(
        'COCO keypoint evaluation in mmpose needs xtcocotools, which is not installed: '
        'pip install xtcocotools (wheels exist for Python 3.11 and below). '
        'PoseTrack AP (jmpose_mm.PoseTrackAPMetric) does not need it.'
    )


def install_stand_in() -> bool:
    """Put pycocotools in the place of a missing xtcocotools; returns whether that was done."""
    if isinstance(sys.modules.get(f'{PACKAGE}.coco'), _Borrowed):
        return True
    # Without either, mmpose's own error names what is missing.
    if find_spec(PACKAGE) is not None or find_spec('pycocotools') is None:
        return False
    package = ModuleType(PACKAGE)
    package.__spec__ = ModuleSpec(PACKAGE, loader=None, is_package=True)
    # An empty path makes it a package, whose modules are those put into `sys.modules` here.
    package.__path__ = []
    sys.modules[PACKAGE] = package
    for name in ('coco', 'mask', 'cocoeval'):
        module = _Borrowed(f'{PACKAGE}.{name}')
        module.__spec__ = ModuleSpec(f'{PACKAGE}.{name}', loader=None)
        sys.modules[f'{PACKAGE}.{name}'] = module
        setattr(package, name, module)
    sys.modules[f'{PACKAGE}.cocoeval'].COCOeval = _no_evaluation  # type: ignore[attr-defined]
    return True
