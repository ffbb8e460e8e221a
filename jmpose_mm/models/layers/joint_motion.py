"""The two inventions of JM-Pose (Wu et al., ACM MM 2024): the context-aware joint learner and one
stage of joint-motion mutual learning, as the paper's figure draws them.

Axes: B clips, T frames, K keypoints, C channels, A attention heads, H W grid.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize, scaled_dot_product_attention

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.models.layers.modulated_alignment import ModulatedAlignment
from jmpose_mm.models.layers.residual_chain import ResidualChain

__all__ = [
    'ChannelCrossAttention',
    'ContextAwareJointLearner',
    'MutualLearningStage',
    'PositionCrossAttention',
]

# A cosine lies in [-1, 1]: from 1, which an optimiser leaves slowly, all channels would weigh
# nearly the same, and the answer would be little more than their mean (docs/jm_pose.md).
_START_TEMPERATURE = 10.0


class ContextAwareJointLearner(nn.Module):
    """J_t: motion features gathered where the initial heatmaps of all frames and the motion say.

    Args:
        num_heatmaps: T * K.
        channels: C of the motion features and of the result.
        deform_groups: Groups of channels with joint offsets of their own; by default of 4 channels.
        dilation: Dilation of the sampling kernel and of the two predictors, in pixels.
        modulation: ``'sigmoid'`` or ``'raw'`` joint weights.
        operator: Name of the deformable convolution, see :func:`deform_operator`.
    """

    def __init__(
        self,
        num_heatmaps: int,
        channels: int,
        deform_groups: int | None = None,
        dilation: int = 1,
        modulation: str = 'sigmoid',
        operator: str = 'native',
    ) -> None:
        super().__init__()
        self.alignment = ModulatedAlignment(
            num_heatmaps + channels,
            channels,
            deform_groups,
            predictor_dilation=dilation,
            dilation=dilation,
            modulation=modulation,
            operator=operator,
        )

    def forward(self, initial_heatmaps: Tensor, motion: Tensor) -> Tensor:
        """Heatmaps ``(B, T, K, H, W)`` and motion ``(B, C, H, W)`` to J_t ``(B, C, H, W)``."""
        context = torch.cat((initial_heatmaps.flatten(1, 2), motion), dim=1)
        return self.alignment(motion, guide=context)


class CrossAttention(nn.Module):
    """Projections of an attention of one map to another one; what is a token, its kinds say.

    Args:
        channels: C.
        num_heads: A, a divisor of C.

    Raises:
        ValueError: ``num_heads`` does not divide ``channels``.
    """

    def __init__(self, channels: int, num_heads: int = 4) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(
                f'num_heads: expected a divisor of channels={channels}, got {num_heads}'
            )
        self.query = nn.Conv2d(channels, channels, 1)
        self.key_value = nn.Conv2d(channels, 2 * channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)
        self.num_heads = num_heads

    def _split(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to ``(B, A, C/A, H*W)``."""
        return x.flatten(2).unflatten(1, (self.num_heads, -1))


