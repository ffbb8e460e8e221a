"""Cost as work grows: seconds and memory against frames, pixels, persons and videos.

The networks have random weights, which take the time of trained ones. Amounts are measured in
turn, so that a busy machine slows all of them.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from experiments.benchmarks.infer import streamed, walking_people
from experiments.benchmarks.poseval_set import write_poseval_set
from experiments.benchmarks.timing import growth_mib, measure_seconds
from experiments.benchmarks.train import noise_batch, random_model, training_step
from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.engine.configs import load_config
from jmpose_mm.formats.prediction_pairs import read_pairs
from jmpose_mm.functional.evaluation.posetrack_ap import posetrack_ap
from jmpose_mm.whole_files import whole_file

__all__ = ['Curve', 'GrowthSize', 'as_json', 'draw', 'formatted', 'measure']

_SMALL = '{}_resnet18_1xb8_synthetic-128x96.py'
_METHODS = {'JM-Pose': 'jm-pose', 'TDMI': 'tdmi', 'FAMI-Pose': 'fami-pose'}

Work = Callable[[], Any]


class Curve(NamedTuple):
    """The same work in several amounts.

    Attributes:
        name: Name of the work.
        amount: Name of the quantity that grows.
        amounts: Values of the quantity, ascending.
        seconds: For each amount, of each run.
        mib: For each amount, resident memory at the peak beyond that before; NaN if unknown.
        note: Conditions for the reader.
    """

    name: str
    amount: str
    amounts: list[float]
    seconds: list[list[float]]
    mib: list[float]
    note: str

    @property
    def power(self) -> float:
        """p of the best fit of seconds to amount to the p: 1 is linear, above is worse."""
        x = np.log(self.amounts)
        return float(np.polyfit(x, np.log([median(runs) for runs in self.seconds]), 1)[0])


class GrowthSize(NamedTuple):
    """Size of the measurement.

    Attributes:
        frames: Frames of a clip; odd.
        inputs: Height and width of a crop in pixels.
        people: In each frame of a video.
        videos: Number of videos of 50 frames with 4 people.
        runs: Number of runs of each amount.
        clips: Clips in a batch whose frames grow.
        large: Config of the model whose crops and persons grow.
    """

    frames: tuple[int, ...] = (3, 5, 7)
    inputs: tuple[tuple[int, int], ...] = ((128, 96), (192, 160), (256, 192), (384, 288))
    people: tuple[int, ...] = (1, 2, 4, 8)
    videos: tuple[int, ...] = (10, 20, 40, 80)
    runs: int = 7
    clips: int = 8
    large: str = 'jm-pose_hrnet-w32_1xb30-20e_posetrack18-256x192.py'


FULL = GrowthSize()
QUICK = GrowthSize((3, 5), ((64, 64), (128, 96)), (1, 2), (2, 4), 1, 2, _SMALL.format('jm-pose'))


def measure(quick: bool = False, size: GrowthSize | None = None) -> list[Curve]:
    """Measure each curve.

    Args:
        quick: Two small amounts of each, once.
        size: Another measurement, instead.
    """
    size = size or (QUICK if quick else FULL)
    curves = [
        _measured(
            f'training step, {method}',
            'frames of a clip',
            {float(count): _step(config, size.clips, frames=count) for count in size.frames},
            size.runs,
            f'{size.clips} clips, ResNet-18, 128x96, frozen backbone in float32',
        )
        for method, config in ((m, _SMALL.format(name)) for m, name in _METHODS.items())
    ]
    steps = {float(h * w): _step(size.large, 1, crop=(h, w)) for h, w in size.inputs}
    note = f'{size.large}, 1 clip of 5 frames, frozen backbone in float32'
    curves.append(_measured('training step', 'pixels of a crop', steps, size.runs, note))
    videos = _videos(size.large, size.people)
    note = f'{size.large}, 6 frames through the engine, no flip test'
    curves.append(_measured('poses of a video', 'persons in a frame', videos, size.runs, note))
    return [*curves, *_of_data(size)]


def _step(config: str, clips: int, frames: int = 5, crop: tuple[int, int] | None = None) -> Work:
    cfg = load_config(config)
    wide, high = cfg.codec.input_size
    cfg.model.neck.frame_offsets = tuple(range(-(frames // 2), frames // 2 + 1))
    model = random_model(cfg.model)
    inputs, samples = noise_batch(clips, frames, crop or (high, wide), 17)
    return training_step(model, lambda: model.loss(inputs, samples))


def _videos(config: str, counts: tuple[int, ...]) -> dict[float, Work]:
    from jmpose_mm.video.poses.clip_model import ClipModel

    model = ClipModel(config, None, 'cpu', flip_test=False)

    def inference(people: int) -> Work:
        images, boxes = walking_people(6, people)
        return lambda: list(streamed(model, images, boxes))

    return {float(count): inference(count) for count in counts}


def _of_data(size: GrowthSize) -> Iterator[Curve]:
    """Opening a data set, and its AP."""
    with tempfile.TemporaryDirectory() as folder:
        for count in size.videos:
            write_poseval_set(Path(folder, str(count)), count, 50, 4, images=True)
        ways = {'opening a data set': _opened, 'AP of files': _evaluated}
        for name, work in ways.items():
            works = {float(n): partial(work, Path(folder, str(n))) for n in size.videos}
            yield _measured(name, 'videos', works, size.runs, '50 frames of 4 people a video')


def _opened(folder: Path) -> Any:
    return PoseTrackClipDataset(ann_file=str(folder / 'gt'), data_root=str(folder))


def _evaluated(folder: Path) -> Any:
    true, predicted, *_ = read_pairs(folder / 'gt', folder / 'pred')
    return posetrack_ap(true.truth(), predicted.predictions(), true.ignored())


def _measured(name: str, amount: str, works: dict[float, Work], runs: int, note: str) -> Curve:
    for work in works.values():
        work()  # the first call makes what is kept
    seconds: list[list[float]] = [[] for _ in works]
    for _ in tqdm(range(runs), desc=name, leave=False, disable=None):
        for column, work in zip(seconds, works.values(), strict=True):
            column.append(measure_seconds(work))
    return Curve(name, amount, list(works), seconds, [growth_mib(w) for w in works.values()], note)


def as_json(curves: list[Curve], said: dict[str, Any]) -> dict[str, Any]:
    """Plain types: every run, and the power."""
    rows = [{**curve._asdict(), 'power': curve.power} for curve in curves]
    for row in rows:
        row['mib'] = [None if math.isnan(value) else value for value in row['mib']]
    return {'environment': said, 'curves': rows}


def formatted(curves: list[Curve], said: dict[str, Any]) -> str:
    """A line for each amount of each curve, its power below, then what was measured on."""
    lines = []
    for curve in curves:
        lines.append(f'{curve.name} ({curve.note}), by {curve.amount}')
        for amount, runs, mib in zip(curve.amounts, curve.seconds, curve.mib, strict=True):
            spread = f'{min(runs):.3g} - {max(runs):.3g}'
            lines.append(f'  {amount:>8g}  {median(runs):.3g} s ({spread})  {mib:.0f} MiB')
        lines.append(f'  grows with power {curve.power:.2f} (1: linear)')
    lines.append('medians; ' + ', '.join(f'{name}: {value}' for name, value in said.items()))
    return '\n'.join(lines)


def draw(path: str | Path, curves: list[Curve]) -> None:
    """Seconds above and memory below, a column for each kind of amount, from zero on each axis."""
    from matplotlib.figure import Figure

    kinds = list(dict.fromkeys(curve.amount for curve in curves))
    figure = Figure(figsize=(3 * len(kinds), 5), layout='constrained')
    panels = figure.subplots(2, len(kinds), squeeze=False)
    for curve in curves:
        column = panels[:, kinds.index(curve.amount)]
        times = [median(runs) for runs in curve.seconds]
        label = f'{curve.name} ({curve.power:.2f})'
        for axes, values in zip(column, (times, curve.mib), strict=True):
            axes.plot(curve.amounts, values, 'o-', label=label, clip_on=False)
    for axes in panels.flat:
        axes.set(xlim=(0, None), ylim=(0, None))
        axes.locator_params(axis='x', nbins=5)
        axes.grid(alpha=0.3)
    for axes, kind in zip(panels.T, kinds, strict=True):
        axes[0].legend(fontsize=7, title='power of growth', title_fontsize=7)
        axes[1].set_xlabel(kind)
    for axes, unit in zip(panels[:, 0], ('seconds', 'MiB'), strict=True):
        axes.set_ylabel(unit)
    with whole_file(path) as unfinished:
        figure.savefig(unfinished, dpi=110)
