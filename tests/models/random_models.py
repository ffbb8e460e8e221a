"""The small config of every method, and weights with which every part of a model matters."""

from __future__ import annotations

import torch
from torch import nn

DEBUG_CONFIGS = {
    'single': 'single-frame_resnet18_1xb16_synthetic-128x96.py',
    'jm': 'jm-pose_debug.py',
    'tdmi': 'tdmi_debug.py',
    'fami': 'fami-pose_debug.py',
    'dcpose': 'dcpose_debug.py',
    'posewarper': 'posewarper_debug.py',
    'tar': 'tar_debug.py',
}


def randomize(model: nn.Module, vectors: bool = True) -> None:
    """Statistics and weights away from their start, where branches may give nothing.

    Without `vectors`, biases and factors of normalisations stay what they are.
    """
    generator = torch.Generator().manual_seed(0)
    for name, value in model.state_dict().items():
        if name.endswith('running_var'):
            value.uniform_(1.0, 1.2, generator=generator)
        elif value.dim() > 1:
            value.normal_(0, (1.8 / value[0].numel()) ** 0.5, generator=generator)
        elif vectors and value.is_floating_point():
            value.normal_(0.5 if name.endswith('weight') else 0.0, 0.05, generator=generator)
