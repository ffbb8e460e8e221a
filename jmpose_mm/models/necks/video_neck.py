"""What the necks of all methods share.

Axes: B clips, T frames in time order, K keypoints, C channels, h w feature grid.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from jmpose_mm.functional.temporal import key_frame_index
from jmpose_mm.structures import ClipFeatures

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

    Raises:
        ValueError: ``frame_offsets`` is not ascending, or has no key frame or nothing besides.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_keypoints: int,
        frame_offsets: Sequence[int],
        init_cfg: list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.key_index = key_frame_index(frame_offsets)
        self.num_frames = len(frame_offsets)
        if self.num_frames == 1:
            raise ValueError(
                'frame_offsets: expected at least one frame beside the key frame, got none; '
                'use the estimator without a neck for a single frame'
            )
        self.heatmap_layer = nn.Conv2d(in_channels[-1], num_keypoints, 1)

    def initial_heatmaps(self, clip: ClipFeatures) -> Tensor:
        """Single-frame heatmaps of every frame, ``(B, T, K, h, w)``.

        Raises:
            ValueError: The clip does not have ``len(frame_offsets)`` frames.
        """
        features = clip.stages[-1]
        if features.shape[1] != self.num_frames:
            raise ValueError(
                f'frames of a clip: expected {self.num_frames}, as frame_offsets of the neck has, '
                f'got {features.shape[1]}; frame_offsets of the data pipeline must be the same'
            )
        return self.heatmap_layer(features.flatten(0, 1)).unflatten(0, (-1, self.num_frames))
