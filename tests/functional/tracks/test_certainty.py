from __future__ import annotations

import numpy as np

from jmpose_mm.functional.tracks.certainty import TOLERANCE, agreed_track, joint_certainty

TIMES = np.arange(11) / 25


def walk() -> np.ndarray:
    """Two joints that go straight on at constant speed."""
    way = np.zeros((11, 2, 2))
    way[:, 0, 0], way[:, 1, 1] = 3.0 * np.arange(11), 50 - 2.0 * np.arange(11)
    return way


def test_certainty__is_the_score_of_a_joint_where_its_neighbours_put_it() -> None:
    scores = np.random.default_rng(0).uniform(0, 1.2, (11, 2))
    np.testing.assert_allclose(
        joint_certainty(walk(), scores, TIMES, np.full(11, 100.0)), np.minimum(scores, 1)
    )


def test_certainty__falls_as_a_gaussian_of_the_distance() -> None:
    way = walk()
    way[5, 0, 1] += 100 * TOLERANCE  # one standard deviation of a person of 100 pixels
    found = joint_certainty(way, np.ones((11, 2)), TIMES, np.full(11, 100.0))
    np.testing.assert_allclose(found[5, 0], np.exp(-0.5))
    assert np.allclose(np.delete(found, 5, axis=0), 1)


def test_agreed_track__straight_motion_stays_and_sure_joints_stay_sure() -> None:
    points, certainty = agreed_track(walk(), np.full((11, 2), 0.8), TIMES)
    np.testing.assert_allclose(points, walk(), atol=1e-9)
    np.testing.assert_allclose(certainty, 0.8)


def test_agreed_track__neighbours_speak_where_a_joint_is_unsure_and_there_alone() -> None:
    way, sure = walk(), np.full((11, 2), 0.9)
    way[5, 0] += [0.0, 30.0]
    sure[5, 0] = 0.1
    points, certainty = agreed_track(way, sure, TIMES)
    assert np.linalg.norm(points[5, 0] - walk()[5, 0]) < 4
    assert certainty[5, 0] > 0.8
    others = np.delete(np.arange(11), 5)
    assert np.abs(points[others] - walk()[others]).max() < 2
    np.testing.assert_allclose(points[:, 1], walk()[:, 1], atol=1e-9)


def test_agreed_track__by_hand_where_frames_around_are_certain() -> None:
    # c = 0: the joint is what the line says, but for the least weight that a sample has in it, and
    # its certainty is the mean of the others'.
    way, sure = np.zeros((5, 1, 2)), np.full((5, 1), 0.6)
    sure[2] = 0.0
    points, certainty = agreed_track(way, sure, TIMES[:5])
    assert points[2].tolist() == [[0.0, 0.0]]
    np.testing.assert_allclose(certainty[2], 0.6)


def test_agreed_track__two_frames_have_no_others() -> None:
    way, sure = walk()[:2], np.full((2, 2), 0.5)
    points, certainty = agreed_track(way, sure, TIMES[:2])
    assert np.array_equal(points, way)
    assert np.array_equal(certainty, sure)
    assert points is not way
