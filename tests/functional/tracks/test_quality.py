"""Signs of wrong poses: steady motion has none, planted faults show where they are."""

from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.tracks.outliers import bone_changes, jumps, lying_on_others, outside_box
from jmpose_mm.functional.tracks.quality import (
    gaps,
    motion,
    suspicion,
    suspicions,
    track_signs,
    worth_labelling,
)
from jmpose_mm.functional.tracks.repairs import swapped_sides

TIMES = np.arange(40) / 25
ARM = [(0, 1), (1, 2)]
BOXES = np.tile([10.0, 0, 110, 100], (40, 1))


def steady() -> np.ndarray:
    """(40, 3, 2): three joints that go their ways at constant speeds, two of them apart."""
    start = np.array([[10.0, 20], [60, 20], [60, 80]])
    return start + TIMES[:, None, None] * np.array([[30.0, -12], [30, -12], [30, -12]])


def test_jumps__nothing_in_steady_motion_with_holes_and_uneven_times() -> None:
    points = steady()
    points[[3, 17, 18, 39]] = np.nan
    assert jumps(points, TIMES, 50.0).max() < 1e-9
    kept = np.delete(np.arange(40), [5, 6, 20])
    assert jumps(steady()[kept], TIMES[kept], 50.0).max() < 1e-9
    assert jumps(steady()[:1], TIMES[:1], 50.0).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize('rows', [[0], [39], [20], [20, 21], [20, 21, 22]])
def test_jumps__a_joint_elsewhere_for_up_to_three_frames_by_its_distance(rows: list[int]) -> None:
    points = steady()
    points[rows, 1] += [30, 40]
    found = jumps(points, TIMES, 100.0)
    if len(rows) < 3:
        np.testing.assert_allclose(found[rows, 1], 0.5, atol=1e-9)
    assert (found[rows, 1] > 0.3).all()
    assert not found[:, [0, 2]].any() or found[:, [0, 2]].max() < 1e-9
    # Larger pictures of the same give the same, in sizes of the person.
    np.testing.assert_allclose(jumps(7 * points, TIMES / 2, 700.0), found, atol=1e-9)


def test_bone_changes__of_the_joint_that_is_wrong_alone() -> None:
    points = steady()
    points[12, 2] = points[12, 1] + 2 * (points[12, 2] - points[12, 1])
    found = bone_changes(points, TIMES, ARM)
    assert found[12].round(6).tolist() == [0, 0, round(np.log(2), 6)]
    assert np.delete(found, 12, axis=0).max() < 1e-9
    grown = points * np.linspace(1, 3, 40)[:, None, None]  # who comes closer grows
    assert np.delete(bone_changes(grown, TIMES, ARM), 12, axis=0).max() < 0.01
    assert not bone_changes(points, TIMES, []).any()


@pytest.mark.parametrize('rows', [[5], [5, 6, 7, 8], [0, 1], [38, 39], list(range(30))])
def test_swapped_sides__the_shorter_part(rows: list[int]) -> None:
    points = steady()
    points[rows] = points[rows][:, [1, 0, 2]]
    wrong = np.isin(np.arange(40), rows)
    expected = wrong if wrong.sum() <= 20 else ~wrong
    assert swapped_sides(points, [(0, 1)], 100.0).tolist() == expected.tolist()


def test_swapped_sides__not_where_legs_pass_each_other_or_one_is_not_seen() -> None:
    legs = np.zeros((40, 2, 2))
    legs[:, 0, 0], legs[:, 1, 0] = 30 * np.sin(4 * TIMES), -30 * np.sin(4 * TIMES)
    assert not swapped_sides(legs, [(0, 1)], 200.0).any()
    legs[7, 0] = np.nan
    assert not swapped_sides(legs, [(0, 1)], 200.0).any()
    assert not swapped_sides(np.full((4, 2, 2), np.nan), [(0, 1)], 1.0).any()


