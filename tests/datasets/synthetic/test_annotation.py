from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from jmpose_mm.datasets.synthetic.annotation import (
    annotate_frame,
    image_number,
    noisy_detections,
    severity_tags,
)
from jmpose_mm.datasets.synthetic.scene import PAD, Scene
from jmpose_mm.datasets.synthetic.skeleton import KEYPOINT_NAMES, POINTS

Stand = Callable[..., Scene]
SEEN = [''] * 17


def only(hidden: list[str], severity: dict[str, float], scene: Scene) -> dict:
    entries, left_out = annotate_frame(scene, 0, [[hidden]], severity)
    assert len(entries) == 1
    assert left_out == []
    return entries[0]


def test_image_number__is_source_video_frame() -> None:
    assert image_number(342, 7) == 90003420007


def test_entry__box_is_the_joint_box_times_1_3(stand: Stand) -> None:
    scene = stand((0.0, 4.0, 0.4))
    entry = only(SEEN, {}, scene)
    points = np.array(entry['keypoints']).reshape(17, 3)
    points = points[points[:, 2] > 0, :2]
    low, high = points.min(0), points.max(0)
    x, y, width, height = entry['bbox']
    assert (width, height) == pytest.approx(tuple(1.3 * (high - low)), abs=0.01)
    assert (x + width / 2, y + height / 2) == pytest.approx(tuple((low + high) / 2), abs=0.01)
    assert entry['area'] == pytest.approx(width * height, rel=1e-4)
    assert entry['num_keypoints'] == 15


def test_entry__keypoints_are_the_projected_joints_and_ears_are_absent(stand: Stand) -> None:
    scene = stand((0.3, 4.0, 0.4))
    points = np.array(only(SEEN, {}, scene)['keypoints']).reshape(17, 3)
    np.testing.assert_array_equal(points[3:5], 0)
    joints = [k for k in range(17) if k not in (3, 4)]
    np.testing.assert_allclose(points[joints, :2], scene.persons[0].image[PAD][joints], atol=6e-4)
    np.testing.assert_array_equal(points[joints, 2], 1)


def test_entry__head_box_is_tight_around_chin_crown_and_nose(stand: Stand) -> None:
    scene = stand((0.0, 4.0, 0.4))
    person = scene.persons[0]
    x, y, width, height = only(SEEN, {}, scene)['bbox_head']
    chin = person.image[PAD, POINTS['head_bottom']]
    crown = person.image[PAD, POINTS['head_top']]
    assert y == pytest.approx(crown[1], abs=1e-3)
    assert y + height == pytest.approx(chin[1], abs=1e-3)
    assert 0.5 * height < width < 1.1 * height
    assert x < min(chin[0], crown[0])
    assert x + width > max(chin[0], crown[0])


def test_entry__hidden_joints_stay_and_are_flagged_while_outer_ones_are_absent(
    stand: Stand,
) -> None:
    hidden = list(SEEN)
    hidden[KEYPOINT_NAMES.index('left_wrist')] = 'self'
    hidden[KEYPOINT_NAMES.index('right_wrist')] = 'person'
    hidden[KEYPOINT_NAMES.index('left_ankle')] = 'frame'
    entry = only(hidden, {}, stand((0.0, 4.0, 0.0)))
    points = np.array(entry['keypoints']).reshape(17, 3)
    assert points[9:11, 2].tolist() == [1, 1]
    assert entry['keypoints_is_visible'][9:11] == [0, 0]
    assert entry['keypoints_occluded_by'][9:11] == ['self', 'person']
    assert points[15].tolist() == [0, 0, 0]
    assert entry['keypoints_occluded_by'][15] == ''
    assert entry['num_keypoints'] == 14
    assert entry['occluded_by'] == ['person', 'self']


def test_entry__an_occluder_degrades_whom_it_covers_other_effects_everybody(stand: Stand) -> None:
    scene = stand((0.0, 4.0, 0.0))
    severity = {'defocus': 0.1, 'occluder': 1.0}
    hidden = list(SEEN)
    hidden[5:9] = ['occluder'] * 4  # 4 of 15 joints: under 30 percent
    assert only(hidden, severity, scene)['degradation'] == ['defocus']
    hidden[5:10] = ['occluder'] * 5
    assert only(hidden, severity, scene)['degradation'] == ['defocus', 'occluder']


