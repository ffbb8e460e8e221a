"""Poses of a video: the streaming engine against plain programs, in time per person and frame.

The network is JM-Pose on HRNet-W48, 384 x 288, five frames, without a flip test and with random
weights, which take the time of trained ones. Reading and drawing are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from experiments.benchmarks.timing import Comparison, measure_seconds
from jmpose_mm.video.poses.clip_model import ClipModel
from jmpose_mm.video.poses.engine import ClipEngine

__all__ = ['FilmSize', 'measure', 'streamed', 'walking_people']

METHOD = 'jm-pose_hrnet-w48_1xb30-20e_posetrack18-384x288.py'
SINGLE_FRAME = (
    'mmpose::body_2d_keypoint/topdown_heatmap/posetrack18/'
    'td-hm_hrnet-w48_8xb64-20e_posetrack18-384x288.py'
)


NECKS = {
    'JM-Pose': METHOD,
    'TDMI': 'tdmi_hrnet-w48_1xb30-20e_posetrack18-384x288.py',
    'FAMI-Pose': 'fami-pose_hrnet-w48_1xb48-21e_posetrack18-384x288.py',
    'DCPose': 'dcpose_hrnet-w48_2xb32-20e_posetrack18-384x288.py',
    'PoseWarper': 'posewarper_hrnet-w48_8xb8-20e_posetrack18-384x288.py',
    'TAR': 'tar_hrnet-w48_1xb30-20e_posetrack18-384x288.py',
    'TAR on ViT-S': 'tar_vit-small_1xb16-30e_posetrack17-384x288.py',
}


class FilmSize(NamedTuple):
    """Size of the made-up video and of the measurement."""

    frames: int
    people: int
    runs: int
    config: str = METHOD
    necks: tuple[str, ...] = tuple(NECKS)


FULL = FilmSize(8, 2, 7)
QUICK = FilmSize(3, 1, 1, 'jm-pose_resnet18_1xb8_synthetic-128x96.py', necks=('JM-Pose',))


def measure(quick: bool = False, size: FilmSize | None = None) -> list[Comparison]:
    """Time the ways side by side.

    Args:
        quick: A small model, few frames, one person, one run.
        size: Another measurement, instead.
    """
    size = size or (QUICK if quick else FULL)
    video, boxes = walking_people(size.frames, size.people)
    plain = ClipModel(size.config, None, 'cpu', flip_test=False)
    fast = ClipModel(size.config, None, 'cpu', flip_test=False, dtype='bfloat16')
    ways: dict[str, Callable[[], Any]] = {
        'window': lambda: [_window_at_a_time(plain, video, boxes, k) for k in range(size.frames)],
        'single': _single_frames(video, boxes),
        'engine': lambda: list(streamed(plain, video, boxes)),
        'engine in bfloat16': lambda: list(streamed(fast, video, boxes)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in tqdm(range(size.runs), desc='timing', leave=False, disable=None):
        for name, work in ways.items():
            seconds[name].append(measure_seconds(work) / (size.frames * size.people))
    window = f'the whole network on {len(plain.frame_offsets)} crops for each pose'
    single = "mmpose's inference_topdown with its HRNet-W48 of single frames"
    note = f'{size.frames} frames x {size.people} people; seconds per person and frame.'
    whole = [
        Comparison(name, what, f'the {ours}', seconds[other], seconds[ours], note)
        for name, what, other, ours in (
            ('video, beside windows', window, 'window', 'engine'),
            ('video, beside single frames', single, 'single', 'engine'),
            ('video, fast, beside single frames', single, 'single', 'engine in bfloat16'),
        )
    ]
    return whole + [_beside_backbone(name, size.runs) for name in size.necks]


def _beside_backbone(method: str, runs: int) -> Comparison:
    """What a pose costs after the backbone, beside the backbone's pass over one crop."""
    model = ClipModel(NECKS[method], None, 'cpu', flip_test=False)
    crops = [np.zeros((*model.input_size[::-1], 3), np.uint8)] * model.batch_size
    frame = model.features(crops[:1])
    clips = [frame * len(model.frame_offsets)] * model.batch_size
    seconds: dict[str, list[float]] = {'backbone': [], 'neck': []}
    for _ in range(runs):
        seconds['backbone'].append(measure_seconds(lambda: model.features(crops)) / len(crops))
        seconds['neck'].append(measure_seconds(lambda: model.heatmaps(clips)) / len(clips))
    note = (
        f'seconds a pose, {model.batch_size} together; what is made of each crop alone counts '
        'as backbone.'
    )
    return Comparison(
        f'neck, {method}',
        'the backbone on one crop',
        f'neck and head of {method}',
        seconds['backbone'],
        seconds['neck'],
        note,
    )


def walking_people(frames: int, people: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames (360, 640, 3) of noise, and in each the boxes (N, 4) of people who walk through."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (360, 640, 3), dtype=np.uint8) for _ in range(frames)]
    left = 40.0 + 90 * np.arange(people)
    start = np.stack([left, left * 0 + 60, left + 100, left * 0 + 300], axis=1)
    return images, [start + 3.0 * t * np.array([1, 0, 1, 0]) for t in range(frames)]


@torch.inference_mode()
def _window_at_a_time(
    model: ClipModel, video: list[np.ndarray], boxes: list[np.ndarray], key: int
) -> Any:
    """What a test loop does: T crops of each person by the key frame's box, through everything."""
    frames = [video[min(max(key + k, 0), len(video) - 1)] for k in model.frame_offsets]
    windows = [model.window(box) for box in boxes[key]]
    clips = [np.stack([model.crop(image, window) for image in frames]) for window in windows]
    images = torch.from_numpy(np.stack(clips)).permute(0, 1, 4, 2, 3)
    inputs = model.model.data_preprocessor({'inputs': images})['inputs']
    return model.keypoints(model.model(inputs, None, mode='tensor'), windows)


def streamed(model: ClipModel, video: list[np.ndarray], boxes: list[np.ndarray]) -> Iterator[Any]:
    """Poses of all frames, as the engine gives them."""
    engine = ClipEngine(model)
    for image, found in zip(video, boxes, strict=True):
        yield from engine.add(image, dict(enumerate(found, start=1)))
    yield from engine.finish()


def _single_frames(video: list[np.ndarray], boxes: list[np.ndarray]) -> Callable[[], Any]:
    """mmpose's own model and its own function for it."""
    from mmengine.hub import get_config
    from mmpose.apis import inference_topdown, init_model

    cfg = get_config(SINGLE_FRAME)
    cfg.model.backbone.init_cfg = None
    cfg.model.test_cfg.flip_test = False
    model = init_model(cfg, None, 'cpu')
    return lambda: [
        inference_topdown(model, image, found) for image, found in zip(video, boxes, strict=True)
    ]
