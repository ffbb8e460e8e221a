"""mmcv's operations without its compiled extension: values by hand or by other code, gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mmcv.ops
import mmdet
import numpy as np
import pytest
import torch
from mmcv.ops.multi_scale_deform_attn import (
    MultiScaleDeformableAttnFunction,
    multi_scale_deformable_attn_pytorch,
)
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch.autograd import gradcheck
from torch.nn.functional import binary_cross_entropy_with_logits, conv2d

from jmpose_mm.functional.deformable import modulated_deform_conv2d
from jmpose_mm.host.missing_operation import MissingOperationError
from jmpose_mm.video.people.detectors import MMDetDetector

BOXES = torch.tensor([[0.0, 0, 10, 6], [0, 0, 10, 10], [50, 50, 60, 60]])
SCORES = torch.tensor([0.5, 0.9, 0.7])


def random(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


# 60 of 100 square pixels are shared; counted in whole pixels, 77 of 121
@pytest.mark.parametrize(
    ('threshold', 'offset', 'kept'),
    [(0.59, 0, [1, 2]), (0.61, 0, [1, 2, 0]), (0.61, 1, [1, 2]), (0.64, 1, [1, 2, 0])],
)
def test_nms__by_hand(threshold: float, offset: int, kept: list[int]) -> None:
    boxes, indices = mmcv.ops.nms(BOXES, SCORES, threshold, offset)
    assert indices.tolist() == kept
    torch.testing.assert_close(boxes[:, :4], BOXES[kept])
    torch.testing.assert_close(boxes[:, 4], SCORES[kept])


@pytest.mark.parametrize(
    ('method', 'score'),
    [('naive', None), ('linear', 0.5 * 0.4), ('gaussian', 0.5 * float(np.exp(-0.72)))],
)
def test_soft_nms__by_hand(method: str, score: float | None) -> None:
    boxes, indices = mmcv.ops.soft_nms(BOXES, SCORES, 0.3, 0.5, 0.01, method)
    assert indices.tolist() == [1, 2] + [0] * (score is not None)
    expected = [0.9, 0.7] + [score] * (score is not None)
    torch.testing.assert_close(boxes[:, 4], torch.tensor(expected))
    torch.testing.assert_close(boxes[:, :4], BOXES[indices])


def test_bbox_overlaps__by_hand() -> None:
    torch.testing.assert_close(
        mmcv.ops.bbox_overlaps(BOXES[:1], BOXES), torch.tensor([[1.0, 0.6, 0.0]])
    )
    over_first = mmcv.ops.bbox_overlaps(BOXES[1:2], BOXES[:1], mode='iof', aligned=True, offset=1)
    torch.testing.assert_close(over_first, torch.tensor([77 / 121]))


def test_roi_align__reads_a_ramp_at_the_centres_of_its_cells() -> None:
    rows, columns = torch.meshgrid(torch.arange(9.0), torch.arange(8.0), indexing='ij')
    features = torch.stack((rows, columns))[None]
    # aligned: the centre of the first pixel is 0.5; cells of 2 by 1.5 pixels from (1, 2)
    found = mmcv.ops.roi_align(features, torch.tensor([[0.0, 1, 2, 5, 5]]), (2, 2), 1.0, 2)
    torch.testing.assert_close(found[0, 0, :, 0], torch.tensor([2.75, 4.25]) - 0.5)
    torch.testing.assert_close(found[0, 1, 0], torch.tensor([2.0, 4.0]) - 0.5)
    with pytest.raises(MissingOperationError, match='roi_align with pool_mode=max'):
        mmcv.ops.roi_align(features, torch.tensor([[0.0, 1, 2, 5, 5]]), 2, 1.0, 2, 'max')


def test_roi_pool__takes_the_maximum_of_each_cell() -> None:
    features = torch.arange(16.0).reshape(1, 1, 4, 4)
    found = mmcv.ops.roi_pool(features, torch.tensor([[0.0, 0, 0, 3, 3]]), 2, 1.0)
    assert found.flatten().tolist() == [5, 7, 13, 15]


def test_deformable_convolution__equals_convolution_and_our_own() -> None:
    features, weight, bias = random(2, 4, 6, 5) - 0.5, random(6, 4, 3, 3), random(6)
    offset, mask = 4 * random(2, 36, 3, 3) - 2, random(2, 18, 3, 3)
    geometry: dict[str, Any] = dict(stride=2, padding=1)
    plain = mmcv.ops.deform_conv2d(features, torch.zeros_like(offset), weight, 2, 1, 1, 1, 2)
    torch.testing.assert_close(plain, conv2d(features, weight, **geometry))
    found = mmcv.ops.modulated_deform_conv2d(features, offset, mask, weight, bias, 2, 1, 1, 1, 2)
    ours = modulated_deform_conv2d(features, offset, mask, weight, bias, **geometry)
    torch.testing.assert_close(found, ours)


def test_focal_loss__equals_its_definition_and_weighs_misses() -> None:
    logits, target = random(5, 3) * 4 - 2, torch.tensor([0, 1, 2, 3, 3])
    truth = torch.nn.functional.one_hot(target, 4)[:, :3].double()
    probability = torch.where(truth == 1, logits.sigmoid(), 1 - logits.sigmoid())
    share = torch.where(truth == 1, 0.25, 0.75)
    entropy = binary_cross_entropy_with_logits(logits, truth, reduction='none')
    expected = (share * (1 - probability) ** 2 * entropy).sum()
    torch.testing.assert_close(
        mmcv.ops.sigmoid_focal_loss(logits, target, 2.0, 0.25, None, 'sum'), expected
    )


def attention_inputs() -> tuple[torch.Tensor, ...]:
    shapes = torch.tensor([[3, 4], [2, 2]])
    return random(1, 16, 2, 3), shapes, random(1, 2, 2, 2, 3, 2), random(1, 2, 2, 2, 3)


def test_attention__equals_the_plain_version_of_mmcv() -> None:
    value, shapes, locations, weights = attention_inputs()
    starts = torch.tensor([0, 12])
    found = MultiScaleDeformableAttnFunction.apply(value, shapes, starts, locations, weights, 64)
    plain = multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)
    torch.testing.assert_close(found, plain)


def gradient_cases() -> dict[str, tuple[Any, tuple[torch.Tensor, ...]]]:
    rois = torch.tensor([[0, 0.3, 0.4, 3.6, 3.2], [1, 1, 1, 4, 3]], dtype=torch.float64)
    features, offset, mask = random(2, 2, 5, 5), random(2, 18, 3, 3) - 0.5, random(2, 9, 3, 3)
    weight, bias, target = random(3, 2, 3, 3), random(3), torch.tensor([0, 3])
    value, shapes, locations, weights = attention_inputs()
    attend = MultiScaleDeformableAttnFunction.apply
    starts = torch.tensor([0, 12])
    return {
        'roi_align': (lambda x: mmcv.ops.roi_align(x, rois, 2, 1.0, 2), (features,)),
        'roi_pool': (lambda x: mmcv.ops.roi_pool(x, rois, 2, 1.0), (features,)),
        'deform': (mmcv.ops.deform_conv2d, (features, offset, weight)),
        'modulated': (mmcv.ops.modulated_deform_conv2d, (features, offset, mask, weight, bias)),
        'no bias': (mmcv.ops.modulated_deform_conv2d, (features, offset, mask, weight)),
        'focal': (lambda x: mmcv.ops.sigmoid_focal_loss(x, target), (random(2, 3),)),
        'attention': (
            lambda v, at, w: attend(v, shapes, starts, at, w, 64),
            (value, locations, weights),
        ),
    }


@pytest.mark.parametrize('case', gradient_cases())
def test_gradients__are_those_of_finite_differences(case: str) -> None:
    function, inputs = gradient_cases()[case]
    leaves = [value.clone().requires_grad_() for value in inputs]
    assert gradcheck(function, leaves, fast_mode=True)


def scope() -> str | None:
    current = DefaultScope.get_current_instance()
    return None if current is None else current.scope_name


def test_rtmdet__finds_boxes_that_suppression_left_apart(tmp_path: Path) -> None:
    folder = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'rtmdet'
    cfg = Config.fromfile(folder / 'rtmdet_tiny_8xb32-300e_coco.py')
    cfg.model.backbone.pop('init_cfg')
    cfg.model.test_cfg.score_thr = 0.0  # how sure random weights are is chance
    cfg.dump(tmp_path / 'tiny.py')
    with DefaultScope.overwrite_default_scope('mmdet'):
        detector = MODELS.build(cfg.model)
    for layer in detector.bbox_head.rtm_cls:  # every class is as likely as persons
        torch.nn.init.constant_(layer.bias[:1], 4.0)
    for layer in detector.bbox_head.rtm_reg:  # random distances may be negative: boxes without area
        torch.nn.init.constant_(layer.bias, 2.0)
    meta = {'dataset_meta': {'classes': ('person',)}}
    torch.save({'state_dict': detector.state_dict(), 'meta': meta}, tmp_path / 'tiny.pth')

    before = scope()
    detect = MMDetDetector(str(tmp_path / 'tiny.py'), str(tmp_path / 'tiny.pth'), 'cpu')
    image = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    found = torch.tensor([box for box, _ in detect(image)])
    assert scope() == before, 'pose models are found as before'
    assert len(found) > 10
    corners = torch.cat((found[:, :2], found[:, :2] + found[:, 2:]), dim=1)
    overlaps = mmcv.ops.bbox_overlaps(corners, corners).fill_diagonal_(0)
    assert overlaps.max() <= cfg.model.test_cfg.nms.iou_threshold + 1e-4
