"""Features of crops to features of windows.

Axes: N crops, B windows, T frames of a window, C channels, h w feature grid.
"""

from __future__ import annotations

from torch import Tensor

from jmpose_mm.functional.translation import resample
from jmpose_mm.structures import SharedCrops

__all__ = ['gather_windows']


def gather_windows(features: Tensor, crops: SharedCrops) -> Tensor:
    """Maps of every frame of every window, read off the maps of the crops.

    A map is copied where its crop was cut for the window, and moved by
    :func:`jmpose_mm.functional.translation.resample` elsewhere, as the video engine does. The
    gradients of a crop are the sum over all windows that it is in.

    Args:
        features: ``(N, C, h, w)``.
        crops: The crops, and what each window sees of them.

    Returns:
        ``(B, T, C, h, w)``.

    Example:
        >>> import torch
        >>> crops = SharedCrops.of_clips(torch.zeros(1, 3, 3, 64, 48))
        >>> crops = crops._replace(crop_index=torch.tensor([[2, 0, 0]]))
        >>> gather_windows(torch.tensor([0.0, 1.0, 2.0]).reshape(3, 1, 1, 1), crops).flatten()
        tensor([2., 0., 0.])
    """
    index, ratio, shift = (
        crops.crop_index.flatten(),
        crops.ratio.flatten(),
        crops.shift.flatten(0, 1),
    )
    moves = (ratio != 1) | (shift != 0).any(dim=1)
    moved, still = moves.nonzero().flatten(), (~moves).nonzero().flatten()
    maps = features.new_empty(len(index), *features.shape[1:])
    maps.index_copy_(0, still, features[index[still]])
    if len(moved):
        seen = resample(features[index[moved]], ratio[moved], shift[moved])
        maps.index_copy_(0, moved, seen.to(maps.dtype))
    return maps.unflatten(0, crops.crop_index.shape)
