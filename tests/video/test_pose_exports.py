"""Tables and annotation files, read by those who will read them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from xtcocotools.coco import COCO

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES
from jmpose_mm.video.files.pose_exports import export_poses
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.recordings import PoseHeader, Recording, read_poses
from jmpose_mm.video.records import FramePoses, PersonPose
from jmpose_mm.visualization.skeleton import Skeleton, posetrack_skeleton

CHAIN = Skeleton(('nose', 'left_knee'), ((0, 1),))


def person(identity: int, seed: int, joints: int) -> PersonPose:
    rng = np.random.default_rng(seed)
    return PersonPose(
        identity,
        np.asarray([10.0, 20.0, 40.5, 80.25]) + seed,
        0.5,
        np.round(rng.uniform(5, 300, (joints, 2)), 2),
        np.round(rng.uniform(0.1, 1, joints), 4),
    )


def recording(tmp_path: Path, skeleton: Skeleton = CHAIN, ids: tuple = (3, 8)) -> Recording:
    joints = len(skeleton.joints)
    header = PoseHeader('clips/walk.mp4', 10.0, skeleton, {'boxes': 'hog'})
    with PoseFile(tmp_path / 'poses.json', header) as file:
        people = tuple(person(identity, seed, joints) for seed, identity in enumerate(ids))
        file.add(None, FramePoses(4, 0.4, '', (640, 360), people))
        file.add(None, FramePoses(6, 0.6, '', (640, 360), ()))
        people = (person(ids[1], 9, joints),)
        people[0].keypoints[1] = np.nan
        file.add(None, FramePoses(8, 0.8, 'other/0001.png', (320, 240), people))
    return read_poses(tmp_path / 'poses.json')


def test_csv__a_row_for_each_person_and_each_frame(tmp_path: Path) -> None:
    found = recording(tmp_path)
    (path,) = export_poses(found, tmp_path / 'made', ['csv'])
    assert path == tmp_path / 'made' / 'poses.csv'
    with path.open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [(row['index'], row['time'], row['id']) for row in rows] == [
        ('4', '0.4', '3'),
        ('4', '0.4', '8'),
        ('6', '0.6', ''),
        ('8', '0.8', '8'),
    ]
    first = next(iter(found)).persons[0]
    edges = [float(rows[0][edge]) for edge in ('left', 'top', 'right', 'bottom')]
    assert edges == first.box.tolist()
    assert float(rows[0]['box_score']) == 0.5
    for joint, name in enumerate(CHAIN.joints):
        values = [float(rows[0][f'{name}_{column}']) for column in ('x', 'y', 'score')]
        assert values == [*first.keypoints[joint], first.scores[joint]]
    assert rows[3]['left_knee_x'] == rows[3]['left_knee_y'] == ''
    assert set(list(rows[2].values())[2:]) == {''}
    assert list(rows[0])[8:] == [
        *('nose_x', 'nose_y', 'nose_score', 'left_knee_x', 'left_knee_y', 'left_knee_score')
    ]


def test_coco__is_read_by_the_tools_of_coco(tmp_path: Path) -> None:
    found = recording(tmp_path)
    (path,) = export_poses(found, tmp_path, ['coco'])
    coco = COCO(str(path))
    assert coco.getImgIds() == [4, 6, 8]
    images = coco.loadImgs([4, 8])
    assert [image['file_name'] for image in images] == ['walk/000004.jpg', 'other/0001.png']
    assert (images[1]['width'], images[1]['height']) == (320, 240)
    first, second = coco.loadAnns(coco.getAnnIds(imgIds=[4]))
    assert [first['track_id'], second['track_id']] == [3, 8]
    assert first['bbox'] == [10, 20, 30.5, 60.25]
    assert first['area'] == pytest.approx(30.5 * 60.25, abs=0.006)
    pose = next(iter(found)).persons[0]
    np.testing.assert_array_equal(
        np.reshape(first['keypoints'], (2, 3)), np.column_stack((pose.keypoints, [2, 2]))
    )
    assert first['scores'] == pose.scores.tolist()
    assert first['score'] == pytest.approx(0.5 * pose.scores.mean(), abs=6e-5)
    (last,) = coco.loadAnns(coco.getAnnIds(imgIds=[8]))
    assert last['keypoints'][3:] == [0, 0, 0]
    assert (last['num_keypoints'], last['scores'][1]) == (1, 0)
    assert [entry['id'] for entry in (first, second, last)] == [1, 2, 3]
    (category,) = coco.loadCats([1])
    assert (category['keypoints'], category['skeleton']) == (['nose', 'left_knee'], [[1, 2]])
    info = json.loads(path.read_text())['info']
    assert info['boxes'] == 'hog'
    assert info['score_rule'].startswith('score: of the box, times the mean')
    results = coco.loadRes(json.loads(path.read_text())['annotations'])
    assert len(results.getAnnIds()) == 3


@pytest.mark.parametrize('ids', [(3, 8), (0, 0)])
def test_posetrack18__is_read_by_the_evaluation(tmp_path: Path, ids: tuple[int, int]) -> None:
    found = recording(tmp_path, posetrack_skeleton(), ids)
    (path,) = export_poses(found, tmp_path / 'val', ['posetrack18'])
    frames = read_annotations(path.parent)
    assert [frame.name for frame in frames.images] == [
        *('walk/000004.jpg', 'walk/000006.jpg', 'other/0001.png')
    ]
    assert all(frame.flags['is_labeled'] for frame in frames.images)
    persons = frames.predictions()
    assert persons.frame.tolist() == [0, 0, 2]
    assert frames.persons.track_ids == ([3, 8, 8] if any(ids) else [1, 2, 1])
    order = [FILE_JOINT_NAMES.index(name) for name in JOINT_NAMES]
    pose = next(iter(found)).persons[1]
    np.testing.assert_allclose(persons.keypoints[1], pose.keypoints[order])
    np.testing.assert_allclose(persons.scores[1], pose.scores[order])
    # The joint that is not finite, the neck, is absent; all others are there.
    absent = [
        name for name, there in zip(JOINT_NAMES, persons.present[2], strict=True) if not there
    ]
    assert absent == ['head_bottom']
    assert persons.present[:2].all()
    content = json.loads(path.read_text())
    assert {image['vid_id'] for image in content['images']} == {'walk'}
    assert [image['frame_id'] for image in content['images']] == [4, 6, 8]


def test_export_poses__all_that_are_possible(tmp_path: Path) -> None:
    found = recording(tmp_path)
    page = ['quality.json', 'report.html']
    names = [path.name for path in export_poses(found, tmp_path)]
    assert names == ['poses.csv', 'coco.json', *page]
    found = recording(tmp_path, posetrack_skeleton())
    made = export_poses(found, tmp_path)
    assert [path.name for path in made] == ['poses.csv', 'coco.json', 'posetrack18.json', *page]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        *('coco.json', 'poses.csv', 'poses.json', 'posetrack18.json', *page)
    ]


def test_export_poses__refusals(tmp_path: Path) -> None:
    found = recording(tmp_path)
    with pytest.raises(UsageError, match=r"expected some of csv, coco, posetrack18, .*got 'xml'"):
        export_poses(found, tmp_path, ['csv', 'xml'])
    with pytest.raises(UsageError, match="needs PoseTrack's 17 joints, the poses have nose, left"):
        export_poses(found, tmp_path, ['posetrack18'])
    assert [entry.name for entry in tmp_path.iterdir()] == ['poses.json']
