"""Models of the configs, moved to a device by hand, and batches as they come from the loader.

Under `FakeTensorMode`, where tensors know device and type but have no data, the device need not be
there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from torch import nn

from jmpose_mm.models.heads import VideoPoseHead
from jmpose_mm.registry import MODELS

CONFIGS = sorted(
    path
    for path in (Path(__file__).resolve().parents[2] / 'configs').rglob('*.py')
    if not {'_base_', 'image_models'} & {*path.parts}
)
SMALL = [path for path in CONFIGS if path.stem.endswith('_debug')]
# At its first backward pass torch starts threads for the devices that it knows then. With one for
# 'lazy' no forked process could take gradients, which tests of other files want.
torch.ones(1, requires_grad=True).sum().backward()


def built(cfg: Config, device: str, whole: bool = False) -> nn.Module:
    """The config's model as it is after moving there; of HRNet one block a stage unless `whole`."""
    stages = cfg.model.backbone.get('extra', {}) if not whole else {}
    for name in ('stage2', 'stage3', 'stage4'):
        if name in stages:
            stages[name].num_modules = 1
            stages[name].num_blocks = (1,) * len(stages[name].num_blocks)
    model = MODELS.build(cfg.model)
    # Not `model.to`, which exchanges tensors in place. What is no parameter or buffer stays behind.
    for module in model.modules():
        for name, value in list(module.named_parameters(recurse=False)):
            moved = nn.Parameter(value.detach().to(device), value.requires_grad)
            module.register_parameter(name, moved)
        for name, value in list(module.named_buffers(recurse=False)):
            module._buffers[name] = value.to(device)
    model.data_preprocessor._device = torch.device(device)
    return model


def batch(cfg: Config, model: nn.Module) -> dict:
    """Two clips from the processor, as the data loader hands them over, made ready by the model."""
    wide, high = cfg.codec.input_size
    joints = cfg.model.head.out_channels
    frames = len(cfg.model.neck.frame_offsets) if cfg.model.get('neck') else 1
    samples = []
    for _ in range(2):
        heatmaps = torch.rand(joints, *reversed(cfg.codec.heatmap_size))
        sample = PoseDataSample(
            gt_fields=PixelData(heatmaps=heatmaps),
            gt_instance_labels=InstanceData(keypoint_weights=torch.ones(1, joints)),
            gt_instances=InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1)),
        )
        sample.set_metainfo(
            {
                'flip_indices': list(range(joints)),
                'input_center': np.zeros(2),
                'input_scale': np.ones(2),
                'input_size': (wide, high),
            }
        )
        samples.append(sample)
    clips = [torch.zeros(frames, 3, high, wide, dtype=torch.uint8) for _ in samples]
    return model.data_preprocessor({'inputs': clips, 'data_samples': samples})


def total_loss(model: nn.Module, data: dict, device: str) -> torch.Tensor:
    device = device.split(':')[0]
    # mmpose's own head makes it by NumPy.
    model.train_cfg = {'compute_acc': isinstance(model.head, VideoPoseHead)}
    losses = model.train()(**data, mode='loss')
    assert {value.device.type for value in losses.values()} == {device}
    assert {value.dtype for name, value in losses.items() if 'loss' in name} == {torch.float32}
    return sum(value for name, value in losses.items() if 'loss' in name)


def assert_predicts(cfg: Config, model: nn.Module, data: dict, device: str = 'cuda') -> None:
    """A prediction with flip test; decoding, by NumPy, is left out."""
    seen = []

    def decode(heatmaps: torch.Tensor) -> list[InstanceData]:
        seen.append((heatmaps.device.type, *heatmaps.shape[-2:]))
        joints = cfg.model.head.out_channels
        one = {'keypoints': np.zeros((1, joints, 2)), 'keypoint_scores': np.zeros((1, joints))}
        return [InstanceData(**one) for _ in heatmaps]

    model.head.decode = decode
    model.test_cfg = {**(model.test_cfg or {}), 'flip_test': True}
    with torch.no_grad():
        model.eval()(**data, mode='predict')
    assert seen == [(device, *reversed(cfg.codec.heatmap_size))]
