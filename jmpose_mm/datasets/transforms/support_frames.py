"""Chooses the frames of a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from jmpose_mm.datasets.transforms.required_keys import check_keys
from jmpose_mm.functional.frame_sampling import (
    BORDERS,
    check_frame_offsets,
    draw_offsets,
    support_frames,
)
from jmpose_mm.functional.frame_windows import (
    COUNTS,
    frame_step,
    frames_by_order,
    frames_in_time,
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
        border: Stand-in for frames past an end of the video: ``'clamp'``, the last one before the
            end, or ``'released'``, as the papers' code, see :func:`support_frames`.
        distance: Draw the support frames anew for every sample out of this many frames on each
            side; as many on each side as ``frame_offsets`` has. Leave it out for testing.
        copies_of_key: Every frame is the key frame: the control that takes time out of a clip.
        pairs: Instead of the window, the key frame and, behind it, one frame drawn anew for every
            sample out of the window, which may be the key frame: what PoseWarper trains on.
        count: Meaning of ``frame_offsets``: ``'number'``, the numbers in the frames' names, or
            steps of the video where these are longer than the window (every fifth frame);
            ``'order'``, the frames on disk, whatever lies between them.
        offsets_seconds: Seconds from the key frame instead, one for each of ``frame_offsets``: the
            frames that are nearest in time.
        frame_rate: For these, how many numbers are a second: frames per second, or 1000 where
            names are milliseconds. Without it, samples have a ``frame_rate``.

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
        count: str = 'number',
        offsets_seconds: Sequence[float] | None = None,
        frame_rate: float | None = None,
    ) -> None:
        self.frame_offsets = check_frame_offsets(frame_offsets)
        if border not in BORDERS:
            raise ValueError(f'border: expected one of {BORDERS}, got {border!r}')
        if distance is not None:
            # For its error alone: what does not fit is said when the pipeline is built.
            draw_offsets(self.frame_offsets, distance, np.random.RandomState(0))
        self.border, self.distance, self.copies_of_key = border, distance, copies_of_key
        self.pairs = pairs
        if count not in COUNTS:
            raise ValueError(f'count: expected one of {COUNTS}, got {count!r}')
        self.count, self.frame_rate = count, frame_rate
        self.offsets_seconds = None if offsets_seconds is None else tuple(offsets_seconds)
        self._check_seconds()

    def window(
        self, key: int, frames: Mapping[int, str], offsets: Sequence[int], rate: float | None = None
    ) -> tuple[int, ...]:
        """Numbers of the frames around a key frame.

        Args:
            key: Number of the key frame.
            frames: The video's frames by number.
            offsets: Places in the window.
            rate: Numbers in a second, where the transform itself has none.

        Raises:
            ValueError: Time is asked for, and nobody says how many numbers are a second.
        """
        if self.offsets_seconds is not None:
            rate = self.frame_rate or rate
            if rate is None:
                raise ValueError(
                    'offsets_seconds: expected frame_rate, how many frame numbers are a second, '
                    'got none'
                )
            return frames_in_time(key, self.offsets_seconds, frames, rate)
        if self.count == 'order':
            return frames_by_order(key, offsets, frames, self.border)
        step = frame_step(frames)
        if step <= max(map(abs, offsets)):  # other frames are within reach as it is
            step = 1
        return support_frames(key, [step * offset for offset in offsets], frames, self.border)

    @property
    def offsets_text(self) -> str:
        """The window in words, for labels of numbers."""
        if self.offsets_seconds is not None:
            return ' '.join(f'{seconds:g}' for seconds in self.offsets_seconds) + ' s'
        text = ' '.join(map(str, self.frame_offsets))
        return f'{text} by order' if self.count == 'order' else text

    def _check_seconds(self) -> None:
        if self.offsets_seconds is None:
            return
        signs = [(o > 0) - (o < 0) for o in self.frame_offsets]
        seconds = [(s > 0) - (s < 0) for s in self.offsets_seconds]
        ascending = list(self.offsets_seconds) == sorted(self.offsets_seconds)
        if signs != seconds or not ascending or self.distance is not None:
            raise ValueError(
                f'offsets_seconds: expected a time for each of frame_offsets={self.frame_offsets}, '
                f'ascending, 0 for the key frame, and no distance, got {self.offsets_seconds}'
            )

    def transform(self, results: dict) -> dict:
        """Add the frames' paths."""
        offsets = self.frame_offsets
        self._check(results)
        if self.distance is not None:
            # The global state, which mmengine seeds in every worker.
            offsets = draw_offsets(offsets, self.distance, np.random)
        results['frame_offsets'] = offsets
        frames = results.get('video_frames')
        if frames is None or self.copies_of_key:
            results['frame_paths'] = [results.get('img_path')] * len(offsets)
        else:
            rate = results.get('frame_rate')
            numbers = self.window(results['frame_number'], frames, offsets, rate)
            results['frame_paths'] = [frames[number] for number in numbers]
        if self.pairs:
            # The key frame is first, as the neck expects of a pair.
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
            f'distance={self.distance}, copies_of_key={self.copies_of_key}, pairs={self.pairs}, '
            f'count={self.count!r}, offsets_seconds={self.offsets_seconds})'
        )
