"""Clip transforms."""

from jmpose_mm.datasets.transforms.load_clip import LoadClip
from jmpose_mm.datasets.transforms.support_frames import SampleSupportFrames
from jmpose_mm.datasets.transforms.topdown_clip import (
    IgnoreOutOfCropKeypoints,
    RandomClipScaleRotation,
    TopdownClipAffine,
)

__all__ = [
    'IgnoreOutOfCropKeypoints',
    'LoadClip',
    'RandomClipScaleRotation',
    'SampleSupportFrames',
    'TopdownClipAffine',
]
