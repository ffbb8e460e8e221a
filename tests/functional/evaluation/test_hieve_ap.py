from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.evaluation.hieve_ap import crowd_index, frame_weights, head_size_of_joints
from jmpose_mm.functional.evaluation.posetrack_ap import posetrack_ap
from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons, TruePersons

J = 14


def test_head_size__is_nose_to_chest_or_a_tenth_of_the_body() -> None:
    keypoints = np.zeros((3, J, 2))
    keypoints[:, 1] = 3.0, 4.0  # the chest; the nose is at the origin
    keypoints[:, 2] = 30.0, 40.0
    keypoints[:, 3] = 900.0, 900.0
    present = np.zeros((3, J), bool)
    present[0, :3] = present[1, 1:3] = True  # without nose: from (3, 4) to (30, 40)
    expected = [5.0, 0.1 * np.hypot(27, 36), 0.0]
    np.testing.assert_allclose(head_size_of_joints(keypoints, present), expected)


def square(x: float, y: float, side: float) -> np.ndarray:
    """Four joints at the corners; the others are not annotated."""
    points = np.zeros((J, 2))
    points[:4] = [[x, y], [x + side, y], [x, y + side], [x + side, y + side]]
    return points


def truth_of(*persons: tuple[int, np.ndarray]) -> TruePersons:
    present = np.zeros((len(persons), J), bool)
    present[:, :4] = True
    frame = np.asarray([frame for frame, _ in persons])
    return TruePersons(frame, np.asarray([p for _, p in persons]), present, np.full(len(frame), 10))


def test_crowd_index__joints_of_others_in_the_box_by_own_joints() -> None:
    # One corner of the second lies in the first's box and one of the first's in the second's; the
    # third is alone and so is the only one of frame 2.
    people = truth_of(
        (0, square(0, 0, 10)), (0, square(5, 5, 10)), (0, square(90, 90, 9)), (2, square(0, 0, 9))
    )
    assert crowd_index(people, 4).tolist() == [pytest.approx((1 / 4 + 1 / 4 + 0) / 3), 0, 0, 0]
    people.present[1] = False  # somebody without joints counts neither as person nor as joints
    assert crowd_index(people, 4).tolist() == [0, 0, 0, 0]


def test_frame_weights__grow_with_the_crowd() -> None:
    weights = frame_weights(np.asarray([0.0, 1.0]))
    np.testing.assert_allclose(weights, [2.0, 2 * np.e])


def test_weighted_ap__a_joint_counts_as_often_as_its_frame_weighs() -> None:
    truth = truth_of((0, square(0, 0, 100)), (1, square(0, 0, 100)))
    points = np.stack([square(500, 500, 100), square(0, 0, 100)])  # wrong, right
    scores = np.asarray([[0.9] * J, [0.5] * J])
    predictions = PredictedPersons(truth.frame, points, truth.present, scores)
    plain = posetrack_ap(truth, predictions)
    assert plain.ap[0] == pytest.approx(100 * 1 / 2 * 1 / 2)
    weighted = posetrack_ap(truth, predictions, frame_weights=np.asarray([1.0, 3.0]))
    assert weighted.ap[0] == pytest.approx(100 * 3 / 4 * 3 / 4)
    assert (weighted.precision[0], weighted.recall[0]) == (75.0, 75.0)
    # the same as that many copies of the frame
    frame = np.asarray([0, 1, 2, 3])
    copies = np.asarray([0, 1, 1, 1])
    many = TruePersons(frame, *(column[copies] for column in truth[1:]))
    repeated = PredictedPersons(frame, *(column[copies] for column in predictions[1:]))
    assert posetrack_ap(many, repeated).ap[0] == pytest.approx(weighted.ap[0])
    # and all weights times two are no weights
    same = posetrack_ap(truth, predictions, frame_weights=np.asarray([2.0, 2.0]))
    np.testing.assert_allclose(same.ap, plain.ap)


def test_hit_distance__is_in_head_sizes() -> None:
    truth = truth_of((0, square(0, 0, 100)))
    moved = truth.keypoints + np.array([6.0, 0.0])
    predictions = PredictedPersons(truth.frame, moved, truth.present, np.ones((1, J)))
    assert posetrack_ap(truth, predictions, hit_distance=0.6).num_correct[0] == 1
    assert posetrack_ap(truth, predictions, hit_distance=0.5).num_correct[0] == 0
