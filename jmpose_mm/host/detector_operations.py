"""Operations of detectors on boxes and regions, by torchvision: what ``mmcv-lite`` lacks.

`mmcv_extension.StandIn` hands these out under the names of mmcv's extension. Each takes the
arguments that ``mmcv.ops`` passes, and writes results into the tensors that it is given for them.
Boxes are ``(N, 4)`` in (x1, y1, x2, y2); regions are ``(R, 5)`` with the index of the image first.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .missing_operation import missing

__all__ = [
    'bbox_overlaps',
    'nms',
    'roi_align_backward',
    'roi_align_forward',
    'roi_pool_backward',
    'roi_pool_forward',
    'sigmoid_focal_loss_backward',
    'sigmoid_focal_loss_forward',
    'softnms',
]


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Indices of the boxes that stay, best first; `offset` 1 counts pixels, 0 measures lengths."""
    from torchvision.ops import nms as suppress

    # widths of x2 - x1 + 1, in the overlap too, are those of boxes that end one later
    grown = boxes + boxes.new_tensor([0, 0, offset, offset])
    return suppress(grown.float(), scores.float(), iou_threshold)


def bbox_overlaps(
    bboxes1: Tensor, bboxes2: Tensor, ious: Tensor, mode: int, aligned: bool, offset: int
) -> None:
    """Intersection over union (`mode` 0) or over the first box (1) of pairs, or of all pairs."""
    first = bboxes1 if aligned else bboxes1[:, None]
    ends = torch.minimum(first[..., 2:], bboxes2[..., 2:])
    shared = (ends - torch.maximum(first[..., :2], bboxes2[..., :2]) + offset).clamp(min=0)
    intersection = shared.prod(-1)
    total = (first[..., 2:] - first[..., :2] + offset).prod(-1)
    if mode == 0:
        total = total + (bboxes2[..., 2:] - bboxes2[..., :2] + offset).prod(-1) - intersection
    ious.copy_(intersection / total)


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Soft suppression (Bodla et al., ICCV 2017): scores fall with the overlap with better boxes.

    `method` 0 removes, 1 decays linearly and 2 as a Gaussian. The first rows of `dets` ``(N, 5)``
    become the boxes that stay with their scores, in the order of the indices that are returned.
    """
    left = torch.arange(len(boxes))
    scores = scores.clone()
    kept: list[int] = []
    while len(left):
        best = left[scores[left].argmax()]
        dets[len(kept)] = torch.cat((boxes[best], scores[best, None]))
        kept.append(int(best))
        left = left[left != best]
        # The extension's functions write into tensors that they are given.
        overlap = boxes.new_zeros((1, len(left)))
        bbox_overlaps(boxes[best, None], boxes[left], overlap, 0, False, offset)
        if method == 2:
            factor = torch.exp(-(overlap[0] ** 2) / sigma)
        else:
            decay = 1 - overlap[0] if method == 1 else torch.zeros_like(overlap[0])
            factor = torch.where(overlap[0] >= iou_threshold, decay, 1.0)
        scores[left] *= factor
        left = left[scores[left] >= min_score]
    return torch.tensor(kept, dtype=torch.long)


def _aligned(features: Tensor, rois: Tensor, options: dict[str, Any]) -> Tensor:
    from torchvision.ops import roi_align

    if options['pool_mode'] != 1:
        missing('roi_align with pool_mode=max')
    size = (options['aligned_height'], options['aligned_width'])
    scale, samples = options['spatial_scale'], options['sampling_ratio']
    return roi_align(features, rois, size, scale, samples, options['aligned'])


def roi_align_forward(
    features: Tensor, rois: Tensor, output: Tensor, *argmax: Tensor, **options: Any
) -> None:
    """Average of bilinear samples in each cell of each region (He et al., ICCV 2017)."""
    output.copy_(_aligned(features, rois, options))


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    **options: Any,
) -> None:
    """The gradient by the features; the operation is linear, so any features give it."""
    with torch.enable_grad():
        features = torch.zeros_like(grad_input).requires_grad_()
        output = _aligned(features, rois, options)
    grad_input.copy_(torch.autograd.grad(output, features, grad_output)[0])


def roi_pool_forward(
    features: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """The maximum in each cell of each region (Girshick, ICCV 2015), and where it is."""
    import torchvision  # noqa: F401  (registers the operation)

    values, places = torch.ops.torchvision.roi_pool(
        features, rois, spatial_scale, pooled_height, pooled_width
    )
    output.copy_(values)
    argmax.copy_(places)


def roi_pool_backward(
    grad_output: Tensor, rois: Tensor, argmax: Tensor, grad_input: Tensor, **options: Any
) -> None:
    """The gradient of each maximum goes to where it was; -1 marks an empty cell."""
    planes = grad_input.view(*grad_input.shape[:2], -1)
    kept = (argmax >= 0).flatten(2)
    places = argmax.clamp(min=0).flatten(2).long()
    for image, place, gradient in zip(
        rois[:, 0].long(), places, grad_output.flatten(2) * kept, strict=True
    ):
        planes[image].scatter_add_(1, place, gradient)


def _focal_loss(
    logits: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float
) -> Tensor:
    """Focal loss (Lin et al., ICCV 2017) of each logit (N, C); a target of C is background."""
    if weight.numel():
        missing('sigmoid_focal_loss with weights of classes')
    positive = target[:, None] == torch.arange(logits.shape[1], device=logits.device)
    probability = logits.sigmoid()
    hit = -alpha * (1 - probability) ** gamma * logsigmoid(logits)
    miss = -(1 - alpha) * probability**gamma * logsigmoid(-logits)
    return torch.where(positive, hit, miss)


def sigmoid_focal_loss_forward(
    logits: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """The loss of each logit, into `output`."""
    output.copy_(_focal_loss(logits, target, weight, gamma, alpha))


def sigmoid_focal_loss_backward(
    logits: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """The derivative of each loss by its logit, into `grad_input`."""
    with torch.enable_grad():
        leaf = logits.detach().requires_grad_()
        loss = _focal_loss(leaf, target, weight, gamma, alpha).sum()
    grad_input.copy_(torch.autograd.grad(loss, leaf)[0])
