"""Chooses the videos to hold out: whole ones, never frames of a video that is trained on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from jmpose_mm.errors import UsageError, listed

__all__ = ['held_out_videos']


def held_out_videos(labelled: Mapping[str, int], val: str) -> set[str]:
    """Names of the videos for validation.

    Args:
        labelled: Number of labelled frames of each video.
        val: A share of the labelled frames in [0, 1), or names of videos with commas between.
            Videos are drawn by a fixed seed until they come closest to the share, at least one
            for a share above 0, and at most all but one.

    Raises:
        UsageError: It is neither, or there are too few videos.

    Example:
        >>> sorted(held_out_videos({'a': 10, 'b': 10, 'c': 10}, 'b,c'))
        ['b', 'c']
    """
    names = sorted(labelled)
    share = _share(val)
    if share is None:
        wanted = {name.strip() for name in val.split(',') if name.strip()}
        unknown = wanted - set(names)
        if unknown or not wanted or wanted == set(names):
            raise UsageError(
                f'val: expected a share such as 0.2, or some, but not all, of the videos '
                f'{listed(names, 20)}, got {val!r}'
            )
        return wanted
    if share == 0:
        return set()
    if len(names) < 2:
        raise UsageError(
            f'val: expected two videos or more to hold one out, got {listed(names)} alone; 0 trains'
            ' on all of it and holds out nothing, which leaves no number to trust'
        )
    total, taken, count = sum(labelled.values()), [], 0
    for index in np.random.RandomState(0).permutation(len(names)):
        name = names[index]
        if not taken or abs(count + labelled[name] - share * total) < abs(count - share * total):
            taken.append(name)
            count += labelled[name]
        if len(taken) == len(names) - 1:
            break
    return set(taken)


def _share(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1 else None