class ChannelCrossAttention(CrossAttention):
    """Attention of one map's channels to another map's channels.

    Every channel is a token whose embedding is its map over space: C x C weights a head instead
    of (HW) x (HW), so that the cost is linear in the grid. Queries and keys have unit length and a
    learnt temperature a head, which makes the weights independent of the grid's size.

    Args:
        channels: C.
        num_heads: A, a divisor of C.
    """

    def __init__(self, channels: int, num_heads: int = 4) -> None:
        super().__init__(channels, num_heads)
        self.temperature = nn.Parameter(torch.full((num_heads, 1, 1), _START_TEMPERATURE))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Attention of ``x`` to ``context``: both ``(B, C, H, W)``, as is the result."""
        query = self._split(self.query(x))
        key, value = (self._split(part) for part in self.key_value(context).chunk(2, dim=1))
        # Channels attend to channels: the table is as large as they are many, whatever the image.
        similarity = normalize(query, dim=-1) @ normalize(key, dim=-1).transpose(-1, -2)
        attention = (similarity * self.temperature).softmax(dim=-1)  # (B, A, C/A, C/A)
        answer = (attention @ value).flatten(1, 2).unflatten(-1, x.shape[-2:])
        return self.project(answer)


class PositionCrossAttention(CrossAttention):
    """Attention of one map's positions to another map's positions, or to means of its blocks.

    A weight for each pair of positions and each head: the cost grows with the square of the grid.

    Args:
        channels: C.
        num_heads: A, a divisor of C.
        pooling: Side of the blocks, in positions, whose means are attended to; 1 for positions.
    """

    def __init__(self, channels: int, num_heads: int = 4, pooling: int = 1) -> None:
        super().__init__(channels, num_heads)
        self.pooling = pooling

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """What ``x`` asks of ``context``: both ``(B, C, H, W)``, and so is the answer."""
        if self.pooling > 1:
            # Blocks at the far borders are smaller, and are means of what they have.
            context = avg_pool2d(context, self.pooling, ceil_mode=True)
        query, key, value = (
            self._split(part).transpose(-1, -2)  # positions are the tokens: (B, A, H*W, C/A)
            for part in (self.query(x), *self.key_value(context).chunk(2, dim=1))
        )
        answer = scaled_dot_product_attention(query, key, value)
        return self.project(answer.transpose(-1, -2).flatten(1, 2).unflatten(-1, x.shape[-2:]))


_ATTENTIONS: dict[str, Callable[..., CrossAttention]] = {
    'channels': ChannelCrossAttention,
    'positions': PositionCrossAttention,
    'pooled_positions': partial(PositionCrossAttention, pooling=4),
}


class MutualLearningStage(nn.Module):
    """One stage of joint-motion mutual learning: (J, M) of stage i-1 to (J, M) of stage i.

    Blocks and attentions start without effect beside their shortcuts, so that depth costs little
    at the start of training (docs/jm_pose.md).

    Args:
        channels: C of both streams.
        num_heads: Number of heads of both attentions.
        gate: ``'plain'`` is the figure: concatenate, sigmoid, chunk. ``'conv'`` puts a 1x1
            convolution before the sigmoid, so that each stream's gate sees both streams.
        tokens: Attention of ``'channels'`` to channels, of ``'positions'`` to positions, or of
            positions to the means of blocks of 4x4, ``'pooled_positions'`` (docs/jm_pose.md).
    """

    def __init__(
        self, channels: int, num_heads: int = 4, gate: str = 'plain', tokens: str = 'channels'
    ) -> None:
        super().__init__()
        check_choice('gate', gate, ('plain', 'conv'))
        check_choice('tokens', tokens, _ATTENTIONS)
        self.motion_block = ResidualChain(channels, channels)
        self.joint_block = ResidualChain(channels, channels)
        self.motion_attends_joint = _ATTENTIONS[tokens](channels, num_heads)
        self.joint_attends_motion = _ATTENTIONS[tokens](channels, num_heads)
        self.gate = nn.Conv2d(2 * channels, 2 * channels, 1) if gate == 'conv' else nn.Identity()
        # Every residual branch starts at zero, so that a stage begins as the identity.
        for block in (*self.motion_block.layers, *self.joint_block.layers):
            nn.init.zeros_(block.bn2.weight)
        for attention in (self.motion_attends_joint, self.joint_attends_motion):
            for parameter in attention.project.parameters():
                nn.init.zeros_(parameter)

    def forward(self, joint: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Both streams ``(B, C, H, W)``, joint first, in and out."""
        motion, joint = self.motion_block(motion), self.joint_block(joint)
        u = self.motion_attends_joint(motion, context=joint) + motion
        v = self.joint_attends_motion(joint, context=motion) + joint
        gate_motion, gate_joint = self.gate(torch.cat((u, v), dim=1)).sigmoid().chunk(2, dim=1)
        # Crossed: what motion knows decides what of the joints passes, and the reverse.
        return gate_joint * v, gate_motion * u
