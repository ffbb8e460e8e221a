"""Choice of the frames of a video that support a key frame.

Frames are named by the number in their file name. PoseTrack18 and PoseTrack21 count from 0,
PoseTrack17 counts from 1, other sources start anywhere; nothing here depends on where the count
starts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from operator import index
from typing import Any, Protocol

__all__ = ['BORDERS', 'check_frame_offsets', 'draw_offsets', 'support_frames']

BORDERS = ('clamp', 'released')


class PermutationSource(Protocol):
    """Anything with numpy's ``permutation``, e.g. the module ``numpy.random``."""

    def permutation(self, x: int, /) -> Any:
        """Return the numbers 0..x-1 in random order."""


def check_frame_offsets(frame_offsets: Sequence[int]) -> tuple[int, ...]:
    """Check that offsets describe one window around a key frame.

    Args:
        frame_offsets: Frame offsets to the key frame in time order, e.g. ``(-2, -1, 0, 1, 2)``.

    Returns:
        The offsets as a tuple of plain integers.

    Raises:
        ValueError: If the offsets are not strictly ascending integers with exactly one 0.

    Example:
        >>> check_frame_offsets([-2, -1, 0, 1, 2])
        (-2, -1, 0, 1, 2)
    """
    offsets = _whole_numbers(frame_offsets)
    ascending = all(a < b for a, b in pairwise(offsets))
    if not (ascending and 0 in offsets):
        raise ValueError(
            'frame_offsets: expected strictly ascending integers that contain 0 (the key frame), '
            f'got {frame_offsets!r}; write them in time order, e.g. (-2, -1, 0, 1, 2)'
        )
    return offsets


def _whole_numbers(values: Iterable[Any]) -> tuple[int, ...]:
    """Plain integers of a list, an array or a tensor of them; nothing if one is something else."""
    try:
        found = list(values)
        return () if any(isinstance(v, bool) for v in found) else tuple(map(index, found))
    except TypeError:
        return ()


def draw_offsets(
    frame_offsets: Sequence[int], distance: int, rng: PermutationSource
) -> tuple[int, ...]:
    """Draw random support offsets, as many on each side as the template has.

    Each side draws distinct distances from 1..distance, every subset of that size with the same
    probability. With as many offsets as distances the draw is the fixed window.

    Args:
        frame_offsets: Template in time order; only how many offsets lie before and after 0 matters.
        distance: Largest distance to the key frame in frames.
        rng: Source of randomness with numpy's ``permutation``, e.g. the module ``numpy.random``.

    Returns:
        Offsets in time order, of the template's length, with one 0.

    Raises:
        ValueError: If a side has more offsets than there are distances.

    Example:
        >>> import numpy as np
        >>> offsets = draw_offsets((-1, 0, 1), distance=3, rng=np.random.default_rng(0))
        >>> len(offsets), offsets[1]
        (3, 0)
    """
    offsets = check_frame_offsets(frame_offsets)
    before = sum(o < 0 for o in offsets)
    after = sum(o > 0 for o in offsets)
    if distance < max(before, after):
        raise ValueError(
            f'distance must be at least {max(before, after)}, the number of distinct frames '
            f'drawn on one side of the key frame, got {distance}; raise it or shorten frame_offsets'
        )
    previous = [-1 - int(d) for d in rng.permutation(distance)[:before]] if before else []
    following = [1 + int(d) for d in rng.permutation(distance)[:after]] if after else []
    return (*sorted(previous), 0, *sorted(following))


def support_frames(
    key: int, offsets: Sequence[int], available: Collection[int], border: str = 'clamp'
) -> tuple[int, ...]:
    """Choose the frames of one window.

    Inside the video, a number that is missing on disk is replaced by the nearest existing number
    between it and the key frame (at worst the key frame itself). What happens past either end of
    the video depends on ``border``:

    * ``'clamp'``: the first or the last frame is used. The result is in time order.
    * ``'released'``: what the released FAMI-Pose and JM-Pose loaders do. A frame missing before the
      video is replaced by the key frame, placed *after* the previous frames that exist. The second
      frame of a video gets (t-1, t, t, t+1, t+2). A frame missing after the video is replaced by
      the nearest following frame of the window, or by the key frame if none exists.

    Args:
        key: Number of the key frame.
        offsets: Offsets in time order, see :func:`check_frame_offsets`.
        available: Numbers of the frames that exist; the smallest and the largest are the video's
            ends.
        border: ``'clamp'`` or ``'released'``.

    Returns:
        One frame number per offset; the key frame's number stands where the offset is 0.

    Raises:
        ValueError: If ``border`` is unknown or the key frame is not available.

    Example:
        >>> support_frames(key=1, offsets=(-2, -1, 0, 1, 2), available=range(10))
        (0, 0, 1, 2, 3)
        >>> support_frames(key=5, offsets=(-1, 0, 1), available=[4, 5, 8])
        (4, 5, 5)
    """
    window = check_frame_offsets(offsets)
    if border not in BORDERS:
        raise ValueError(f'border must be one of {BORDERS}, got {border!r}')
    if key not in available:
        raise ValueError(f'key frame {key} is not among the {len(available)} available frames')
    # Ends of the video are those of what is on disk, annotated or not.
    first, last = min(available), max(available)
    if border == 'clamp':
        wanted = (min(max(key + offset, first), last) for offset in window)
        return tuple(_toward_key(number, key, available) for number in wanted)
    previous = [key + o for o in window if o < 0 and key + o >= first]
    # Appended, not prepended: the released loaders fill up behind, which breaks the time order.
    previous += [key] * (sum(o < 0 for o in window) - len(previous))
    following = [key + o for o in window if o > 0 and key + o <= last]
    nearest = following[0] if following else key
    following += [nearest] * (sum(o > 0 for o in window) - len(following))
    return tuple(_toward_key(n, key, available) for n in (*previous, key, *following))


def _toward_key(number: int, key: int, available: Collection[int]) -> int:
    """Walk from ``number`` to ``key`` until a frame exists."""
    step = 1 if number < key else -1
    while number not in available:
        number += step
    return number
