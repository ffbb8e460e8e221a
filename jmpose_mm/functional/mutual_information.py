"""Mutual information between feature maps: three estimators, each called what it is.

Axes: B clips, C D E channels, H W grid, N = H * W positions, R = B * C rows of a map.

``gaussian_information``
    Mutual information, in nats per position, of the Gaussian with the maps' covariance; positions
    of one clip are the samples. It has a conditional form, and the chain rule holds exactly.
``spatial_kl``
    The Kullback-Leibler divergence between the maps read as distributions over positions. A
    divergence: 0 when equal. ``-spatial_kl`` stands for information up to a constant.
``released_quantity``
    What the public code of FAMI-Pose, TDMI and JM-Pose minimises. Neither of the two above.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax

from jmpose_mm.functional.checks import check_rank, check_same_shape

__all__ = ['gaussian_information', 'released_quantity', 'spatial_kl', 'spatial_log_softmax']


def spatial_log_softmax(features: Tensor, temperature: float = 1.0) -> Tensor:
    """Log-probability of each position within its channel.

    Args:
        features: ``(B, C, H, W)``.
        temperature: Divides the features; small values sharpen.

    Returns:
        ``(R, N)`` in float32 at least; ``exp`` of each row sums to 1.

    Example:
        >>> import torch
        >>> spatial_log_softmax(torch.rand(2, 3, 4, 4)).exp().sum(dim=-1)
        tensor([1.0000, 1.0000, 1.0000, 1.0000, 1.0000, 1.0000])
    """
    check_rank('features', features, 'B C H W')
    # Thousands of positions share a probability of 1: half precision has three digits.
    features = features.to(torch.promote_types(features.dtype, torch.float32))
    return log_softmax(features.flatten(2).flatten(0, 1) / temperature, dim=-1)


def spatial_kl(first: Tensor, second: Tensor, temperature: float = 1.0) -> Tensor:
    """KL(first || second) of the spatial distributions, in nats, mean over clips and channels.

    Args:
        first: ``(B, C, H, W)``, the distribution that the expectation is taken over.
        second: ``(B, C, H, W)``.
        temperature: Divisor of the maps in both softmaxes.

    Returns:
        Scalar, at least 0, and 0 for maps that are equal up to a constant per channel.

    Example:
        >>> import torch
        >>> features = torch.rand(2, 3, 4, 4)
        >>> bool(spatial_kl(features, features + 1).abs() < 1e-6)
        True
    """
    check_same_shape('first', first, 'second', second)
    log_p = spatial_log_softmax(first, temperature)
    log_q = spatial_log_softmax(second, temperature)
    # kl_div(input=log q, target=log p) is KL(p || q): its arguments are in reverse order.
    return kl_div(log_q, log_p, reduction='batchmean', log_target=True)


def released_quantity(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """The term of the released code, mean over B*C*N of ``p (ln p - s)``.

    ``s`` is the spatial softmax of ``first`` and ``p`` that of ``second``. The released call hands
    ``s`` where ``ln s`` belongs and averages over positions too. This is minus entropy of ``p``
    minus the inner product of ``p`` and ``s``: within ``[-(ln N + 1) / N, 0]``, not zero for equal
    maps, not symmetric. Written with the logarithm of the softmax it stays finite, in value and
    gradient, where the released form gives NaN on current PyTorch.

    Args:
        first: ``(B, C, H, W)``, the side that the released code detaches.
        second: ``(B, C, H, W)``.
        temperature: Divisor of the maps in both softmaxes; the released code uses 0.05.

    Returns:
        Scalar.

    Example:
        >>> import torch
        >>> features = torch.rand(2, 3, 4, 4)
        >>> bool(-5 / 16 < released_quantity(features, features) < 0)
        True
    """
    check_same_shape('first', first, 'second', second)
    s = spatial_log_softmax(first, temperature).exp()
    log_p = spatial_log_softmax(second, temperature)
    return (log_p.exp() * (log_p - s)).mean()


class _ScaledCovariance(torch.autograd.Function):
    """Sums over positions of products of centred channels, each in units of its largest value.

    The units keep squares in range. What is made of the covariance must not depend on them: they
    count as constants in the gradient. Autograd's own backward pass would take the product twice.
    Here the units go into the (C, C) factor. The mean needs nothing, since the positions of a
    centred channel's gradient sum to 0 by themselves. Both passes are made of what the input is, so
    that they can be differentiated and vectorised themselves.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps (B, C, N) to covariance (B, C, C), means and units, (B, C, 1) both."""
        mean = x.mean(dim=-1, keepdim=True)
        x = x - mean
        unit = torch.linalg.vector_norm(x, ord=torch.inf, dim=-1, keepdim=True)
        unit = unit.clamp(min=torch.finfo(x.dtype).tiny)
        x /= unit
        return x @ x.transpose(1, 2), mean, unit

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, ...]) -> None:
        """Keep the input and the units."""
        (x,), (_, mean, unit) = inputs, output
        ctx.mark_non_differentiable(mean, unit)
        ctx.save_for_backward(x, unit)
        ctx.save_for_forward(x, unit)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> Tensor:
        """To that of the maps."""
        x, unit = ctx.saved_tensors
        factor = (gradient + gradient.transpose(1, 2)) / unit
        product: Tensor = factor @ _centred(x, unit)
        return product

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> tuple[Tensor, None, None]:
        """To that of the covariance."""
        x, unit = ctx.saved_tensors
        product = _centred(tangent, unit) @ _centred(x, unit).transpose(1, 2)
        return product + product.transpose(1, 2), None, None


def _centred(x: Tensor, unit: Tensor) -> Tensor:
    return (x - x.mean(dim=-1, keepdim=True)) / unit


def _correlation(features: Tensor, shrinkage: float) -> Tensor:
    """Correlation of the channels over positions, shrunk towards independence: (B, C, C)."""
    x = features.flatten(2)
    limits = torch.finfo(x.dtype)
    covariance, mean, unit = _ScaledCovariance.apply(x)  # type: ignore[no-untyped-call]
    variance = covariance.diagonal(dim1=1, dim2=2)
    # A channel that is constant in a clip carries no information: what rounding leaves of it
    # drowns in this floor, whatever the channel's scale, and its correlations become 0.
    energy = variance.detach() + x.shape[-1] * (mean / unit).square().squeeze(-1)
    scale = (variance + (100 * limits.eps) ** 2 * energy + limits.tiny).rsqrt()
    identity = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    correlation: Tensor = covariance * scale[:, :, None] * scale[:, None]
    return (1 - shrinkage) * correlation * (1 - identity) + identity


def _log_determinant(matrix: Tensor) -> Tensor:
    """Of symmetric positive definite matrices (B, C, C), by their Cholesky factor: (B,)."""
    factor: Tensor = torch.linalg.cholesky(matrix)
    return 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)


def gaussian_information(
    first: Tensor, second: Tensor, given: Tensor | None = None, shrinkage: float = 0.01
) -> Tensor:
    r"""Gaussian (conditional) mutual information of two maps, I(first; second | given).

    With :math:`\Sigma` the channels' joint correlation over the positions of one clip,

    .. math:: I(X;Y|Z) = \tfrac12 \ln \frac{|\Sigma_{XZ}| |\Sigma_{YZ}|}{|\Sigma_Z| |\Sigma_{XYZ}|}

    which is the drop in the log-volume of the error of the best linear prediction of Y from Z when
    X is added. All blocks come from one shrunk matrix, so the chain rule holds exactly.

    Args:
        first: ``(B, C, H, W)``.
        second: ``(B, D, H, W)``.
        given: ``(B, E, H, W)`` to condition on.
        shrinkage: Weight of the identity in the correlation, in (0, 1); it bounds the information
            of equal maps and lets there be more channels than positions.

    Returns:
        Scalar in nats per position, mean over clips; at least 0 up to rounding, symmetric in
        ``first`` and ``second``, unchanged by scaling and shifting any channel.

    Raises:
        ValueError: The grids or the batches differ, or ``shrinkage`` is outside of (0, 1).

    Example:
        >>> import torch
        >>> features = torch.rand(2, 3, 16, 16)
        >>> noise = torch.rand(2, 3, 16, 16)
        >>> shared = gaussian_information(features, 2 * features + 1)
        >>> bool(shared > gaussian_information(features, noise))
        True
    """
    if not 0 < shrinkage < 1:
        raise ValueError(f'shrinkage: expected a number in (0, 1), got {shrinkage}')
    parts = [first, second] if given is None else [first, second, given]
    for name, part in zip(('first', 'second', 'given'), parts, strict=False):
        check_rank(name, part, 'B C H W')
        if part.shape[0] != first.shape[0] or part.shape[2:] != first.shape[2:]:
            raise ValueError(
                f'{name}: expected the batch and grid of first, {tuple(first.shape)}, '
                f'got {tuple(part.shape)}'
            )
    with torch.autocast(first.device.type, enabled=False):
        # Half precision cannot hold a determinant of a hundred channels.
        dtype = torch.promote_types(first.dtype, torch.float32)
        joint = _correlation(torch.cat([part.to(dtype) for part in parts], dim=1), shrinkage)
        c, d = first.shape[1], second.shape[1]
        index = torch.arange(joint.shape[-1], device=joint.device)
        x, y, z = index[:c], index[c : c + d], index[c + d :]

        def volume(*blocks: Tensor) -> Tensor:
            chosen = torch.cat(blocks)
            return _log_determinant(joint[:, chosen[:, None], chosen])

        information = volume(x, z) + volume(y, z) - _log_determinant(joint)
        if given is not None:
            information = information - volume(z)
        return 0.5 * information.mean()
