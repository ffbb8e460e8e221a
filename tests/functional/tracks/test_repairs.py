"""Repairs of tracks: what is known comes out, and nothing is invented."""

from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.tracks.repairs import (
    TrackEnds,
    fill_joints,
    joined_tracks,
    swapped_sides,
)

TIMES = np.arange(20) / 10
# Left and right knee and ankle of somebody who walks to the right.
WALK = np.stack(
    [
        np.stack((30 * TIMES + 12 * np.sin(4 * TIMES + phase), np.full(20, height)), axis=-1)
        for phase, height in ((0, 50.0), (np.pi, 50.0), (0, 80.0), (np.pi, 80.0))
    ],
    axis=1,
)
PAIRS = [(0, 1), (2, 3)]


def test_fill__a_straight_way_comes_back_exactly() -> None:
    line = np.stack((3 * TIMES, 5 - TIMES), axis=-1)[:, None]
    scores = np.full((20, 1), 0.8)
    hidden, scores_hidden = line.copy(), scores.copy()
    hidden[4:7] = 77  # guessed, with low scores
    scores_hidden[4:7] = 0.1
    hidden[12] = np.nan
    filled, filled_scores = fill_joints(hidden, TIMES, scores_hidden)
    np.testing.assert_allclose(filled, line)
    np.testing.assert_allclose(filled_scores, scores)
    assert (hidden[4:7] == 77).all()  # inputs are not changed


def test_fill__not_over_long_gaps_nor_at_the_ends() -> None:
    line = np.stack((TIMES, TIMES), axis=-1)[:, None]
    scores = np.full((20, 1), 0.8)
    scores[[0, 1, 19]] = 0.1
    scores[5:12] = 0.1
    filled, filled_scores = fill_joints(line + 5, TIMES, scores, gap=0.5)
    np.testing.assert_array_equal(filled, line + 5)
    np.testing.assert_array_equal(filled_scores, scores)


@pytest.mark.parametrize('swapped', [[7], [3, 4, 5], [15, 16, 17, 18, 19], [], [0, 1, 12]])
def test_swaps__are_found_in_a_walk(swapped: list[int]) -> None:
    track = WALK.copy()
    for left, right in PAIRS:
        track[np.ix_(swapped, [left, right])] = track[np.ix_(swapped, [right, left])]
    found = swapped_sides(track, PAIRS, size=100)
    mended = track.copy()
    for left, right in PAIRS:
        mended[np.ix_(found, [left, right])] = mended[np.ix_(found, [right, left])]
    np.testing.assert_allclose(mended, WALK, atol=1e-9)


def test_swaps__of_joints_that_are_not_seen_are_none() -> None:
    track = np.full((5, 4, 2), np.nan)
    assert not swapped_sides(track, PAIRS, size=100).any()
    track = WALK.copy()
    track[7:10] = np.nan
    assert not swapped_sides(track, PAIRS, size=100).any()


def _ends(start: float, end: float, x: float, speed: float, height: float = 40) -> TrackEnds:
    def box(time: float) -> np.ndarray:
        middle = x + speed * time
        return np.array([middle - height / 4, 0, middle + height / 4, height])

    return TrackEnds(
        (start, end), np.stack((box(start), box(end))), np.array([[speed, 0], [speed, 0]])
    )


def test_join__two_who_cross_behind_a_pillar_keep_their_ways() -> None:
    tracks = [
        _ends(0, 1, 0, 50),
        _ends(0, 1, 100, -50),
        _ends(1.5, 3, 100, -50),
        _ends(1.5, 3, 0, 50),
    ]
    assert joined_tracks(tracks, gap=1) == {2: 1, 3: 0}
    assert joined_tracks(tracks, gap=0.4) == {}


@pytest.mark.parametrize(
    'later',
    [
        _ends(0.5, 3, 0, 0),  # at the same time
        _ends(1.5, 3, 60, 0),  # elsewhere
        _ends(1.5, 3, 0, 0, height=60),  # of another size
        _ends(3.5, 4, 0, 0),  # too late
    ],
)
def test_join__nobody_else(later: TrackEnds) -> None:
    assert joined_tracks([_ends(0, 1, 0, 0), later], gap=1) == {}


def test_join__one_goes_on_in_one_alone() -> None:
    tracks = [_ends(0, 1, 0, 0), _ends(1.5, 2, 3, 0), _ends(1.5, 2, 9, 0)]
    assert joined_tracks(tracks, gap=1) == {1: 0}
