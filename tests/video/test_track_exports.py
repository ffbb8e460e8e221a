"""Whole tracks in the forms of other tools, read as those tools read them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from jmpose_mm.errors import UsageError
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


def test_openpose__in_the_order_of_coco(recording: Recording, tmp_path: Path) -> None:
    (folder,) = export_poses(recording, tmp_path, ['openpose-coco18'])
    content = json.loads((folder / 'walk_000000000004_keypoints.json').read_text(encoding='utf-8'))
    values = np.reshape(content['people'][0]['pose_keypoints_2d'], (18, 3))
    given = dict(zip(JOINTS, person(8, 0).keypoints, strict=True))
    order = 'nose head_bottom right_shoulder right_elbow right_wrist left_shoulder left_elbow '
    order += 'left_wrist right_hip right_knee right_ankle left_hip left_knee left_ankle'
    np.testing.assert_allclose(values[:14, :2], [given[joint] for joint in order.split()])
    # PoseTrack has ears, and no eyes.
    assert not values[14:16].any()
    np.testing.assert_allclose(values[16:, :2], [given['right_ear'], given['left_ear']])


def test_deeplabcut_h5__the_table_of_the_csv(recording: Recording, tmp_path: Path) -> None:
    pytest.importorskip('tables')
    text, binary = export_poses(recording, tmp_path, ['deeplabcut', 'deeplabcut-h5'])
    table = pd.read_hdf(binary)
    expected = pd.read_csv(text, header=[0, 1, 2, 3], index_col=0)
    pd.testing.assert_frame_equal(table, expected, check_index_type=False)


def test_deeplabcut_h5__opens_movement(recording: Recording, tmp_path: Path) -> None:
    pytest.importorskip('tables')
    load_poses = pytest.importorskip('movement.io.load_poses')
    for form in ('deeplabcut-h5', 'deeplabcut'):
        (path,) = export_poses(recording, tmp_path, [form])
        data = load_poses.from_dlc_file(path, fps=5)
        assert data.individuals.values.tolist() == ['person3', 'person8']
        assert data.keypoints.values.tolist() == list(JOINTS)
        found = data.position.sel(individuals='person8').values[0].T
        np.testing.assert_allclose(found, person(8, 0).keypoints)


def test_c3d__a_file_for_each_person(recording: Recording, tmp_path: Path) -> None:
    ezc3d = pytest.importorskip('ezc3d')
    (folder,) = export_poses(recording, tmp_path, ['c3d'])
    assert sorted(file.name for file in folder.iterdir()) == ['person03.c3d', 'person08.c3d']
    file = ezc3d.c3d(str(folder / 'person08.c3d'))
    point = file['parameters']['POINT']
    assert point['RATE']['value'].tolist() == [5]  # every second frame of 10 a second
    assert point['LABELS']['value'] == list(JOINTS)
    places, given = file['data']['points'], person(8, 0).keypoints
    assert places.shape == (4, 17, 3)
    np.testing.assert_allclose(places[0, :, 0], given[:, 0], atol=1e-4)
    np.testing.assert_allclose(places[1, :, 0], 360 - given[:, 1], atol=1e-4)
    assert not places[2, :, 0].any()
    assert np.isnan(places[:3, :, 1]).all()
    assert np.isnan(places[:3, 1, 2]).all()


def test_c3d__what_the_format_cannot_count_is_in_further_files(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ezc3d = pytest.importorskip('ezc3d')
    monkeypatch.setattr('jmpose_mm.video.files.track_exports.C3D_FRAMES', 2)
    (folder,) = export_poses(recording, tmp_path, ['c3d'])
    names = [file.name for file in folder.glob('person08*')]
    assert sorted(names) == ['person08.c3d', 'person08_from_row_2.c3d']
    rest = ezc3d.c3d(str(folder / 'person08_from_row_2.c3d'))['data']['points']
    assert rest.shape == (4, 17, 1)
    np.testing.assert_allclose(rest[0, 0, 0], person(8, 2).keypoints[0, 0], atol=1e-4)


def test_cvat__tracks_of_skeletons(recording: Recording, tmp_path: Path) -> None:
    (path,) = export_poses(recording, tmp_path, ['cvat'])
    root = ElementTree.parse(path).getroot()
    labels = {e.findtext('name'): e.findtext('parent') for e in root.iter('label')}
    assert labels == {'person': None, **dict.fromkeys(JOINTS, 'person')}
    assert root.findtext('meta/task/size') == '9'
    third, eighth = root.findall('track')
    assert {track.get('label') for track in (third, eighth)} == {'person'}
    # Person 3 is gone in frame 6, which CVAT must be told; so is person 8, until it is back.
    assert [e.get('frame') for e in third] == ['4', '6']
    assert [e.get('frame') for e in eighth] == ['4', '6', '8']
    outside = [[point.get('outside') for point in e] for e in eighth]
    assert outside[0] == ['0'] * 17
    assert outside[1] == ['1'] * 17
    assert outside[2] == ['0', '1', *['0'] * 15]  # the neck has no place
    places = [[float(v) for v in point.get('points').split(',')] for point in eighth[0]]
    np.testing.assert_allclose(places, person(8, 0).keypoints)
    assert [point.get('label') for point in eighth[0]] == list(JOINTS)


def test_forms__what_they_need_is_said_before_anything_runs(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('jmpose_mm.video.files.pose_exports.find_spec', lambda name: None)
    with pytest.raises(UsageError, match=r'c3d needs ezc3d, not installed here: pip install ezc3d'):
        export_poses(recording, tmp_path, ['csv', 'c3d'])
    assert not (tmp_path / 'poses.csv').exists()


def test_trc__a_file_for_each_person(recording: Recording, tmp_path: Path) -> None:
    (folder,) = export_poses(recording, tmp_path, ['trc'])
    assert sorted(file.name for file in folder.iterdir()) == ['person03.trc', 'person08.trc']
    lines = (folder / 'person08.trc').read_text(encoding='utf-8').split('\n')
    assert lines[2].split('\t') == ['5.0', '5.0', '3', '17', 'px', '10.0', '1', '3']
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
