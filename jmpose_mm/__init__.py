"""Multi-frame human pose estimation for mmpose: importing this prepares the host and no more.

Two things must have happened before mmpose or a config is touched, so they happen here:
``jmpose_mm::`` bases become known to mmengine, and mmpose becomes importable without the compiled
operations of mmcv and without xtcocotools.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ['BrokenPackageError', '__version__', 'true_cause']


class BrokenPackageError(RuntimeError):
    """Importing the foundations of this package failed; the cause is chained to it.

    mmengine silences ``ImportError`` and ``AttributeError`` while it imports
    ``jmpose_mm.registry`` and later reports every class as 'not in the registry'. This type is none
    of the two, so the true cause reaches the user.
    """


@contextmanager
def true_cause(module: str) -> Iterator[None]:
    """Turn the errors that mmengine would silence while `module` is imported into a loud one."""
    try:
        yield
    except (ImportError, AttributeError) as error:
        raise BrokenPackageError(f'{module} cannot be imported: {error}') from error


with true_cause(__name__):
    from mmengine.config.utils import MODULE2PACKAGE

    from jmpose_mm.host import coco_tools
    from jmpose_mm.host import mmcv_extension as mmcv_ext

    from .version import __version__

    MODULE2PACKAGE['jmpose_mm'] = 'jmpose_mm'
    mmcv_ext.install_stand_in()
    coco_tools.install_stand_in()
