"""Everything that ends up inside a model; importing this registers it."""

from . import backbones, data_preprocessors, heads, losses, necks, pose_estimators

__all__ = ['backbones', 'data_preprocessors', 'heads', 'losses', 'necks', 'pose_estimators']
