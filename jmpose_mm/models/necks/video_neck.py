"""The base class of all necks.

Axes: B clips, T frames in time order, K keypoints, C channels, h w feature grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.temporal import key_frame_index
from jmpose_mm.structures import ClipFeatures, FrameFeatures, FusedFeatures

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
        reads_frames: True if the fusion reads the frames themselves.
        reads_stages: Number of stages that are read, counted from the last one; None for all.
        feature_names: Names of the features that loss terms can refer to.

    Raises:
        ValueError: ``frame_offsets`` is not ascending, or has no key frame or nothing besides.
    """

    reads_frames = False
    reads_stages: int | None = 1
    feature_names: tuple[str, ...] = ('initial_heatmaps',)
    gives = FusedFeatures

    def __init__(
        self,
        in_channels: Sequence[int],
        num_keypoints: int,
        frame_offsets: Sequence[int],
        init_cfg: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = tuple(in_channels)
        self.key_index = key_frame_index(frame_offsets)
        self.num_frames = len(frame_offsets)
        if self.num_frames == 1:
            raise ValueError(
                'frame_offsets: expected at least one frame beside the key frame, got none; '
                'use the estimator without a neck for a single frame'
            )
        # Loads from `head.final_layer` of a single-frame model.
        self.heatmap_layer = nn.Conv2d(in_channels[-1], num_keypoints, 1)

    def forward(self, clip: ClipFeatures | FrameFeatures) -> FusedFeatures:
        """Fuse the frames of a clip into features of the key frame.

        Args:
            clip: The backbone's stages of every frame, or :meth:`frame_features` of them.

        Raises:
            ValueError: The clip does not have ``len(frame_offsets)`` frames.
        """
        frames = clip if isinstance(clip, FrameFeatures) else self.frame_features(clip)
        if frames.heatmaps.shape[1] not in self.clip_lengths():
            raise ValueError(
                f'frames of a clip: expected {self.num_frames}, as frame_offsets of the neck has, '
                f'got {frames.heatmaps.shape[1]}; frame_offsets of the data pipeline must be the '
                'same'
            )
        return self.fuse(frames)

    def check_stages(self, shapes: Sequence[Sequence[int]], heatmap_size: Sequence[int]) -> None:
        """Raise `UsageError` unless the backbone's maps are those that the neck is built for.

        Args:
            shapes: (C, h, w) of each.
            heatmap_size: (H, W) of the targets; nothing where they are not known.
        """
        count = self.reads_stages or max(len(shapes), len(self.in_channels))
        found, given = (tuple(c)[-count:] for c in ([s[0] for s in shapes], self.in_channels))
        if found != given:
            raise UsageError(
                f'neck.in_channels: expected {found}, the channels of the maps that the backbone '
                f'gives, got {given}'
            )
        doublings = len(getattr(self, 'deconv_layers', ())) // 3
        grid = tuple(side * 2**doublings for side in shapes[-1][1:])
        if heatmap_size and grid != tuple(heatmap_size):
            missing = round(math.log2(max(heatmap_size[0] / grid[0], 1)))
            advice = (
                f'jmpose_mm.DeconvBackbone around it with deconv_channels of {missing} more '
                'entries makes it so'
            )
            if tuple(side * 2**missing for side in grid) != tuple(heatmap_size) or not missing:
                advice = 'no doublings lead there: take another backbone or input size'
            raise UsageError(
                f"backbone: expected a last map as large as the codec's heatmaps, "
                f'{tuple(heatmap_size)}, got {grid}; {advice}'
            )

    def fused_channels(self, shapes: Sequence[Sequence[int]]) -> int | None:
        """C of the fused features; None where the neck reads frames, or its forward would fail.

        It is computed, of small maps: not all operators of necks have a form without data.

        Args:
            shapes: (C, h, w) of the backbone's maps of a frame.
        """
        if self.reads_frames:
            return None
        small = [(c, max(h // 4, 1), max(w // 4, 1)) for c, h, w in shapes]
        stages = tuple(torch.zeros(1, self.num_frames, *shape) for shape in small)
        training = self.training
        try:
            with torch.no_grad():
                fused = self.eval()(ClipFeatures(None, stages)).fused
        except (RuntimeError, NotImplementedError):  # its parameters are on another device
            return None
        finally:
            self.train(training)
        return int(fused.shape[1])

    def clip_lengths(self) -> tuple[int, ...]:
        """Numbers of frames that a clip may have."""
        return (self.num_frames,)

    def frame_features(self, clip: ClipFeatures) -> FrameFeatures:
        """Features that the fusion reads of each frame; the frames do not meet yet.

        In a video it is made once of each crop, and serves every window that the crop is in.

        Args:
            clip: The backbone's stages of any number of frames.
        """
        num_frames = clip.stages[-1].shape[1]
        # Frames are a batch to convolutions: what does not depend on time is computed once for
        # each.
        stages = tuple(stage.flatten(0, 1) for stage in clip.stages)
        heatmaps, kept = self.frame_heatmaps(stages), self.frame_stages(stages)
        return FrameFeatures(
            clip.frames if self.reads_frames else None,
            tuple(stage.unflatten(0, (-1, num_frames)) for stage in kept),
            heatmaps.unflatten(0, (-1, num_frames)),
        )

    def frame_heatmaps(self, stages: tuple[Tensor, ...]) -> Tensor:
        """Stages of N frames ``(N, C_s, h_s, w_s)`` to single-frame heatmaps ``(N, K, h, w)``."""
        return self.heatmap_layer(stages[-1])

    def frame_stages(self, stages: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Maps that the fusion reads of the stages ``(N, C_s, h_s, w_s)``, beside the heatmaps."""
        return stages

    def fuse(self, clip: FrameFeatures) -> FusedFeatures:
        """:meth:`frame_features` of a whole clip to the key frame's features."""
        raise NotImplementedError
