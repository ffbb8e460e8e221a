"""One training step on a frozen backbone: this package's beside the same network run plainly.

Plainly is how the released code of these papers runs it: normalisation of the frozen backbone in
training mode, memory in PyTorch's default layout, everything in float32, five crops a window. Ours
is measured with five crops a window too, and with runs of windows that share their crops. Random
weights and images take the time of real ones; loading is not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from tqdm import tqdm

from experiments.benchmarks.timing import Comparison, measure_seconds, peak_mib
from jmpose_mm.engine.configs import load_config
from jmpose_mm.structures import ClipFeatures, SharedCrops

__all__ = [
    'TrainingSize',
    'measure',
    'noise_batch',
    'random_model',
    'training_step',
    'walking_run',
]


class TrainingSize(NamedTuple):
    """Size of the measurement.

    Attributes:
        clips: Windows in a batch; in runs they are one run.
        runs: Steps that are timed.
        configs: The models.
        processor: Time is the processor's, which other programs change little, not the clock's.
    """

    clips: int
    runs: int
    configs: tuple[str, ...] = (
        'jm-pose_hrnet-w48_1xb30-20e_posetrack18-384x288.py',
        'jm-pose_hrnet-w32_1xb30-20e_posetrack18-256x192.py',
        'jm-pose_vit-small_1xb30-20e_posetrack18-384x288.py',
        'jm-pose_vit-base_1xb30-20e_posetrack18-384x288.py',
    )
    processor: bool = False


FULL, QUICK = (
    TrainingSize(4, 7),
    TrainingSize(2, 1, ('jm-pose_resnet18_1xb8_synthetic-128x96.py',)),
)


def measure(quick: bool = False, **changes: Any) -> list[Comparison]:
    """Time steps of each config side by side, with the frozen backbone in float32 and bfloat16.

    Args:
        quick: One small model, two clips, timed once.
        changes: Other values of :class:`TrainingSize`.
    """
    size = (QUICK if quick else FULL)._replace(**changes)
    return [c for config in size.configs for c in _compare(config, size)]


def _compare(config: str, size: TrainingSize) -> list[Comparison]:
    plain, *ours = _models(config)
    wide, high = load_config(config).codec.input_size
    keypoints = len(plain.neck.heatmap_layer.weight)
    inputs, samples = noise_batch(size.clips, plain.neck.num_frames, (high, wide), keypoints)
    run = walking_run(inputs)
    steps = [training_step(plain, lambda: _plain_losses(plain, inputs, samples))]
    for crops in (inputs, run):
        for model in ours:
            steps.append(training_step(model, lambda m=model, c=crops: m.loss(c, samples)))
    seconds = _alternately(steps, size)
    peaks = [peak_mib(step) for step in steps]
    name, windows = config.split('_1xb')[0], f'{size.clips} windows of {inputs.shape[1]} frames'
    kinds = [('', len(inputs.flatten(0, 1))), (f', a run of {size.clips}', len(run.images))]
    return [
        Comparison(
            f'step, {name}, {dtype}{kind}',
            'normalisation in training mode, default layout, five crops a window',
            f'a folded copy of the frozen backbone in {dtype}, {count} crops',
            seconds[0],
            seconds[1 + i],
            f'{windows}, {high} x {wide}; peak memory of the process {peaks[1 + i]:.0f} MiB beside '
            f'{peaks[0]:.0f}.',
        )
        for i, ((kind, count), dtype) in enumerate(product(kinds, ('float32', 'bfloat16')))
    ]


def _alternately(steps: list[Callable[[], Any]], size: TrainingSize) -> list[list[float]]:
    """Seconds of each step, each run of all of them in turn."""
    for step in steps:
        step()  # the first one makes the copy of the backbone and the optimizer's state
    seconds: list[list[float]] = [[] for _ in steps]
    for _ in tqdm(range(size.runs), desc='timing', leave=False, disable=None):
        for column, step in zip(seconds, steps, strict=True):
            column.append(measure_seconds(step, size.processor))
    return seconds


def walking_run(clips: Tensor) -> SharedCrops:
    """Windows of a run, one for each clip; all frames but the key frames are moved a little."""
    windows, frames = clips.shape[:2]
    index = torch.arange(windows)[:, None] + torch.arange(frames)
    distance = (index - index[:, frames // 2 :][:, :1]).float()
    shift = torch.stack((0.01 * distance, -0.005 * distance), dim=-1)
    images = clips.flatten(0, 1)[: windows + frames - 1]
    return SharedCrops(images, index, 1 + 0.01 * distance, shift)


def random_model(cfg: Any) -> nn.Module:
    """A model in training mode."""
    from mmengine.registry import init_default_scope

    from jmpose_mm.registry import MODELS

    init_default_scope('mmpose')
    model = MODELS.build(cfg)
    model.init_weights()
    return model.train()


def _models(config: str) -> list[nn.Module]:
    """One model three times: plainly, and on copies of its backbone in two types."""
    cfg = load_config(config).model
    plain = random_model({**cfg, 'frozen_norm': 'train'})
    models = [plain]
    for dtype in ('float32', 'bfloat16'):
        models.append(random_model({**cfg, 'frozen_backbone_dtype': dtype}))
        models[-1].load_state_dict(plain.state_dict())
    return models


def noise_batch(
    clips: int, frames: int, size: tuple[int, int], num_keypoints: int
) -> tuple[Tensor, list]:
    """Noise (B, T, 3, H, W) of a size (H, W), and targets somewhere."""
    from mmengine.structures import InstanceData, PixelData
    from mmpose.structures import PoseDataSample

    high, wide = size
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(clips, frames, 3, high, wide, generator=generator)
    samples = []
    for _ in range(clips):
        sample = PoseDataSample()
        maps = torch.rand(num_keypoints, high // 4, wide // 4, generator=generator)
        sample.gt_fields = PixelData(heatmaps=maps)
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, num_keypoints))
        samples.append(sample)
    return inputs, samples


def _plain_losses(model: nn.Module, inputs: Tensor, samples: list) -> dict[str, Tensor]:
    stages = model.backbone(inputs.flatten(0, 1))
    stages = tuple(stage.unflatten(0, inputs.shape[:2]) for stage in stages)
    return model.head.loss(model.neck(ClipFeatures(inputs, stages)), samples, model.train_cfg)


def training_step(model: nn.Module, losses: Callable[[], dict[str, Tensor]]) -> Callable[[], Any]:
    """A function that makes one optimisation step of losses."""
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-6)

    def step() -> None:
        optimizer.zero_grad()
        sum(value for name, value in losses().items() if 'loss' in name).backward()
        optimizer.step()

    return step
