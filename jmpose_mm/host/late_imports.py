"""Puts off what few need: imports of mmpose's modules, and mmengine for those who only evaluate.

SciPy's statistics draw random boxes in training, matplotlib shows annotations in a window. Together
they are a fifth of the time to a video's first pose. In `LATE`'s modules their names stand for the
real ones, which are imported when something is asked of them. No other module sees a difference,
and nothing is put off that is there already.

What this package changes in a module of mmengine waits until somebody imports that.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

__all__ = ['install', 'when_imported']

PLOTS = ('matplotlib', 'matplotlib.pyplot', 'matplotlib.collections', 'matplotlib.patches')
LATE = {
    'mmpose.datasets.transforms.bottomup_transforms': ('scipy.stats',),
    'mmpose.datasets.transforms.common_transforms': ('scipy.stats',),
    'mmdet.utils.mot_error_visualize': PLOTS,
    'xtcocotools.coco': PLOTS,
}


class _LateName:
    """Something of a module, which is imported when it is used."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def _found(self) -> Any:
        module = import_module(self._module)
        if not hasattr(module, self._name):
            return import_module(f'{self._module}.{self._name}')
        return getattr(module, self._name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found(), name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._found()(*args, **kwargs)


class _LateModule(ModuleType):
    """Stands for a module in the modules of `LATE`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return _LateName(self.__name__, name)


_WAITING: dict[str, Callable[[ModuleType], None]] = {}


class _Finder:
    """Has the modules of `LATE` run with an ``import`` of their own, and calls what waits."""

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The usual one but for the way in which the module is run; None for all others."""
        if name not in LATE and name not in _WAITING:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def run_and_call(module: ModuleType) -> None:
            run(module)
            _WAITING.pop(name)(module)

        def run_with_late_names(module: ModuleType) -> None:
            # An import statement asks the module's own builtins: no other module sees the change.
            own = {**vars(builtins), '__import__': _late_import(LATE[name])}
            module.__dict__['__builtins__'] = own
            try:
                run(module)
            finally:
                # Imports inside its functions, which run later, are the usual ones.
                own['__import__'] = builtins.__import__

        changed = run_with_late_names if name in LATE else run_and_call
        spec.loader.exec_module = changed  # type: ignore[method-assign]
        return spec


def install() -> None:
    """Put the finder in its place, once."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


def when_imported(name: str, change: Callable[[ModuleType], None]) -> None:
    """Call ``change`` with a module as soon as it is imported, which may be now."""
    if name in sys.modules:
        change(sys.modules[name])
    else:
        _WAITING[name] = change


def _late_import(late: Sequence[str]) -> Any:
    """An ``__import__`` for which the names in ``late`` can wait."""

    def imported(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        if level == 0 and name in late and name not in sys.modules:
            return _LateModule(name if fromlist else name.partition('.')[0])
        return builtins.__import__(name, globals, locals, fromlist, level)

    return imported
