from __future__ import annotations

import itertools

import numpy as np
import pytest

from jmpose_mm.functional.tracks.tracking import (
    assign,
    box_carried_by_pose,
    box_iou,
    common_velocity,
    joints_seen,
    nms,
    oks,
)

NO = np.nan
SIGMAS = np.array([0.05, 0.1, 0.1])


def array(*rows: object) -> np.ndarray:
    return np.asarray(rows, dtype=np.float64)


def test_box_iou__hand_calculation() -> None:
    boxes = array([0, 0, 10, 10], [20, 0, 30, 20])
    others = array([0, 0, 10, 10], [5, 5, 15, 15], [10, 0, 20, 10], [20, 10, 30, 20])
    # 25 shared of 175; boxes that only touch share nothing; the lower half of the second box
    expected = [[1, 25 / 175, 0, 0], [0, 0, 0, 0.5]]
    np.testing.assert_allclose(box_iou(boxes, others), expected)
    np.testing.assert_allclose(box_iou(others, boxes), np.transpose(expected))


def test_box_iou__boxes_without_area_overlap_nothing() -> None:
    point, turned = [5, 5, 5, 5], [10, 10, 0, 0]
    others = array(point, turned, [0, 0, 10, 10])
    assert box_iou(array(point, turned), others).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert box_iou(np.zeros((0, 4)), others).shape == (0, 3)


def test_distinct_boxes__the_best_of_each_heap_stays() -> None:
    # 0 and 1 overlap by 8/12, 1 and 2 as well, 0 and 2 by 6/14
    boxes = array([0, 0, 10, 1], [2, 0, 12, 1], [4, 0, 14, 1], [50, 0, 60, 1])
    scores = array(0.7, 0.9, 0.8, 0.1)
    assert nms(boxes, scores, 0.5).tolist() == [1, 3]
    assert nms(boxes, scores, 0.7).tolist() == [1, 2, 0, 3]
    # what is left out leaves nobody out
    assert nms(boxes, array(0.9, 0.8, 0.7, 0.1), 0.5).tolist() == [0, 2, 3]


def test_distinct_boxes__of_equals_the_first_stays() -> None:
    boxes = np.tile(array([0, 0, 4, 4]), (3, 1))
    assert nms(boxes, np.ones(3), 0.5).tolist() == [0]
    assert nms(np.zeros((0, 4)), np.zeros(0), 0.5).tolist() == []


def test_pose_similarity__hand_calculation() -> None:
    pose = array([0, 0], [10, 0], [0, 10])
    moved = array([3, 4], [10, 0], [NO, NO])
    # 5 px at sigma 0.05 and area 1000: exp(-25 / (2 1000 0.1^2)) = exp(-1.25)
    likeness = oks(pose[None], moved[None], array(1000), SIGMAS)
    np.testing.assert_allclose(likeness, [[(np.exp(-1.25) + 1) / 2]])


def test_pose_similarity__follows_coco() -> None:
    from mmpose.evaluation.functional.nms import oks_iou

    rng = np.random.default_rng(0)
    poses, areas = rng.uniform(0, 200, (6, 3, 2)), rng.uniform(5e3, 5e4, 6)
    ours = oks(poses, poses, areas, SIGMAS)
    flat = np.concatenate([poses, np.ones((6, 3, 1))], axis=2).reshape(6, -1)
    for n, person in enumerate(flat):
        # the host divides by the mean area of both
        theirs = oks_iou(person, flat, areas[n], areas, sigmas=SIGMAS)
        mean = (areas[n] + areas) / 2
        same = oks(poses[n : n + 1], poses, mean, SIGMAS)[0]
        np.testing.assert_allclose(same, theirs, atol=1e-9)
    np.testing.assert_allclose(np.diag(ours), 1)


def test_pose_similarity__is_unknown_without_a_common_joint() -> None:
    left, right = array([1, 1], [NO, NO], [NO, 2]), array([NO, NO], [5, 5], [1, 2])
    assert np.isnan(oks(left[None], right[None], array(100), SIGMAS)).all()
    assert oks(left[None], left[None], array(0), SIGMAS).tolist() == [[1]]


def test_assign__takes_the_largest_sum_not_the_largest_pair() -> None:
    # greedy takes 0.9 and is left with 0.1: 1.0 against 1.5
    assert assign(array([0.9, 0.8], [0.7, 0.1]), 0.05) == [(0, 1), (1, 0)]
    assert assign(array([0.9, 0.8], [0.05, 0.1]), 0.2) == [(0, 0)]
    assert assign(np.zeros((0, 3)), 0.1) == []
    # pairs that are not permitted do not tip the balance: 0.35 + 0.35 against 0.5
    assert assign(array([0.5, 0.35], [0.35, 0.0]), 0.4) == [(0, 0)]


@pytest.mark.parametrize('seed', range(20))
def test_assign__is_the_best_of_all_permitted_pairings(seed: int) -> None:
    similarity = np.random.default_rng(seed).uniform(0, 1, (4, 3))
    pairs = assign(similarity, 0.4)
    permitted = np.where(similarity >= 0.4, similarity, 0)
    best = max(
        sum(permitted[row, column] for column, row in enumerate(rows))
        for rows in itertools.permutations(range(4), 3)
    )
    assert all(similarity[pair] >= 0.4 for pair in pairs)
    assert sum(similarity[pair] for pair in pairs) == pytest.approx(best)


def test_common_velocity__is_the_slope_of_parallel_lines() -> None:
    # even without its own offset each series says (2, -1); frames may be left out
    boxes = ([3, 4, 8], array([0, 9], [2, 8], [10, 4]))
    joints = ([3, 5], array([100, 50], [104, 48]))
    for series in ([boxes], [joints], [boxes, joints]):
        np.testing.assert_allclose(common_velocity(series), [2, -1], atol=1e-12)
    # 1 px per frame over frames 0, 1 and 3 px over 0, 2: (0.5 1 + 2 3) / (0.5 + 2)
    mixed = [([0, 1], array([0, 0], [1, 0])), ([0, 2], array([7, 7], [13, 7]))]
    np.testing.assert_allclose(common_velocity(mixed), [6.5 / 2.5, 0])


def test_common_velocity__of_one_frame_is_zero() -> None:
    assert common_velocity([([5], array([3, 3])), ([], np.zeros((0, 2)))]).tolist() == [0, 0]


def test_box_carried_by_pose__each_side_as_the_poses() -> None:
    before, after = array([10, 10], [20, 40], [15, 50]), array([13, 12], [25, 42], [18, 45])
    # left +3, top +2, right +5, bottom -5
    carried = box_carried_by_pose(array(5, 5, 25, 60), before, after)
    assert carried is not None
    assert carried.tolist() == [8, 7, 30, 55]


def test_box_carried_by_pose__needs_common_joints_and_a_box_that_fits() -> None:
    box, before = array(5, 5, 25, 60), array([10, 10], [20, 40], [15, 50])
    assert box_carried_by_pose(box, before, array([NO, NO], [25, 42], [18, 45])) is None
    crouched = array([10, 37.6], [20, 45], [15, 50])
    assert box_carried_by_pose(box, before, crouched) is None  # 27.4 of 55 px would be left
    crouched[0, 1] = 37.4
    assert box_carried_by_pose(box, before, crouched) is not None


def test_joints_seen__needs_both_coordinates() -> None:
    assert joints_seen(array([1, 2], [NO, 2], [1, NO])).tolist() == [True, False, False]
