from __future__ import annotations

import pickle

import numpy as np
import pytest

from jmpose_mm.functional.tracks.tracking import assign, box_iou
from jmpose_mm.video.people.tracker import PersonTracker

SIGMAS = [0.1] * 4
ARMS_UP = np.array([[0, -40], [-10, -45], [10, -45], [0, 20]], float)
ARMS_DOWN = np.array([[0, 40], [-15, 0], [15, 0], [0, -20]], float)


def boxes(*columns: float) -> np.ndarray:
    """Boxes 40 wide and 100 high around places on a line."""
    return np.array([[x - 20, 0, x + 20, 100] for x in columns], float).reshape(-1, 4)


def at(x: float, shape: np.ndarray = ARMS_UP) -> np.ndarray:
    return shape + np.array([x, 50])


def update(tracker: PersonTracker, index: int, *columns: float, **kwargs: object) -> list[int]:
    return tracker.update(index, boxes(*columns), np.ones(len(columns)), **kwargs).tolist()


def test_identities__count_from_one_and_stay() -> None:
    tracker = PersonTracker(SIGMAS)
    assert update(tracker, 0, 300, 100) == [1, 2]
    assert update(tracker, 1, 105, 305) == [2, 1]
    assert update(tracker, 2, 500, 110, 310) == [3, 2, 1]


def test_crossing__velocity_keeps_what_overlap_alone_swaps() -> None:
    tracker = PersonTracker(SIGMAS)
    places = [(30 * t, 200 - 30 * t) for t in range(8)]
    # between frames 3 (90, 110) and 4 (120, 80) the other's last box is nearer
    overlap = box_iou(boxes(*places[4]), boxes(*places[3]))
    assert assign(overlap, 0.1) == [(0, 1), (1, 0)]
    assert [update(tracker, t, *place) for t, place in enumerate(places)] == [[1, 2]] * 8


def test_crossing__whose_detections_lack_for_some_frames() -> None:
    tracker = PersonTracker(SIGMAS)
    for t in (0, 1, 2):
        assert update(tracker, t, 10 * t, 100 - 10 * t) == [1, 2]
    for t in (3, 4, 5, 6):
        assert update(tracker, t) == []
    assert update(tracker, 7, 30, 70) == [2, 1]


def test_turning_back__poses_keep_what_velocity_swaps() -> None:
    places = [(65, 135), (75, 125), (85, 115), (95, 105), (90, 110), (80, 120)]
    without, with_poses = PersonTracker(SIGMAS), PersonTracker(SIGMAS)
    for t, (a, b) in enumerate(places):
        poses = np.stack([at(a, ARMS_UP), at(b, ARMS_DOWN)])
        assert update(with_poses, t, a, b, keypoints=poses) == [1, 2]
        assert update(without, t, a, b) == ([1, 2] if t < 4 else [2, 1])


def test_turning_back__poses_that_come_late_count_as_well() -> None:
    # the poses of frames 0 to 3 are known by frame 4, which brings its own
    places = [(65, 135), (75, 125), (85, 115), (95, 105), (90, 110)]
    tracker = PersonTracker(SIGMAS)
    for t, (a, b) in enumerate(places[:4]):
        assert update(tracker, t, a, b) == [1, 2]
    for t, (a, b) in enumerate(places[:4]):
        tracker.observe(t, 1, at(a, ARMS_UP))
        tracker.observe(t, 2, at(b, ARMS_DOWN))
    poses = np.stack([at(110, ARMS_DOWN), at(90, ARMS_UP)])
    assert update(tracker, 4, 110, 90, keypoints=poses) == [2, 1]


def test_return__where_last_seen_although_a_moving_pose_says_elsewhere() -> None:
    # as of a background that moves behind somebody who stands still
    tracker = PersonTracker(SIGMAS, max_age=60)
    for t in range(5):
        assert update(tracker, t, 100, 300) == [1, 2]
        tracker.observe(t, 1, at(100 + 10 * t))
    for t in range(5, 41):
        assert update(tracker, t, 300) == [2]
    assert update(tracker, 41, 102, 300) == [1, 2]


def test_return__of_somebody_beside_the_place_is_another_person() -> None:
    tracker = PersonTracker(SIGMAS, max_age=60)
    for t in range(5):
        assert update(tracker, t, 100) == [1]
        tracker.observe(t, 1, at(100 + 10 * t))
    assert update(tracker, 41, 110) == [2]  # overlaps the last detection by 30 / 50


