"""Tests points against polygons, for many frames at once.

Axes: Q points, R polygons, V vertices of all polygons, P pairs of a point and a polygon of one
    frame.
Coordinates are image pixels, ``(x, y)``.

Written here for the official rule of edges and corners, and since OpenCV and matplotlib take one
polygon a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import BoolArray, FloatArray, IntArray, as_floats, as_indices

__all__ = ['Polygons', 'pairs_inside_frames', 'points_inside']

# Bounds the memory of the (point, edge) table, about 100 bytes a row.
EDGES_AT_ONCE = 1_000_000


class Polygons(NamedTuple):
    """Polygons of many frames in one array.

    Attributes:
        frame: (R,) index of the frame a polygon belongs to.
        first: (R + 1,) where each polygon's vertices start in ``vertices``; the last entry is V.
        vertices: (V, 2) corners in pixels; the last one is joined to the first.
    """

    frame: IntArray
    first: IntArray
    vertices: FloatArray

    @classmethod
    def from_lists(cls, frames: Sequence[int], rings: Sequence[ArrayLike]) -> Polygons:
        """Join one (V_r, 2) array for each polygon."""
        corners = [as_floats('rings', ring).reshape(-1, 2) for ring in rings]
        sizes = [len(ring) for ring in corners]
        vertices = np.concatenate(corners) if corners else np.empty((0, 2))
        return cls(
            np.asarray(frames, dtype=np.int64),
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            vertices.astype(np.float64).reshape(-1, 2),
        )


def pairs_inside_frames(first: ArrayLike, second: ArrayLike) -> tuple[IntArray, IntArray]:
    """Every pair (i, j) with ``first[i] == second[j]``, ordered by i, then j.

    Args:
        first: (A,) frame indices in any order.
        second: (B,) frame indices in any order.

    Returns:
        Two arrays (P,): indices into ``first`` and into ``second``.

    Example:
        >>> import numpy as np
        >>> pairs_inside_frames(np.array([0, 1]), np.array([1, 0, 1]))
        (array([0, 1, 1]), array([1, 0, 2]))
    """
    first, second = as_indices('first', first), as_indices('second', second)
    # Stable, so that the pairs of one i come in the order of j.
    order = np.argsort(second, kind='stable')
    ordered = second[order]
    start = np.searchsorted(ordered, first, side='left')
    counts = np.searchsorted(ordered, first, side='right') - start
    i, position = _ragged(counts, start)
    return i, order[position]


def points_inside(points: ArrayLike, frame: ArrayLike, polygons: Polygons) -> BoolArray:
    """Whether a point lies inside a polygon of its own frame.

    Inside means strictly (a point on an edge or a corner is outside) and by the even-odd rule, so
    that the doubly covered part of a polygon that crosses itself is outside: the rules of the
    official evaluator. Polygons without a vertex are empty.

    Args:
        points: (Q, 2) pixels.
        frame: (Q,) frame index of each point.
        polygons: The polygons of all frames.

    Returns:
        (Q,) bool.

    Raises:
        ValueError: A polygon has one or two vertices.

    Example:
        >>> import numpy as np
        >>> square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
        >>> polygons = Polygons(frame=np.array([0]), first=np.array([0, 4]), vertices=square)
        >>> points_inside(np.array([[5.0, 5.0], [10.0, 5.0]]), np.array([0, 0]), polygons)
        array([ True, False])
    """
    points, frame = as_floats('points', points, 'Q 2'), as_indices('frame', frame)
    polygons = Polygons(
        as_indices('polygons.frame', polygons.frame),
        as_indices('polygons.first', polygons.first),
        as_floats('polygons.vertices', polygons.vertices, 'V 2'),
    )
    sizes = np.diff(polygons.first)
    if np.any((sizes == 1) | (sizes == 2)):
        at = int(np.flatnonzero((sizes == 1) | (sizes == 2))[0])
        raise ValueError(
            f'polygon {at} (frame {polygons.frame[at]}): expected at least 3 vertices, got '
            f'{sizes[at]}; complete or remove it'
        )
    inside = np.zeros(len(points), dtype=np.bool_)
    kept = np.flatnonzero(sizes)
    if not len(kept) or not len(points):
        return inside
    point, chosen = pairs_inside_frames(frame, polygons.frame[kept])
    # The box of a polygon rules out most points before its edges are looked at.
    low = np.minimum.reduceat(polygons.vertices, polygons.first[kept], axis=0)
    high = np.maximum.reduceat(polygons.vertices, polygons.first[kept], axis=0)
    near = ((points[point] > low[chosen]) & (points[point] < high[chosen])).all(axis=1)
    point, polygon = point[near], kept[chosen[near]]
    edges_before = np.cumsum(sizes[polygon]) - sizes[polygon]
    for block in np.split(
        np.arange(len(point)), np.flatnonzero(np.diff(edges_before // EDGES_AT_ONCE)) + 1
    ):
        hit = _inside_one_each(points[point[block]], polygon[block], polygons)
        inside[point[block[hit]]] = True
    return inside


def _inside_one_each(points: FloatArray, polygon: IntArray, polygons: Polygons) -> BoolArray:
    """(P,) whether ``points[p]`` (P, 2) lies inside polygon number ``polygon[p]``."""
    owner, start = _ragged(np.diff(polygons.first)[polygon], polygons.first[polygon])
    # The last corner of each polygon is followed by its first one.
    following = np.arange(1, len(polygons.vertices) + 1)
    filled = np.diff(polygons.first) > 0
    following[polygons.first[1:][filled] - 1] = polygons.first[:-1][filled]
    x, y = points[owner].T
    (x1, y1), (x2, y2) = polygons.vertices[start].T, polygons.vertices[following[start]].T
    side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
    on_edge = (
        (side == 0)
        & (np.minimum(x1, x2) <= x)
        & (x <= np.maximum(x1, x2))
        & (np.minimum(y1, y2) <= y)
        & (y <= np.maximum(y1, y2))
    )
    # A ray to the right crosses an edge that leaves the point on its left when it climbs, on its
    # right when it falls; the half-open test on y counts a corner once.
    crosses = ((y1 > y) != (y2 > y)) & ((side > 0) == (y2 > y1))
    odd = np.bincount(owner, weights=crosses, minlength=len(points)) % 2 == 1
    on_border = np.bincount(owner, weights=on_edge, minlength=len(points)) > 0
    return np.asarray(odd & ~on_border, dtype=np.bool_)


def _ragged(counts: IntArray, start: IntArray) -> tuple[IntArray, IntArray]:
    """Concatenate the ranges ``start[i] .. start[i] + counts[i]``; returns (owner i, element)."""
    owner = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - before[owner] + start[owner]
