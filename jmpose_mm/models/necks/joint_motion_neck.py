"""JM-Pose as a neck: joint-motion mutual learning (Wu et al., ACM MM 2024).

Axes: B clips, T frames in time order, K keypoints, C channels, h w feature grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.models.layers.joint_motion import ContextAwareJointLearner, MutualLearningStage
from jmpose_mm.models.layers.motion import DifferenceMotion
from jmpose_mm.models.layers.residual_chain import ResidualChain
from jmpose_mm.models.necks.video_neck import VideoNeck
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import FrameFeatures, FusedFeatures

if TYPE_CHECKING:
    from jmpose_mm.models.layers.optical_flow import FlowMotion

__all__ = ['JointMotionNeck']


@MODELS.register_module()
class JointMotionNeck(VideoNeck):
    """JM-Pose (ACM MM 2024): the paper's figure between backbone and detection head.

    Args:
        in_channels: Channels of the backbone's stages, early to late; the last feeds the heatmaps.
        num_keypoints: K of the initial heatmaps.
        frame_offsets: Distance of each frame from the key frame, in time order.
        channels: C of both streams and of the fused features; by default that of the last stage.
        motion: Ingredients of M_t: ``'difference'``, or ``'key+difference'``, which adds the key
            frame's own features (docs/jm_pose.md says what decided the default).
        flow: Arguments of :class:`FlowMotion` to take motion from optical flow instead of feature
            differences; ``weights`` is compulsory.
        joint_learner: Arguments of :class:`ContextAwareJointLearner`, and ``heatmaps``, which guide
            it beside the motion: those of ``'all'`` frames (the default, as the figure), of the
            ``'key'`` frame, or ``'none'``. ``None`` leaves it out and J_t is a chain on the same
            inputs.
        mutual_learning: ``num_stages`` (L, default 2) and arguments of
            :class:`MutualLearningStage`; ``None`` leaves it out.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> import torch
        >>> from jmpose_mm.structures import ClipFeatures
        >>> neck = JointMotionNeck([8], num_keypoints=5, frame_offsets=(-1, 0, 1)).eval()
        >>> clip = ClipFeatures(torch.zeros(1, 3, 3, 64, 48), (torch.zeros(1, 3, 8, 16, 12),))
        >>> neck(clip).fused.shape
        torch.Size([1, 8, 16, 12])
    """

    reads_stages: int | None = None

    def __init__(
        self,
        in_channels: Sequence[int],
        num_keypoints: int,
        frame_offsets: Sequence[int],
        channels: int | None = None,
        motion: str = 'key+difference',
        flow: dict[str, Any] | None = None,
        joint_learner: dict[str, Any] | None = {},  # noqa: B006 - read only, None means without
        mutual_learning: dict[str, Any] | None = {},  # noqa: B006
    ) -> None:
        super().__init__(in_channels, num_keypoints, frame_offsets)
        check_choice('motion', motion, ('difference', 'key+difference'))
        channels = channels or in_channels[-1]
        window = {'num_frames': self.num_frames, 'key_index': self.key_index, 'channels': channels}

        self.motion: DifferenceMotion | FlowMotion = DifferenceMotion(in_channels, **window)
        if flow:
            self.motion, self.reads_frames = _flow_motion(flow, window), True
        self.appearance = None
        if motion == 'key+difference':
            self.appearance = ResidualChain(channels + in_channels[-1], channels)

        learner = dict(joint_learner or {})
        self.guides = self._guides(learner.pop('heatmaps', 'all'))
        num_heatmaps = len(self.guides) * num_keypoints
        self.joint_learner: nn.Module = _ConcatenatedContext(num_heatmaps, channels)
        if joint_learner is not None:
            self.joint_learner = ContextAwareJointLearner(num_heatmaps, channels, **learner)

        stage = dict(mutual_learning) if mutual_learning is not None else {'num_stages': 0}
        num_stages = stage.pop('num_stages', 2)
        self.mutual_learning = nn.ModuleList(
            MutualLearningStage(channels, **stage) for _ in range(num_stages)
        )
        self.feature_names += tuple(
            f'{stream}_{i + 1}' for i in range(num_stages) for stream in ('joint', 'motion')
        )
        self.fusion = ResidualChain(2 * channels, channels)

    def _guides(self, heatmaps: str) -> range:
        """Frames of the window whose initial heatmaps guide the joint learner."""
        frames = {
            'all': range(self.num_frames),
            'key': range(self.key_index, self.key_index + 1),
            'none': range(0),
        }
        check_choice('joint_learner.heatmaps', heatmaps, frames)
        return frames[heatmaps]

    def frame_stages(self, stages: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Maps that motion is the difference of, and the last stage."""
        return (*self.motion.frame_maps(stages), stages[-1])

    def fuse(self, clip: FrameFeatures) -> FusedFeatures:
        """Stages of every frame to the key frame's fused features, ``(B, C, h, w)``."""
        initial_heatmaps = clip.heatmaps  # (B, T, K, h, w)
        motion = self.motion_features(clip)  # (B, C, h, w)
        guides = initial_heatmaps[:, self.guides.start : self.guides.stop]
        joint = self.joint_learner(guides, motion)  # (B, C, h, w)

        named = {'initial_heatmaps': initial_heatmaps[:, self.key_index]}
        for i, stage in enumerate(self.mutual_learning, start=1):
            joint, motion = stage(joint, motion)
            named |= {f'joint_{i}': joint, f'motion_{i}': motion}

        fused = self.fusion(torch.cat((joint, motion), dim=1))
        return FusedFeatures(fused, initial_heatmaps, named)

    def motion_features(self, clip: FrameFeatures) -> Tensor:
        """M_t, ``(B, C, h, w)``."""
        motion = self.motion(clip)
        if self.appearance is None:
            return motion
        return self.appearance(torch.cat((clip.stages[-1][:, self.key_index], motion), dim=1))


def _flow_motion(flow: dict[str, Any], window: dict[str, Any]) -> FlowMotion:
    # torchvision's models take a second to import and few people use the flow.
    from jmpose_mm.models.layers.optical_flow import FlowMotion

    return FlowMotion(**flow, **window)


class _ConcatenatedContext(nn.Module):
    """The joint learner's inputs without its deformable sampling, for the ablation."""

    def __init__(self, num_heatmaps: int, channels: int) -> None:
        super().__init__()
        self.chain = ResidualChain(num_heatmaps + channels, channels)

    def forward(self, initial_heatmaps: Tensor, motion: Tensor) -> Tensor:
        return self.chain(torch.cat((initial_heatmaps.flatten(1, 2), motion), dim=1))
