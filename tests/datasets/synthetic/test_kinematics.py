from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.datasets.synthetic.kinematics import body_points
from jmpose_mm.datasets.synthetic.motion import MOTIONS, move
from jmpose_mm.datasets.synthetic.skeleton import BONES, POINTS, Body, Pose

TIMES = np.arange(400) / 400  # one second


def at(points: np.ndarray, name: str) -> np.ndarray:
    return points[..., POINTS[name], :]


@pytest.mark.parametrize('kind', sorted(MOTIONS))
def test_motion__bones_keep_their_lengths(kind: str) -> None:
    rng = np.random.default_rng(1)
    body = Body.draw(rng)
    points = move(kind, body, TIMES, rng).points
    for start, end in BONES:
        lengths = np.linalg.norm(at(points, start) - at(points, end), axis=-1)
        assert np.ptp(lengths) < 1e-9 * lengths.mean() + 1e-12, (start, end)
    thigh = np.linalg.norm(at(points, 'left_hip') - at(points, 'left_knee'), axis=-1)
    assert thigh[0] == pytest.approx(body.lengths['thigh'], rel=1e-12)


@pytest.mark.parametrize('kind', sorted(MOTIONS))
def test_motion__people_move_and_keep_above_the_ground(kind: str) -> None:
    rng = np.random.default_rng(2)
    points = move(kind, Body.draw(rng), TIMES, rng).points
    relative = points - at(points, 'pelvis')[:, None]
    assert np.ptp(relative, axis=0).max() > 0.1
    assert points[..., 1].min() > 0
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    assert steps.max() * 400 < 15  # metres per second: nobody jumps from place to place


def test_motion__seeds_make_different_people() -> None:
    a, b = (
        move('walk', Body.draw(rng), TIMES, rng).points
        for rng in (np.random.default_rng(1), np.random.default_rng(2))
    )
    assert np.abs(a - b).max() > 0.05


def test_motion__unknown_kind_is_refused() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match=r"kind: expected one of .*'walk'.*got 'swim'"):
        move('swim', Body.draw(rng), TIMES, rng)


def test_walk__goes_forward_and_the_standing_foot_stays() -> None:
    rng = np.random.default_rng(4)
    frames = move('walk', Body.draw(rng), TIMES, rng)
    points = frames.points
    way = at(points, 'pelvis')[-1] - at(points, 'pelvis')[0]
    forward = frames.torso[:, 2].mean(0)
    assert way @ forward > 0.6
    feet = np.stack([at(points, 'left_ankle'), at(points, 'right_ankle')])
    speed = np.linalg.norm(np.diff(feet, axis=1)[..., [0, 2]], axis=-1) * 400
    assert np.median(speed.min(0)) < 0.1 * np.median(speed.max(0))


@pytest.mark.parametrize('kind', sorted(set(MOTIONS) - {'jump', 'run'}))
def test_planted__the_lower_foot_stays_in_place(kind: str) -> None:
    slides = []
    for planted in (True, False):
        rng = np.random.default_rng(4)
        points = move(kind, Body.draw(rng), TIMES, rng, planted).points
        feet = np.stack([at(points, 'left_ankle'), at(points, 'right_ankle')], 1)
        steps = np.linalg.norm(np.diff(feet, axis=0)[..., [0, 2]], axis=-1) * 400
        slides.append(np.median(steps[np.arange(399), feet[:-1, :, 1].argmin(1)]))
    assert slides[0] < 0.02  # metres per second
    assert kind != 'dance' or slides[1] > 0.5


def test_planted__a_jump_stays_as_it_is() -> None:
    a, b = (
        move('jump', Body.draw(rng), TIMES, rng, planted).points
        for planted in (True, False)
        for rng in [np.random.default_rng(4)]
    )
    np.testing.assert_array_equal(a, b)


def test_heading__zero_faces_the_camera_and_a_quarter_turn_faces_right() -> None:
    body = Body.draw(np.random.default_rng(0))
    points = body_points(body, Pose(heading=np.array([0, np.pi / 2])).limited(2)).points
    nose = at(points, 'nose') - at(points, 'head_center')
    assert nose[0, 2] > 0.05
    assert abs(nose[0, 0]) < 1e-9
    assert nose[1, 0] > 0.05
    across = at(points, 'left_shoulder') - at(points, 'right_shoulder')
    # Facing us, a person's left is on our right; facing right, it is on the far side.
    assert across[0, 0] == pytest.approx(2 * body.lengths['shoulder_half'])
    assert across[1, 2] == pytest.approx(-2 * body.lengths['shoulder_half'])


def test_arm__right_angles_by_hand() -> None:
    body = Body.draw(np.random.default_rng(0))
    pose = Pose(
        shoulder_flexion=np.array([[0, np.pi / 2]]),
        shoulder_abduction=np.array([[np.pi / 2, 0.0]]),
        elbow_flexion=np.array([[0.0, np.pi / 2]]),
    )
    points = body_points(body, pose.limited(1)).points[0]
    upper, lower = body.lengths['upper_arm'], body.lengths['forearm']
    left = at(points, 'left_wrist') - at(points, 'left_shoulder')
    np.testing.assert_allclose(left, [upper + lower, 0, 0], atol=1e-12)  # straight to the side
    right = at(points, 'right_wrist') - at(points, 'right_shoulder')
    np.testing.assert_allclose(right, [0, lower, upper], atol=1e-12)  # ahead, then up


def test_pose__is_held_within_joint_limits() -> None:
    pose = Pose(knee_flexion=np.array([[-1.0, 9.0]])).limited(3)
    np.testing.assert_array_equal(pose.knee_flexion, [[0.0, 2.3]] * 3)
