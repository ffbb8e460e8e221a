from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from jmpose_mm.datasets.synthetic.kinematics import body_points
from jmpose_mm.datasets.synthetic.occluders import Occluder, draw_foreground, paste
from jmpose_mm.datasets.synthetic.parts import Layer, draw_capsule
from jmpose_mm.datasets.synthetic.rendering import (
    CODES,
    OCCLUDER,
    SPAN,
    draw_moment,
    hidden_by,
)
from jmpose_mm.datasets.synthetic.scene import PAD, Scene, _project
from jmpose_mm.datasets.synthetic.skeleton import KEYPOINT_NAMES, POINTS, Pose

SIZE = (200, 200)
Stand = Callable[..., Scene]


def reasons(scene: Scene, layer: Layer, index: int) -> dict[str, str]:
    return dict(zip(KEYPOINT_NAMES, hidden_by(layer, scene, PAD, index), strict=True))


def test_capsule__covers_its_area() -> None:
    layer = Layer(np.zeros((80, 120, 3), np.float32), np.array([0.0, -1.0]))
    white = np.full(3, 200, np.float32)
    ends = np.array([30.3, 40.2]), np.array([90.3, 40.2])
    draw_capsule(layer, ends, (8.0, 8.0), white, 7)
    expected = np.pi * 8**2 + 60 * 16
    assert (layer.labels == 7).sum() == pytest.approx(expected, rel=0.01)
    assert layer.canvas[40, 60].min() > 150
    assert layer.canvas[40, 10].max() == 0


def test_capsule__outside_of_the_picture_changes_nothing() -> None:
    layer = Layer(np.zeros((20, 20, 3), np.float32), np.array([0.0, -1.0]))
    draw_capsule(layer, (np.array([-50.0, 5]), np.array([-40.0, 5])), (3, 3), np.ones(3), 1)
    assert not layer.canvas.any()
    assert not layer.labels.any()


@pytest.mark.parametrize('heading', [0.0, 2.8])
def test_person__left_limbs_are_warm_and_right_ones_cool(stand: Stand, heading: float) -> None:
    scene = stand((0.0, 4.0, heading))
    layer = draw_moment(scene, PAD, SIZE)
    picture = np.clip(layer.canvas, 0, 255).astype(np.uint8)
    image = scene.persons[0].image[PAD]
    for start, end in (('shoulder', 'elbow'), ('hip', 'knee'), ('knee', 'ankle')):
        for side in ('left', 'right'):
            a, b = image[POINTS[f'{side}_{start}']], image[POINTS[f'{side}_{end}']]
            line = np.round(a + np.linspace(0.3, 0.7, 9)[:, None] * (b - a)).astype(int)
            blue, _, red = picture[line[:, 1], line[:, 0]].mean(0)
            assert (red > blue + 15) == (side == 'left'), (start, side)
            assert (blue > red + 15) == (side == 'right'), (start, side)


def test_person__joints_lie_on_the_person(stand: Stand) -> None:
    scene = stand((0.0, 4.0, 0.3))
    layer = draw_moment(scene, PAD, SIZE)
    for name in KEYPOINT_NAMES:
        if 'ear' in name or name == 'head_top':  # these lie on the outline itself
            continue
        x, y = np.round(scene.persons[0].image[PAD, POINTS[name]]).astype(int)
        assert layer.labels[y, x] > 0, name


@pytest.mark.parametrize(
    ('flexion', 'over', 'part'),
    [
        (0.35, False, 'left_thigh'),
        (0.35, True, 'torso'),
        (1.5, False, 'left_thigh'),
        (1.5, True, 'left_thigh'),
    ],
)
def test_person__a_shirt_lies_over_hips_unless_the_thigh_is_raised(
    stand: Stand, flexion: float, over: bool, part: str
) -> None:
    scene = stand((0.0, 4.0, 0.0))
    person = scene.persons[0]
    pose = Pose(hip_flexion=np.array([[flexion, flexion]]), ground=np.array([[0.0, -4.0]]))
    points = body_points(person.body, pose.limited(len(person.image)))
    look = replace(person.appearance, shirt_over_hips=over)
    moved = _project(person.body, look, points, (400.0, 1.0, 90.0, 100.0), scene.to_frame)
    layer = draw_moment(replace(scene, persons=[moved]), PAD, SIZE)
    x, y = np.round(moved.image[PAD, POINTS['left_hip']]).astype(int)
    assert layer.labels[y - 1, x] % SPAN == CODES[part]


def test_visibility__alone_and_facing_us_nothing_is_hidden(stand: Stand) -> None:
    scene = stand((0.0, 4.0, 0.0))
    found = reasons(scene, draw_moment(scene, PAD, SIZE), 0)
    assert {why for name, why in found.items() if 'ear' not in name} == {''}


