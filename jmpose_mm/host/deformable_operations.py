"""Deformable convolution and attention by torchvision and torch: what ``mmcv-lite`` lacks.

`mmcv_extension.StandIn` hands these out under the names of mmcv's extension. Each takes the
arguments that ``mmcv.ops`` passes, and writes results into the tensors that it is given for them.
Gradients come from running the differentiable operation once more.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = [
    'deform_conv_backward_input',
    'deform_conv_backward_parameters',
    'deform_conv_forward',
    'modulated_deform_conv_backward',
    'modulated_deform_conv_forward',
    'ms_deform_attn_backward',
    'ms_deform_attn_forward',
]


def _convolved(
    features: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    options: dict[str, Any],
) -> Tensor:
    """Deformable convolution with the geometry in `options`, which two spellings exist of."""
    from torchvision.ops import deform_conv2d

    names = ('stride_h', 'stride_w', 'pad_h', 'pad_w', 'dilation_h', 'dilation_w')
    if 'dH' in options:
        names = ('dH', 'dW', 'padH', 'padW', 'dilationH', 'dilationW')
    values = [options[name] for name in names]
    pairs = values[:2], values[2:4], values[4:]
    return deform_conv2d(features, offset, weight, bias, *pairs, mask)


def _gradients(inputs: dict[str, Tensor], options: Any, grad_output: Tensor) -> dict[str, Tensor]:
    """Gradients of a deformable convolution by each of its `inputs`."""
    with torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in inputs.items()}
        named = {'bias': None, 'mask': None, **leaves}
        output = _convolved(**named, options=options)
    found = torch.autograd.grad(output, list(leaves.values()), grad_output)
    return dict(zip(leaves, found, strict=True))


def modulated_deform_conv_forward(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    **options: Any,
) -> None:
    """Modulated deformable convolution (Zhu et al., CVPR 2019)."""
    used = bias if options['with_bias'] else None
    output.copy_(_convolved(features, offset, weight, used, mask, options))


def modulated_deform_conv_backward(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    *gradients: Tensor,
    **options: Any,
) -> None:
    """`gradients`: by features, weight, bias, offset and mask, to be filled; then the output's."""
    inputs = dict(features=features, weight=weight, offset=offset, mask=mask)
    if options['with_bias']:
        inputs['bias'] = bias
    found = _gradients(inputs, options, gradients[-1])
    for name, filled in zip(
        ('features', 'weight', 'bias', 'offset', 'mask'), gradients[:-1], strict=True
    ):
        if name in found:
            filled.copy_(found[name])


def deform_conv_forward(
    features: Tensor,
    weight: Tensor,
    offset: Tensor,
    output: Tensor,
    *buffers: Tensor,
    **options: Any,
) -> None:
    """Deformable convolution (Dai et al., ICCV 2017)."""
    output.copy_(_convolved(features, offset, weight, None, None, options))


def deform_conv_backward_input(
    features: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    weight: Tensor,
    *buffers: Tensor,
    **options: Any,
) -> None:
    """Fill the gradients by features and offset."""
    inputs = dict(features=features, offset=offset, weight=weight)
    found = _gradients(inputs, options, grad_output)
    grad_input.copy_(found['features'])
    grad_offset.copy_(found['offset'])


def deform_conv_backward_parameters(
    features: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_weight: Tensor,
    *buffers: Tensor,
    **options: Any,
) -> None:
    """Fill the gradient by the weight, in which the operation is linear: any weight gives it."""
    inputs = dict(features=features, offset=offset, weight=torch.zeros_like(grad_weight))
    grad_weight.copy_(_gradients(inputs, options, grad_output)['weight'])


def ms_deform_attn_forward(
    value: Tensor, shapes: Tensor, starts: Tensor, locations: Tensor, attention: Tensor, **_: Any
) -> Tensor:
    """Multi-scale deformable attention (Zhu et al., ICLR 2021) by mmcv's own plain version."""
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch

    return multi_scale_deformable_attn_pytorch(value, shapes, locations, attention)


def ms_deform_attn_backward(
    value: Tensor,
    shapes: Tensor,
    starts: Tensor,
    locations: Tensor,
    attention: Tensor,
    grad_output: Tensor,
    *gradients: Tensor,
    **_: Any,
) -> None:
    """`gradients`: by value, sampling locations and attention weights, to be filled."""
    with torch.enable_grad():
        leaves = [part.detach().requires_grad_() for part in (value, locations, attention)]
        output = ms_deform_attn_forward(leaves[0], shapes, starts, leaves[1], leaves[2])
    for filled, found in zip(
        gradients, torch.autograd.grad(output, leaves, grad_output), strict=True
    ):
        filled.copy_(found)
