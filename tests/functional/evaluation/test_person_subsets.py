"""AP of some persons: by hand, and the laws that tie it to AP of all persons and of frames."""

from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.evaluation.person_subsets import (
    ap_of_persons,
    divide_by_quantiles,
    match_persons,
)
from jmpose_mm.functional.evaluation.posetrack_ap import JointAP, posetrack_ap
from jmpose_mm.functional.evaluation.posetrack_matching import match_joints, pair_persons
from jmpose_mm.functional.evaluation.posetrack_persons import (
    PredictedPersons,
    TruePersons,
    select_frames,
    take_persons,
)

J = 15
HEAD = 30.0
POSE = np.stack([np.arange(J) * 100.0, np.arange(J) * 50.0], axis=1)
RIGHT = np.asarray([1.0, 0.0])
FAR = 1e5 * RIGHT


def true_persons(*persons: tuple[int, np.ndarray]) -> TruePersons:
    frame = np.asarray([frame for frame, _ in persons], dtype=np.int64)
    points = np.asarray([points for _, points in persons], dtype=float).reshape(-1, J, 2)
    present = np.ones((len(frame), J), dtype=bool)
    return TruePersons(frame, points, present, np.full(len(frame), HEAD))


def predicted(*persons: tuple[int, np.ndarray, float]) -> PredictedPersons:
    plain = true_persons(*((frame, points) for frame, points, _ in persons))
    scores = np.asarray([np.full(J, score) for *_, score in persons], dtype=float).reshape(-1, J)
    return PredictedPersons(plain.frame, plain.keypoints, plain.present, scores)


def of(truth: TruePersons, predictions: PredictedPersons, chosen: list[bool]) -> JointAP:
    owner = match_persons(truth, predictions)
    return ap_of_persons(truth, predictions, owner, np.asarray(chosen, dtype=bool))


@pytest.fixture
def scene() -> tuple[TruePersons, PredictedPersons]:
    """Frame 0: one person found, one missed, one false; frame 1: one found, one false."""
    truth = true_persons((0, POSE), (0, POSE + FAR), (1, POSE + FAR))
    predictions = predicted(
        (0, POSE, 0.9), (0, POSE - FAR, 0.95), (1, POSE + FAR, 0.8), (1, POSE - FAR, 0.99)
    )
    return truth, predictions


@pytest.mark.parametrize(
    ('chosen', 'num_true', 'num_predicted', 'ap'),
    [
        # the false person of frame 0 ranks before the right one: precision 1/2
        ([True, False, False], 1, 2, 50.0),
        # false, false, right: precision 1/3 at half of the persons
        ([False, True, True], 2, 3, 100 / 3 / 2),
        # frame 1 alone: false, right
        ([False, False, True], 1, 2, 50.0),
        # only the false one of frame 0 is left
        ([False, True, False], 1, 1, 0.0),
        # false, false, right, right: precision 2/4 at two of three persons
        ([True, True, True], 3, 4, 100 * 2 / 4 * 2 / 3),
    ],
)
def test_ap_of_persons__by_hand(scene, chosen, num_true, num_predicted, ap) -> None:
    result = of(*scene, chosen)
    assert result.num_true.tolist() == [num_true] * J
    assert result.num_predicted.tolist() == [num_predicted] * J
    np.testing.assert_allclose(result.ap, ap)


def test_ap_of_persons__nobody_is_matched_anew() -> None:
    # Both predictions are right for both persons, choose the first of them, and the first gets it;
    # the other is not offered the second person, with the first one around or not.
    moved = POSE + RIGHT * 14
    truth = true_persons((0, POSE), (0, moved))
    predictions = predicted((0, POSE + RIGHT * 3, 0.1), (0, POSE, 0.9))
    assert match_persons(truth, predictions).tolist() == [0, -1]
    assert of(truth, predictions, [False, True]).num_correct.tolist() == [0] * J
    alone = posetrack_ap(take_persons(truth, np.asarray([1])), predictions)
    assert alone.num_correct.tolist() == [1] * J


def test_ap_of_persons__unannotated_joint_stays_false() -> None:
    truth = true_persons((0, POSE), (1, POSE))
    truth.present[0, 4] = False
    result = of(truth, predicted((0, POSE, 0.9), (1, POSE, 0.5)), [True, False])
    assert (result.num_true[4], result.num_predicted[4], result.num_correct[4]) == (0, 1, 0)
    assert np.isnan(result.ap[4])
    assert result.ap[3] == 100


def test_ap_of_persons__nobody_chosen() -> None:
    result = of(true_persons((0, POSE)), predicted((0, POSE, 0.9)), [False])
    assert result.num_true.sum() == result.num_predicted.sum() == 0
    empty = of(true_persons(), predicted((0, POSE, 0.9)), [])
    assert empty.num_predicted.sum() == 0


