from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from jmpose_mm.functional.evaluation import polygons
from jmpose_mm.functional.evaluation.polygons import Polygons, pairs_inside_frames, points_inside

SQUARE = [(0, 0), (4, 0), (4, 4), (0, 4)]
BOW_TIE = [(0, 0), (4, 4), (4, 0), (0, 4)]


def inside_exactly(point: tuple[int, int], ring: list[tuple[int, int]]) -> bool:
    """Strict interior by the even-odd rule, in rational numbers, one edge after the other."""
    x, y = (Fraction(int(value)) for value in point)
    odd = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        x1, y1, x2, y2 = (Fraction(int(value)) for value in (x1, y1, x2, y2))
        if (x2 - x1) * (y - y1) == (x - x1) * (y2 - y1):
            if min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
                return False
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            odd = not odd
    return odd


def rings_of(*rings: list[tuple[int, int]], frames: list[int] | None = None) -> Polygons:
    arrays = [np.asarray(ring, dtype=float).reshape(-1, 2) for ring in rings]
    return Polygons.from_lists(frames or [0] * len(rings), arrays)


def inside(points: list[tuple[float, float]], polygons: Polygons) -> list[bool]:
    return points_inside(np.asarray(points, float), np.zeros(len(points), int), polygons).tolist()


def test_points_inside__interior_and_exterior() -> None:
    assert inside([(2, 2), (5, 2), (-1, 2), (2, 9)], rings_of(SQUARE)) == [True] + [False] * 3


def test_points_inside__border_and_corners_are_outside() -> None:
    assert inside([(0, 2), (4, 2), (2, 0), (2, 4), (0, 0), (4, 4)], rings_of(SQUARE)) == [False] * 6


def test_points_inside__bow_tie_excludes_its_crossing() -> None:
    points = [(1, 2), (3, 2), (2, 1), (2, 3), (2, 2)]
    assert inside(points, rings_of(BOW_TIE)) == [True, True, False, False, False]


def test_points_inside__doubly_wound_square_is_empty() -> None:
    assert inside([(2, 2)], rings_of(SQUARE * 2)) == [False]


def test_points_inside__closed_ring_equals_open_ring() -> None:
    points = [(x, y) for x in range(-1, 6) for y in range(-1, 6)]
    assert inside(points, rings_of([*SQUARE, (0, 0)])) == inside(points, rings_of(SQUARE))


def test_points_inside__polygon_without_vertices_is_empty() -> None:
    assert inside([(2, 2), (7, 7)], rings_of([], SQUARE, [])) == [True, False]
    assert inside([(2, 2)], rings_of([])) == [False]


def test_points_inside__only_the_own_frame_counts() -> None:
    regions = rings_of(SQUARE, frames=[3])
    got = points_inside(np.full((3, 2), 2.0), np.asarray([2, 3, 4]), regions)
    assert got.tolist() == [False, True, False]


@pytest.mark.parametrize('ring', [SQUARE[:1], SQUARE[:2]])
def test_points_inside__one_or_two_vertices_are_refused(ring: list[tuple[int, int]]) -> None:
    with pytest.raises(
        ValueError, match=f'polygon 1 .frame 0.*at least 3 vertices, got {len(ring)}'
    ):
        inside([(2, 2)], rings_of(SQUARE, ring))


@pytest.mark.parametrize('edges_at_once', [3, 1_000_000])
@pytest.mark.parametrize('seed', range(4))
def test_points_inside__equals_exact_arithmetic(
    seed: int, edges_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small whole numbers put many points on edges and corners and let edges overlap.
    monkeypatch.setattr(polygons, 'EDGES_AT_ONCE', edges_at_once)
    rng = np.random.default_rng(seed)
    rings = [rng.integers(0, 8, (size, 2)) for size in rng.integers(3, 9, 12)]
    frames = rng.integers(0, 3, 12)
    points, frame = rng.integers(-1, 9, (150, 2)), rng.integers(0, 4, 150)
    expected = [
        any(
            inside_exactly(tuple(point), [tuple(corner) for corner in ring])
            for ring, of in zip(rings, frames, strict=True)
            if of == index
        )
        for point, index in zip(points, frame, strict=True)
    ]
    regions = Polygons.from_lists(frames.tolist(), [ring.astype(float) for ring in rings])
    assert 10 < sum(expected) < 140
    assert points_inside(points.astype(float), frame, regions).tolist() == expected


def test_pairs_inside_frames__equals_double_loop() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.integers(0, 6, 20), rng.integers(1, 8, 25)
    expected = [(i, j) for i in range(20) for j in range(25) if first[i] == second[j]]
    assert list(zip(*pairs_inside_frames(first, second), strict=True)) == expected
