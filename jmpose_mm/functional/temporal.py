"""Clips as tensors.

Axes: B clips, T frames in time order, C channels, H W grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from jmpose_mm.functional.checks import check_rank
from jmpose_mm.functional.frame_sampling import check_frame_offsets

__all__ = ['adjacent_differences', 'key_frame_index', 'repeat_key_frame', 'split_key_frame']


def key_frame_index(frame_offsets: Sequence[int]) -> int:
    """Position of the key frame in a clip.

    Args:
        frame_offsets: Distance of each frame from the key frame, in frames, strictly ascending,
            with exactly one 0, e.g. ``(-2, -1, 0, 1, 2)``.

    Returns:
        Index in ``range(len(frame_offsets))``.

    Raises:
        ValueError: The offsets are not strictly ascending or hold no 0.

    Example:
        >>> key_frame_index((-2, -1, 0, 1, 2))
        2
    """
    return check_frame_offsets(frame_offsets).index(0)


def adjacent_differences(features: Tensor) -> Tensor:
    """Forward difference of each pair of neighbouring frames.

    Args:
        features: ``(B, T, C, H, W)``.

    Returns:
        ``(B, T-1, C, H, W)``; entry ``t`` is frame ``t+1`` minus frame ``t``, so it is zero where
        nothing changes and changes its sign when time is reversed.

    Example:
        >>> import torch
        >>> clip = torch.arange(3.0).reshape(1, 3, 1, 1, 1)
        >>> adjacent_differences(clip).flatten()
        tensor([1., 1.])
    """
    check_rank('features', features, 'B T C H W')
    return features[:, 1:] - features[:, :-1]


def repeat_key_frame(clip: Tensor, key_index: int) -> Tensor:
    """The same clip with time removed: every frame is a copy of the key frame.

    Args:
        clip: ``(B, T, C, H, W)``.
        key_index: Position of the key frame.

    Returns:
        ``(B, T, C, H, W)``, a view that shares memory with ``clip``.

    Example:
        >>> import torch
        >>> clip = torch.arange(3.0).reshape(1, 3, 1, 1, 1)
        >>> repeat_key_frame(clip, key_index=1).flatten()
        tensor([1., 1., 1.])
    """
    check_rank('clip', clip, 'B T C H W')
    return clip[:, key_index : key_index + 1].expand_as(clip)


def split_key_frame(clip: Tensor, key_index: int) -> tuple[Tensor, Tensor]:
    """The key frame apart from its supporting frames.

    Args:
        clip: ``(B, T, C, H, W)``.
        key_index: Position of the key frame.

    Returns:
        The key frame ``(B, C, H, W)`` and the others ``(B, T-1, C, H, W)`` in time order.

    Example:
        >>> import torch
        >>> clip = torch.arange(3.0).reshape(1, 3, 1, 1, 1)
        >>> key_frame, supporting_frames = split_key_frame(clip, key_index=1)
        >>> key_frame.flatten(), supporting_frames.flatten()
        (tensor([1.]), tensor([0., 2.]))
    """
    check_rank('clip', clip, 'B T C H W')
    return clip[:, key_index], torch.cat((clip[:, :key_index], clip[:, key_index + 1 :]), dim=1)
