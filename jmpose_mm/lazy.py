"""Names of a package that are imported when somebody asks for them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ['names_on_demand']


def names_on_demand(
    package: str, places: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's ``__getattr__`` and ``__dir__``.

    Importing the package stays quick, and completion and ``help`` still show what is in it.

    Args:
        package: ``__name__`` of the package.
        places: Names, and the module that has each.

    Example:
        >>> find, names = names_on_demand('jmpose_mm', {'UsageError': 'jmpose_mm.errors'})
        >>> find('UsageError').__name__, 'UsageError' in names()
        ('UsageError', True)
    """

    def __getattr__(name: str) -> Any:
        if name in places:
            return getattr(import_module(places[name]), name)
        raise AttributeError(f'module {package!r} has no attribute {name!r}')

    def __dir__() -> list[str]:
        own = {name for name in vars(sys.modules[package]) if name.startswith('__')}
        return sorted({*own, *sys.modules[package].__all__})

    return __getattr__, __dir__
