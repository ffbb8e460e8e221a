"""Where each joint may look, by its heatmaps (Fang et al., CVPR 2026).

Axes: B clips, T frames, K joints, H W heatmap grid, h w token grid.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d, interpolate

from jmpose_mm.functional.checks import check_rank

__all__ = ['blocked_tokens']

_EPSILON = 1e-6


def blocked_tokens(
    heatmaps: Tensor, grid: tuple[int, int], threshold: float = 0.2, pooling: str = 'bilinear'
) -> Tensor:
    """Tokens that are below a share of their heatmap's range.

    Each map is brought to [0, 1] by its own minimum and maximum, then to the tokens' grid. A joint
    that would be blocked in all frames keeps the one token where it is highest, so that attention
    is never over nothing.

    Args:
        heatmaps: ``(B, T, K, H, W)``; no gradient flows back.
        grid: (h, w).
        threshold: Blocked where a map is below this.
        pooling: ``'bilinear'`` samples between four values, as the released network does, and can
            miss a narrow peak; ``'max'`` takes the largest value of a token's cell.

    Returns:
        ``(B, T, K, h*w)`` bool, True where a joint may not look.

    Example:
        >>> import torch
        >>> blocked_tokens(torch.tensor([[[[[0.0, 0.1, 0.5, 1.0]]]]]), grid=(1, 4))
        tensor([[[[ True,  True, False, False]]]])
    """
    check_rank('heatmaps', heatmaps, 'B T K H W')
    maps = heatmaps.detach().float()
    lowest, highest = maps.amin(dim=(-2, -1), keepdim=True), maps.amax(dim=(-2, -1), keepdim=True)
    maps = ((maps - lowest) / (highest - lowest + _EPSILON)).flatten(0, 1)
    if tuple(maps.shape[-2:]) != tuple(grid):
        if pooling == 'max':
            maps = adaptive_max_pool2d(maps, grid)
        else:
            maps = interpolate(maps, size=grid, mode='bilinear', align_corners=False)
    # (B, T, K, h*w)
    values = maps.reshape(-1, heatmaps.shape[1], heatmaps.shape[2], grid[0] * grid[1])
    joints = values.transpose(1, 2).flatten(2)  # (B, K, T*h*w)
    places = torch.arange(joints.shape[2], device=joints.device)
    best = places == joints.argmax(dim=2, keepdim=True)
    blocked = joints < threshold
    nowhere = blocked.all(dim=2, keepdim=True)
    blocked = blocked & ~(nowhere & best)
    shape = (-1, heatmaps.shape[2], heatmaps.shape[1], grid[0] * grid[1])
    return blocked.reshape(shape).transpose(1, 2)
