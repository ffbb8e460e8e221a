"""Motion from a frozen optical-flow network (RAFT; Teed and Deng, ECCV 2020) of torchvision.

Axes: B clips, T frames in time order, D = T - 1 pairs of neighbours, H W pixels, h w feature grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.models import optical_flow

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.models.layers.motion import SidedMotion
from jmpose_mm.structures import FrameFeatures

__all__ = ['FlowMotion']

# RAFT correlates features at 1/8 of the input over four octaves: below this nothing is left.
_SMALLEST_SIDE = 128


class FlowMotion(nn.Module):
    """Flow between neighbouring frames, downsampled to the feature grid, in feature pixels.

    Args:
        weights: Path of torchvision's RAFT weights (a state dict), which the user has downloaded.
        num_frames: T.
        key_index: Position of the key frame in the clip.
        channels: Channels of the output.
        network: ``'raft_small'`` or ``'raft_large'``; must fit ``weights``.
        mean: Mean that preprocessing subtracted, RGB in 0..255.
        std: Standard deviation that preprocessing divided by, RGB in 0..255.
        num_updates: RAFT's refinement steps.

    Raises:
        ValueError: ``weights`` is missing or does not fit ``network``.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        weights: str,
        num_frames: int,
        key_index: int,
        channels: int,
        network: str = 'raft_small',
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        num_updates: int = 12,
    ) -> None:
        super().__init__()
        check_choice('network', network, ('raft_small', 'raft_large'))
        self.network = getattr(optical_flow, network)(weights=None)
        _load_flow_weights(self.network, weights)
        self.network.requires_grad_(False).eval()
        self.num_updates = num_updates
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(3, 1, 1), persistent=False)
        self.sides = SidedMotion(2, num_frames, key_index, channels)

    def train(self, mode: bool = True) -> FlowMotion:
        """The flow network stays in evaluation mode."""
        super().train(mode)
        self.network.eval()
        return self

    def flow(self, frames: Tensor) -> Tensor:
        """Flow from each frame to the next one, ``(B*D, 2, H, W)`` in input pixels (dx, dy)."""
        if min(frames.shape[-2:]) < _SMALLEST_SIDE or any(s % 8 for s in frames.shape[-2:]):
            raise ValueError(
                f'frames: expected sides of at least {_SMALLEST_SIDE} pixels that 8 divides for '
                f'optical flow, got {tuple(frames.shape[-2:])}; use motion from differences'
            )
        # RAFT expects RGB in [-1, 1]; the clip comes normalised by mean and standard deviation.
        images = (frames * self.std + self.mean) / 127.5 - 1
        first, second = images[:, :-1].flatten(0, 1), images[:, 1:].flatten(0, 1)
        return self.network(first, second, num_flow_updates=self.num_updates)[-1]

    def frame_maps(self, stages: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Nothing: the flow is of the frames themselves."""
        return ()

    def forward(self, clip: FrameFeatures) -> Tensor:
        """Frames ``(B, T, 3, H, W)`` to motion ``(B, C, h, w)`` on the last stage's grid."""
        if clip.frames is None:
            raise ValueError(
                'clip.frames: expected the frames, which optical flow is made of, got None'
            )
        grid = clip.stages[-1].shape[-2:]
        flow = self.flow(clip.frames)
        scale = flow.new_tensor([grid[1] / flow.shape[-1], grid[0] / flow.shape[-2]])
        flow = interpolate(flow, size=grid, mode='area') * scale[:, None, None]
        return self.sides(flow.unflatten(0, (-1, clip.frames.shape[1] - 1)))


def _load_flow_weights(network: nn.Module, weights: str) -> None:
    if not Path(weights).is_file():
        raise ValueError(
            f'flow weights: expected a file with a torchvision RAFT state dict, got {weights!r}'
        )
    try:
        network.load_state_dict(torch.load(weights, map_location='cpu', weights_only=True))
    except RuntimeError as error:
        raise ValueError(f'flow weights {weights!r} do not fit the network: {error}') from error
