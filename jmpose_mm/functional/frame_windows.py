"""Windows of frames whose numbers are not one apart: by steps, by places, or by time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from math import gcd

from jmpose_mm.functional.frame_sampling import support_frames

__all__ = ['COUNTS', 'frame_step', 'frames_by_order', 'frames_in_time']

COUNTS = ('number', 'order')


def frame_step(available: Iterable[int]) -> int:
    """The distance of neighbouring frames: 5 where every fifth frame was extracted.

    Args:
        available: Numbers of the frames.

    Returns:
        The greatest common divisor of their differences; 1 for fewer than three frames, which
        tell nothing.

    Example:
        >>> frame_step([10, 15, 25]), frame_step([3, 90])
        (5, 1)
    """
    numbers = list(available)
    if len(numbers) < 3:
        return 1
    step = 0
    for number in numbers:
        step = gcd(step, number - numbers[0])
        if step == 1:
            break
    return step or 1


def frames_by_order(
    key: int, offsets: Sequence[int], available: Collection[int], border: str = 'clamp'
) -> tuple[int, ...]:
    """Choose the frames of one window by their places, whatever lies between their numbers.

    Args:
        key: Number of the key frame.
        offsets: In places, see :func:`support_frames`.
        available: Numbers of the frames that exist.
        border: See :func:`support_frames`.

    Returns:
        One frame number per offset.

    Raises:
        ValueError: As :func:`support_frames`.

    Example:
        >>> frames_by_order(key=30, offsets=(-1, 0, 1), available=[10, 30, 31, 90])
        (10, 30, 31)
    """
    ordered = sorted(available)
    if key not in available:
        raise ValueError(f'key frame {key} is not among the {len(ordered)} available frames')
    places = support_frames(ordered.index(key), offsets, range(len(ordered)), border)
    return tuple(ordered[place] for place in places)


def frames_in_time(
    key: int, offsets: Sequence[float], available: Collection[int], rate: float
) -> tuple[int, ...]:
    """Choose the frames of one window by time: those nearest to the wanted times.

    Args:
        key: Number of the key frame.
        offsets: Seconds from the key frame, ascending; of one side all frames lie on that side.
        available: Numbers of the frames that exist.
        rate: Numbers in a second: frames per second, or 1000 for milliseconds.

    Returns:
        One frame number per offset, in time order; of two that are equally near, the one that is
        nearer to the key frame.

    Raises:
        ValueError: The key frame is not available, or the rate is not positive.

    Example:
        >>> frames_in_time(1000, (-0.04, 0, 0.04), available=[959, 1000, 1033, 1080], rate=1000)
        (959, 1000, 1033)
    """
    if key not in available:
        raise ValueError(f'key frame {key} is not among the {len(available)} available frames')
    if not rate > 0:
        raise ValueError(f'rate: expected numbers in a second above 0, got {rate}')
    chosen = []
    for offset in offsets:
        side = [n for n in available if (n - key) * offset >= 0] if offset else [key]
        wanted = key + offset * rate
        chosen.append(min(side, key=lambda n: (abs(n - wanted), abs(n - key))))
    return tuple(chosen)
