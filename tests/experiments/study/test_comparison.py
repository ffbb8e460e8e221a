"""Paired tests, corrections and agreement by hand."""

from __future__ import annotations

import pytest
from study_results import VIDEOS, result, table_of

from experiments.study.comparison import compare, gain_by_quality, holm, published_order

BASE = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]


def test_compare__pairs_seeds_and_videos():
    base = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    table = table_of(
        result('a', 0, 50.0, [v + 2 + i for i, v in enumerate(base)]),
        result('a', 1, 54.0, [v + 4 + i for i, v in enumerate(base)]),
        result('a', 2, 99.0, [0.0] * 6),
        result('b', 0, 47.0, base),
        result('b', 1, 49.0, base),
    )
    found = compare(table, 'a', 'b')
    assert found['seeds'] == [0, 1]
    assert found['difference']['values'] == [3.0, 5.0]
    # Six videos, all on one side: 2 of 2**6 orders of signs are as extreme.
    assert found['p'] == pytest.approx(2 / 64)
    assert found['videos'] == 6
    assert compare(table, 'b', 'b')['p'] == 1
    assert compare(table, 'a', 'missing') is None


def test_compare__leaves_out_videos_without_such_frames():
    table = table_of(
        result('a', 0, 1.0, [None, 5.0, 6.0, 7.0, 8.0, 9.0]),
        result('b', 0, 1.0, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
    )
    assert compare(table, 'a', 'b', 'degraded')['videos'] == 5


def test_gain_by_quality__finds_the_trend_that_is_there():
    base = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]

    def table(slope: float) -> dict:
        gained = [v + slope * v for v in base]
        return table_of(
            *(result('jm', seed, 0.0, gained) for seed in (0, 1)),
            *(result('one', seed, 0.0, base) for seed in (0, 1)),
        )

    assert gain_by_quality(table(0.5), 'jm', 'one')['rho'] == pytest.approx(1)
    assert gain_by_quality(table(-0.5), 'jm', 'one')['rho'] == pytest.approx(-1)
    assert gain_by_quality(table(0.5), 'jm', 'missing') is None


def test_compare__interval_is_of_the_videos_drawn_again():
    shifted = table_of(result('a', 0, 50.0, [v + 3 for v in BASE]), result('b', 0, 47.0, BASE))
    # The same in every video: nothing depends on which are drawn.
    assert compare(shifted, 'a', 'b')['interval'] == pytest.approx((3, 3))
    one = table_of(result('a', 0, 50.0, [16.0, *BASE[1:]]), result('b', 0, 47.0, BASE))
    low, high = compare(one, 'a', 'b')['interval']
    # The only video that differs, by 6, is drawn n times with the chances of 6 draws out of 6.
    assert (low, high) == (0, 3)


def test_holm__by_hand():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.6, 0.5]) == [1, 1]
    assert holm([]) == []


def test_holm__one_claim_needs_no_correction_and_more_need_more():
    assert holm([0.02]) == [0.02]
    assert holm([0.02, 1.0, 1.0])[0] == pytest.approx(0.06)


PUBLISHED = {'a': 46.4, 'b': 48.7, 'c': 51.6, 'd': 54.4}  # gaps of 2.3, 2.9 and 2.8


def agreement(*means: float) -> dict:
    """Of methods a to d with such AP in each of the videos."""
    runs = [result(name, 0, 0.0, [v] * len(VIDEOS)) for name, v in zip('abcd', means, strict=True)]
    return published_order(table_of(*runs), PUBLISHED)


@pytest.mark.parametrize(
    ('means', 'order', 'gaps'),
    [
        ((1, 2, 4, 5.5), 1, 1),
        ((9, 6, 2, 0), -1, -0.5),
        ((1, 3, 2, 4), 2 / 3, -1),  # one of six pairs the other way round; gaps 2, -1, 2
    ],
)
def test_published_order__by_hand(means, order, gaps):
    found = agreement(*means)
    assert found['order']['value'] == pytest.approx(order)
    assert found['order']['interval'] == pytest.approx((order, order))
    if gaps != -1:
        assert found['gaps']['value'] == pytest.approx(gaps)


def test_published_order__videos_that_disagree_make_it_uncertain():
    low, high = [1.0, 2.0, 3.0], [2.0, 1.0, 0.0]
    runs = [result(name, 0, 0.0, [low[i]] * 3 + [high[i]] * 3) for i, name in enumerate('abc')]
    published = {name: PUBLISHED[name] for name in 'abc'}
    found = published_order(table_of(*runs), published)['order']
    assert found['interval'] == (-1, 1)


def test_published_order__without_a_method():
    table = table_of(result('a', 0, 0.0, BASE))
    assert published_order(table, PUBLISHED) is None
