"""Speed of motion and errors of single persons, by hand and against trying everything."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from jmpose_mm.functional.evaluation.person_errors import (
    FARTHEST_FIT,
    LONGEST_STEP,
    fit_persons,
    joint_errors,
    motion_speed,
)
from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons, TruePersons

J = 15
HEAD = 30.0
RIGHT = np.asarray([1.0, 0.0])
POSE = np.stack([np.arange(J) * 10.0, np.arange(J) * 5.0], axis=1)


def true_persons(*persons: tuple[int, float]) -> TruePersons:
    """Persons (frame, x of the first joint)."""
    frame = np.asarray([frame for frame, _ in persons], dtype=np.int64)
    points = np.asarray([POSE + RIGHT * x for _, x in persons], dtype=float).reshape(-1, J, 2)
    present = np.ones((len(frame), J), dtype=bool)
    return TruePersons(frame, points, present, np.full(len(frame), HEAD))


def predicted(*persons: tuple[int, float]) -> PredictedPersons:
    plain = true_persons(*persons)
    return PredictedPersons(*plain[:3], np.ones((len(plain.frame), J)))


def speed(truth: TruePersons, track: list[int], video=None, number=None) -> list[float]:
    frames = int(truth.frame.max()) + 1
    video = np.zeros(frames, dtype=np.int64) if video is None else np.asarray(video)
    number = np.arange(frames) if number is None else np.asarray(number)
    return motion_speed(truth, video, number, np.asarray(track)).tolist()


def test_motion_speed__distance_in_head_sizes() -> None:
    truth = true_persons((0, 0), (1, 15), (2, 15), (2, 99))
    truth.head_size[1] = 60
    np.testing.assert_allclose(speed(truth, [0, 0, 0, 1]), [np.nan, 0.25, 0, np.nan])


def test_motion_speed__is_per_frame_and_bounded_in_time() -> None:
    truth = true_persons((0, 0), (1, 30), (2, 60))
    numbers = [10, 10 + LONGEST_STEP, 10 + 2 * LONGEST_STEP + 1]
    values = speed(truth, [3, 3, 3], number=numbers)
    np.testing.assert_allclose(values, [np.nan, 1 / LONGEST_STEP, np.nan])


def test_motion_speed__only_joints_of_both_frames_count() -> None:
    truth = true_persons((0, 0), (1, 15), (2, 15))
    truth.keypoints[1, 4] += 1e6
    truth.present[0, 4] = False
    truth.present[2] = False
    np.testing.assert_allclose(speed(truth, [0, 0, 0]), [np.nan, 0.5, np.nan])
    truth.present[0, :] = np.arange(J) == 3
    truth.present[1, 3] = False
    assert np.isnan(speed(truth, [0, 0, 0])).all()


def test_motion_speed__persons_without_joints_do_not_break_a_track() -> None:
    truth = true_persons((0, 0), (1, 500), (2, 30))
    truth.present[1] = False
    np.testing.assert_allclose(speed(truth, [0, 0, 0]), [np.nan, np.nan, 0.5])


def test_motion_speed__tracks_and_videos_are_apart_in_any_order() -> None:
    truth = true_persons((3, 60), (1, 30), (0, 0), (2, 0))
    same = speed(truth, [0, 0, 0, 0], video=[0, 0, 1, 1], number=[0, 1, 1, 2])
    np.testing.assert_allclose(same, [2, 1, np.nan, np.nan])
    other = speed(truth, [0, 1, 0, -1], video=[0, 0, 1, 1], number=[0, 1, 1, 2])
    assert np.isnan(other).all()
    assert np.isnan(speed(true_persons((0, 0), (1, 9)), [-1, -1])).all()


def test_motion_speed__without_head_there_is_none() -> None:
    truth = true_persons((0, 0), (1, 30), (2, 60))
    truth.head_size[1:] = [0, np.nan]
    assert np.isnan(speed(truth, [0, 0, 0])).all()


def test_fit_persons__each_prediction_once_and_the_sum_decides() -> None:
    # Greedily person 0 would take the first prediction, leaving 80 pixels to person 1.
    truth = true_persons((5, 0), (5, 30))
    assert fit_persons(truth, predicted((5, 20), (5, -10))).tolist() == [1, 0]
    assert fit_persons(truth, predicted((5, 20), (4, 0))).tolist() == [-1, 0]


def test_fit_persons__the_median_joint_decides() -> None:
    truth, predictions = true_persons((0, 0)), predicted((0, 0), (0, 25))
    predictions.keypoints[0, :7] += 1e5
    assert fit_persons(truth, predictions).tolist() == [0]
    predictions.keypoints[0, 7] += 1e5
    assert fit_persons(truth, predictions).tolist() == [1]
    predictions.present[0, 5:8] = False
    assert fit_persons(truth, predictions).tolist() == [0]


def test_fit_persons__far_ones_are_somebody_else() -> None:
    reach = FARTHEST_FIT * HEAD
    truth = true_persons((0, 0), (1, 0))
    found = fit_persons(truth, predicted((0, reach - 0.01), (1, reach + 0.01)))
    assert found.tolist() == [0, -1]


def test_fit_persons__nobody_and_no_common_joint() -> None:
    assert fit_persons(true_persons(), predicted((0, 0))).tolist() == []
    assert fit_persons(true_persons((0, 0)), predicted()).tolist() == [-1]
    truth, predictions = true_persons((0, 0)), predicted((0, 0))
    truth.present[:, 7:], predictions.present[:, :7] = False, False
    assert fit_persons(truth, predictions).tolist() == [-1]


@pytest.mark.parametrize('seed', range(4))
def test_fit_persons__is_the_best_of_all_assignments(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places, others = rng.uniform(0, 100, 4), rng.uniform(0, 100, 4)
    frames = rng.permutation([2] * 4 + [7] * 4)
    truth = true_persons(*zip(frames.tolist(), [*places, *places], strict=True))
    predictions = predicted(*((f, x) for x in others for f in (7, 2)))
    found = fit_persons(truth, predictions)
    for frame in (2, 7):
        rows = np.flatnonzero(truth.frame == frame)
        own = np.flatnonzero(predictions.frame == frame)
        table = np.abs(
            truth.keypoints[rows, 0, 0][:, None] - predictions.keypoints[own, 0, 0][None]
        )
        least = min(table[range(4), list(order)].sum() for order in permutations(range(4)))
        cost = np.abs(truth.keypoints[rows, 0, 0] - predictions.keypoints[found[rows], 0, 0]).sum()
        assert set(found[rows]) == set(own)
        assert cost == pytest.approx(least)


def test_joint_errors__by_hand() -> None:
    truth, predictions = true_persons((0, 0), (0, 900)), predicted((0, 0))
    predictions.keypoints[0, 1, 1] += 15
    predictions.keypoints[0, 2, 0] += 31
    predictions.present[0, 3] = False
    truth.present[0, 4] = False
    errors = joint_errors(truth, predictions, np.asarray([0, -1]))
    np.testing.assert_allclose(errors[0], [0, 0.5, 1, 1, np.nan, *[0] * 10])
    np.testing.assert_allclose(errors[1], 1)
    truth.head_size[0] = 0
    assert joint_errors(truth, predictions, np.asarray([0, -1]))[0, 1] == 1
