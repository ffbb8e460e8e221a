"""Left and right joints of a track that have changed places.

Axes: T frames in which a person is, in the order of time; K joints; P pairs of joints. Coordinates
are pixels (x, y), NaN where a joint is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jmpose_mm.functional.arrays import as_floats

__all__ = ['side_pairs', 'swapped_sides']

SWAP_MARGIN = 0.1
"""Two joints have changed places if that shortens both ways by this share of the person's size."""


def side_pairs(joints: Sequence[str]) -> list[tuple[int, int]]:
    """Joints that are there on both sides, by their names.

    Example:
        >>> side_pairs(['nose', 'left_hip', 'right_hip', 'left_ear'])
        [(1, 2)]
    """
    places = {name: place for place, name in enumerate(joints)}
    mirrored = ((name, name.replace('left', 'right', 1)) for name in joints if 'left' in name)
    return [(places[left], places[right]) for left, right in mirrored if right in places]


def swapped_sides(
    keypoints: ArrayLike, size: ArrayLike, pairs: Sequence[tuple[int, int]]
) -> NDArray[np.bool_]:
    """Frames in which the joints of a pair have changed places.

    They have where both ways from the last frame get shorter by it, together by ``SWAP_MARGIN`` of
    the person's size. Whoever is the wrong way round in fewer frames is the one who is wrong.

    Args:
        keypoints: (T, K, 2).
        size: (T,), or one number.
        pairs: P pairs of joints.

    Returns:
        (T, P).

    Example:
        >>> import numpy as np
        >>> legs = np.tile([[[0.0, 0.0], [30.0, 0.0]]], (5, 1, 1))
        >>> legs[2] = legs[2, ::-1]
        >>> swapped_sides(legs, 100.0, [(0, 1)])[:, 0].tolist()
        [False, False, True, False, False]
    """
    points = as_floats('keypoints', keypoints, 'T K 2')
    sizes = np.broadcast_to(as_floats('size', size), len(points))
    marks = np.zeros((len(points), len(pairs)), dtype=bool)
    for number, pair in enumerate(pairs):
        both = points[:, list(pair)]
        rows = np.flatnonzero(np.isfinite(both).all(axis=(1, 2)))
        before, after = both[rows[:-1]], both[rows[1:]]
        kept = np.linalg.norm(after - before, axis=-1).sum(axis=-1)
        crossed = np.linalg.norm(after - before[:, ::-1], axis=-1).sum(axis=-1)
        changed = kept - crossed > SWAP_MARGIN * sizes[rows[1:]]
        state = np.concatenate([[False], np.cumsum(changed) % 2 == 1])[: len(rows)]
        marks[rows, number] = ~state if 2 * state.sum() > len(state) else state
    return marks
