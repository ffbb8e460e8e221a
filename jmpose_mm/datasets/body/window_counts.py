"""Counts the samples whose window shows nothing but copies of their key frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any

from jmpose_mm.errors import UsageError, listed

__all__ = ['still_windows_remark']

_ADVICE = (
    'extract the frames around labelled ones (tools/convert_dataset.py coco --films), or count '
    "frames by order or by time (SampleSupportFrames: count='order', offsets_seconds); "
    'copies_of_key=True says that copies are meant'
)


def still_windows_remark(
    samples: list[dict[str, Any]],
    video_frames: Callable[[str], dict[int, str]],
    transforms: Iterable[Any],
) -> str:
    """Say how many windows hold copies of the key frame alone, and of which videos.

    Args:
        samples: With ``video`` and ``frame_number``.
        video_frames: The frames of a video by number.
        transforms: Pipeline steps; that with ``frame_offsets`` and ``window`` chooses windows.

    Returns:
        A sentence; empty where every window has another frame, or no window is asked for.

    Raises:
        UsageError: Most windows are made of copies.
    """
    choosers = [t for t in transforms if hasattr(t, 'frame_offsets') and hasattr(t, 'window')]
    if not choosers or len(choosers[0].frame_offsets) == 1:
        return ''
    chooser = choosers[0]
    if getattr(chooser, 'copies_of_key', False):
        return ''
    reach = getattr(chooser, 'distance', None) or 0
    offsets = chooser.frame_offsets
    # Of drawn windows the widest is looked at: only where it is still, all of them are.
    if reach:
        offsets = range(-reach * (offsets[0] < 0), reach * (offsets[-1] > 0) + 1)
    rates = {sample['video']: sample.get('frame_rate') for sample in samples}
    frames = Counter((sample['video'], sample['frame_number']) for sample in samples)
    videos: Counter[str] = Counter()
    for (video, number), count in frames.items():
        window = chooser.window(number, video_frames(video), tuple(offsets), rates.get(video))
        if set(window) == {number}:
            videos[video] += count
    if not videos:
        return ''
    names = [f'{PurePosixPath(video).name} ({count})' for video, count in videos.most_common()]
    copies = sum(videos.values())
    said = (
        f'{sum(videos.values())} of {len(samples)} samples have windows made of copies of their '
        f'key frame, since no other frame lies within {min(offsets)} to {max(offsets)} of it on '
        f'disk; they are from {len(videos)} videos: {listed(names, 5)}'
    )
    if 2 * copies > len(samples):
        raise UsageError(f'{said}; {_ADVICE}')
    return said