def test_return__is_not_for_somebody_who_is_found_twice() -> None:
    tracker = PersonTracker(SIGMAS)
    for t in range(6):
        assert update(tracker, t, 100 + 20 * t, 405) == [1, 2]
    for t in range(6, 16):  # 1 is hidden, 2 goes where 1 was last seen
        assert update(tracker, t, 405 - 20 * (t - 5)) == [2]
    assert update(tracker, 16, 200, 204) == [2, 0]


def test_strides__speed_is_per_frame_of_the_source() -> None:
    tracker = PersonTracker(SIGMAS)
    for t in (0, 3, 9):  # 5 px per frame
        assert update(tracker, t, 5 * t) == [1]
    ids, predicted = tracker.predict(11)
    assert ids.tolist() == [1]
    np.testing.assert_allclose(predicted, boxes(55), atol=1e-9)
    assert update(tracker, 29, 145) == [1]  # 100 px away from the last box


def test_predict__carries_the_box_by_late_poses_and_changes_nothing() -> None:
    tracker = PersonTracker(SIGMAS)
    update(tracker, 0, 100)
    np.testing.assert_array_equal(tracker.predict(2)[1], boxes(100))
    tracker.observe(0, 1, at(100))
    raised = at(107)
    raised[1:3, 1] -= 6  # the highest joints
    tracker.observe(1, 1, raised)
    # by frame 1 the box has moved by 7 and its top by -6; the velocity is (7, -12 / 4)
    expected = boxes(107) + [0, -6, 0, 0] + np.tile([7, -3], 2) * 2
    for _ in range(2):
        np.testing.assert_allclose(tracker.predict(3)[1], expected)


def test_poses_between_detections__keep_an_identity_that_is_lost_without() -> None:
    # at rest until frame 5, then half of its width per frame
    def place(t: int) -> float:
        return 100 + 20 * max(t - 5, 0)

    blind, seeing = PersonTracker(SIGMAS), PersonTracker(SIGMAS)
    for tracker in (blind, seeing):
        assert [update(tracker, t, place(t)) for t in (0, 5)] == [[1], [1]]
    for t in range(5, 9):
        seeing.observe(t, 1, at(place(t)))
    assert update(seeing, 10, place(10)) == [1]
    assert update(blind, 10, place(10)) == [2]


def test_predict__leaves_out_whom_the_last_update_did_not_find() -> None:
    tracker = PersonTracker(SIGMAS)
    update(tracker, 0, 100, 300)
    update(tracker, 1, 300)
    ids, predicted = tracker.predict(2)
    assert (ids.tolist(), predicted.shape) == ([2], (1, 4))
    assert tracker.ids == [1, 2]
    assert update(tracker, 3, 100, 300) == [1, 2]
    assert update(tracker, 4) == []
    ids, predicted = tracker.predict(4)
    assert (ids.shape, predicted.shape) == ((0,), (0, 4))


def test_birth__takes_several_hits_in_a_row() -> None:
    tracker = PersonTracker(SIGMAS, min_hits=3)
    assert [update(tracker, t, 100) for t in range(2)] == [[0], [0]]
    assert tracker.predict(1)[0].tolist() == tracker.ids == []
    update(tracker, 2)  # the third is missing
    assert [update(tracker, t, 100) for t in range(3, 7)] == [[0], [0], [1], [1]]
    update(tracker, 7)
    assert update(tracker, 8, 100) == [1]  # a born track survives that


def test_birth__needs_a_score_that_going_on_does_not() -> None:
    tracker = PersonTracker(SIGMAS, min_score=0.5)
    assert tracker.update(0, boxes(100), np.array([0.49])).tolist() == [0]
    assert tracker.update(1, boxes(100), np.array([0.5])).tolist() == [1]
    assert tracker.update(2, boxes(100), np.array([0.1])).tolist() == [1]


def test_duplicates__begin_no_track() -> None:
    # 36 of 44 px in common: 0.82; 34 of 46: 0.74; 32 of 48: 0.67
    tracker = PersonTracker(SIGMAS)
    ids = tracker.update(0, boxes(104, 100, 300, 306), np.array([0.6, 0.9, 0.9, 0.8]))
    assert ids.tolist() == [0, 1, 2, 0]
    # the known person has the first claim, whatever the scores
    ids = tracker.update(1, boxes(100, 104), np.array([0.5, 0.9]))
    assert ids.tolist() == [1, 0]
    ids = tracker.update(2, boxes(100, 108), np.array([0.5, 0.9]))
    assert ids.tolist() == [1, 3]


