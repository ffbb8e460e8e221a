"""A random order in which samples that need the same images still follow each other.

Axes: N samples.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from mmengine.dataset import BaseDataset, DefaultSampler

from jmpose_mm.registry import DATA_SAMPLERS

__all__ = ['FrameGroupSampler', 'grouped_order']


def grouped_order(
    videos: np.ndarray, numbers: np.ndarray, frames: int, rng: np.random.Generator
) -> np.ndarray:
    """Shuffle groups of samples, and the samples within each group.

    Args:
        videos: Number of each sample's video, ``(N,)`` whole numbers.
        numbers: Number of its key frame, ``(N,)``.
        frames: Consecutive frame numbers in a group; where the first one starts is
            drawn, so that other frames come together every time.
        rng: Source of randomness.

    Returns:
        Indices of all samples, ``(N,)``.
    """
    # One start for all videos, drawn anew: no two frames are always in different groups.
    keys = np.stack((videos, (numbers + rng.integers(frames)) // frames))
    _, group = np.unique(keys, axis=1, return_inverse=True)
    place = rng.permutation(len(videos))[group.ravel()]
    # By group in drawn order, then by chance inside a group.
    return np.lexsort((rng.random(len(videos)), place))


@DATA_SAMPLERS.register_module()
class FrameGroupSampler(DefaultSampler):
    """mmengine's shuffling sampler, differing in that it shuffles frames instead of persons.

    The persons of a frame follow each other, so that ``LoadClip`` decodes their frames once. Of P
    persons in F frames, (F + T - 1) / (F P) frames a sample instead of T. The price is that a batch
    shows fewer scenes: see docs/performance.md before using it. Each process of a distributed
    training gets groups of its own.

    Args:
        dataset: With ``video`` and ``frame_number`` in its samples, as this package's have.
        frames: F, how many consecutive key frames of a video stay together.
        seed: Seed of the order, with the epoch; the same in all processes. Drawn if it is left out.

    Raises:
        ValueError: ``frames`` is below 1, or samples say neither video nor frame.

    Example:
        >>> from types import SimpleNamespace
        >>> videos, numbers = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])
        >>> order = grouped_order(videos, numbers, frames=1, rng=np.random.default_rng(0))
        >>> abs(int(np.flatnonzero(order == 0)[0]) - int(np.flatnonzero(order == 1)[0]))
        1
    """

    def __init__(self, dataset: BaseDataset, frames: int = 1, seed: int | None = None) -> None:
        super().__init__(dataset, shuffle=True, seed=seed)
        if frames < 1:
            raise ValueError(f'frames: expected at least 1, got {frames}')
        self.frames = frames
        found = [dataset.get_data_info(index) for index in range(len(dataset))]
        try:
            videos = [info['video'] for info in found]
            self.numbers = np.array([info['frame_number'] for info in found])
        except KeyError as error:
            raise ValueError(
                f'dataset: expected samples with video and frame_number, got {sorted(found[0])}; '
                'use DefaultSampler'
            ) from error
        self.videos = np.unique(videos, return_inverse=True)[1]

    def __iter__(self) -> Iterator[int]:
        """Indices of this process's samples; the first ones again where they do not divide."""
        rng = np.random.default_rng((self.seed, self.epoch))
        order = grouped_order(self.videos, self.numbers, self.frames, rng)
        first = self.rank * self.num_samples
        # `resize` repeats from the beginning where processes need a few samples more.
        return iter(np.resize(order, self.total_size)[first : first + self.num_samples].tolist())
