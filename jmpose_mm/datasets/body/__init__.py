"""Clip data sets; mmpose picks the person detector by this folder name."""

from jmpose_mm.datasets.body.hieve_clip_dataset import HieveClipDataset
from jmpose_mm.datasets.body.posetrack_clip_dataset import PoseTrackClipDataset
from jmpose_mm.datasets.body.sub_jhmdb_clip_dataset import SubJhmdbClipDataset
from jmpose_mm.datasets.body.synthetic_clip_dataset import SyntheticClipDataset

__all__ = [
    'HieveClipDataset',
    'PoseTrackClipDataset',
    'SubJhmdbClipDataset',
    'SyntheticClipDataset',
]
