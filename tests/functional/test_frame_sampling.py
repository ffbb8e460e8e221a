from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import torch

from jmpose_mm.functional.frame_sampling import check_frame_offsets, draw_offsets, support_frames

WINDOW = (-2, -1, 0, 1, 2)


@pytest.mark.parametrize(
    ('key', 'expected'),
    [
        (0, (0, 0, 0, 1, 2)),
        (1, (0, 0, 1, 2, 3)),
        (2, (0, 1, 2, 3, 4)),
        (5, (3, 4, 5, 6, 7)),
        (8, (6, 7, 8, 9, 9)),
        (9, (7, 8, 9, 9, 9)),
    ],
)
@pytest.mark.parametrize('start', [0, 1, 6115])
def test_clamp__start_middle_and_end_wherever_the_numbers_begin(
    key: int, expected: tuple[int, ...], start: int
) -> None:
    available = range(start, start + 10)
    found = support_frames(start + key, WINDOW, available, 'clamp')
    assert tuple(n - start for n in found) == expected


@pytest.mark.parametrize(
    ('key', 'expected'),
    [
        # missing before: the key frame after those that exist; missing after: t+1, else the key
        (1, (1, 1, 1, 2, 3)),
        (2, (1, 2, 2, 3, 4)),
        (3, (1, 2, 3, 4, 5)),
        (8, (6, 7, 8, 9, 10)),
        (9, (7, 8, 9, 10, 10)),
        (10, (8, 9, 10, 10, 10)),
    ],
)
def test_released__the_authors_borders(key: int, expected: tuple[int, ...]) -> None:
    assert support_frames(key, WINDOW, range(1, 11), 'released') == expected


def test_released__second_frame_breaks_time_order_where_clamp_keeps_it() -> None:
    assert support_frames(2, WINDOW, range(1, 11), 'released')[:3] == (1, 2, 2)
    assert support_frames(2, WINDOW, range(1, 11), 'clamp')[:3] == (1, 1, 2)


def test_released__repeats_the_nearest_following_frame_of_a_wide_window() -> None:
    assert support_frames(7, (-4, 0, 1, 2, 3), range(1, 9), 'released') == (3, 7, 8, 8, 8)
    assert support_frames(6, (-4, 0, 1, 2, 3), range(1, 9), 'released') == (2, 6, 7, 8, 7)


@pytest.mark.parametrize('border', ['clamp', 'released'])
@pytest.mark.parametrize(
    ('length', 'expected'), [(1, {0: (0,) * 5}), (2, {0: (0, 0, 0, 1, 1), 1: (0, 0, 1, 1, 1)})]
)
def test_short_video__repeats_what_there_is(
    border: str, length: int, expected: dict[int, tuple[int, ...]]
) -> None:
    if border == 'released' and length == 2:
        expected = {0: (0, 0, 0, 1, 1), 1: (0, 1, 1, 1, 1)}
    for key, frames in expected.items():
        assert support_frames(key, WINDOW, range(length), border) == frames


@pytest.mark.parametrize('border', ['clamp', 'released'])
def test_gap__nearest_existing_number_toward_the_key_frame(border: str) -> None:
    available = {1, 2, 5, 8, 9}
    # 3 and 4 are missing before 5, 6 and 7 after it: both sides walk to the key frame
    assert support_frames(5, WINDOW, available, border) == (5, 5, 5, 5, 5)
    # 4 is missing between 2 and the key frame 5, 3 as well; 2 itself exists
    assert support_frames(5, (-3, -2, 0, 2, 3), available, border) == (2, 5, 5, 5, 8)
    # the walk stops at the first existing number, not at the key frame
    assert support_frames(9, (-3, -2, 0), available, border) == (8, 8, 9)


@pytest.mark.parametrize('border', ['clamp', 'released'])
def test_every_window__exists_and_has_the_key_where_the_offset_is_0(border: str) -> None:
    for mask in range(1, 2**6):
        available = [n for n in range(6) if mask >> n & 1]
        for key in available:
            found = support_frames(key, WINDOW, available, border)
            assert set(found) <= set(available)
            assert found[2] == key
            assert max(found[:2]) <= key <= min(found[3:])


def test_clamp__is_always_in_time_order() -> None:
    for mask in range(1, 2**6):
        available = [n for n in range(6) if mask >> n & 1]
        for key in available:
            found = support_frames(key, WINDOW, available, 'clamp')
            assert list(found) == sorted(found)


def test_window__without_gap_or_border_is_key_plus_offset() -> None:
    for offsets in [(0,), (-1, 0), (0, 3), (-3, -2, -1, 0, 1, 2, 3), (-7, 0, 2)]:
        expected = tuple(50 + o for o in offsets)
        for border in ('clamp', 'released'):
            assert support_frames(50, offsets, range(100), border) == expected


def test_support_frames__names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match='key frame 7 is not among the 3 available'):
        support_frames(7, WINDOW, {1, 2, 3})
    with pytest.raises(ValueError, match=r"border must be one of .* got 'wrap'"):
        support_frames(1, WINDOW, {1}, 'wrap')


@pytest.mark.parametrize(
    'offsets', [(), (-1, 1), (0, 0), (1, 0, -1), (0, -1), (-1, 0, 0.5), (False,), ('0',)]
)
def test_check_frame_offsets__refuses(offsets: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match='strictly ascending integers that contain 0'):
        check_frame_offsets(offsets)


def test_check_frame_offsets__makes_a_tuple_and_leaves_the_list_alone() -> None:
    offsets = [-1, 0, 1]
    assert check_frame_offsets(offsets) == (-1, 0, 1)
    assert offsets == [-1, 0, 1]


def test_draw_offsets__keeps_the_sides_and_draws_distinct_distances() -> None:
    rng = np.random.RandomState(0)
    for offsets, distance in itertools.product([WINDOW, (-1, 0), (0, 1, 2), (0,)], [2, 3, 7]):
        for _ in range(20):
            drawn = draw_offsets(offsets, distance, rng)
            assert check_frame_offsets(drawn) == drawn
            assert sum(o < 0 for o in drawn) == sum(o < 0 for o in offsets)
            assert len(drawn) == len(offsets)
            assert max(map(abs, drawn)) <= distance
            assert all(type(o) is int for o in drawn)


def test_draw_offsets__all_subsets_are_equally_likely() -> None:
    rng = np.random.RandomState(1)
    count = Counter(draw_offsets(WINDOW, 3, rng) for _ in range(9000))
    # three pairs on each side; each of the nine combinations is binomial with p = 1/9, sd 29.8
    assert len(count) == 9
    assert all(abs(n - 1000) < 5 * 29.8 for n in count.values())


def test_draw_offsets__as_many_offsets_as_distances_is_the_fixed_window() -> None:
    assert draw_offsets((-9, -5, 0, 4, 8), 2, np.random) == WINDOW


def test_draw_offsets__refuses_too_short_a_distance() -> None:
    with pytest.raises(ValueError, match=r'distance must be at least 2.* got 1'):
        draw_offsets((-1, 0, 1, 2), 1, np.random)


@pytest.mark.parametrize('offsets', [np.arange(-2, 3), torch.arange(-2, 3), [-2, -1, 0, 1, 2]])
def test_check_frame_offsets__arrays_become_plain_integers(offsets):
    found = check_frame_offsets(offsets)
    assert found == (-2, -1, 0, 1, 2)
    assert {type(offset) for offset in found} == {int}