def test_entry__being_hidden_by_people_is_a_factor_from_30_percent_of_the_joints(
    stand: Stand,
) -> None:
    scene = stand((0.0, 4.0, 0.0))
    for why, factor in (('self', 'self_occlusion'), ('person', 'crossing_person')):
        hidden = list(SEEN)
        hidden[3:9] = [why] * 6  # two of them are ears, so 4 of 15 joints
        assert only(hidden, {}, scene)['factors'] == []
        hidden[9] = why
        entry = only(hidden, {'defocus': 0.1}, scene)
        assert entry['factors'] == ['defocus', factor]
        assert entry['degradation'] == ['defocus']


def test_tags__follow_from_the_persons(stand: Stand) -> None:
    scene = stand((0.0, 4.0, 0.0), (1.0, 4.0, 0.0))
    severity = {'defocus': 0.1, 'occluder': 0.9}
    half, third = list(SEEN), list(SEEN)
    half[5:11] = ['person'] * 6
    third[5:10] = ['person'] * 5
    entries, _ = annotate_frame(scene, 0, [[half, third]], severity)
    tags = severity_tags(entries, severity)
    assert tags == {
        'degraded': True,
        'degradation': ['defocus'],
        'motion_blur': False,
        'defocus': True,
        'occluder': False,
        'low_light': False,
        'compression': False,
        'self_occlusion': False,
        'crossing_person': True,
        'severity': {'defocus': 0.1, 'crossing_person': 6 / 15},
    }
    entries, _ = annotate_frame(scene, 0, [[half, third]], {})
    assert not severity_tags(entries, {})['degraded']
    assert severity_tags([], severity)['severity'] == {}


def test_person__with_three_joints_inside_becomes_an_ignore_region(stand: Stand) -> None:
    scene = stand((0.0, 4.0, 0.0))
    hidden = ['frame'] * 17
    hidden[11:14] = ['', '', '']
    entries, left_out = annotate_frame(scene, 0, [[hidden]], {})
    assert entries == []
    assert left_out == scene.persons
    hidden[14] = ''
    assert len(annotate_frame(scene, 0, [[hidden]], {})[0]) == 1


def test_person__hidden_for_long_is_left_out_and_for_a_moment_is_not(stand: Stand) -> None:
    scene = stand((0.0, 4.0, 0.0), frames=6)
    gone = ['person'] * 17
    videos = {'brief': [SEEN, gone, gone, gone, SEEN, SEEN], 'long': [SEEN, *[gone] * 5]}
    counts = {
        name: [len(annotate_frame(scene, t, [[h] for h in video], {})[0]) for t in range(6)]
        for name, video in videos.items()
    }
    assert counts['brief'] == [1, 1, 1, 1, 1, 1]
    assert counts['long'] == [1, 1, 1, 0, 0, 0]


def test_detections__miss_and_invent_at_their_rates_and_stay_close() -> None:
    image = {'width': 320, 'height': 240, 'id': 5, 'file_name': 'a', 'nframes': 3, 'frame_id': 5}
    person = {'bbox': [100.0, 50.0, 60.0, 150.0], 'degradation': []}
    rng = np.random.default_rng(0)
    found = [noisy_detections(image, [person], rng) for _ in range(2000)]
    best = [max(boxes, key=lambda b: b['score'])['bbox'] for boxes in found if boxes]
    near = [b for b in best if abs(b[0] - 100) < 20 and abs(b[1] - 50) < 50]
    assert len(near) / 2000 == pytest.approx(0.97, abs=0.015)
    assert np.std([b[2] for b in near]) / 60 == pytest.approx(0.05, abs=0.01)
    total = sum(len(boxes) for boxes in found) / 2000
    assert total == pytest.approx(0.97 * 1.04 + 1 / 6, abs=0.04)
    scores = [box['score'] for boxes in found for box in boxes]
    assert 0 < min(scores) < max(scores) < 1
