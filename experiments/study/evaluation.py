"""AP of a model: by factor, by kind of boxes, by video; and what a model costs.

Axes: B clips, T frames, H W input pixels.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from mmpose.structures import PoseDataSample
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from experiments.study.features import StoredClips, neck_features
from jmpose_mm.datasets.synthetic import FACTORS
from jmpose_mm.evaluation.metrics import PoseTrackAPMetric
from jmpose_mm.formats.frame_names import frame_key

__all__ = ['SUBSETS', 'average_precision', 'cost', 'predict', 'predict_images']

SUBSETS = ('degraded', 'not_degraded', *FACTORS)
# Groups of frames whose AP is taken video by video too.
_BY_VIDEO = ('all', 'degraded')
_TIMED_RUNS = 5


@torch.no_grad()
def predict(
    model: nn.Module,
    clips: StoredClips,
    offsets: tuple[int, ...],
    copies: bool = False,
    device: str = 'cpu',
) -> list[PoseDataSample]:
    """The data samples of stored clips with what a model predicts for them."""
    model.eval()
    samples: list[PoseDataSample] = []
    for clip, batch in clips.batches(32, offsets, copies, device):
        predictions = model.head.predict(neck_features(model, clip), batch, model.test_cfg)
        samples += model.add_pred_to_datasample(predictions, None, batch)
    return samples


@torch.no_grad()
def predict_images(model: nn.Module, batches: Iterable[dict[str, Any]]) -> list[PoseDataSample]:
    """The data samples of a loader with what a model predicts for them."""
    model.eval()
    return [sample for batch in batches for sample in model.test_step(batch)]


def average_precision(
    samples: list[PoseDataSample],
    metainfo: dict[str, Any],
    truth: str | Path,
    label: dict[str, str],
) -> dict[str, Any]:
    """PoseTrack AP of predictions.

    Args:
        samples: With predictions.
        metainfo: Metainfo of their data set.
        truth: Annotations of the frames that count.
        label: ``boxes`` and ``protocol`` that the predictions were made with.

    Returns:
        ``ap``: percent over all frames as ``all``, over each of :data:`SUBSETS`, and of the joint
        groups over all frames; ``videos``: over ``all`` and over the ``degraded`` frames of each
        video. None where nobody is annotated. ``frames``: how many each subset has; ``label``.
    """
    metric = PoseTrackAPMetric(str(truth), subset=list(SUBSETS))
    metric.describe(label)
    metric.dataset_meta = metainfo
    counts = {name: int(frames.sum()) for name, frames in metric.groups.items()}
    videos = np.asarray([frame_key(frame.name)[0] for frame in metric.frames])
    names = sorted(set(videos.tolist()))
    groups: dict[Any, np.ndarray] = {
        (kind, name): metric.groups[kind] & (videos == name) for kind in _BY_VIDEO for name in names
    }
    metric.process(None, [sample.to_dict() for sample in samples])
    values = metric.group_values(metric.results, {**metric.groups, **groups})
    ap = {'all': values['all']['AP'], **{name: values[name]['AP'] for name in SUBSETS}}
    ap |= {joints: value for joints, value in values['all'].items() if joints != 'AP'}
    return {
        'ap': {name: _rounded(value) for name, value in ap.items()},
        'videos': {
            kind: {name: _rounded(values[kind, name]['AP']) for name in names} for kind in _BY_VIDEO
        },
        'frames': counts,
        'label': label,
    }


def _rounded(value: float) -> float | None:
    """A value as JSON holds it: None is NaN, where nobody is annotated."""
    return None if math.isnan(value) else round(value, 3)


def cost(model: nn.Module, num_frames: int, size: tuple[int, int], device: str) -> dict[str, Any]:
    """Cost of a model.

    Args:
        model: An estimator.
        num_frames: T.
        size: Width and height of its input.
        device: Where it is.

    Returns:
        ``trainable`` and ``total`` parameters; ``gigaflops``, multiply-adds times two of the
        convolutions and matrix products of one clip, backbone included, without the bilinear
        sampling of deformable steps; ``seconds_per_clip``, median of 5 passes over one clip, by so
        many ``threads``.
    """
    parameters = list(model.parameters())
    clip = torch.randn(1, num_frames, 3, size[1], size[0], device=device)
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(clip, None, mode='tensor')
    seconds = []
    with torch.no_grad():
        for _ in range(_TIMED_RUNS):
            start = time.perf_counter()
            model(clip, None, mode='tensor')
            if device == 'cuda':
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - start)
    return {
        'trainable': sum(p.numel() for p in parameters if p.requires_grad),
        'total': sum(p.numel() for p in parameters),
        'gigaflops': round(counter.get_total_flops() / 1e9, 3),
        'seconds_per_clip': round(median(seconds), 5),
        'threads': torch.get_num_threads(),
    }
