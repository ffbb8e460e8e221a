from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.evaluation.clear_mot import TrackEvents

NO = np.nan


def after(*frames: tuple[list[int], list[int], list[list[float]]]) -> dict[str, float]:
    events = TrackEvents()
    for objects, hypotheses, distances in frames:
        table = np.asarray(distances, dtype=float).reshape(len(objects), len(hypotheses))
        events.add(np.asarray(objects, int), np.asarray(hypotheses, int), table)
    return dict(events.sums)


def test_matched_pair__stays_together_though_others_are_nearer() -> None:
    first = ([1, 2], [10, 20], [[0.1, 0.4], [0.4, 0.1]])
    crossed = ([1, 2], [10, 20], [[0.4, 0.1], [0.1, 0.4]])
    sums = after(first, crossed)
    assert sums['matches'] == 4
    assert 'switches' not in sums
    assert sums['matched distance'] == pytest.approx(0.1 + 0.1 + 0.4 + 0.4)


def test_matched_pair__parts_where_it_may_not_match_any_more() -> None:
    sums = after(([1], [10], [[0.1]]), ([1], [10, 20], [[NO, 0.3]]))
    assert (sums['matches'], sums['switches'], sums['misses'], sums['false']) == (2, 1, 0, 1)


@pytest.mark.parametrize('gap', [([], [], []), ([1], [], []), ([1], [30], [[NO]])])
def test_last_partner__is_remembered_over_a_gap(gap) -> None:
    sums = after(([1], [10], [[0.1]]), gap, ([1], [20, 10], [[0.0, 0.5]]))
    assert 'switches' not in sums
    assert sums['matched distance'] == pytest.approx(0.6)


def test_partner_that_someone_else_has__is_a_switch() -> None:
    # In the second frame 2 takes hypothesis 10 while 1 is away; back again, 1 comes first in the
    # list and takes it back, so that 2 must switch to 20.
    away = ([2], [10], [[0.2]])
    sums = after(([1], [10], [[0.1]]), away, ([1, 2], [10, 20], [[0.3, NO], [0.1, 0.4]]))
    assert (sums['matches'], sums['switches']) == (4, 1)
    assert sums['matched distance'] == pytest.approx(0.1 + 0.2 + 0.3 + 0.4)


def test_assignment__as_many_pairs_as_possible_then_the_nearest() -> None:
    # 1 with 10 alone would be the least sum, but two pairs are possible.
    sums = after(([1, 2], [10, 20], [[0.0, 0.5], [0.5, NO]]))
    assert (sums['matches'], sums['matched distance']) == (2, 1.0)
    sums = after(([1, 2], [10, 20], [[0.1, 0.2], [0.2, 0.5]]))
    assert (sums['matches'], sums['matched distance']) == (2, pytest.approx(0.4))


def test_assignment__no_number_of_near_pairs_outweighs_one_pair_more() -> None:
    far, near = 0.5 * np.eye(4), np.eye(4, k=-1)
    distances = np.where(near, 0.0, np.where(far, 0.5, NO))
    sums = after(([1, 2, 3, 4], [10, 20, 30, 40], distances.tolist()))
    assert (sums['matches'], sums['matched distance']) == (4, 2.0)


def test_misses_and_false_positives__are_what_is_left() -> None:
    sums = after(([1, 2, 3], [10, 20], [[0.1, NO], [NO, NO], [NO, NO]]), ([], [10], []))
    expected = {'objects': 3, 'matches': 1, 'misses': 2, 'false': 2}
    assert {name: sums[name] for name in expected} == expected


def test_listed_distance__all_pairs_the_matches_and_changes_of_identity() -> None:
    # pairs 0.1 + 0.4, match 0.1
    assert after(([1], [10, 20], [[0.1, 0.4]]))['listed distance'] == pytest.approx(0.6)
    # 0.2 as pair, as match, and because object 1 comes to the hypothesis 20, new to it
    first = ([1], [10], [[0.1]])
    sums = after(first, ([1], [20], [[0.2]]))
    assert sums['listed distance'] == pytest.approx(2 * 0.1 + 3 * 0.2)
    # as pair, as match, because hypothesis 10 comes to another object, and to one never matched
    sums = after(first, ([2], [10], [[0.2]]))
    assert sums['listed distance'] == pytest.approx(2 * 0.1 + 4 * 0.2)
    # both known: as pair and match, and because the hypothesis changes its object; twice
    sums = after(
        ([1, 2], [10, 20], [[0.1, NO], [NO, 0.1]]), ([1, 2], [10, 20], [[NO, 0.2], [0.2, NO]])
    )
    assert sums['switches'] == 2
    assert sums['listed distance'] == pytest.approx(4 * 0.1 + 2 * 3 * 0.2)
