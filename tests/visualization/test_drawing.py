from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES
from jmpose_mm.visualization.drawing import (
    COLOURS,
    ERROR_COLOUR,
    checked_skeleton,
    draw_errors,
    draw_poses,
    line_width,
    write_text,
)
from jmpose_mm.visualization.skeleton import Skeleton

GREY = 110
HALF = {'ankle': 90, 'knee': 70, 'hip': 50, 'wrist': 60, 'elbow': 45, 'shoulder': 25}


def canvas(height: int = 120, width: int = 100) -> np.ndarray:
    return np.full((height, width, 3), GREY, dtype=np.uint8)


def standing(names: tuple[str, ...]) -> np.ndarray:
    """(1, K, 2) a person who faces the camera: the own right side at x = 30, the left at x = 70."""
    points = []
    for name in names:
        side, _, part = name.partition('_')
        x = {'right': 30, 'left': 70}.get(side, 50)
        y = {'head_top': 5, 'nose': 12, 'head_bottom': 20}.get(name, HALF.get(part, 12))
        points.append((x, y))
    return np.asarray([points], dtype=float)


def pixels_of(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """(n, 2) x, y of the pixels of exactly this colour."""
    return np.argwhere((image == colour).all(axis=-1))[:, ::-1]


@pytest.mark.parametrize('names', [JOINT_NAMES, FILE_JOINT_NAMES])
def test_draw_poses__each_side_has_its_colour(names: tuple[str, ...]) -> None:
    drawn = draw_poses(canvas(), standing(names), thickness=3)
    right, left = pixels_of(drawn, COLOURS['right']), pixels_of(drawn, COLOURS['left'])
    assert len(right) > 150
    assert len(left) > 150
    (blue, _, red), (other_blue, _, other_red) = COLOURS['right'], COLOURS['left']
    assert red > blue
    assert other_blue > other_red
    assert right[:, 0].max() < 52
    assert left[:, 0].min() > 48


def test_draw_poses__both_layouts_give_one_picture() -> None:
    pictures = [draw_poses(canvas(), standing(names)) for names in (JOINT_NAMES, FILE_JOINT_NAMES)]
    np.testing.assert_array_equal(*pictures)
    assert (pictures[0] != GREY).any()


def test_draw_poses__placeholders_of_the_ears_are_not_drawn() -> None:
    keypoints = standing(FILE_JOINT_NAMES)
    usual = draw_poses(canvas(), keypoints)
    keypoints[0, [FILE_JOINT_NAMES.index(f'{side}_ear') for side in ('left', 'right')]] = 5, 900
    np.testing.assert_array_equal(draw_poses(canvas(), keypoints), usual)


def test_draw_poses__the_given_image_stays() -> None:
    image = canvas()
    assert (draw_poses(image, standing(JOINT_NAMES)) != image).any()
    assert (image == GREY).all()


@pytest.mark.parametrize('how', ['score', 'nan'])
def test_draw_poses__uncertain_joints_go_with_their_limbs(how: str) -> None:
    keypoints, scores = standing(JOINT_NAMES), np.ones((1, 15))
    ankle = JOINT_NAMES.index('right_ankle')
    if how == 'score':
        scores[0, ankle] = 0.1
    else:
        keypoints[0, ankle] = np.nan
    drawn = draw_poses(canvas(), keypoints, scores, thickness=3)
    low = np.s_[80:, :45]  # below the knees, on the person's right
    assert (drawn[low] == GREY).all()
    assert (draw_poses(canvas(), standing(JOINT_NAMES), thickness=3)[low] != GREY).any()
    assert (draw_poses(canvas(), keypoints, scores, 0.05, 3)[low] != GREY).any() == (how == 'score')


def test_draw_poses__head_is_drawn_without_a_nose() -> None:
    scores = np.ones((1, 15))
    scores[0, JOINT_NAMES.index('nose')] = 0
    drawn = draw_poses(canvas(), standing(JOINT_NAMES), scores, thickness=3)
    assert (drawn[8:18, 50] == COLOURS['middle']).all()


def test_draw_poses__coordinates_far_outside_do_no_harm() -> None:
    keypoints = standing(JOINT_NAMES)
    keypoints[0, JOINT_NAMES.index('right_ankle')] = -1e9, 1e9
    usual = draw_poses(canvas(), standing(JOINT_NAMES), thickness=2)
    np.testing.assert_array_equal(
        draw_poses(canvas(), keypoints, thickness=2)[:, 55:], usual[:, 55:]
    )


def test_draw_poses__nobody_and_nothing_certain() -> None:
    assert (draw_poses(canvas(), np.empty((0, 17, 2))) == GREY).all()
    assert (draw_poses(canvas(), standing(JOINT_NAMES), np.zeros((1, 15))) == GREY).all()


def test_draw_poses__lines_grow_with_the_person() -> None:
    person = standing(JOINT_NAMES)[0]
    widths = [line_width(person * scale) for scale in (0.3, 1, 3, 6)]
    assert widths == sorted(widths)
    assert widths[0] == 1
    assert widths[-1] == round(85 * 6 / 75)
    assert line_width(person * 100) == 12


@pytest.mark.parametrize('hands', [('right_hand', 'left_hand'), ('HandR', 'hand_left')])
def test_draw_poses__a_given_skeleton_decides_names_and_lines(hands: tuple[str, str]) -> None:
    skeleton = Skeleton((*hands, 'speck'), ((0, 1),))
    keypoints = np.asarray([[[20, 60], [80, 60], [50, 100]]], dtype=float)
    drawn = draw_poses(canvas(), keypoints, skeleton=skeleton, thickness=3)
    assert (drawn[60, 40:60] == COLOURS['middle']).all()
    assert (drawn[60, 20] == COLOURS['right']).all()
    assert (drawn[60, 80] == COLOURS['left']).all()
    assert (drawn[100, 50] == COLOURS['middle']).all()  # a joint without a line
    dots = draw_poses(canvas(), keypoints, skeleton=skeleton._replace(edges=()), thickness=3)
    assert [(dots[y, x] == GREY).all() for x, y in ((20, 60), (80, 60), (50, 60))] == [0, 0, 1]
    with pytest.raises(ValueError, match=r'expected shape \(N, 3, 2\), got \(1, 15, 2\)'):
        draw_poses(canvas(), standing(JOINT_NAMES), skeleton=skeleton)


@pytest.mark.parametrize('shape', [(15, 2), (1, 16, 2), (1, 15, 3)])
def test_draw_poses__shape_of_keypoints_is_checked(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r'keypoints: expected shape \(N, 15, 2\)'):
        draw_poses(canvas(), np.zeros(shape))
    with pytest.raises(ValueError, match=r'expected shape \(N, 15, 2\)'):
        checked_skeleton(np.zeros(shape))


def test_draw_poses__shape_of_scores_is_checked() -> None:
    with pytest.raises(ValueError, match=r'scores: expected shape \(1, 15\), got \(15,\)'):
        draw_poses(canvas(), standing(JOINT_NAMES), np.ones(15))


def test_draw_errors__marks_far_and_known_joints_only() -> None:
    truth = standing(JOINT_NAMES)
    keypoints, known = truth.copy(), np.ones((1, 15), dtype=bool)
    names = ('left_wrist', 'left_shoulder', 'left_ankle')
    wrist, shoulder, ankle = (JOINT_NAMES.index(name) for name in names)
    keypoints[0, [wrist, ankle]] += [0, 25]
    keypoints[0, shoulder] += [3, 0]
    known[0, ankle] = False
    drawn = draw_errors(canvas(), keypoints, truth, known, beyond=5)
    marks = pixels_of(drawn, ERROR_COLOUR)
    assert len(marks) > 20
    assert marks[:, 0].min() >= 66
    assert marks[:, 1].min() >= 56
    assert marks[:, 1].max() <= 88  # the ankle's line would reach beyond 90


def test_write_text__stays_in_its_box_and_shrinks_to_fit() -> None:
    image = canvas(60, 400)
    used = write_text(image, 'mean error 12.3 px', 20, 10, 24, 300)
    ink = np.argwhere((image != GREY).any(axis=-1))
    assert ink[:, 0].min() >= 10
    assert ink[:, 0].max() < 34
    assert ink[:, 1].min() >= 20
    assert 100 < ink[:, 1].max() <= 20 + used + 2
    narrow = canvas(60, 400)
    assert write_text(narrow, 'mean error 12.3 px', 20, 10, 24, 60) <= 60
    small = np.argwhere((narrow != GREY).any(axis=-1))
    assert small[:, 1].max() < 80
    assert np.ptp(small[:, 0]) < np.ptp(ink[:, 0]) / 2  # smaller, not cut off


def test_write_text__nothing_to_write() -> None:
    image = canvas()
    write_text(image, '', 0, 0, 20, 80)
    assert (image == GREY).all()


def test_draw_poses__lists_as_json_holds_them():
    points = np.random.default_rng(0).uniform(40, 90, (2, 17, 2))
    image, scores = np.zeros((120, 120, 3), np.uint8), np.full((2, 17), 0.9)
    drawn = draw_poses(image, points.tolist(), scores.tolist())
    assert np.array_equal(drawn, draw_poses(image, points, scores))
    assert np.array_equal(draw_poses(image, []), image)
    with pytest.raises(ValueError, match='image: expected BGR'):
        draw_poses(image[..., 0], points)
