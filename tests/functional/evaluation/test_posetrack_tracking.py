"""Every quirk of the released tracking numbers, and its correction, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.evaluation.polygons import Polygons
from jmpose_mm.functional.evaluation.posetrack_persons import PredictedPersons, TruePersons
from jmpose_mm.functional.evaluation.posetrack_tracking import (
    JointTracking,
    TrackIds,
    posetrack_mota,
)

J = 15
HEAD = 10.0
Person = tuple[int, int, float]  # frame, track, x of all joints


def tracked(
    truth: list[Person],
    predictions: list[Person],
    rules: str,
    sequence: list[int] | None = None,
    ignored: Polygons | None = None,
    absent: tuple[int, ...] = (),
    unannotated: tuple[int, ...] = (),
) -> JointTracking:
    """All joints of a person at (x, 0), 1000 pixels below each other.

    ``absent`` predictions and ``unannotated`` persons have none.
    """

    def columns(people: list[Person]) -> tuple[np.ndarray, ...]:
        points = np.zeros((len(people), J, 2))
        points[..., 0] = np.asarray([x for *_, x in people]).reshape(-1, 1)
        points[..., 1] = 1000.0 * np.arange(J)
        present = np.ones((len(people), J), bool)
        return np.asarray([frame for frame, *_ in people], int), points, present

    true = TruePersons(*columns(truth), np.full(len(truth), HEAD))
    predicted = PredictedPersons(*columns(predictions), np.ones((len(predictions), J)))
    predicted.present[list(absent)] = False
    true.present[list(unannotated)] = False
    ids = TrackIds(
        np.asarray([track for _, track, _ in truth], int),
        np.asarray([track for _, track, _ in predictions], int),
        np.asarray([0] * (max(f for f, *_ in truth) + 1) if sequence is None else sequence),
    )
    result = posetrack_mota(true, predicted, ids, ignored, rules)  # type: ignore[arg-type]
    for values in result:  # all joints are treated alike
        np.testing.assert_array_equal(values, np.full(J, values[0]))
    return result


def first(result: JointTracking) -> tuple[float, ...]:
    return tuple(float(values[0]) for values in result)


STILL = [(frame, 7, 100.0) for frame in range(4)]


def test_fixed__counts_misses_false_positives_and_switches() -> None:
    predictions = [(0, 1, 102.0), (1, 2, 101.0), (2, 2, 300.0), (3, 2, 100.0), (3, 5, 400.0)]
    # 3 matches with one switch, 1 miss, 2 false positives; distances 0.2, 0.1 and 0 heads
    expected = (100 * (1 - 4 / 4), 100 * (1 - 0.1), 100 * 3 / 5, 100 * 3 / 4)
    assert first(tracked(STILL, predictions, 'fixed')) == pytest.approx(expected)


def test_quirk_1__last_frame_of_every_sequence_is_left_out() -> None:
    predictions = [(0, 1, 100.0), (2, 1, 100.0)]
    truth, sequence = STILL, [0, 0, 1, 1]
    assert first(tracked(truth, predictions, 'fixed', sequence))[3] == 50.0
    assert first(tracked(truth, predictions, 'released', sequence))[3] == 100.0


def test_quirk_1__a_sequence_of_one_frame_has_no_released_number() -> None:
    truth, predictions = STILL[:1], [(0, 1, 100.0)]
    assert first(tracked(truth, predictions, 'fixed')) == (100.0,) * 4
    with pytest.raises(ValueError, match='sequence 0: expected at least two frames'):
        tracked(truth, predictions, 'released')


def test_quirk_2__an_empty_side_counts_as_one_miss_and_one_false_positive() -> None:
    # Frame 1 has two people and no prediction, frame 2 no person with joints but two predictions;
    # the last frame is there for the released rules to be left out.
    truth = [(0, 7, 100.0), (1, 7, 100.0), (1, 8, 300.0), (3, 7, 100.0)]
    predictions = [(0, 1, 100.0), (2, 1, 100.0), (2, 2, 300.0), (3, 1, 100.0)]
    mota, _, precision, recall = first(tracked(truth, predictions, 'released'))
    # objects 1 + 1 + 1, false positives 0 + 1 + 1
    assert (mota, precision, recall) == pytest.approx((100 * (1 - 4 / 3), 100 / 3, 100 / 3))
    mota, _, precision, recall = first(tracked(truth, predictions, 'fixed'))
    # objects 1 + 2 + 0 + 1, false positives 0 + 0 + 2 + 0
    assert (mota, precision, recall) == pytest.approx((100 * (1 - 4 / 4), 50.0, 50.0))


def test_quirk_2__people_without_joints_are_nobody_only_where_regions_are_ignored() -> None:
    truth, predictions = STILL[:2], [(0, 1, 0.0), (1, 1, 100.0)]
    # somebody is predicted in frame 0, without joints: an ordinary miss
    result = tracked(truth, predictions, 'released', absent=(0,))
    assert first(result)[:1] + first(result)[3:] == (0.0, 0.0)
    assert np.isnan(first(result)[2])
    far = np.asarray([[9e5, 0], [9e5, 9], [9.1e5, 0.0]])
    region = Polygons.from_lists([0], [far])
    result = tracked(truth, predictions, 'released', ignored=region, absent=(0,))
    assert first(result) == (-100.0, 0.0, 0.0, 0.0)


def test_quirk_3__released_motp_counts_pairs_matches_and_changes() -> None:
    truth, predictions = STILL[:2], [(0, 1, 104.0), (0, 2, 103.0), (1, 1, 100.0)]
    # pairs 0.4 and 0.3, match 0.3; and the last frame is left out
    assert first(tracked(truth, predictions, 'released'))[1] == pytest.approx(100 * (1 - 1.0))
    assert first(tracked(truth[:1], predictions[:2], 'fixed'))[1] == pytest.approx(100 * (1 - 0.3))


def test_quirk_4__released_motp_without_match_is_zero() -> None:
    predictions = [(frame, 1, 300.0) for frame in range(4)]
    assert first(tracked(STILL, predictions, 'released'))[1] == 0.0
    assert np.isnan(first(tracked(STILL, predictions, 'fixed'))[1])


def test_association__is_free_of_the_matching_for_the_ap() -> None:
    # Both predictions fit the person; the AP gives it the first and leaves the second over. Here
    # the nearer one matches, whatever its place.
    truth, predictions = STILL[:1], [(0, 1, 104.0), (0, 2, 101.0)]
    assert first(tracked(truth, predictions, 'fixed'))[1] == pytest.approx(90.0)


def test_sequences__do_not_share_their_tracks() -> None:
    predictions = [(0, 1, 100.0), (1, 1, 100.0), (2, 2, 100.0), (3, 2, 100.0)]
    assert first(tracked(STILL, predictions, 'fixed', [0, 0, 1, 1]))[0] == 100.0
    assert first(tracked(STILL, predictions, 'fixed', [0, 0, 0, 0]))[0] == 75.0


def test_frames_outside_every_sequence__are_left_out() -> None:
    predictions = [(0, 1, 100.0), (1, 1, 900.0)]
    assert first(tracked(STILL[:2], predictions, 'fixed', [0, -1])) == (100.0,) * 4


def test_joint_without_anything__is_nan() -> None:
    truth, predictions = STILL[:2], [(0, 1, 100.0), (1, 1, 100.0)]
    region = Polygons.from_lists(
        [0, 1], [np.asarray([[0, -9], [999, -9], [999, 1e6], [0, 1e6]])] * 2
    )
    assert np.isnan(first(tracked(truth, predictions, 'fixed', ignored=region))).all()


def test_joint_that_is_predicted_but_not_annotated__has_no_mota() -> None:
    truth, predictions = STILL[:2], [(0, 1, 100.0), (1, 1, 100.0)]
    mota, _, precision, recall = first(tracked(truth, predictions, 'fixed', unannotated=(0, 1)))
    assert np.isnan([mota, recall]).all()
    assert precision == 0.0


def test_order_of_persons__plays_no_role() -> None:
    predictions = [(0, 1, 102.0), (1, 2, 101.0), (2, 2, 300.0), (3, 2, 100.0), (3, 5, 400.0)]
    whole = first(tracked(STILL, predictions, 'fixed'))
    assert first(tracked(STILL[::-1], predictions[::-1], 'fixed')) == whole
