"""A teacher's poses as annotations: weights, true labels in their place, and the one form."""

from __future__ import annotations

import copy
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.apis.video_training.pseudo_labels import (
    TRUE_WEIGHT,
    film_labels,
    full_score,
    labels_document,
)
from jmpose_mm.apis.video_training.true_labels import TruePerson, matched_truth, read_true_labels
from jmpose_mm.datasets.body.person_samples import annotated_samples
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.video.records import FramePoses, PersonPose

JOINTS = ('nose', 'left_hand', 'right_hand')
SIGMAS = [0.1] * 3


def pose(identity: int, frame: int, left: float, score: float = 0.8) -> PersonPose:
    """A person who goes to the right by 2 pixels a frame."""
    x = left + 2 * frame
    points = np.array([[x + 20, 20.0], [x + 10, 50], [x + 30, 50]])
    box = np.array([x, 10.0, x + 40, 110])
    return PersonPose(identity, box, 0.9, points, np.full(3, score))


def a_film(count: int = 9) -> list[FramePoses]:
    return [
        FramePoses(f, f / 25, '', (640, 480), (pose(1, f, 0.0), pose(2, f, 300.0, 0.4)))
        for f in range(count)
    ]


def true_person(like: PersonPose, shift: float = 6.0, present: object = True) -> TruePerson:
    known = np.broadcast_to(np.asarray(present), 3)
    return TruePerson(like.keypoints + shift, known, like.box)


def test_labels__weigh_joints_by_certainty_and_know_the_motion() -> None:
    made = film_labels(a_film(), SIGMAS, full=0.8)
    first, second = made.frames[4]
    assert [first['track_id'], second['track_id']] == [1, 2]
    np.testing.assert_allclose(first['keypoint_weights'], 1.0)
    np.testing.assert_allclose(second['keypoint_weights'], 0.25)
    np.testing.assert_allclose(first['motion'], [2.0, 0.0], atol=1e-3)
    assert first['bbox'] == [8.0, 10.0, 40.0, 100.0]
    np.testing.assert_allclose(np.reshape(first['keypoints'], (3, 3))[0], [28, 20, 2])
    assert made.certainty[4] == pytest.approx(0.625)


def test_labels__of_a_leap_have_little_weight_unless_frames_around_speak() -> None:
    film = a_film()
    wrong = film[4].persons[0]
    leap = wrong.keypoints + np.array([[0, 0], [40, 0], [0, 0]])
    weak = np.array([0.8, 0.2, 0.8])
    odd = wrong._replace(keypoints=leap, scores=weak)
    film[4] = film[4]._replace(persons=(odd, film[4].persons[1]))
    alone = film_labels(film, SIGMAS, 0.8, agree=False).frames[4][0]
    assert alone['keypoint_weights'][1] < 0.01
    assert alone['keypoints'][3:6] == [0.0, 0.0, 0.0]
    spoken = film_labels(film, SIGMAS, 0.8).frames[4][0]
    assert spoken['keypoint_weights'][1] > 0.8
    np.testing.assert_allclose(spoken['keypoints'][3:5], wrong.keypoints[1], atol=2.5)


def test_labels__leave_the_poses_as_they_were() -> None:
    film = a_film()
    kept = copy.deepcopy(film)
    film_labels(film, SIGMAS, 0.8, {2: [true_person(film[2].persons[0])]})
    for before, after in zip(kept, film, strict=True):
        for one, other in zip(before.persons, after.persons, strict=True):
            np.testing.assert_array_equal(one.keypoints, other.keypoints)
            np.testing.assert_array_equal(one.scores, other.scores)


def test_full_score__is_what_a_tenth_of_the_scores_exceed() -> None:
    film = [FramePoses(0, 0.0, '', (9, 9), (pose(1, 0, 0)._replace(scores=np.arange(11.0)),))]
    assert full_score([film]) == pytest.approx(9.0)
    assert full_score([]) == 1.0


