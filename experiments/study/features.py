"""Features of a frozen backbone, computed once for everything that is trained on them.

Axes: N clips, B of a batch, T frames in time order, C channels, h w feature grid.
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmpose.structures import PoseDataSample
from numpy.lib.format import open_memmap
from torch import Tensor, nn
from tqdm import tqdm

from jmpose_mm.functional.temporal import key_frame_index
from jmpose_mm.models.layers.norm_folding import fast_copy
from jmpose_mm.structures import ClipFeatures

__all__ = ['StoredClips', 'load_clips', 'neck_features', 'store_clips']


@dataclass(frozen=True)
class StoredClips:
    """Clips as a frozen backbone sees them, float16 in files that are read as they are needed.

    Attributes:
        stages: Backbone stages from early to late, each ``(N, T, C_s, h_s, w_s)``.
        offsets: Distance of each of the T frames from the key frame.
        samples: The N data samples: targets, boxes, where the crop lies.
        metainfo: Metainfo of their data set.
    """

    stages: tuple[np.ndarray, ...]
    offsets: tuple[int, ...]
    samples: list[PoseDataSample]
    metainfo: dict[str, Any]

    def __len__(self) -> int:
        return len(self.samples)

    def batches(
        self,
        size: int,
        offsets: Sequence[int],
        copies: bool = False,
        device: str = 'cpu',
        drop_last: bool = False,
        pairs: np.random.Generator | None = None,
    ) -> Iterator[tuple[ClipFeatures, list[PoseDataSample]]]:
        """All clips in their order, ``size`` at a time.

        Args:
            size: B.
            offsets: Offsets of the stored frames that a clip has.
            copies: Each of them is the key frame instead.
            device: Where the features go.
            drop_last: Leave out a last batch that is smaller.
            pairs: Draws a frame for each clip, which with the key frame before it is all that the
                clip has, as `SampleSupportFrames` with ``pairs`` does.

        Yields:
            Features without the frames themselves, and data samples.

        Raises:
            ValueError: A frame is not stored.
        """
        unknown = sorted(set(offsets) - set(self.offsets))
        if unknown:
            raise ValueError(f'offsets: expected some of {self.offsets}, got {unknown} too')
        key = self.offsets.index(0)
        frames = np.asarray([key if copies else self.offsets.index(offset) for offset in offsets])
        end = len(self) - (len(self) % size if drop_last else 0)
        for start in range(0, end, size):
            chosen = slice(start, min(start + size, end))
            index = np.broadcast_to(frames, (chosen.stop - start, len(frames)))
            if pairs is not None:
                drawn = pairs.choice(frames, len(index))
                index = np.stack((np.full_like(drawn, key), drawn), axis=1)
            clip = np.arange(len(index))[:, None]
            stages = tuple(
                torch.from_numpy(np.asarray(stage[chosen])[clip, index]).to(device).float()
                for stage in self.stages
            )
            samples = [sample.to(device) for sample in self.samples[chosen]]
            yield ClipFeatures(stages[0].new_empty(0), stages), samples


def neck_features(model: nn.Module, clip: ClipFeatures) -> Any:
    """Features that the head of a model takes, made of those of its backbone."""
    if model.with_neck:
        return model.neck(clip)
    return tuple(stage[:, 0] for stage in clip.stages)


@torch.no_grad()
def store_clips(
    folder: str | Path,
    model: nn.Module,
    batches: Iterable[dict[str, Any]],
    metainfo: dict[str, Any],
    offsets: Sequence[int],
    count: int,
) -> StoredClips:
    """Run a model's backbone over clips, and store what it gives.

    Args:
        folder: To make; it appears when everything in it is complete.
        model: An estimator in evaluation mode; its preprocessor and its backbone are used.
        batches: Batches of a data loader, N clips of T frames altogether.
        metainfo: Metainfo of the data set.
        offsets: Distance of each of the T frames from the key frame.
        count: N.

    Raises:
        ValueError: There are more or fewer clips.
    """
    folder = Path(folder)
    key_frame_index(offsets)
    unfinished = folder.with_name(f'.{folder.name}.unfinished')
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    backbone, samples, stages = None, [], []
    for batch in tqdm(batches, desc=folder.name, unit='batch'):
        data = model.data_preprocessor(batch)
        done, samples = len(samples), samples + [s.cpu() for s in data['data_samples']]
        if len(samples) > count:
            raise ValueError(f'batches: expected {count} clips, got at least {len(samples)}')
        images = _images(data['inputs'])
        backbone = backbone or fast_copy(model.backbone, example=images[:1])
        maps = [_half(stage, len(offsets)) for stage in backbone(images)]
        stages = stages or [
            open_memmap(unfinished / f'stage{i}.npy', 'w+', np.float16, (count, *x.shape[1:]))
            for i, x in enumerate(maps)
        ]
        for stage, values in zip(stages, maps, strict=True):
            stage[done : len(samples)] = values
    if len(samples) != count:
        raise ValueError(f'batches: expected {count} clips, got {len(samples)}')
    for stage in stages:
        stage.flush()
    with (unfinished / 'samples.pkl').open('wb') as file:
        pickle.dump((tuple(offsets), samples, metainfo), file)
    unfinished.rename(folder)
    return load_clips(folder)


def load_clips(folder: str | Path) -> StoredClips:
    """Read what :func:`store_clips` stored; it unpickles: for folders of one's own only."""
    folder = Path(folder)
    with (folder / 'samples.pkl').open('rb') as file:
        offsets, samples, metainfo = pickle.load(file)
    files = sorted(folder.glob('stage*.npy'))
    stages = tuple(np.load(file, mmap_mode='r') for file in files)
    return StoredClips(stages, offsets, samples, metainfo)


def _images(inputs: Tensor) -> Tensor:
    return inputs.flatten(0, 1).contiguous(memory_format=torch.channels_last)


def _half(stage: Tensor, num_frames: int) -> np.ndarray:
    return stage.unflatten(0, (-1, num_frames)).half().cpu().numpy()
