"""Clip transforms."""

from jmpose_mm.datasets.transforms.degrade_frames import DegradeFrames
from jmpose_mm.datasets.transforms.load_clip import LoadClip
from jmpose_mm.datasets.transforms.support_frames import SampleSupportFrames
from jmpose_mm.datasets.transforms.topdown_clip import (
    IgnoreOutOfCropKeypoints,
    RandomClipScaleRotation,
    TopdownClipAffine,
)
from jmpose_mm.datasets.transforms.weigh_keypoints import WeighKeypoints

__all__ = [
    'DegradeFrames',
    'IgnoreOutOfCropKeypoints',
    'LoadClip',
    'RandomClipScaleRotation',
    'SampleSupportFrames',
    'TopdownClipAffine',
    'WeighKeypoints',
]