def test_true_labels__replace_the_person_they_are_of_and_weigh_more() -> None:
    film = a_film()
    real = true_person(film[4].persons[1], present=[True, False, True])
    made = film_labels(film, SIGMAS, 0.8, {4: [real]})
    untouched, labelled = made.frames[4]
    assert (made.matched, made.added) == (1, 0)
    assert 'is_true' not in untouched
    assert labelled['is_true']
    points = np.reshape(labelled['keypoints'], (3, 3))
    np.testing.assert_allclose(points[[0, 2], :2], real.keypoints[[0, 2]])
    np.testing.assert_allclose(points[1, :2], film[4].persons[1].keypoints[1])
    np.testing.assert_allclose(np.array(labelled['keypoint_weights'])[[0, 2]], TRUE_WEIGHT)
    assert labelled['keypoint_weights'][1] < 1
    # Frames beside it, of which the teacher is not sure, go towards the true one.
    beside = np.reshape(made.frames[5][1]['keypoints'], (3, 3))[0, :2]
    assert 0.3 < (beside - film[5].persons[1].keypoints[0])[1] < 6


def test_true_labels__add_whom_the_teacher_did_not_find() -> None:
    film = a_film()
    far = true_person(pose(9, 4, 550.0), present=[True, True, False])
    _, true, counts = matched_truth(film, {4: [far], 7: []}, SIGMAS)
    assert counts == (0, 1)
    assert list(true) == [(4, 3)]
    added = film_labels(film, SIGMAS, 0.8, {4: [far]}).frames[4][2]
    assert added['num_keypoints'] == 2
    assert added['keypoints'][6:] == [0.0, 0.0, 0.0]


def document(tmp_path: Path, **changes: object) -> Path:
    film = a_film()
    made = film_labels(film, SIGMAS, 0.8)
    content = labels_document({'walk': made}, {'walk': [4, 2]}, JOINTS, sizes={'walk': (640, 480)})
    file = tmp_path / 'labels.json'
    file.write_text(json.dumps({**content, **changes}))
    return file


def test_document__is_what_the_data_sets_read(tmp_path: Path) -> None:
    tables = read_annotations(document(tmp_path), JOINTS, entries=True)
    assert [image.name for image in tables.images] == ['walk/000002.jpg', 'walk/000004.jpg']
    assert tables.persons.track_ids == [1, 2, 1, 2]
    assert tables.persons.entries[2]['keypoint_weights'] == [1.0, 1.0, 1.0]
    assert len(tables.joint_names) == 3


def test_weights__go_with_their_joints_where_a_data_set_has_another_order(tmp_path: Path) -> None:
    content = json.loads(document(tmp_path).read_text())
    for entry in content['annotations']:
        entry['keypoint_weights'] = [0.1, 0.2, 0.3]
    (tmp_path / 'labels.json').write_text(json.dumps(content))
    order = ('right_hand', 'nose', 'left_hand')
    tables = read_annotations(tmp_path / 'labels.json', order, entries=True)
    samples = annotated_samples(tables, {0: {}, 1: {}}, Counter())
    assert len(samples) == 4
    for sample in samples:
        assert sample['raw_ann_info']['keypoint_weights'] == [0.3, 0.1, 0.2]


def test_labels_file__is_read_by_film_and_frame(tmp_path: Path) -> None:
    found = read_true_labels(document(tmp_path), JOINTS, ['walk', 'run'])
    assert list(found) == ['walk']
    assert {frame: len(persons) for frame, persons in found['walk'].items()} == {2: 2, 4: 2}
    np.testing.assert_allclose(found['walk'][4][0].keypoints[0], [28, 20])
    more = read_true_labels(document(tmp_path), ('nose', 'tail', 'left_hand'), ['walk'])
    person = more['walk'][4][0]
    assert person.present.tolist() == [True, False, True]
    np.testing.assert_allclose(person.keypoints[2], [18, 50])
    with pytest.raises(UsageError, match='expected some of the joints tail'):
        read_true_labels(document(tmp_path), ('tail',), ['walk'])
    with pytest.raises(UsageError, match=r'walk/000002\.jpg'):
        read_true_labels(document(tmp_path), JOINTS, ['run', 'jump'])
    with pytest.raises(UsageError, match='labelled persons, found none'):
        read_true_labels(document(tmp_path, annotations=[]), JOINTS, ['walk'])
