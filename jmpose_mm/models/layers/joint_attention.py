"""Attention between joints and places (Fang et al., CVPR 2026).

Axes: B clips, Q queries, M tokens that are asked, C channels, A heads.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import gelu, linear, scaled_dot_product_attention

from jmpose_mm.functional.checks import check_choice

__all__ = ['AttentionStep', 'JointAggregation']


class _Residual(nn.Module):
    """A shortcut and a normalisation, before what is beside the shortcut or behind the sum."""

    answer: Callable[..., Tensor]  # what is beside the shortcut

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        check_choice('norm', norm, ('pre', 'post'))
        self.norm, self.first = nn.LayerNorm(channels), norm == 'pre'

    def forward(self, x: Tensor, *args: Tensor | None) -> Tensor:
        """``(B, Q, C)``, as is the result."""
        if self.first:
            return x + self.answer(self.norm(x), *args)
        return self.norm(x + self.answer(x, *args))


class AttentionStep(_Residual):
    """Multi-head attention beside a shortcut.

    Args:
        channels: C.
        num_heads: A, a divisor of C.
        norm: ``'pre'`` normalises the queries; ``'post'`` the sum, as published.
    """

    def __init__(self, channels: int, num_heads: int, norm: str) -> None:
        super().__init__(channels, norm)
        if channels % num_heads:
            raise ValueError(
                f'num_heads: expected a divisor of the {channels} channels, got {num_heads}'
            )
        self.mha = nn.MultiheadAttention(channels, num_heads, batch_first=True)

    def answer(
        self, x: Tensor, tokens: Tensor | None = None, allowed: Tensor | None = None
    ) -> Tensor:
        """Attention of ``x`` (B, Q, C) to ``tokens`` (B, M, C), by default to itself.

        Args:
            x: The queries.
            tokens: Keys and values.
            allowed: ``(B, A, Q, M)`` bool, or with 1 for B or A: where a query may look.
        """
        tokens = x if tokens is None else tokens
        # Projecting the queries into the tokens' space is the same as projecting the tokens, and
        # cheaper where tokens are many and queries few: what a bias adds to keys is common to all.
        many = tokens.shape[1] > x.shape[1]
        if many and x.shape[1] * self.mha.num_heads < x.shape[2] + x.shape[1]:
            return self.mha.out_proj(self._asked_in_their_space(x, tokens, allowed))
        query, key, value = (
            linear(side, weight, bias).unflatten(-1, (self.mha.num_heads, -1)).transpose(1, 2)
            for side, (weight, bias) in zip((x, tokens, tokens), self._weights(), strict=True)
        )
        answer = scaled_dot_product_attention(query, key, value, attn_mask=allowed)
        return self.mha.out_proj(answer.transpose(1, 2).flatten(2))

    def _weights(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of query, key and value."""
        weights, biases = self.mha.in_proj_weight.chunk(3), self.mha.in_proj_bias.chunk(3)
        return list(zip(weights, biases, strict=True))

    def _asked_in_their_space(self, x: Tensor, tokens: Tensor, allowed: Tensor | None) -> Tensor:
        heads = self.mha.num_heads
        (w_query, b_query), (w_key, _), (w_value, b_value) = self._weights()
        query = linear(x, w_query, b_query).unflatten(-1, (heads, -1)).transpose(1, 2)
        asked = query @ w_key.unflatten(0, (heads, -1))  # (B, A, Q, C)
        if allowed is not None:
            allowed = allowed.expand(-1, heads, -1, -1).flatten(1, 2)[:, None]
        met = scaled_dot_product_attention(
            asked.flatten(1, 2)[:, None],
            tokens[:, None],
            tokens[:, None],
            attn_mask=allowed,
            scale=query.shape[-1] ** -0.5,
        )
        met = met[:, 0].unflatten(1, (heads, -1))  # (B, A, Q, C)
        value = met @ w_value.unflatten(0, (heads, -1)).transpose(1, 2)
        return value.transpose(1, 2).flatten(2) + b_value


class _FeedForward(_Residual):
    def __init__(self, channels: int, norm: str) -> None:
        super().__init__(channels, norm)
        self.fc1 = nn.Linear(channels, 2 * channels)
        self.fc2 = nn.Linear(2 * channels, channels)

    def answer(self, x: Tensor) -> Tensor:
        return self.fc2(gelu(self.fc1(x)))


class JointAggregation(nn.Module):
    """One token a joint, gathered in several layers from the places where the joint may be.

    Args:
        channels: C.
        num_joints: K.
        num_layers: Each asks the places, then the other joints, then itself.
        num_heads: A.
        norm: See :class:`AttentionStep`.
    """

    def __init__(
        self, channels: int, num_joints: int, num_layers: int, num_heads: int, norm: str
    ) -> None:
        super().__init__()
        self.query_feat = nn.Embedding(num_joints, channels)
        self.query_pe = nn.Embedding(num_joints, channels)

        def one_a_layer(make: Callable[[], nn.Module]) -> nn.ModuleList:
            return nn.ModuleList(make() for _ in range(num_layers))

        self.masked = one_a_layer(lambda: AttentionStep(channels, num_heads, norm))
        self.mutual = one_a_layer(lambda: AttentionStep(channels, num_heads, norm))
        self.ffn = one_a_layer(lambda: _FeedForward(channels, norm))

    def forward(self, tokens: Tensor, allowed: Tensor) -> Tensor:
        """Places ``(B, M, C)`` and where each joint may look ``(B, K, M)`` to ``(B, K, C)``."""
        # Two embeddings that are only ever added, as in the authors' network.
        start = self.query_feat.weight + self.query_pe.weight
        joints = start.to(tokens.dtype).expand(len(tokens), -1, -1)
        allowed = allowed[:, None]
        for ask_places, ask_joints, think in zip(self.masked, self.mutual, self.ffn, strict=True):
            joints = think(ask_joints(ask_places(joints, tokens, allowed)))
        return joints