def test_visibility__from_the_side_the_far_limbs_are_hidden_by_the_person_itself(
    stand: Stand,
) -> None:
    scene = stand((0.0, 4.0, np.pi / 2))  # faces right: the left side is far
    found = reasons(scene, draw_moment(scene, PAD, SIZE), 0)
    assert found['left_shoulder'] == 'self'
    assert found['left_hip'] == 'self'
    assert found['right_shoulder'] == found['right_hip'] == found['right_knee'] == ''


@pytest.mark.parametrize(('heading', 'why'), [(0.7, ''), (1.2, 'self'), (2.0, 'self'), (2.6, '')])
def test_visibility__a_far_shoulder_is_hidden_by_a_trunk_turned_far_enough(
    stand: Stand, heading: float, why: str
) -> None:
    scene = stand((0.0, 4.0, heading))
    layer = draw_moment(scene, PAD, SIZE)
    x, y = np.round(scene.persons[0].image[PAD, POINTS['left_shoulder']]).astype(int)
    assert layer.labels[y, x] % SPAN == CODES['torso']  # so the depth decides, not the arm
    assert reasons(scene, layer, 0)['left_shoulder'] == why


def test_visibility__from_behind_the_head_hides_the_nose(stand: Stand) -> None:
    scene = stand((0.0, 4.0, np.pi))
    found = reasons(scene, draw_moment(scene, PAD, SIZE), 0)
    assert found['nose'] == 'self'
    assert found['head_bottom'] == found['left_hip'] == ''


def test_visibility__a_nearer_person_hides_and_is_not_hidden(stand: Stand) -> None:
    scene = stand((0.0, 5.0, 0.0), (0.0, 4.0, 0.0))
    layer = draw_moment(scene, PAD, SIZE)
    far, near = reasons(scene, layer, 0), reasons(scene, layer, 1)
    assert far['left_hip'] == far['right_hip'] == far['left_shoulder'] == 'person'
    assert 'person' not in near.values()


def test_visibility__an_occluder_and_the_border_are_told_apart(stand: Stand) -> None:
    scene = stand((0.0, 4.0, 0.0), (-1.0, 4.0, 0.0))
    layer = draw_moment(scene, PAD, SIZE)
    x, y = scene.persons[0].image[PAD, POINTS['left_knee']]
    block = Occluder(np.zeros((9, 9, 3), np.float32), np.ones((9, 9), np.float32))
    paste(layer, block, x, y, OCCLUDER)
    assert reasons(scene, layer, 0)['left_knee'] == 'occluder'
    assert reasons(scene, layer, 0)['left_hip'] == ''
    outside = reasons(scene, layer, 1)
    assert outside['right_shoulder'] == 'frame'


@pytest.mark.parametrize('hanging', [False, True])
def test_foreground__is_solid_at_the_border_that_it_comes_from(hanging: bool) -> None:
    for seed in range(12):
        alpha = draw_foreground((120, 60), 30.0, hanging, np.random.default_rng(seed)).alpha
        alpha = alpha[::-1] if hanging else alpha
        middle = alpha[:, alpha.shape[1] // 2 - 5 : alpha.shape[1] // 2 + 5]
        assert middle[40:].min() > 0.95
        assert alpha[:, [0, -1]].max() < 0.05
        assert alpha[60:].mean() > 0.6
        assert 0 <= alpha.min() <= alpha.max() <= 1 + 1e-6


def test_occluder__lies_centred_where_it_is_pasted() -> None:
    layer = Layer(np.zeros((40, 60, 3), np.float32), np.array([0.0, -1.0]))
    block = Occluder(np.full((10, 20, 3), 50, np.float32), np.ones((10, 20), np.float32))
    paste(layer, block, 30, 15, OCCLUDER)
    rows, columns = np.nonzero(layer.labels == OCCLUDER)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 19, 20, 39)
    paste(layer, block, 55, 39, 3)  # partly outside
    assert (layer.labels == 3).sum() == 6 * 15


def test_frames__annotated_limbs_are_warm_on_the_left_and_cool_on_the_right(data_set: Path) -> None:
    """Of undegraded shanks in view, on the files themselves: both ends annotated."""
    document = json.loads((data_set / 'annotations/posetrack18_train.json').read_text())
    images = {image['id']: image for image in document['images']}
    right_way = []
    for annotation in document['annotations']:
        if annotation['degradation']:
            continue
        picture = cv2.imread(str(data_set / images[annotation['image_id']]['file_name']))
        points = np.array(annotation['keypoints']).reshape(17, 3)
        seen = np.array(annotation['keypoints_is_visible'])
        for sign, knee, ankle in ((1, 13, 15), (-1, 14, 16)):
            if seen[knee] and seen[ankle]:
                x, y = np.round(0.5 * (points[knee, :2] + points[ankle, :2])).astype(int)
                blue, _, red = picture[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).mean(0)
                right_way.append(sign * (red - blue) > 0)
    assert len(right_way) > 20
    assert np.mean(right_way) > 0.9
