"""A 1080p film from end to end, beside mmpose's own inferencer; reading and writing beside OpenCV.

The boxes are given, the model is the same: the single-frame ResNet-18 at 128x96 with random
weights, which take the time of trained ones.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from experiments.benchmarks.film_files import (
    VideoSize,
    in_turn,
    moving_pictures,
    reading_and_writing,
    start_in_the_middle,
)
from experiments.benchmarks.timing import Comparison, measure_seconds
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.poses.loading import load_model, whole_config
from jmpose_mm.video.video_inference import VideoOutputs, infer_video
from jmpose_mm.visualization.film import write_film

__all__ = ['measure']

CONFIG = 'single-frame_resnet18_1xb16_synthetic-128x96.py'
FIRST_POSE = """
import sys
import numpy as np
{imports}
def boxes(*given, **options):
    return np.array([[0.0, 0, 90, 90]])
{call}
"""
OURS = (
    'from jmpose_mm.apis import VideoPoseInferencer as Model',
    "next(Model(sys.argv[1], sys.argv[2], 'cpu', boxes)(sys.argv[3]))",
)
MMPOSE = (
    'import jmpose_mm; from mmpose.apis import MMPoseInferencer as Model',
    "next(Model(sys.argv[1], sys.argv[2], device='cpu', det_model='whole_image')(sys.argv[3]))",
)


FULL = VideoSize(40, (1920, 1080), 7200, 5)
QUICK = VideoSize(4, (320, 180), 20, 1)


def measure(quick: bool = False, size: VideoSize | None = None) -> list[Comparison]:
    """Time the ways side by side.

    Args:
        quick: Four small frames, one run.
        size: Another measurement, instead.
    """
    size = size or (QUICK if quick else FULL)
    with tempfile.TemporaryDirectory() as folder:
        film = write_film(Path(folder, 'film.mp4'), moving_pictures(size), 25)
        config, weights = _model(Path(folder))
        rows = _end_to_end(film, config, weights, size)
        rows += reading_and_writing(film, size)
        rows.append(start_in_the_middle(Path(folder), size))
        arguments = [str(config), str(weights), str(film)]
        texts = [FIRST_POSE.format(imports=i, call=c) for i, c in (MMPOSE, OURS)]
        commands = [[sys.executable, '-W', 'ignore', '-c', text, *arguments] for text in texts]
        reference, ours = (lambda c=c: _execute(c) for c in commands)
        sides = ("mmpose's MMPoseInferencer in a new interpreter", 'VideoPoseInferencer in one')
        rows.append(in_turn('first pose', sides, reference, ours, size.runs))
    return rows


def _end_to_end(film: Path, config: Path, weights: Path, size: VideoSize) -> list[Comparison]:
    """Poses alone, and with a film of them."""
    boxes = _boxes(size)
    inferencer = VideoPoseInferencer(config, weights, 'cpu', lambda frame: boxes)
    host = _host_inferencer(config, weights, boxes)

    def ours(drawn: bool) -> Any:
        outputs = VideoOutputs(film=drawn, exports=[])
        with contextlib.redirect_stderr(io.StringIO()):
            source, folder = open_source(str(film)), film.with_name('ours')
            return infer_video(inferencer, source, folder, outputs, overwrite=True)

    def theirs(drawn: bool) -> None:
        folder = str(film.with_name('theirs')) if drawn else ''
        for _ in host(str(film), vis_out_dir=folder):
            pass

    ways: dict[str, Callable[[], Any]] = {
        'mmpose': lambda: theirs(False),
        'ours': lambda: ours(False),
        'mmpose, drawn': lambda: theirs(True),
        'ours, drawn': lambda: ours(True),
    }
    seconds = _seconds_a_frame(ways, size)
    wide, high = size.size
    note = f'{size.frames} frames of {wide}x{high}, {len(boxes)} people, boxes given; s per frame.'
    sides = "mmpose's MMPoseInferencer", 'infer_video'
    return [
        Comparison('poses', *sides, seconds['mmpose'], seconds['ours'], note),
        Comparison(
            'poses and film', *sides, seconds['mmpose, drawn'], seconds['ours, drawn'], note
        ),
        Comparison(
            'what the film costs',
            'poses',
            'with the film',
            seconds['ours'],
            seconds['ours, drawn'],
            note,
        ),
    ]


def _seconds_a_frame(ways: dict[str, Callable[[], Any]], size: VideoSize) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in tqdm(range(size.runs), desc='timing', leave=False, disable=None):
        for name, work in ways.items():
            seconds[name].append(measure_seconds(work) / size.frames)
    return seconds


def _boxes(size: VideoSize) -> np.ndarray:
    """Four people beside each other, (4, 4)."""
    wide, high = size.size
    left = wide * (0.05 + 0.24 * np.arange(4))
    return np.stack([left, left * 0 + 0.1 * high, left + 0.18 * wide, left * 0 + 0.9 * high], 1)


def _model(folder: Path) -> tuple[Path, Path]:
    """A whole config without flip test, and random weights."""
    torch.manual_seed(0)
    cfg = whole_config(CONFIG)
    config, weights = folder / 'config.py', folder / 'weights.pth'
    cfg.dump(str(config))
    torch.save({'state_dict': load_model(cfg.model, None).state_dict(), 'meta': {}}, weights)
    return config, weights


def _host_inferencer(config: Path, weights: Path, boxes: np.ndarray) -> Any:
    """mmpose's own, whose detector says the boxes."""
    from mmengine.structures import InstanceData
    from mmpose.apis import MMPoseInferencer
    from mmpose.structures import PoseDataSample

    found = InstanceData(
        bboxes=torch.as_tensor(boxes, dtype=torch.float32),
        scores=torch.ones(len(boxes)),
        labels=torch.zeros(len(boxes), dtype=torch.long),
    )
    sample = PoseDataSample(pred_instances=found)
    host = MMPoseInferencer(
        str(config), str(weights), device='cpu', det_model='whole_image', show_progress=False
    )
    host.inferencer.detector = lambda image, return_datasamples: {'predictions': [sample]}
    host.inferencer.det_cat_ids = (0,)
    return host


def _execute(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, encoding='utf-8', check=False)
    if done.returncode:
        raise RuntimeError(f'{command}: expected to succeed, got\n{done.stderr}')
