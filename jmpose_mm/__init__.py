"""Multi-frame human pose estimation for mmpose: importing this prepares the host and no more.

What must have happened before mmpose or a config is touched happens here: see `jmpose_mm.host`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .lazy import names_on_demand
from .surface import PLACES

__all__ = ['BrokenPackageError', '__version__', 'true_cause', *PLACES]


class BrokenPackageError(RuntimeError):
    """Importing the foundations of this package failed; the cause is chained to it.

    mmengine silences ``ImportError`` and ``AttributeError`` while it imports
    ``jmpose_mm.registry`` and later reports every class as 'not in the registry'. This type is none
    of the two, so the true cause reaches the user.

    Example:
        >>> issubclass(BrokenPackageError, (ImportError, AttributeError))
        False
    """


@contextmanager
def true_cause(module: str) -> Iterator[None]:
    """Turn the errors that mmengine would silence while `module` is imported into a loud one.

    Example:
        >>> with true_cause('own.module'):
        ...     raise ImportError('no cv2')
        Traceback (most recent call last):
        jmpose_mm.BrokenPackageError: own.module cannot be imported: no cv2
    """
    try:
        yield
    except (ImportError, AttributeError) as error:
        raise BrokenPackageError(f'{module} cannot be imported: {error}') from error


with true_cause(__name__):
    from .host import install
    from .version import __version__

    install()
    del install

__getattr__, __dir__ = names_on_demand(__name__, PLACES)
