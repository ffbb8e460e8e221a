"""Heatmaps and what is read from them.

Axes: B samples, K keypoints, H W grid.
"""

from __future__ import annotations

import torch
from torch import Tensor

from jmpose_mm.functional.checks import check_rank, check_same_shape

__all__ = ['heatmap_accuracy', 'heatmap_peaks', 'peak_weighted_mean']


def heatmap_peaks(heatmaps: Tensor) -> Tensor:
    """Grid position of the maximum of each map.

    Args:
        heatmaps: ``(B, K, H, W)``.

    Returns:
        ``(B, K, 2)``, x and y in heatmap pixels, whole numbers in the maps' dtype.

    Example:
        >>> import torch
        >>> heatmaps = torch.zeros(1, 1, 8, 6)
        >>> heatmaps[0, 0, 5, 2] = 1
        >>> heatmap_peaks(heatmaps)
        tensor([[[2., 5.]]])
    """
    check_rank('heatmaps', heatmaps, 'B K H W')
    width = heatmaps.shape[-1]
    index = heatmaps.flatten(2).argmax(dim=-1)
    rows = torch.div(index, width, rounding_mode='floor')
    return torch.stack((index - rows * width, rows), dim=-1).to(heatmaps.dtype)


def heatmap_accuracy(
    heatmaps: Tensor, target: Tensor, keypoint_weights: Tensor, threshold: float = 0.05
) -> Tensor:
    """Share of keypoints whose peak lies near the target's peak, for the training log.

    The distance is taken in units of the map's sides: x in widths, y in heights.

    Args:
        heatmaps: Predicted, ``(B, K, H, W)``.
        target: ``(B, K, H, W)``.
        keypoint_weights: ``(B, K)``; a keypoint counts where it is above 0.
        threshold: Largest distance that counts, as a share of the map's sides.

    Returns:
        Scalar in [0, 1]: the mean over keypoints of their share among the samples that have
        them; 0 where no keypoint is labelled.

    Example:
        >>> import torch
        >>> target = torch.zeros(1, 2, 8, 6)
        >>> target[0, :, 5, 2] = 1
        >>> predicted = target.clone()
        >>> predicted[0, 1] = predicted[0, 1].flip(0, 1)
        >>> heatmap_accuracy(predicted, target, torch.ones(1, 2))
        tensor(0.5000)
    """
    check_same_shape('heatmaps', heatmaps, 'target', target)
    sides = heatmaps.new_tensor([heatmaps.shape[-1], heatmaps.shape[-2]])
    distance = ((heatmap_peaks(heatmaps) - heatmap_peaks(target)) / sides).norm(dim=-1)
    labelled = keypoint_weights > 0
    hits = ((distance < threshold) & labelled).sum(dim=0)
    # Mean of the joints' shares, as mmpose's: a joint that is rarely labelled weighs as much.
    counts = labelled.sum(dim=0)
    shares: Tensor = hits / counts.clamp(min=1)
    # Not by indexing with a mask, for whose size a GPU would be waited for in every step.
    return shares.sum() / (counts > 0).sum().clamp(min=1)


def peak_weighted_mean(first: Tensor, second: Tensor) -> Tensor:
    """Mean of two models' heatmaps, where each map weighs as much as its peak is high.

    Args:
        first: ``(B, K, H, W)``.
        second: ``(B, K, H, W)``.

    Returns:
        ``(B, K, H, W)``; the plain mean where neither map has a positive value.

    Example:
        >>> import torch
        >>> sure, unsure = torch.zeros(2, 1, 1, 1, 2)
        >>> sure[..., 0], unsure[..., 1] = 0.75, 0.25
        >>> peak_weighted_mean(sure, unsure)
        tensor([[[[0.5625, 0.0625]]]])
    """
    check_rank('first', first, 'B K H W')
    check_same_shape('first', first, 'second', second)
    least = torch.finfo(first.dtype).tiny
    a, b = (maps.amax(dim=(-2, -1), keepdim=True).clamp(min=least) for maps in (first, second))
    share = a / (a + b)
    return share * first + (1 - share) * second
