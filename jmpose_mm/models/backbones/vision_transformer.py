"""A plain vision transformer (Dosovitskiy et al., ICLR 2021), as ViTPose takes it.

Axes: N images, C channels, H W input pixels, h w grid of patches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn.bricks import DropPath
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import interpolate, scaled_dot_product_attention

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.registry import MODELS

__all__ = ['ARCHITECTURES', 'VisionTransformer']

# Channels, blocks, heads; what is between the two layers of a block is four times as wide.
ARCHITECTURES = {
    'small': (384, 12, 12),
    'base': (768, 12, 12),
    'large': (1024, 24, 16),
    'huge': (1280, 32, 16),
}


@MODELS.register_module()
class VisionTransformer(BaseModule):
    """Patches as tokens, without a class token; state dicts are those of mmpretrain's class.

    The position table keeps the size that it is built for; another input has it resized in
    passing, bicubic, so that mmpose's files of 256 x 192 serve 384 x 288.

    Args:
        arch: ``'small'``, ``'base'``, ``'large'`` or ``'huge'``, or channels, blocks and heads.
        img_size: (H, W) that the position table is for. A file with a table of another size loads
            too: it is resized, and a class token's entry dropped.
        patch_size: Side of a patch and distance of patches, in pixels.
        padding: Zeros around the image, in pixels; ViTPose has 2.
        drop_path_rate: Rate of the last block; it grows evenly from 0 at the first one.
        out_indices: Blocks whose output is returned, from 0; -1 is the last one, which is
            normalised.
        init_cfg: mmengine's.

    Example:
        >>> backbone = VisionTransformer((32, 2, 4), img_size=(64, 64)).eval()
        >>> backbone(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 32, 4, 4])
    """

    def __init__(
        self,
        arch: str | Sequence[int],
        img_size: Sequence[int] = (256, 192),
        patch_size: int = 16,
        padding: int = 2,
        drop_path_rate: float = 0.0,
        out_indices: Sequence[int] = (-1,),
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if isinstance(arch, str):
            check_choice('arch', arch, ARCHITECTURES)
            arch = ARCHITECTURES[arch]
        channels, num_blocks, num_heads = arch
        for index in out_indices:
            check_choice('out_indices', index, range(-num_blocks, num_blocks))
        self.out_indices = sorted(index % num_blocks for index in out_indices)
        high, wide = ((side + 2 * padding - patch_size) // patch_size + 1 for side in img_size)
        self.grid = (high, wide)
        self.patch_embed = _PatchEmbedding(channels, patch_size, padding)
        self.pos_embed = nn.Parameter(torch.zeros(1, math.prod(self.grid), channels))
        self.layers = nn.ModuleList(
            _Block(channels, num_heads, drop_path_rate * i / max(num_blocks - 1, 1))
            for i in range(num_blocks)
        )
        self.ln1 = nn.LayerNorm(channels, eps=1e-6)
        self._register_load_state_dict_pre_hook(self._adopt_position_table)

    def init_weights(self) -> None:
        """Normal with a standard deviation of 0.02, no biases; then what ``init_cfg`` says."""
        nn.init.normal_(self.pos_embed, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        super().init_weights()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """``(N, 3, H, W)`` to a map ``(N, C, h, w)`` for each of ``out_indices``."""
        patches = self.patch_embed(x)
        grid = (patches.shape[-2], patches.shape[-1])
        tokens = patches.flatten(2).transpose(1, 2)  # (N, h*w, C)
        tokens = tokens + _resized(self.pos_embed, self.grid, grid).to(tokens.dtype)
        maps = []
        for index, block in enumerate(self.layers):
            tokens = block(tokens)
            if index in self.out_indices:
                last = index == len(self.layers) - 1
                out = self.ln1(tokens) if last else tokens
                maps.append(out.transpose(1, 2).unflatten(2, grid))
        return tuple(maps)

    def _adopt_position_table(self, state_dict: dict[str, Any], prefix: str, *args: object) -> None:
        table = state_dict.get(f'{prefix}pos_embed')
        if table is None or table.shape == self.pos_embed.shape:
            return
        found = _grid_of_table(table.shape[1], self.grid)
        if found is not None:
            # The class token's entry, if there is one, is the first.
            table = table[:, -math.prod(found) :]
            state_dict[f'{prefix}pos_embed'] = _resized(table, found, self.grid)


class _PatchEmbedding(nn.Module):
    def __init__(self, channels: int, patch_size: int, padding: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(3, channels, patch_size, stride=patch_size, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        return self.projection(x)


class _Block(nn.Module):
    """Attention among all tokens, then two layers on each, both beside a shortcut."""

    def __init__(self, channels: int, num_heads: int, drop_path: float) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(channels, eps=1e-6)
        self.attn = _SelfAttention(channels, num_heads)
        self.ln2 = nn.LayerNorm(channels, eps=1e-6)
        self.ffn = _FeedForward(channels)
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """``(N, tokens, C)``, as is the result."""
        x = x + self.drop_path(self.attn(self.ln1(x)))
        return x + self.drop_path(self.ffn(self.ln2(x)))


class _FeedForward(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU()),
            nn.Linear(4 * channels, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class _SelfAttention(nn.Module):
    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(
                f'arch: expected a number of heads that divides {channels} channels, '
                f'got {num_heads}'
            )
        self.num_heads = num_heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        # Query, key and value: (N, heads, tokens, C / heads) each.
        parts = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        answer = scaled_dot_product_attention(parts[0], parts[1], parts[2])
        return self.proj(answer.transpose(1, 2).flatten(2))


def _resized(table: Tensor, grid: tuple[int, int], target: tuple[int, int]) -> Tensor:
    """A position table ``(1, h*w, C)`` for another grid, as mmpretrain resizes it."""
    if grid == target:
        return table
    maps = table.unflatten(1, grid).permute(0, 3, 1, 2).float()
    maps = interpolate(maps, size=target, mode='bicubic', align_corners=False)
    return maps.flatten(2).transpose(1, 2).to(table.dtype)


def _grid_of_table(count: int, grid: tuple[int, int]) -> tuple[int, int] | None:
    """The grid of a table of other length, of equal sides' ratio or square, with or without a class
    token; None where there is none.
    """
    for tokens in (count, count - 1):
        ratio = math.sqrt(tokens / math.prod(grid))
        side = math.isqrt(tokens)
        for candidate in ((round(grid[0] * ratio), round(grid[1] * ratio)), (side, side)):
            if tokens > 0 and math.prod(candidate) == tokens:
                return candidate
    return None