def test_death__comes_after_max_age_and_identities_do_not_come_back() -> None:
    tracker = PersonTracker(SIGMAS, max_age=4)
    assert update(tracker, 0, 100) == [1]
    assert update(tracker, 4, 100) == [1]
    assert update(tracker, 9, 100) == [2]
    assert tracker.ids == [2]
    tracker.observe(9, 1, at(100))  # late news of a dead track
    assert update(tracker, 10, 100) == [2]


def test_observe__ignores_what_is_old_unborn_or_says_too_little() -> None:
    tracker = PersonTracker(SIGMAS)
    update(tracker, 0, 100)
    tracker.observe(0, 1, at(100))
    tracker.observe(4, 1, at(120))
    expected = tracker.predict(4)[1]
    np.testing.assert_allclose(expected, boxes(120))
    tracker.observe(3, 1, at(500))
    tracker.observe(5, 0, at(500))
    tracker.observe(5, 7, at(500))
    tracker.observe(5, 1, at(500), np.array([0.9, 0.9, 0.1, 0.19]))
    np.testing.assert_array_equal(tracker.predict(4)[1], expected)
    tracker.observe(4, 1, at(140), np.array([0.9, 0.9, 0.9, 0.1]))  # a better one of that frame
    np.testing.assert_allclose(tracker.predict(4)[1], boxes(140))


def test_observe__falls_back_on_velocity_where_poses_share_too_little() -> None:
    tracker = PersonTracker(SIGMAS)
    for t in range(3):
        update(tracker, t, 100 + 10 * t)
    tracker.observe(2, 1, at(120), np.array([1, 1, 1, 0]))
    tracker.observe(4, 1, at(500), np.array([0, 1, 1, 1]))
    np.testing.assert_allclose(tracker.predict(4)[1], boxes(140))


def test_order_of_detections__does_not_matter() -> None:
    rng = np.random.default_rng(0)
    first, second = PersonTracker(SIGMAS), PersonTracker(SIGMAS)
    places = np.arange(8) * 60.0
    update(first, 0, *places)
    update(second, 0, *places)
    for t in range(1, 30):
        places += rng.normal(0, 6, 8)
        order = rng.permutation(8)
        ids = np.array(update(first, t, *places))
        assert update(second, t, *places[order]) == ids[order].tolist()


def test_memory__does_not_grow() -> None:
    rng = np.random.default_rng(0)
    tracker, sizes = PersonTracker(SIGMAS, max_age=3), {}
    for t in range(601):
        found = rng.uniform(0, 5000, 4)  # strangers in every frame, somebody who stays besides
        ids = update(tracker, t, -500, *found, keypoints=np.stack([at(x) for x in (-500, *found)]))
        for person in ids:
            tracker.observe(t, person, at(0))
        if t in (100, 600):
            sizes[t] = len(pickle.dumps(tracker))
    assert ids[0] == 1
    assert max(ids) > 1000
    assert sizes[600] < 1.3 * sizes[100]


def test_errors__name_what_is_wrong() -> None:
    tracker = PersonTracker(SIGMAS)
    update(tracker, 5, 100)
    with pytest.raises(ValueError, match='index: expected a frame after 5, got 5'):
        update(tracker, 5, 100)
    with pytest.raises(ValueError, match=r'index: expected 5 \(last update\) or later, got 4'):
        tracker.predict(4)
    with pytest.raises(ValueError, match=r'boxes: expected \(2, 4\) .* got shape \(1, 4\)'):
        tracker.update(6, boxes(100), np.ones(2))
    with pytest.raises(ValueError, match='finite'):
        tracker.update(6, boxes(np.nan), np.ones(1))
    with pytest.raises(ValueError, match=r'expected shapes \(1, 4, 2\) .* got \(1, 3, 2\)'):
        update(tracker, 6, 100, keypoints=np.zeros((1, 3, 2)))
    with pytest.raises(ValueError, match=r'expected shapes \(4, 2\) and \(4,\), got .* \(3,\)'):
        tracker.observe(5, 1, at(100), np.ones(3))
    assert update(tracker, 6, 100) == [1]  # nothing of that changed the tracks


@pytest.mark.parametrize(
    ('argument', 'text'),
    [
        ({'pose_weight': 1.1}, 'pose_weight: expected a number from 0 to 1, got 1.1'),
        ({'min_similarity': 0}, 'min_similarity: expected a number above 0 up to 1, got 0'),
        ({'duplicate_iou': 2}, 'duplicate_iou: expected a number above 0 up to 1, got 2'),
        ({'min_hits': 0}, 'min_hits: expected at least 1, got 0'),
        ({'max_age': 0}, 'max_age: expected at least 1, got 0'),
    ],
)
def test_arguments__out_of_range(argument: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        PersonTracker(SIGMAS, **argument)
