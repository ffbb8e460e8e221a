"""Batches of runs: neighbouring key frames of a person together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dataset import DefaultSampler

from jmpose_mm.datasets.runs import CROPS, Run
from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.runs import (
    Stretch,
    batch_sizes,
    draw_stretches,
    fill_batches,
    sample_tracks,
)
from jmpose_mm.registry import DATA_SAMPLERS

__all__ = ['RunBatchSampler']


@DATA_SAMPLERS.register_module()
class RunBatchSampler:
    """A batch sampler that keeps up to R consecutive labelled key frames of a person together.

    Windows of T frames then need R + T - 1 frames instead of R T. An epoch shows every sample once,
    in other runs each time, since where a track's first run ends is drawn. Runs of one are plain
    samples. It goes with ``collate_fn=dict(type='jmpose_mm.collate_runs')``.

    Args:
        sampler: mmengine's ``DefaultSampler``: the order of runs is that of their first key
            frames in it, and seed, epoch and processes are its.
        batch_size: Windows in a batch, of each process.
        run_length: R.
        crop: ``'frame'`` crops every frame by its own box and moves features into the key frame's
            window, as the video engine does. ``'run'`` crops all frames of a run by its middle box
            where the boxes of the run hardly move, and works like ``'frame'`` elsewhere.
        drop_last: Leave out windows that do not fill the last batch.

    Raises:
        ValueError: An argument is out of range, the data set repeats or joins others, or samples
            say neither video nor frame.

    Example:
        >>> from jmpose_mm.datasets import SyntheticClipDataset
        >>> tiny = {'videos_train': 1, 'videos_val': 0, 'frames': 6, 'size': (96, 72)}
        >>> file = 'annotations/posetrack18_train.json'
        >>> frames = [dict(type='jmpose_mm.SampleSupportFrames')]
        >>> data = SyntheticClipDataset(
        ...     data_root='data', ann_file=file, settings=tiny, pipeline=frames
        ... )
        >>> batches = list(RunBatchSampler(DefaultSampler(data, seed=0), batch_size=4))
        >>> {type(item).__name__ for batch in batches for item in batch} <= {'Run', 'int'}
        True
    """

    def __init__(
        self,
        sampler: DefaultSampler,
        batch_size: int,
        run_length: int = 4,
        crop: str = 'frame',
        drop_last: bool = False,
    ) -> None:
        # Its order is drawn here again: that of a sampler with another one would be left out.
        if getattr(type(sampler), '__iter__', None) is not DefaultSampler.__iter__:
            raise ValueError(f'sampler: expected a DefaultSampler, got {type(sampler).__name__}')
        if batch_size < 1 or run_length < 1:
            raise ValueError(
                f'batch_size and run_length: expected at least 1, got {batch_size} and {run_length}'
            )
        check_choice('crop', crop, CROPS)
        _check_single(sampler.dataset)
        self.sampler, self.batch_size, self.run_length = sampler, batch_size, run_length
        self.crop, self.drop_last = crop, drop_last
        before, after = _reach(sampler.dataset)
        persons, self.numbers = _persons(sampler.dataset)
        self.before, self.after = before, after
        self.tracks = sample_tracks(persons, self.numbers, before + after)

    def _sizes(self) -> list[int]:
        windows, processes = len(self.numbers), self.sampler.world_size
        return batch_sizes(windows, self.batch_size, processes, self.drop_last)

    def __len__(self) -> int:
        """Batches of this process in an epoch."""
        return len(self._sizes()) // self.sampler.world_size

    def __iter__(self) -> Iterator[list[int | Run]]:
        """This process's batches: lists of runs, and of indices where a run is of one."""
        sampler = self.sampler
        rng = np.random.default_rng((sampler.seed, sampler.epoch)) if sampler.shuffle else None
        place = np.arange(len(self.numbers))
        if sampler.shuffle:
            generator = torch.Generator().manual_seed(sampler.seed + sampler.epoch)
            place = torch.randperm(len(place), generator=generator).numpy().argsort()
        stretches = draw_stretches(self.tracks, self.run_length, rng)
        stretches.sort(key=lambda one: place[self.tracks[one.track][one.start]])
        batches = fill_batches(stretches, self._sizes())
        for batch in batches[sampler.rank :: sampler.world_size]:
            yield [self._item(stretch) for stretch in batch]

    def _item(self, stretch: Stretch) -> int | Run:
        track = self.tracks[stretch.track]
        keys = track[stretch.start : stretch.stop]
        if len(keys) == 1:
            return int(keys[0])
        first, last = self.numbers[keys[0]] - self.before, self.numbers[keys[-1]] + self.after
        near = (self.numbers[track] >= first) & (self.numbers[track] <= last)
        # The run's own key frames are in `keys`; neighbours are those that its windows reach into.
        near[stretch.start : stretch.stop] = False
        return Run(tuple(keys.tolist()), tuple(track[near].tolist()), self.crop)


def _check_single(dataset: Any) -> None:
    if hasattr(dataset, 'datasets') or hasattr(dataset, 'dataset'):
        raise ValueError(
            f'dataset: expected a single one for runs, got {type(dataset).__name__}; leave '
            'batch_sampler out, or name a folder of annotation files as ann_file'
        )


def _reach(dataset: Any) -> tuple[int, int]:
    """How many frames before and after a key frame its window can have."""
    for step in getattr(getattr(dataset, 'pipeline', None), 'transforms', ()):
        if hasattr(step, 'frame_offsets') and hasattr(step, 'border'):
            offsets, distance = step.frame_offsets, getattr(step, 'distance', None)
            before, after = -offsets[0], offsets[-1]
            return (distance if before and distance else before), (
                distance if after and distance else after
            )
    return 0, 0


def _persons(dataset: Any) -> tuple[np.ndarray, np.ndarray]:
    """Number of each sample's person, and of its key frame; who has no track is alone."""
    found = [dataset.get_data_info(index) for index in range(len(dataset))]
    numbers: dict[Any, int] = {}
    try:
        for index, info in enumerate(found):
            track = info.get('track_id')
            # Plain numbers stand for samples without a track: a run of one each.
            key = index if track is None else (info['video'], track)
            found[index] = numbers.setdefault(key, len(numbers)), info['frame_number']
    except KeyError as error:
        raise ValueError(
            f'dataset: expected samples with video and frame_number, got {sorted(info)}; '
            'leave batch_sampler out'
        ) from error
    persons, frames = np.array(found).T
    return persons, frames
