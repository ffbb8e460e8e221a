"""PoseWarper, TAR and ViT once more, each in a page of plain loops, from their papers alone.

A state dict and maps in, heatmaps out. Nothing of the package is used. Axes: T frames in time
order, K joints, C channels, H W heatmap grid, N places of a token grid.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

DILATIONS = (3, 6, 12, 18, 24)
State = dict[str, Tensor]


def _normalised(state: State, name: str, x: Tensor) -> Tensor:
    """BatchNorm in evaluation."""
    mean, variance = state[f'{name}.running_mean'], state[f'{name}.running_var']
    scale = state[f'{name}.weight'] / (variance + 1e-5).sqrt()
    return (x - mean[:, None, None]) * scale[:, None, None] + state[f'{name}.bias'][:, None, None]


def posewarper(state: State, heatmaps: Tensor, weights: list[float]) -> Tensor:
    """``(T, K, H, W)`` to ``(K, H, W)``; the key frame is in the middle."""
    dilations = [d for i, d in enumerate(DILATIONS) if f'warps.{i}.weight' in state]
    total = torch.zeros_like(heatmaps[0])
    for frame, share in zip(heatmaps, weights, strict=True):
        x = (heatmaps[len(heatmaps) // 2] - frame)[None]
        block = 0
        while f'offset_features.layers.{block}.conv1.weight' in state:
            at = f'offset_features.layers.{block}'
            y = functional.conv2d(x, state[f'{at}.conv1.weight'], padding=1)
            y = functional.relu(_normalised(state, f'{at}.bn1', y))
            y = functional.conv2d(y, state[f'{at}.conv2.weight'], padding=1)
            y = _normalised(state, f'{at}.bn2', y)
            if block == 0:
                x = functional.conv2d(x, state[f'{at}.downsample.0.weight'])
                x = _normalised(state, f'{at}.downsample.1', x)
            x, block = functional.relu(x + y), block + 1
        for i, dilation in enumerate(dilations):
            predictor, kernel = state[f'warps.{i}.offset.weight'], state[f'warps.{i}.weight']
            offset = functional.conv2d(x, predictor, padding=dilation, dilation=dilation)[0]
            total += share / len(dilations) * _deformed(frame, offset, kernel, dilation)
    return total


def _deformed(maps: Tensor, offset: Tensor, kernel: Tensor, dilation: int) -> Tensor:
    """Deformable convolution without modulation, a group a channel, zero outside."""
    joints, high, wide = maps.shape
    rows, columns = torch.arange(high)[:, None], torch.arange(wide)[None]
    offset = offset.view(joints, 9, 2, high, wide)
    out = torch.zeros_like(maps)
    for joint in range(joints):
        for tap in range(9):
            dy, dx = offset[joint, tap]
            y = rows + dilation * (tap // 3 - 1) + dy
            x = columns + dilation * (tap % 3 - 1) + dx
            value = torch.zeros_like(maps[0])
            for corner_y in (y.floor(), y.floor() + 1):
                for corner_x in (x.floor(), x.floor() + 1):
                    share = (1 - (y - corner_y).abs()) * (1 - (x - corner_x).abs())
                    inside = (corner_y >= 0) & (corner_y < high) & (corner_x >= 0)
                    inside &= corner_x < wide
                    row = corner_y.clamp(0, high - 1).long()
                    column = corner_x.clamp(0, wide - 1).long()
                    value += torch.where(inside, share * maps[joint, row, column], 0.0)
            out += kernel[:, joint, tap // 3, tap % 3, None, None] * value
    return out


def layer_norm(state: State, name: str, x: Tensor, eps: float = 1e-5) -> Tensor:
    """Over the last axis."""
    x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + eps).sqrt()
    return x * state[f'{name}.weight'] + state[f'{name}.bias']


def _attention(query: Tensor, key: Tensor, value: Tensor, heads: int, blocked=None) -> Tensor:
    """``(Q, C)``, ``(M, C)``, ``(M, C)`` and ``(Q, M)`` to ``(Q, C)``, head for head."""
    width, answers = query.shape[1] // heads, []
    for head in range(heads):
        part = slice(head * width, (head + 1) * width)
        score = query[:, part] @ key[:, part].T / math.sqrt(width)
        if blocked is not None:
            score = score.masked_fill(blocked, -math.inf)
        answers.append(score.softmax(-1) @ value[:, part])
    return torch.cat(answers, dim=1)


def _asked(state: State, name: str, x: Tensor, tokens: Tensor, blocked=None) -> Tensor:
    """A post-norm attention step of four heads."""
    weights, biases = (state[f'{name}.mha.in_proj_{leaf}'].chunk(3) for leaf in ('weight', 'bias'))
    sides = [
        side @ weight.T + bias
        for side, weight, bias in zip((x, tokens, tokens), weights, biases, strict=True)
    ]
    answer = _attention(*sides, heads=4, blocked=blocked)
    out = answer @ state[f'{name}.mha.out_proj.weight'].T + state[f'{name}.mha.out_proj.bias']
    return layer_norm(state, f'{name}.norm', x + out)


def tar_heatmaps(state: State, features: Tensor) -> Tensor:
    """Two deconvolutions and the last layer, ``(F, C, h, w)`` to ``(F, K, 4h, 4w)``."""
    x = features
    for i in (0, 3):
        weight = state[f'deconv_layers.{i}.weight']
        x = functional.conv_transpose2d(x, weight, stride=2, padding=1)
        x = functional.relu(_normalised(state, f'deconv_layers.{i + 1}', x))
    return functional.conv2d(x, state['heatmap_layer.weight'], state['heatmap_layer.bias'])


def tar(state: State, features: Tensor, layout: str, threshold: float) -> Tensor:
    """Features ``(T, C, h, w)`` to ``(K, 4h, 4w)``; the key frame is in the middle."""
    frames, channels, high, wide = features.shape
    places = high * wide
    maps = tar_heatmaps(state, features)
    lowest, highest = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    share = functional.interpolate(
        (maps - lowest) / (highest - lowest + 1e-6), size=(high, wide), mode='bilinear'
    )
    blocked = (share < threshold).flatten(2)  # (T, K, N)
    if layout == 'paper':
        tokens = features.flatten(2).permute(0, 2, 1)
        blocked = blocked.permute(1, 0, 2).flatten(1)
    else:
        tokens = features.reshape(frames, places, channels)
        blocked = blocked.reshape(-1, frames * places)
    everything = tokens.reshape(-1, channels)
    joints = state['aggregation.query_feat.weight'] + state['aggregation.query_pe.weight']
    layer = 0
    while f'aggregation.masked.{layer}.norm.weight' in state:
        joints = _asked(state, f'aggregation.masked.{layer}', joints, everything, blocked)
        joints = _asked(state, f'aggregation.mutual.{layer}', joints, joints)
        at = f'aggregation.ffn.{layer}'
        wider = joints @ state[f'{at}.fc1.weight'].T + state[f'{at}.fc1.bias']
        wider = functional.gelu(wider) @ state[f'{at}.fc2.weight'].T + state[f'{at}.fc2.bias']
        joints, layer = layer_norm(state, f'{at}.norm', joints + wider), layer + 1
    restored = _asked(state, 'restoration', tokens[frames // 2], joints)
    if layout == 'paper':
        restored = restored.T
    return tar_heatmaps(state, restored.reshape(1, channels, high, wide))[0]


def vit(state: State, image: Tensor, heads: int, grid: tuple[int, int]) -> Tensor:
    """``(3, H, W)`` to ``(C, h, w)``; ``grid`` is the position table's."""
    weight, bias = (state[f'patch_embed.projection.{leaf}'] for leaf in ('weight', 'bias'))
    patches = functional.conv2d(image[None], weight, bias, stride=16, padding=2)[0]
    channels, high, wide = patches.shape
    table = state['pos_embed'][0].T.reshape(1, channels, *grid)
    if (high, wide) != grid:
        table = functional.interpolate(table, size=(high, wide), mode='bicubic')
    x, block = (patches + table[0]).flatten(1).T, 0
    while f'layers.{block}.attn.qkv.weight' in state:
        at = f'layers.{block}'
        y = layer_norm(state, f'{at}.ln1', x, 1e-6)
        y = y @ state[f'{at}.attn.qkv.weight'].T + state[f'{at}.attn.qkv.bias']
        y = _attention(*y.chunk(3, dim=1), heads=heads)
        x = x + y @ state[f'{at}.attn.proj.weight'].T + state[f'{at}.attn.proj.bias']
        y = layer_norm(state, f'{at}.ln2', x, 1e-6)
        y = y @ state[f'{at}.ffn.layers.0.0.weight'].T + state[f'{at}.ffn.layers.0.0.bias']
        y = functional.gelu(y) @ state[f'{at}.ffn.layers.1.weight'].T
        x, block = x + y + state[f'{at}.ffn.layers.1.bias'], block + 1
    return layer_norm(state, 'ln1', x, 1e-6).T.reshape(channels, high, wide)
