"""Which frames a clip is made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from jmpose_mm.datasets.transforms.required_keys import check_keys
from jmpose_mm.functional.frame_sampling import (
    BORDERS,
    check_frame_offsets,
    draw_offsets,
    support_frames,
)
from jmpose_mm.registry import TRANSFORMS

__all__ = ['SampleSupportFrames']


@TRANSFORMS.register_module()
class SampleSupportFrames(BaseTransform):
    """Choose the frames around the key frame; a transform, so that random ones differ every epoch.

    Required keys: ``img_path``, ``frame_number``, ``video_frames`` (number to path). Without
    ``video_frames``, as for a single image, every frame is the key frame. It comes before
    ``LoadClip``.

    Added keys: ``frame_paths`` (list in time order, but for pairs), ``frame_offsets`` (tuple).

    Args:
        frame_offsets: Distance of each frame from the key frame, in time order.
        border: Stand-in for frames past an end of the video, see :func:`support_frames`.
        distance: Draw the support frames anew for every sample out of this many frames on each
            side; as many on each side as ``frame_offsets`` has. Leave it out for testing.
        copies_of_key: Every frame is the key frame: the control that takes time out of a clip.
        pairs: Instead of the window, the key frame and, behind it, one frame drawn anew for every
            sample out of the window, which may be the key frame: what PoseWarper trains on.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> sample = {'frame_number': 0, 'video_frames': {0: '0.jpg', 1: '1.jpg', 2: '2.jpg'}}
        >>> SampleSupportFrames((-1, 0, 1))(sample)['frame_paths']
        ['0.jpg', '0.jpg', '1.jpg']
    """

    def __init__(
        self,
        frame_offsets: Sequence[int] = (-2, -1, 0, 1, 2),
        border: str = 'clamp',
        distance: int | None = None,
        copies_of_key: bool = False,
        pairs: bool = False,
    ) -> None:
        self.frame_offsets = check_frame_offsets(frame_offsets)
        if border not in BORDERS:
            raise ValueError(f'border: expected one of {BORDERS}, got {border!r}')
        if distance is not None:
            draw_offsets(self.frame_offsets, distance, np.random.RandomState(0))
        self.border, self.distance, self.copies_of_key = border, distance, copies_of_key
        self.pairs = pairs

    def transform(self, results: dict) -> dict:
        """Add the frames' paths."""
        offsets = self.frame_offsets
        self._check(results)
        if self.distance is not None:
            offsets = draw_offsets(offsets, self.distance, np.random)
        results['frame_offsets'] = offsets
        frames = results.get('video_frames')
        if frames is None or self.copies_of_key:
            results['frame_paths'] = [results.get('img_path')] * len(offsets)
        else:
            numbers = support_frames(results['frame_number'], offsets, frames, self.border)
            results['frame_paths'] = [frames[number] for number in numbers]
        if self.pairs:
            pair = (offsets.index(0), np.random.randint(len(offsets)))
            results['frame_offsets'] = tuple(offsets[i] for i in pair)
            results['frame_paths'] = [results['frame_paths'][i] for i in pair]
        return results

    def _check(self, results: dict) -> None:
        given = results.get('img')
        if isinstance(given, list) and len(given) != len(self.frame_offsets):
            raise ValueError(
                f'img: expected a frame for each of frame_offsets={self.frame_offsets}, got '
                f'{len(given)} frames; SampleSupportFrames comes before LoadClip'
            )
        if results.get('video_frames') is not None:
            check_keys(results, self, frame_number='the data set')
        elif given is None:
            check_keys(results, self, img_path='the data set')

    def __repr__(self) -> str:
        return (
            f'SampleSupportFrames(frame_offsets={self.frame_offsets}, border={self.border!r}, '
            f'distance={self.distance}, copies_of_key={self.copies_of_key}, pairs={self.pairs})'
        )
