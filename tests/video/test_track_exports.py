"""Whole tracks in the forms of other tools, read as those tools read them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jmpose_mm.video.files.pose_exports import export_poses
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.recordings import PoseHeader, Recording, read_poses
from jmpose_mm.video.records import FramePoses, PersonPose
from jmpose_mm.visualization.skeleton import posetrack_skeleton

JOINTS = posetrack_skeleton().joints


def person(identity: int, seed: int) -> PersonPose:
    rng = np.random.default_rng(seed)
    points = np.round(rng.uniform(5, 300, (len(JOINTS), 2)), 2)
    return PersonPose(identity, np.array([1.0, 2, 30, 40]), 0.5, points, np.full(len(JOINTS), 0.5))


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Person 8 in the first and last of three frames, person 3 in the first."""
    header = PoseHeader('clips/walk.mp4', 10.0, posetrack_skeleton(), {})
    with PoseFile(tmp_path / 'poses.json', header) as file:
        file.add(None, FramePoses(4, 0.4, '', (640, 360), (person(8, 0), person(3, 1))))
        file.add(None, FramePoses(6, 0.6, '', (640, 360), ()))
        last = person(8, 2)
        last.keypoints[1] = np.nan
        file.add(None, FramePoses(8, 0.8, '', (640, 360), (last,)))
    return read_poses(tmp_path / 'poses.json')


def test_pyskl__persons_by_identity(recording: Recording, tmp_path: Path) -> None:
    (path,) = export_poses(recording, tmp_path, ['pyskl'])
    content = pickle.loads(path.read_bytes())
    (entry,) = content['annotations']
    assert content['split'] == {'all': ['walk']} == {'all': [entry['frame_dir']]}
    assert (entry['total_frames'], entry['img_shape'], entry['label']) == (3, (360, 640), -1)
    assert entry['keypoint'].shape == (2, 3, 17, 2)
    assert entry['keypoint'].dtype == entry['keypoint_score'].dtype == np.float16
    np.testing.assert_allclose(entry['keypoint'][0, 0], person(3, 1).keypoints, atol=0.2)
    np.testing.assert_allclose(entry['keypoint'][1, 2, 2:], person(8, 2).keypoints[2:], atol=0.2)
    assert entry['keypoint_score'][:, :, 2].tolist() == [[0.5, 0, 0], [0.5, 0, 0.5]]


def test_deeplabcut__a_row_for_every_frame(recording: Recording, tmp_path: Path) -> None:
    (path,) = export_poses(recording, tmp_path, ['deeplabcut'])
    table = pd.read_csv(path, header=[0, 1, 2, 3], index_col=0)  # as its users do
    assert table.columns.names == ['scorer', 'individuals', 'bodyparts', 'coords']
    assert table.index.tolist() == [4, 6, 8]
    own = table['jmpose_mm']['person8']
    assert own['nose']['x'].tolist() == pytest.approx(
        [person(8, 0).keypoints[0, 0], np.nan, person(8, 2).keypoints[0, 0]], nan_ok=True
    )
    assert table['jmpose_mm']['person3']['left_ankle']['likelihood'].isna().tolist() == [
        *(False, True, True)
    ]


def test_openpose__a_file_for_every_frame(recording: Recording, tmp_path: Path) -> None:
    (folder,) = export_poses(recording, tmp_path, ['openpose'])
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f'walk_{n:012d}_keypoints.json' for n in (4, 6, 8)]
    first, second, third = (json.loads(file.read_text(encoding='utf-8')) for file in files)
    assert [p['person_id'] for p in first['people']] == [[8], [3]]
    assert second['people'] == []
    values = np.reshape(first['people'][0]['pose_keypoints_2d'], (25, 3))
    given = dict(zip(JOINTS, person(8, 0).keypoints, strict=True))
    for place, joint in {0: 'nose', 1: 'head_bottom', 4: 'right_wrist', 14: 'left_ankle'}.items():
        np.testing.assert_allclose(values[place], [*given[joint], 0.5])
    np.testing.assert_allclose(values[8, :2], (given['left_hip'] + given['right_hip']) / 2)
    assert not values[19:].any()
    # Without the neck that PoseTrack has, it is between the shoulders.
    values = np.reshape(third['people'][0]['pose_keypoints_2d'], (25, 3))
    given = dict(zip(JOINTS, person(8, 2).keypoints, strict=True))
    middle = (given['left_shoulder'] + given['right_shoulder']) / 2
    np.testing.assert_allclose(values[1, :2], middle, atol=1e-3)


def test_trc__a_file_for_each_person(recording: Recording, tmp_path: Path) -> None:
    (folder,) = export_poses(recording, tmp_path, ['trc'])
    assert sorted(file.name for file in folder.iterdir()) == ['person03.trc', 'person08.trc']
    lines = (folder / 'person08.trc').read_text(encoding='utf-8').split('\n')
    assert lines[2].split('\t') == ['10.0', '10.0', '3', '17', 'px', '10.0', '1', '3']
    assert lines[3].split('\t')[2::3][:17] == list(JOINTS)
    rows = [line.split('\t') for line in lines[6:9]]
    assert {len(row) for row in rows} == {2 + 3 * 17}
    assert [row[:2] for row in rows] == [['1', '0.400000'], ['2', '0.600000'], ['3', '0.800000']]
    x, y = person(8, 0).keypoints[0]
    assert [float(v) for v in rows[0][2:5]] == pytest.approx([x, 360 - y, 0])
    assert rows[1][2:] == [''] * 51


def test_to_dataframe__a_row_for_each_joint(recording: Recording, tmp_path: Path) -> None:
    from jmpose_mm.apis import read_poses as read
    from jmpose_mm.apis import to_dataframe

    table = to_dataframe(tmp_path / 'poses.json')
    assert len(table) == 3 * 17
    assert list(table.columns) == ['frame', 'time', 'person', 'joint', 'x', 'y', 'score']
    first = table.iloc[0]
    assert (first.frame, first.time, first.person, first.joint) == (4, 0.4, 8, 'nose')
    assert (first.x, first.y) == tuple(person(8, 0).keypoints[0])
    assert table[table.frame == 8].x.isna().sum() == 1
    pd.testing.assert_frame_equal(table, to_dataframe(read(tmp_path / 'poses.json')))
