"""Clip data sets, their transforms and orders; importing this registers them."""

from . import body, samplers, transforms
from .body import *  # noqa: F403
from .samplers import *  # noqa: F403
from .transforms import *  # noqa: F403

__all__ = [name for part in (body, samplers, transforms) for name in part.__all__]
