"""Masks of the places that each joint may look at, by its heatmaps (Fang et al., CVPR 2026).

Axes: B clips, T frames, K joints, H W heatmap grid, h w token grid.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d, interpolate

from jmpose_mm.functional.checks import check_choice, check_rank

__all__ = ['blocked_tokens']

_EPSILON = 1e-6


def blocked_tokens(
    heatmaps: Tensor,
    grid: tuple[int, int],
    threshold: float = 0.2,
    pooling: str = 'bilinear',
    layout: str = 'paper',
) -> Tensor:
    """Tokens that are below a share of their heatmap's range.

    Each map is brought to [0, 1] by its own minimum and maximum, then to the tokens' grid. A query
    that would be blocked everywhere keeps the one token where its map is highest, so that attention
    is never over nothing.

    Args:
        heatmaps: ``(B, T, K, H, W)``; no gradient flows back.
        grid: (h, w).
        threshold: Blocked where a map is below this.
        pooling: ``'bilinear'`` samples between four values, as the released network does, and can
            miss a narrow peak; ``'max'`` takes the largest value of a token's cell.
        layout: Layout of the T K maps in the K queries. With ``'paper'`` a query has those of its
            joint; with ``'released'`` the next T of them in the order (T, K), as the released code
            reshapes them.

    Returns:
        ``(B, K, T*h*w)`` bool, True where a query may not look.

    Raises:
        ValueError: Bad rank, ``pooling`` or ``layout``.

    Example:
        >>> import torch
        >>> blocked_tokens(torch.tensor([[[[[0.0, 0.1, 0.5, 1.0]]]]]), grid=(1, 4))
        tensor([[[ True,  True, False, False]]])
    """
    check_rank('heatmaps', heatmaps, 'B T K H W')
    check_choice('pooling', pooling, ('bilinear', 'max'))
    check_choice('layout', layout, ('paper', 'released'))
    # Half precision cannot tell values near the threshold apart.
    maps = heatmaps.detach().float()
    lowest, highest = maps.amin(dim=(-2, -1), keepdim=True), maps.amax(dim=(-2, -1), keepdim=True)
    maps = ((maps - lowest) / (highest - lowest + _EPSILON)).flatten(0, 1)
    if tuple(maps.shape[-2:]) != tuple(grid):
        if pooling == 'max':
            maps = adaptive_max_pool2d(maps, grid)
        else:
            maps = interpolate(maps, size=grid, mode='bilinear', align_corners=False)
    maps = maps.reshape(-1, *heatmaps.shape[1:3], grid[0] * grid[1])  # (B, T, K, h*w)
    if layout == 'paper':
        maps = maps.transpose(1, 2)
    queries = maps.reshape(-1, heatmaps.shape[2], heatmaps.shape[1] * grid[0] * grid[1])
    places = torch.arange(queries.shape[2], device=queries.device)
    # Softmax over nothing is NaN, which would spread through the whole network.
    best = places == queries.argmax(dim=2, keepdim=True)
    blocked = queries < threshold
    nowhere = blocked.all(dim=2, keepdim=True)
    return blocked & ~(nowhere & best)
