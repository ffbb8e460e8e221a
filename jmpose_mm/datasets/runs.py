"""A run of key frames through a data pipeline: one augmentation, and each frame cropped once.

Axes: R key frames of a run, T frames of a window, N crops, H W pixels.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmpose.datasets.transforms import GenerateTarget
from torch import Tensor

from jmpose_mm.datasets.transforms.support_frames import SampleSupportFrames
from jmpose_mm.datasets.transforms.topdown_clip import TopdownClipAffine
from jmpose_mm.errors import UsageError
from jmpose_mm.functional.crop_windows import CropWindow, window_fits, window_move
from jmpose_mm.registry import FUNCTIONS
from jmpose_mm.structures import SharedCrops

__all__ = ['CROPS', 'Run', 'collate_runs', 'prepare_run']

CROPS = ('frame', 'run')
# As the video engine's: how far features are moved at most.
_LIMITS = {'max_shift': 0.2, 'max_growth': 1.3}
# How far boxes of a run may differ to be one.
_STILL = {'max_shift': 0.1, 'max_growth': 1.15}
# What says where a sample is cropped.
_BOX = ('bbox_center', 'bbox_scale', 'bbox_rotation')


class Run(NamedTuple):
    """Indices of samples that a sampler asks a data set for, as one run.

    Attributes:
        keys: Indices of the R samples, in the order of time.
        neighbours: Indices of samples of the same person in other frames of their windows.
        crop: ``'frame'`` or ``'run'``, see :class:`RunBatchSampler`.
    """

    keys: tuple[int, ...]
    neighbours: tuple[int, ...]
    crop: str = 'frame'


def prepare_run(
    keys: Sequence[dict], neighbours: Sequence[dict], steps: Sequence[Any], crop: str = 'frame'
) -> dict[str, Any]:
    """Send a run through the steps of a pipeline.

    Steps behind ``SampleSupportFrames`` draw the same for every frame of the run. A frame is
    cropped by the box of its own sample. Where it has none, or one too far from a key frame's, it
    is cropped by the key frame's box, as in the video engine.

    Args:
        keys: The R samples, as the data set's ``get_data_info`` gives them.
        neighbours: Samples of the same person, whose boxes are used.
        steps: Transforms, with ``SampleSupportFrames``, then ``TopdownClipAffine``, and packing at
            the end.
        crop: ``'frame'`` or ``'run'``.

    Returns:
        ``inputs``, :class:`SharedCrops` with images of uint8, and ``data_samples``, a list of R.
    """
    choose, before, cut, after, pack = _parts(steps)
    keys = [_through(choose, key) for key in keys]
    wanted = [list(key['frame_paths']) for key in keys]
    seen = {path for paths in wanted for path in paths} - {key['img_path'] for key in keys}
    draws = _SameDraws()
    owners = [
        draws.through(before, _seeing(info, [info['img_path']]))
        for info in (*keys, *(n for n in neighbours if n['img_path'] in seen))
    ]
    if crop == 'run':
        _share_box(owners, len(keys), cut)
    windows = [cut.window(owner) for owner in owners]
    index, crops = _assign(wanted, windows, [owner['img_path'] for owner in owners])
    made = []
    for i, path in crops:
        shown = owners[i]
        if path != shown['img_path']:
            box = {name: shown[name] for name in _BOX if name in shown}
            shown = draws.through(before, _seeing(keys[i], [path])) | box
        labelled = len(made) < len(keys)
        made.append(draws.through(after if labelled else _unlabelled(after), cut(shown)))
    draws.close()
    images = torch.from_numpy(np.stack([one['img'][0] for one in made]))
    samples = [
        pack(one | {name: key[name] for name in ('frame_paths', 'frame_offsets')})['data_samples']
        for one, key in zip(made, keys, strict=False)
    ]
    moves = [
        [window_move(windows[crops[i][0]], windows[k], _rotation(owners[k])) for i in row]
        for k, row in enumerate(index)
    ]
    inputs = SharedCrops(
        images.permute(0, 3, 1, 2).contiguous(),
        torch.tensor(index),
        torch.tensor([[move.ratio for move in row] for row in moves]),
        torch.tensor([[move.shift for move in row] for row in moves]),
    )
    return {'inputs': inputs, 'data_samples': samples}


@FUNCTIONS.register_module()
def collate_runs(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Runs and plain samples as one batch; plain samples alone as mmengine's ``pseudo_collate``.

    Args:
        items: Each with ``inputs``, :class:`SharedCrops` or a clip ``(T, 3, H, W)``, and
            ``data_samples``, a list or one.

    Returns:
        ``inputs``, :class:`SharedCrops` of all windows, and ``data_samples``, a list of as many.

    Example:
        >>> import torch
        >>> clip = {'inputs': torch.zeros(3, 3, 8, 8), 'data_samples': 'sample'}
        >>> len(collate_runs([clip, clip])['inputs'])
        2
    """
    if not any(isinstance(item['inputs'], SharedCrops) for item in items):
        return pseudo_collate(items)
    parts, samples, count = [], [], 0
    for item in items:
        inputs, found = item['inputs'], item['data_samples']
        if isinstance(inputs, Tensor):
            inputs, found = SharedCrops.of_clips(inputs[None]), [found]
        parts.append(inputs._replace(crop_index=inputs.crop_index + count))
        samples += found
        count += len(inputs.images)
    return {
        'inputs': SharedCrops(*map(torch.cat, zip(*parts, strict=True))),
        'data_samples': samples,
    }


