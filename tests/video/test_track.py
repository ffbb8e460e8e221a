from __future__ import annotations

import numpy as np

from jmpose_mm.video.people.track import Track

BOX = np.array([0.0, 0.0, 20.0, 40.0])
POSE = np.array([[5.0, 5.0], [15.0, 10.0], [10.0, 35.0]])


def moving(frames: list[int], speed: float) -> Track:
    track = Track()
    for frame in frames:
        track.add_box(frame, BOX + speed * frame * np.array([1, 0, 1, 0]))
    return track


def test_pose_at__moves_on_with_the_velocity() -> None:
    track = moving([0, 2], speed=3)
    assert track.pose_at(2) is None
    track.add_pose(1, POSE)
    np.testing.assert_allclose(track.pose_at(5), POSE + np.array([12, 0]))


def test_velocity__comes_from_boxes_and_common_joints() -> None:
    track = moving([0, 2], speed=3)
    np.testing.assert_allclose(track.velocity(), [3, 0])
    track.add_pose(0, POSE)
    track.add_pose(2, POSE + np.array([2, 4]))
    # both series span the same frames: the mean of (3, 0) and (1, 2)
    np.testing.assert_allclose(track.velocity(), [2, 1])
    hidden = POSE.copy()
    hidden[0] = np.nan
    track.add_pose(2, hidden)  # too few joints to count
    np.testing.assert_allclose(track.velocity(), [2, 1])


def test_velocity__forgets() -> None:
    track = moving([0, 1, 2, 3, 4], speed=9)
    for frame in range(5, 10):
        track.add_box(frame, BOX + np.array([36, 0, 36, 0]))
    np.testing.assert_allclose(track.velocity(), [0, 0])
    assert (track.hits, track.detected) == (10, 9)


def test_box_at__starts_from_the_pose_of_the_last_detection_only() -> None:
    track = moving([0], speed=0)
    track.add_pose(0, POSE)
    track.add_box(5, BOX)
    track.add_pose(7, POSE + 50)  # the box of frame 5 has not moved by what the pose of frame 0 has
    away = np.tile(track.velocity() * 2, 2)
    assert np.abs(away).max() > 0
    np.testing.assert_allclose(track.box_at(7), BOX + away)
