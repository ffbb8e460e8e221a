"""Lets mmpose and mmdet work where mmcv has no compiled operations, as in ``mmcv-lite``.

``mmcv.ops`` loads its operations from the extension module ``mmcv._ext`` the moment it is imported,
and mmpose and mmdet import ``mmcv.ops`` whether they need an operation or not. Compiling the full
mmcv takes minutes and a compiler. So where the extension is missing, a stand-in takes its place.
What detectors and pose models use is computed by torchvision: suppression of boxes, pooling of
regions, deformable convolution and attention, focal loss. *Calling* any other operation says which
it was and what to install.

The stand-in has a module specification whose loader is ``None``: mmcv asks
``pkgutil.find_loader('mmcv._ext')`` whether operations are compiled, and thus truthfully hears
'no'.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NoReturn

from .missing_operation import MissingOperationError, missing

__all__ = ['MissingOperationError', 'StandIn', 'has_compiled_operations', 'install_stand_in']

EXTENSION = 'mmcv._ext'
OPERATIONS = ('detector_operations', 'deformable_operations')


def _raise_missing(name: str, *args: Any, **kwargs: Any) -> NoReturn:
    missing(name)


class StandIn(ModuleType):
    """A module of torchvision's operations; every other name is a function that raises."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # Python itself asks for such names: they are no operations.
        if name.startswith('__'):
            raise AttributeError(name)
        for module in OPERATIONS:  # not earlier: they import torch
            operations = import_module(f'{__package__}.{module}')
            if name in operations.__all__:
                found: Callable[..., Any] = getattr(operations, name)
                return found
        return partial(_raise_missing, name)


def has_compiled_operations() -> bool:
    """Whether mmcv has its compiled extension; found out without importing mmcv, which is slow."""
    module = sys.modules.get(EXTENSION)
    if module is not None:
        return not isinstance(module, StandIn)
    return _find_extension() is not None


def _find_extension() -> ModuleSpec | None:
    # `find_spec` of importlib would import the package to look inside it.
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