def test_ap_of_persons__lengths_are_checked(scene) -> None:
    with pytest.raises(ValueError, match=r'chosen: expected shape \(3,\), got \(2,\)'):
        of(*scene, [True, False])
    with pytest.raises(ValueError, match=r'owner: expected shape \(4,\), got \(3,\)'):
        ap_of_persons(*scene, np.zeros(3, dtype=np.int64), np.ones(3, dtype=bool))


def crowd(seed: int) -> tuple[TruePersons, PredictedPersons]:
    """Persons close to each other in frames out of order, some jointless, scores with ties."""
    rng = np.random.default_rng(seed)
    frame = rng.integers(0, 12, 40)
    points = rng.uniform(0, 60, (40, 1, 2)) + rng.uniform(0, 200, (1, J, 2))
    present = rng.uniform(size=(40, J)) < 0.8
    present[rng.uniform(size=40) < 0.1] = False
    truth = TruePersons(frame, points, present, rng.uniform(10, 60, 40))
    near = rng.integers(0, 40, 70)
    predictions = PredictedPersons(
        np.where(rng.uniform(size=70) < 0.8, frame[near], rng.integers(0, 15, 70)),
        points[near] + rng.normal(0, 12, (70, J, 2)),
        rng.uniform(size=(70, J)) < 0.9,
        rng.integers(0, 6, (70, J)).astype(float),
    )
    return truth, predictions


def assert_same(one: JointAP, other: JointAP) -> None:
    for name, values in one._asdict().items():
        np.testing.assert_array_equal(values, getattr(other, name), err_msg=name)


@pytest.mark.parametrize('seed', range(5))
def test_law__all_persons_together_have_the_official_ap(seed: int) -> None:
    truth, predictions = crowd(seed)
    assert_same(of(truth, predictions, [True] * 40), posetrack_ap(truth, predictions))


@pytest.mark.parametrize('seed', range(5))
def test_law__all_persons_of_some_frames_have_the_ap_of_these_frames(seed: int) -> None:
    truth, predictions = crowd(seed)
    frames = np.arange(15) % 3 == seed % 3
    alone = posetrack_ap(*select_frames(truth, predictions, frames))
    assert_same(of(truth, predictions, frames[truth.frame]), alone)


@pytest.mark.parametrize('seed', range(5))
def test_law__parts_share_out_true_and_right_joints(seed: int) -> None:
    truth, predictions = crowd(seed)
    whole = posetrack_ap(truth, predictions)
    edges, number = divide_by_quantiles(truth.head_size, 4)
    parts = [of(truth, predictions, number == index) for index in range(len(edges) - 1)]
    for name in ('num_true', 'num_correct'):
        total = np.sum([getattr(part, name) for part in parts], axis=0)
        np.testing.assert_array_equal(total, getattr(whole, name))
    predicted_once = [part.num_predicted for part in parts]
    assert (np.sum(predicted_once, axis=0) >= whole.num_predicted).all()


@pytest.mark.parametrize('seed', range(5))
def test_law__the_owner_is_whom_the_evaluator_judges_by(seed: int) -> None:
    truth, predictions = crowd(seed)
    owner = match_persons(truth, predictions)
    correct = match_joints(truth, predictions)
    n, m, _, hit = pair_persons(truth, predictions)
    rows = np.flatnonzero(owner[n] == m)
    np.testing.assert_array_equal(correct[n[rows]], hit[rows])
    np.testing.assert_array_equal(owner >= 0, correct.any(axis=1))
    taken = owner[owner >= 0]
    assert len(set(taken.tolist())) == len(taken) > 10


def test_divide_by_quantiles__equal_shares() -> None:
    values = np.asarray([7, 1, 9, 3, 5, 10, 2, 8, np.nan, 4, 6, np.inf])
    edges, number = divide_by_quantiles(values, 5)
    np.testing.assert_allclose(edges, [1, 2.8, 4.6, 6.4, 8.2, 10])
    assert number.tolist() == [3, 0, 4, 1, 2, 4, 0, 3, -1, 1, 2, -1]
    assert len(divide_by_quantiles(values, 5, least=4)[0]) == 2 + 1
    assert len(divide_by_quantiles(values, 5, least=99)[0]) == 1 + 1


def test_divide_by_quantiles__many_equal_values() -> None:
    edges, number = divide_by_quantiles(np.asarray([0.0] * 8 + [1.0, 2.0]), 5)
    np.testing.assert_allclose(edges, [0, 0.2, 2])
    assert number.tolist() == [0] * 8 + [1, 1]
    edges, number = divide_by_quantiles(np.asarray([0.0, 1.0, 2.0]), 2)
    assert (edges.tolist(), number.tolist()) == ([0, 1, 2], [0, 1, 1])
    edges, number = divide_by_quantiles(np.full(3, 4.0), 5)
    assert (edges.tolist(), number.tolist()) == ([4, 4], [0, 0, 0])
    edges, number = divide_by_quantiles(np.asarray([np.nan]), 5)
    assert (edges.tolist(), number.tolist()) == ([], [-1])
