"""Everything that ends up inside a model; importing this registers it."""

from . import backbones, data_preprocessors, heads, losses, necks, pose_estimators
from .backbones import *  # noqa: F403
from .data_preprocessors import *  # noqa: F403
from .heads import *  # noqa: F403
from .losses import *  # noqa: F403
from .necks import *  # noqa: F403
from .pose_estimators import *  # noqa: F403

_PARTS = (backbones, data_preprocessors, heads, losses, necks, pose_estimators)
__all__ = [name for part in _PARTS for name in part.__all__]
