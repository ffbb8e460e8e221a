"""Lets mmpose and mmdet import where mmcv has no compiled operations, as in ``mmcv-lite``.

``mmcv.ops`` loads its operations from the extension module ``mmcv._ext`` the moment it is imported,
and mmpose and mmdet import ``mmcv.ops`` whether they need an operation or not. Compiling the full
mmcv takes minutes and a compiler; the models of this package need none of its operations. So where
the extension is missing, a stand-in takes its place: every operation exists, and *calling* one says
which it was and what to install.

The stand-in has a module specification whose loader is ``None``: mmcv asks
``pkgutil.find_loader('mmcv._ext')`` whether operations are compiled, and thus truthfully hears
'no'.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NoReturn

EXTENSION = 'mmcv._ext'


class MissingOperationError(RuntimeError):
    """A compiled mmcv operation was called, and mmcv was installed without them."""


class StandIn(ModuleType):
    """A module in which every public name is a function that raises `MissingOperationError`."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith('__'):
            raise AttributeError(name)

        def missing(*args: Any, **kwargs: Any) -> NoReturn:
            raise MissingOperationError(
                f'mmcv has no compiled operation `{name}`: the installed mmcv is mmcv-lite. '
                'Replace it by the full one to use this model: '
                'pip uninstall -y mmcv-lite && pip install "mmcv>=2.0.1,<2.2"'
            )

        return missing


def has_compiled_operations() -> bool:
    """Whether mmcv has its compiled extension; found out without importing mmcv, which is slow."""
    module = sys.modules.get(EXTENSION)
    if module is not None:
        return not isinstance(module, StandIn)
    return _find_extension() is not None


def _find_extension() -> ModuleSpec | None:
    package = PathFinder.find_spec('mmcv')
    if package is None or package.submodule_search_locations is None:
        return None
    return PathFinder.find_spec(EXTENSION, package.submodule_search_locations)


def install_stand_in() -> bool:
    """Put the stand-in in place unless the compiled extension exists.

    Returns:
        Whether the stand-in is in place.
    """
    if has_compiled_operations():
        return False
    if EXTENSION not in sys.modules:
        module = StandIn(EXTENSION, 'Stands in for the compiled operations of mmcv.')
        module.__spec__ = ModuleSpec(EXTENSION, loader=None)
        sys.modules[EXTENSION] = module
    return True
