"""Frames to batches: this package's loading against decoding every frame of every sample."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import cv2
import torch
from mmengine.dataset import DefaultSampler, pseudo_collate
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader, Sampler
from tqdm import tqdm

from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.datasets.samplers import FrameGroupSampler
from jmpose_mm.datasets.transforms import LoadClip

from .clip_set import ANN_FILE, ClipSet, write_clip_set
from .timing import Comparison, seconds_of

__all__ = ['Size', 'run']

BATCH = 32
CROP = (288, 384)
HEATMAP = dict(input_size=CROP, heatmap_size=(72, 96), sigma=3)
META = ('id', 'img_id', 'img_path', 'input_size', 'input_center', 'input_scale', 'frame_paths')


class Size(NamedTuple):
    """Of the made-up set and of the measurement.

    Attributes:
        clips: The set; more frames than ``LoadClip`` keeps, or shuffling would not matter.
        batches: Of 32 samples, in each run.
        runs: Of each way.
    """

    clips: ClipSet
    batches: int
    runs: int


FULL, QUICK = Size(ClipSet(6, 24), 3, 7), Size(ClipSet(2, 10, size=(640, 360)), 1, 2)


class CountingLoadClip(LoadClip):
    """Counts what it decodes."""

    def __init__(self) -> None:
        super().__init__()
        self.decoded = 0

    def _decode(self, path: str) -> Any:
        self.decoded += 1
        return super()._decode(path)


def decode_each(results: dict) -> dict:
    """The plain way of loading: every frame of every sample from its file."""
    results['img'] = [cv2.imread(path) for path in results['frame_paths']]
    results['img_shape'] = results['ori_shape'] = results['img'][0].shape[:2]
    return results


def pipeline(load: Callable[[dict], dict], plain: bool, training: bool) -> list[Any]:
    """Steps from a sample to what is packed: mmpose's own if plain, else those of our configs."""
    random = 'RandomBBoxTransform' if plain else 'jmpose_mm.RandomClipScaleRotation'
    augmentation: list[Any] = [
        dict(type='RandomFlip', direction='horizontal'),
        dict(type='RandomHalfBody'),
        dict(type=random, rotate_factor=45.0),
    ]
    target: list[Any] = [dict(type='GenerateTarget', encoder=dict(type='MSRAHeatmap', **HEATMAP))]
    if not plain:
        target.insert(0, dict(type='jmpose_mm.IgnoreOutOfCropKeypoints'))
    affine = 'TopdownAffine' if plain else 'jmpose_mm.TopdownClipAffine'
    return [
        dict(type='jmpose_mm.SampleSupportFrames'),
        load,
        dict(type='GetBBoxCenterScale', padding=1.25),
        *(augmentation if training else []),
        dict(type=affine, input_size=CROP),
        *(target if training else []),
        dict(type='PackPoseInputs', meta_keys=META),
    ]


def batches_of(
    folder: str, steps: list[Any], sampler: Callable[[Any], Sampler], count: int
) -> Callable[[], list[dict]]:
    """A new data set, so that nothing is remembered, and what reads its first batches."""
    with DefaultScope.overwrite_default_scope('mmpose'):
        data = PoseTrackClipDataset(ann_file=ANN_FILE, data_root=folder, pipeline=steps)
    loader = DataLoader(data, BATCH, sampler=sampler(data), collate_fn=pseudo_collate)
    return lambda: list(islice(loader, count))


def run(quick: bool = False, size: Size | None = None) -> list[Comparison]:
    """Time both ways on a made-up set, after making sure that evaluation sees the same pixels.

    Args:
        quick: Small frames, few runs.
        size: Another set, instead.

    Raises:
        RuntimeError: The two ways do not give the same crops.
    """
    size = size or (QUICK if quick else FULL)
    with tempfile.TemporaryDirectory() as folder:
        write_clip_set(folder, size.clips)
        _check(folder)
        return [_compared(folder, size, training) for training in (False, True)]


def _compared(folder: str, size: Size, training: bool) -> Comparison:
    """Evaluation in the order of the files, or training in a random one."""

    def plain_order(data: Any) -> Sampler:
        return DefaultSampler(data, shuffle=training, seed=0)

    def our_order(data: Any) -> Sampler:
        return FrameGroupSampler(data, seed=0) if training else plain_order(data)

    columns: tuple[list[float], list[float]] = ([], [])
    name = 'training' if training else 'evaluation'
    for _ in tqdm(range(size.runs), desc=f'timing {name}', leave=False, disable=None):
        load = CountingLoadClip()
        plain = batches_of(folder, pipeline(decode_each, True, training), plain_order, size.batches)
        ours = batches_of(folder, pipeline(load, False, training), our_order, size.batches)
        for column, way in zip(columns, (plain, ours), strict=True):
            column.append(seconds_of(way))
    samples = size.batches * BATCH
    clips = size.clips
    return Comparison(
        f'{name}, frames to batches',
        "5 files decoded for each sample, mmpose's transforms, DefaultSampler",
        f"this package's pipeline, {'FrameGroupSampler' if training else 'DefaultSampler'}",
        *columns,
        f'{samples} samples of {clips.videos} videos x {clips.frames} frames x {clips.people} '
        f'people, {"x".join(map(str, clips.size))} JPEG, crops {"x".join(map(str, CROP))}, one '
        f'process; decoded frames a sample: 5 and {load.decoded / samples:.2f}.',
    )


def _check(folder: str) -> None:
    ways = ((decode_each, True), (LoadClip(), False))
    crops = []
    for load, plain in ways:
        steps = pipeline(load, plain, False)
        order = batches_of(folder, steps, lambda data: DefaultSampler(data, shuffle=False), 1)
        (batch,) = order()
        crops.append(torch.stack(batch['inputs']))
    if not torch.equal(*crops):
        raise RuntimeError(
            f'the two ways differ by up to {(crops[0].int() - crops[1].int()).abs().max()}'
        )
