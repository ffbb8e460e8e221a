from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.evaluation.pck import box_size, joint_pck, torso_size


def test_box_size__is_the_longer_side() -> None:
    boxes = np.asarray([[10.0, 20, 40, 30], [0, 0, 5, 12]])
    assert box_size(boxes).tolist() == [30.0, 12.0]


def test_torso_size__is_the_predicted_one_where_the_true_one_is_below_a_pixel() -> None:
    truth = np.asarray([[[0.0, 0], [3, 4]], [[7, 7], [7, 7.9]], [[7, 7], [7, 8]]])
    predictions = np.asarray([[[0.0, 0], [0, 90]], [[0, 0], [6, 8]], [[0, 0], [0, 90]]])
    assert torso_size(truth, predictions, 0, 1).tolist() == [5.0, 10.0, 1.0]


@pytest.mark.parametrize(('comparison', 'expected'), [('<=', 200 / 3), ('<', 100 / 3)])
def test_joint_pck__a_distance_of_exactly_the_threshold(comparison: str, expected: float) -> None:
    distances = np.asarray([[0.25], [0.125], [0.5], [0.0]])
    present = np.asarray([[True], [True], [True], [False]])
    assert joint_pck(distances, present, 0.25, comparison) == pytest.approx([expected])


def test_joint_pck__each_joint_has_its_own_cases() -> None:
    distances = np.asarray([[0.1, 0.9, 0.1], [0.9, 0.9, 0.1]])
    present = np.asarray([[True, True, False], [True, False, False]])
    np.testing.assert_array_equal(joint_pck(distances, present, 0.2), [50.0, 0.0, np.nan])


def test_joint_pck__a_person_without_size_is_not_correct() -> None:
    distances = np.asarray([[np.inf], [np.nan]])
    assert joint_pck(distances, np.ones((2, 1), bool), 0.2).tolist() == [0.0]


def test_joint_pck__unknown_comparison() -> None:
    with pytest.raises(ValueError, match=r"comparison: expected one of \['<=', '<'\], got '>'"):
        joint_pck(np.zeros((1, 1)), np.ones((1, 1), bool), 0.2, '>')
