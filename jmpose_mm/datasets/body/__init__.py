"""Clip data sets; mmpose picks the person detector by this folder name."""

from jmpose_mm.datasets.body.posetrack_clip_dataset import PoseTrackClipDataset
from jmpose_mm.datasets.body.synthetic_clip_dataset import SyntheticClipDataset

__all__ = ['PoseTrackClipDataset', 'SyntheticClipDataset']