def test_outside_box__by_hand() -> None:
    boxes = [[0.0, 0, 30, 40], [0, 0, 30, 40]]
    points = [[[30.0, 40], [34, 43]], [[-8, 20], [np.nan, 9]]]
    assert outside_box(points, boxes).tolist() == [[0, 0.125], [0.2, 0]]


def test_lying_on_others__of_the_less_sure_whose_box_is_elsewhere() -> None:
    pose = np.array([[20.0, 20], [40, 90], [30, 50]])
    boxes = np.array([[0.0, 0, 50, 100], [25, 0, 75, 100], [500, 0, 550, 100]])
    poses = np.stack([pose, pose, pose + np.array([500, 0])])
    scores = np.array([[0.6, 0.9, 0.6], [0.5] * 3, [0.9] * 3])
    # OKS 1, IoU 25 / 75; the third one is alone
    assert lying_on_others(poses, scores, boxes) == pytest.approx([0, 2 / 3, 0])
    turned = lying_on_others(poses[[1, 0]], scores[[1, 0]], boxes[[1, 0]])
    assert turned == pytest.approx([2 / 3, 0])
    # Who really stands in the same place has the same box.
    assert lying_on_others(poses[:2], scores[:2], boxes[[0, 0]]).tolist() == [0, 0]
    near = lying_on_others([pose, pose + np.array([30, 0])], scores[:2], boxes[:2])
    assert near[1] < 0.1
    assert lying_on_others(poses[:1], scores[:1], boxes[:1]).tolist() == [0]
    blind = np.full((2, 3, 2), np.nan)
    assert lying_on_others(blind, scores[:2], boxes[:2]).tolist() == [0, 0]


def test_track_signs__scores_of_models_that_exceed_one() -> None:
    signs = track_signs(steady(), np.full((40, 3), 6.5), TIMES, BOXES, ARM, [])
    assert suspicions(signs)['low score'].tolist() == np.zeros((40, 3)).tolist()


def test_track_signs__and_their_sum() -> None:
    points = steady()
    points[20, 2] += [0, 60]
    points[30, 0] = np.nan
    signs = track_signs(points, np.full((40, 3), 0.8), TIMES, BOXES, ARM, [])
    assert signs.scores[30].tolist() == [0, 0.8, 0.8]
    assert suspicion(signs).argmax() == 20 * 3 + 2
    # 0.2 of the score, 0.6 of the size away, a bone of 60 that is 120 long
    away = suspicions(signs)['outside of the box'][20, 2]
    assert away == pytest.approx((points[20, 2, 1] - 100) / 100)
    assert suspicion(signs)[20, 2] == pytest.approx(0.2 + 2 * 0.6 + np.log(2) / 2 + away)
    assert suspicion(signs)[10].tolist() == pytest.approx([0.2] * 3)


def test_motion__by_hand() -> None:
    times = np.array([0, 0.04, 0.08, 0.12, 1.0])
    points = np.array([0.0, 1, 3, 5, 9])[:, None, None] * [[3.0, 4]]
    points = np.concatenate([points, np.full((5, 1, 2), np.nan)], axis=1)
    speed, jitter = motion(points, times)
    np.testing.assert_allclose(speed, [np.nan, 125, 250, 250, np.nan])
    np.testing.assert_allclose(jitter, [np.nan, 5, 0, np.nan, np.nan], atol=1e-9)
    assert all(np.isnan(values).all() for values in motion(points[:1], times[:1]))


def test_gaps_and_worth_labelling__by_hand() -> None:
    assert gaps([0.0], 0.1) == []
    assert gaps([0.0, 0.1, 0.5, 0.6, 2.0], 0.15) == [(1, 2), (3, 4)]
    values = [0.1, 0.9, 0.8, 0.5, 0.7]
    assert worth_labelling(values, [0, 0.1, 0.5, 0.65, 2.0], 3) == [1, 4, 3]
    assert worth_labelling(values, np.arange(5), 2) == [1, 2]
    assert worth_labelling([], [], 3) == []
