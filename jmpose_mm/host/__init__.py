"""Preparation of the host: what importing this changes in Python, mmengine, mmcv and xtcocotools.

`install` does it, in this order; each step leaves alone what is already right:

1. ``pkgutil.find_loader`` is there: Python 3.14 dropped it, mmcv 2.1 and mmengine 0.10 call it.
2. ``jmpose_mm::`` bases are known to mmengine's config reader.
3. ``mmcv._ext`` is there: mmcv-lite has none (`mmcv_extension`).
4. ``xtcocotools`` is there: it has no wheel for many machines (`coco_tools`).
5. Warnings of theirs about their own code are silent, which nobody here can act on.
6. Slow imports of mmpose that few need wait until they are needed (`late_imports`).

All must come before mmpose is imported. A start-up hook (`start_hook`, installed as a ``.pth``
file beside the package) sees to it whenever mmengine is imported, so that a program need not import
this package at all. Without the hook, e.g. with a bare ``PYTHONPATH``, mmpose's import fails where
mmcv is mmcv-lite: import ``jmpose_mm`` first.
"""

from __future__ import annotations

import importlib.util
import pkgutil
import warnings
from typing import Any

__all__ = ['install']

# Beginnings of messages: of mmengine's import, of mmpose's reading of its own configs, and of
# layers of mmpose and mmdet on a torch that is newer than they are.
FOREIGN_WARNINGS = (
    'pkg_resources is deprecated as an API',
    'The metainfo config file "configs/_base_/datasets/',
    'torch.meshgrid: in an upcoming release',
    r'`torch\.cuda\.amp\.autocast\(args\.\.\.\)` is deprecated',
)


def install() -> None:
    """Prepare the host; a second call is harmless.

    What is not installed is said in a warning with the line that installs it.

    Raises:
        ImportError: mmengine is not installed; the message has that line too.
    """
    from . import coco_tools, late_imports, mmcv_extension
    from .requirements import install_line, missing_modules

    if not hasattr(pkgutil, 'find_loader'):
        pkgutil.find_loader = _find_loader
    missing = missing_modules()
    advice = f'jmpose_mm needs {", ".join(missing)}, not installed here: {install_line(missing)}'
    if 'mmengine' in missing:
        raise ImportError(advice)
    if missing:
        warnings.warn(advice, stacklevel=3)
    for message in FOREIGN_WARNINGS:
        warnings.filterwarnings('ignore', message)
    late_imports.when_imported(
        'mmengine.config.utils', lambda utils: utils.MODULE2PACKAGE.update(jmpose_mm='jmpose_mm')
    )
    mmcv_extension.install_stand_in()
    coco_tools.install_stand_in()
    late_imports.install()


def _find_loader(name: str) -> Any:
    """The loader of a module, or None: what ``pkgutil.find_loader`` was until Python 3.13."""
    spec = importlib.util.find_spec(name)
    return None if spec is None else spec.loader
