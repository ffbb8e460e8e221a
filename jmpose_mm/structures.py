"""The handshakes between the parts of a video model.

Axes: B clips, T frames in time order, C channels, K keypoints, H W input pixels, h w feature grid.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ['ClipFeatures', 'FrameFeatures', 'FusedFeatures', 'SharedCrops']


class SharedCrops(NamedTuple):
    """Data to estimator where windows have crops in common: each crop once.

    A crop that was cut for another window is read, as features, through the window that asks.

    Attributes:
        images: ``(N, 3, H, W)``, the crops.
        crop_index: ``(B, T)`` whole numbers, which crop each frame of each window is.
        ratio: ``(B, T)``, pixels of the crop in a pixel of the window; 1 is its own size.
        shift: ``(B, T, 2)``, where in the crop the window's first pixel lies, in widths and
            heights of the crop; 0 is its own place.

    Example:
        >>> SharedCrops.of_clips(torch.zeros(2, 5, 3, 64, 48)).crop_index[1].tolist()
        [5, 6, 7, 8, 9]
    """

    images: Tensor
    crop_index: Tensor
    ratio: Tensor
    shift: Tensor

    @classmethod
    def of_clips(cls, clips: Tensor) -> SharedCrops:
        """Clips ``(B, T, 3, H, W)`` that have nothing in common."""
        batch, frames = clips.shape[:2]
        index = torch.arange(batch * frames, device=clips.device).reshape(batch, frames)
        still = torch.ones(batch, frames, device=clips.device)
        shift = torch.zeros(batch, frames, 2, device=clips.device)
        return cls(clips.flatten(0, 1), index, still, shift)


class ClipFeatures(NamedTuple):
    """Estimator to neck: what is known of each frame before frames meet.

    Attributes:
        frames: ``(B, T, 3, H, W)``, the preprocessed input; None where the neck does not read it.
        stages: Backbone stages from early to late, each ``(B, T, C_s, h_s, w_s)``; the last one
            feeds the single-frame heatmap layer.

    Example:
        >>> import torch
        >>> clip = ClipFeatures(torch.zeros(1, 5, 3, 64, 48), (torch.zeros(1, 5, 16, 16, 12),))
        >>> clip.stages[-1].shape
        torch.Size([1, 5, 16, 16, 12])
    """

    frames: Tensor | None
    stages: tuple[Tensor, ...]


class FrameFeatures(NamedTuple):
    """Inside the neck: what the fusion reads of each frame, made of one frame at a time.

    A video makes it once a crop, and reuses it in every window that the crop is in.

    Attributes:
        frames: ``(B, T, 3, H, W)``, the preprocessed input; None where the neck does not read it.
        stages: Maps that the neck keeps of the backbone's, each ``(B, T, C_s, h_s, w_s)``.
        heatmaps: ``(B, T, K, h, w)``, single-frame heatmaps.

    Example:
        >>> import torch
        >>> kept = FrameFeatures(None, (), torch.zeros(1, 5, 17, 16, 12))
        >>> kept.heatmaps.shape
        torch.Size([1, 5, 17, 16, 12])
    """

    frames: Tensor | None
    stages: tuple[Tensor, ...]
    heatmaps: Tensor


class FusedFeatures(NamedTuple):
    """Neck to head: what the frames say together about the key frame.

    Attributes:
        fused: ``(B, C, h, w)``, what the final heatmaps are made of.
        initial_heatmaps: ``(B, T, K, h, w)``, single-frame heatmaps of every frame.
        named: Feature maps ``(B, C_n, h, w)`` that loss terms refer to by name.

    Example:
        >>> import torch
        >>> made = FusedFeatures(torch.zeros(1, 8, 16, 12), torch.zeros(1, 5, 17, 16, 12), {})
        >>> sorted(made.named)
        []
    """

    fused: Tensor
    initial_heatmaps: Tensor
    named: dict[str, Tensor]