def _parts(steps: Sequence[Any]) -> tuple[list, list, TopdownClipAffine, list, Any]:
    """What comes up to the choice of frames, up to the crop, the crop, what follows, packing."""
    first = [i for i, step in enumerate(steps) if isinstance(step, SampleSupportFrames)]
    cuts = [i for i, step in enumerate(steps) if isinstance(step, TopdownClipAffine)]
    if len(first) != 1 or len(cuts) != 1 or not first[0] < cuts[0] < len(steps) - 1:
        raise UsageError(
            'RunBatchSampler: expected a pipeline with one SampleSupportFrames, one '
            f'TopdownClipAffine behind it and packing at the end, got '
            f'{[type(step).__name__ for step in steps]}'
        )
    begin, cut = first[0] + 1, cuts[0]
    between, rest = steps[begin:cut], steps[cut + 1 : -1]
    return list(steps[:begin]), list(between), steps[cut], list(rest), steps[-1]


def _through(steps: Sequence[Any], results: dict) -> dict:
    for step in steps:
        results = step(results)
    return results


def _unlabelled(steps: Sequence[Any]) -> list[Any]:
    """Without what frames that are no key frames do not need, and takes time."""
    return [step for step in steps if not isinstance(step, GenerateTarget)]


def _seeing(info: dict, paths: list[str]) -> dict:
    """A sample that shows other frames; transforms replace what it holds and change nothing."""
    return info | {'frame_paths': paths, 'frame_offsets': tuple(range(len(paths)))}


def _rotation(results: dict) -> float:
    return float(results.get('bbox_rotation', [0.0])[0])


class _SameDraws:
    """Sends samples through random steps so that each step draws the same for all of them."""

    def __init__(self) -> None:
        self.states: dict[int, tuple] = {}
        self.latest = _random_state()

    def through(self, steps: Sequence[Any], results: dict) -> dict:
        """The first sample draws; every other one gets its draws."""
        for step in steps:
            known = self.states.get(id(step))
            _set_random_state(known or self.latest)
            # Kept for each step: samples get the same draws even where they draw unequally often.
            self.states[id(step)] = known or self.latest
            results = step(results)
            if known is None:
                self.latest = _random_state()
        return results

    def close(self) -> None:
        """Go on with the draws as after one sample."""
        _set_random_state(self.latest)


def _random_state() -> tuple:
    return random.getstate(), np.random.get_state(), torch.get_rng_state()


def _set_random_state(state: tuple) -> None:
    random.setstate(state[0])
    np.random.set_state(state[1])
    torch.set_rng_state(state[2])


def _share_box(owners: list[dict], num_keys: int, cut: TopdownClipAffine) -> None:
    """Give all frames of a run its middle box, if its key frames' boxes hardly move."""
    middle = owners[num_keys // 2]
    windows = [cut.window(owner) for owner in owners[:num_keys]]
    if all(window_fits(windows[num_keys // 2], window, **_STILL) for window in windows):
        for owner in owners:
            owner |= {name: middle[name] for name in _BOX if name in middle}


def _assign(
    wanted: list[list[str]], windows: list[CropWindow], paths: list[str]
) -> tuple[list[list[int]], list[tuple[int, str]]]:
    """Which crop serves which frame of which window.

    Args:
        wanted: The frames of each window.
        windows: Windows of the frames that have a box, those of the key frames first.
        paths: Paths of these frames.

    Returns:
        For each window and frame the number of a crop, and for each crop whose box it is cut by
        and the frame that it shows: first frames in their own box.
    """
    # Reversed: of several boxes on a frame the first one counts, which is the key frame's.
    owner = {path: i for i, path in reversed(list(enumerate(paths)))}
    seen: list[list[tuple[int, str]]] = []
    for key, row in enumerate(wanted):
        seen.append([])
        for path in row:
            known = [key] if path == paths[key] else [owner[path]] if path in owner else []
            known += [other for done in seen for other, its in done if its == path]
            fits = (
                i for i in known if i == key or window_fits(windows[i], windows[key], **_LIMITS)
            )
            seen[-1].append((next(fits, key), path))
    crops = sorted({crop for row in seen for crop in row}, key=lambda c: (c[1] != paths[c[0]], c))
    number = {crop: i for i, crop in enumerate(crops)}
    return [[number[crop] for crop in row] for row in seen], crops
