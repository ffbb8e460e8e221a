"""Frames to batches: this package's loading against decoding every frame of every sample."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import cv2
import torch
from mmengine.dataset import Compose, DefaultSampler
from mmengine.registry import DefaultScope
from torch.utils.data import BatchSampler, DataLoader, Sampler
from tqdm import tqdm

from experiments.benchmarks.clip_set import ANN_FILE, ClipSet, write_clip_set
from experiments.benchmarks.timing import Comparison, measure_seconds
from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.datasets.runs import collate_runs
from jmpose_mm.datasets.samplers import FrameGroupSampler, RunBatchSampler
from jmpose_mm.datasets.transforms import LoadClip

__all__ = ['LoadingSize', 'measure']

BATCH = 32
CROP = (288, 384)
HEATMAP = dict(input_size=CROP, heatmap_size=(72, 96), sigma=3)
# Grey values on average. The matrices of the warps differ in their seventh digit, so that some
# pixels are rounded the other way.
TOLERANCE = 0.01
META = ('id', 'img_id', 'img_path', 'input_size', 'input_center', 'input_scale', 'frame_paths')

Order = Callable[[Any], Sampler]


def _batches(sampler: type, **kwargs: Any) -> Order:
    return lambda samples: BatchSampler(sampler(samples, **kwargs), BATCH, drop_last=False)


def _runs(length: int) -> Order:
    return lambda samples: RunBatchSampler(DefaultSampler(samples, seed=0), BATCH, length)


IN_ORDER = _batches(DefaultSampler, shuffle=False)
SHUFFLED = _batches(DefaultSampler, shuffle=True, seed=0)
BY_FRAME = _batches(FrameGroupSampler, seed=0)
TRAINING_ORDERS = {
    'shuffled': SHUFFLED,
    'by frame': BY_FRAME,
    'runs of 4': _runs(4),
    'runs of 8': _runs(8),
}


class LoadingSize(NamedTuple):
    """Size of the made-up set and of the measurement.

    Attributes:
        clips: The set; many more frames than are kept, or shuffling would not matter.
        batches: Number of batches of 32 samples, in each run.
        runs: Number of runs of each way.
    """

    clips: ClipSet
    batches: int
    runs: int


FULL, QUICK = LoadingSize(ClipSet(6, 24), 3, 7), LoadingSize(ClipSet(2, 10, size=(640, 360)), 1, 2)


class CountingLoadClip(LoadClip):
    """Counts what it decodes; keeps as many frames as a run of 8 has, since the set is small.

    More would be met by chance.
    """

    def __init__(self) -> None:
        super().__init__(cache_frames=12)
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


def draw_batches(
    samples: PoseTrackClipDataset, steps: list[Any], order: Order, count: int
) -> Callable[[], list[dict]]:
    """A function that reads the first batches of a new epoch, with nothing remembered."""
    samples = copy.copy(samples)
    with DefaultScope.overwrite_default_scope('mmpose'):
        samples.pipeline = Compose(steps)
    loader = DataLoader(samples, batch_sampler=order(samples), collate_fn=collate_runs)
    return lambda: list(islice(loader, count))


def measure(quick: bool = False, size: LoadingSize | None = None) -> list[Comparison]:
    """Time both ways on a made-up set, after making sure that evaluation sees the same pixels.

    Args:
        quick: Small frames, few runs.
        size: Another set, instead.

    Raises:
        RuntimeError: The two ways do not give the same crops.
    """
    size = size or (QUICK if quick else FULL)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)  # as the configs have it
    try:
        with tempfile.TemporaryDirectory() as folder:
            write_clip_set(folder, size.clips)
            samples = PoseTrackClipDataset(ann_file=ANN_FILE, data_root=folder)
            _check(samples)
            return [
                *_compared(samples, size, False, {'in order': IN_ORDER}),
                *_compared(samples, size, True, TRAINING_ORDERS),
            ]
    finally:
        cv2.setNumThreads(threads)


def _compared(
    samples: PoseTrackClipDataset, size: LoadingSize, training: bool, orders: dict[str, Order]
) -> list[Comparison]:
    """The plain way, in the first order, beside ours in each of them."""
    plain_order = next(iter(orders.values()))
    reference: list[float] = []
    ours: dict[str, list[float]] = {order: [] for order in orders}
    decoded = {}
    what = 'training' if training else 'evaluation'
    for _ in tqdm(range(size.runs), desc=f'timing {what}', leave=False, disable=None):
        plain = draw_batches(
            samples, pipeline(decode_each, True, training), plain_order, size.batches
        )
        reference.append(measure_seconds(plain))
        for name, order in orders.items():
            load = CountingLoadClip()
            steps = pipeline(load, False, training)
            ours[name].append(measure_seconds(draw_batches(samples, steps, order, size.batches)))
            decoded[name] = load.decoded / (size.batches * BATCH)
    clips = size.clips
    note = (
        f'{size.batches} batches of {BATCH} from {clips.videos} videos x {clips.frames} frames x '
        f'{clips.people} people, {"x".join(map(str, clips.size))} JPEG, crops '
        f'{"x".join(map(str, CROP))}, one process, OpenCV {cv2.__version__} in one thread; '
    )
    return [
        Comparison(
            f'{what}, {name}',
            "5 files decoded a sample, mmpose's transforms",
            "this package's pipeline",
            reference,
            seconds,
            f'{note}decoded frames a sample: 5 and {decoded[name]:.2f}.',
        )
        for name, seconds in ours.items()
    ]


def _check(samples: PoseTrackClipDataset) -> None:
    ways = ((decode_each, True), (LoadClip(), False))
    crops = []
    for load, plain in ways:
        steps = pipeline(load, plain, False)
        (batch,) = draw_batches(samples, steps, IN_ORDER, 1)()
        crops.append(torch.stack(batch['inputs']))
    difference = (crops[0].float() - crops[1].float()).abs().mean().item()
    if difference > TOLERANCE:
        raise RuntimeError(f'the two ways differ by {difference:.2g} grey values on average')
