"""What the necks of all methods share.

Axes: B clips, T frames in time order, K keypoints, C channels, h w feature grid.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from jmpose_mm.functional.temporal import key_frame_index
from jmpose_mm.structures import ClipFeatures, FusedFeatures

__all__ = ['RELEASED_INITIALIZATION', 'VideoNeck']

# How FAMI-Pose, TDMI and DCPose start: offsets and modulation of every deformable step near zero.
RELEASED_INITIALIZATION = [
    {'type': 'Normal', 'layer': 'Conv2d', 'std': 0.001},
    {'type': 'Constant', 'layer': 'BatchNorm2d', 'val': 1},
]


class VideoNeck(BaseModule):
    """The window of frames and the single-frame heatmaps of each of them.

    Args:
        in_channels: Channels of the backbone's stages, early to late; the last feeds the heatmaps.
        num_keypoints: K of the initial heatmaps.
        frame_offsets: Distance of each frame from the key frame, in time order.
        init_cfg: mmengine's.

    Attributes:
        reads_frames: Whether the fusion reads the frames themselves.
        feature_names: Of the named features that loss terms can refer to.
