from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.video_lists import read_video_list
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES
from jmpose_mm.functional.joint_names import HIEVE_JOINTS, SUB_JHMDB_JOINTS

NAMES = ('bonn/000001_bonn/00000001.jpg', 'bonn/000001_bonn/00000002.jpg')


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding='utf-8')
    return path


def annolist(*points: tuple[int, float, float]) -> dict:
    """Two frames: a person with these joints, and nobody."""
    point = [{'id': [k], 'x': [x], 'y': [y], 'is_visible': [1]} for k, x, y in points]
    head = {'track_id': [4], 'x1': [1], 'y1': [1], 'x2': [9], 'y2': [9]}
    return {
        'annolist': [
            {
                'image': [{'name': NAMES[0]}],
                'annorect': [{**head, 'annopoints': [{'point': point}]}],
            },
            {'image': [{'name': NAMES[1]}], 'annorect': []},
        ]
    }


def persons(path: Path, names: tuple[str, ...] = FILE_JOINT_NAMES) -> AnnotationTables:
    return read_annotations(path, names)


def test_annolist__every_joint_goes_to_the_place_of_its_name(tmp_path: Path) -> None:
    joints = [(k, 10.0 + k, 50.0 + 2 * k) for k in range(15)]
    found = persons(written(tmp_path / 'video.json', annolist(*joints)))
    (keypoints,) = found.persons.keypoints
    for k, name in enumerate(JOINT_NAMES):
        place = FILE_JOINT_NAMES.index(name)
        assert keypoints[place].tolist() == [10.0 + k, 50.0 + 2 * k, 1.0], name
    assert keypoints[3:5].tolist() == [[0, 0, 0], [0, 0, 0]]
    assert found.persons.track_ids == [4]
    assert found.persons.head_boxes.tolist() == [[1, 1, 9, 9]]
    assert not found.persons.boxed.any()
    assert [image.name for image in found.images] == list(NAMES)
    assert found.image_ids is None


def test_annolist__unusual_writing_gives_the_same(tmp_path: Path) -> None:
    usual = annolist((0, 1.5, 2), (3, 4, 5))
    bare = json.loads(json.dumps(usual))
    (rect,) = bare['annolist'][0]['annorect']
    rect['annopoints'] = {
        'point': [{k: v[0] for k, v in p.items()} for p in rect['annopoints'][0]['point']]
    }
    rect |= {key: rect[key][0] for key in ('track_id', 'x1', 'y1', 'x2', 'y2')}
    bare['annolist'][0]['image'] = bare['annolist'][0]['image'][0]
    one = persons(written(tmp_path / 'a.json', usual)).persons
    other = persons(written(tmp_path / 'b.json', bare)).persons
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_annolist__of_a_joint_listed_twice_the_first_counts(tmp_path: Path) -> None:
    content = annolist((0, 1, 2), (0, 30, 40), (15, 5, 5), (-1, 6, 6))
    found = persons(written(tmp_path / 'a.json', content))
    assert found.persons.keypoints[0, 16].tolist() == [1, 2, 1]
    assert found.persons.keypoints[0].any(axis=1).sum() == 1
    assert found.lost == {'joints listed twice': 1, 'points of unknown joints': 2}


def test_annolist__hieves_boxes_are_those_of_bodies(tmp_path: Path) -> None:
    found = persons(written(tmp_path / 'a.json', annolist((0, 1, 2), (13, 3, 4))), HIEVE_JOINTS)
    assert found.persons.keypoints[0, [0, 13]].tolist() == [[1, 2, 1], [3, 4, 1]]
    assert found.persons.boxes.tolist() == [[1, 1, 9, 9]]
    assert np.isnan(found.persons.head_boxes).all()
    with pytest.raises(ValueError, match=r"a\.json: expected the key 'images' for this data set"):
        persons(tmp_path / 'a.json', SUB_JHMDB_JOINTS)


def test_directory__files_in_order_with_images_of_their_own(tmp_path: Path) -> None:
    written(tmp_path / 'b.json', annolist((0, 1, 1)))
    second = json.loads(json.dumps(annolist((0, 2, 2))).replace('000001_bonn', '000002_bonn'))
    written(tmp_path / 'a.json', second)
    (tmp_path / '._a.json').write_bytes(b'\0\5')
    found = persons(tmp_path)
    folders = [image.name.split('/')[1] for image in found.images]
    assert folders == ['000002_bonn'] * 2 + ['000001_bonn'] * 2
    assert found.persons.image.tolist() == [0, 2]


def test_directory__one_bad_file_is_named(tmp_path: Path) -> None:
    written(tmp_path / 'a.json', annolist((0, 1, 1)))
    (tmp_path / 'b.json').write_text(json.dumps(annolist((0, 1, 1)))[:-5])
    with pytest.raises(ValueError, match=r'b\.json: expected JSON, got'):
        read_annotations(tmp_path)


def test_read_annotations__no_path_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # an empty path would be the current directory
    written(tmp_path / 'a.json', annolist((0, 1, 1)))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match='ann_file: expected an annotation file'):
        read_annotations('')


def joints_in(names: tuple[str, ...]) -> dict:
    """One person whose x is the place of the joint in the file."""
    person = {
        'id': 1,
        'image_id': 0,
        'keypoints': [v for k in range(len(names)) for v in (k, 1, 2)],
    }
    image = {'id': 0, 'file_name': NAMES[0]}
    return {'images': [image], 'annotations': [person], 'categories': [{'keypoints': names}]}


@pytest.mark.parametrize('names', [SUB_JHMDB_JOINTS, HIEVE_JOINTS])
def test_joint_names__decide_the_order_of_any_data_set(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    path = written(tmp_path / 'a.json', joints_in(names[::-1]))
    (keypoints,) = read_annotations(path, names).persons.keypoints
    assert keypoints[:, 0].tolist() == list(range(len(names)))[::-1]
    # another data set's file is not taken for this one's, and no joint may be missing
    with pytest.raises(ValueError, match=r'a\.json: categories\[0\]: keypoints: expected the 15'):
        read_annotations(path)
    path = written(tmp_path / 'b.json', joints_in(names[1:]))
    with pytest.raises(ValueError, match=f'without {names[0]}'):
        read_annotations(path, names)


@pytest.mark.parametrize(
    ('video', 'found'),
    [
        ('cage1/cam0', ['cage1/cam0']),
        ('data/cage2/cam0/', ['cage2/cam0']),
        ('cam0', ['cage1/cam0', 'cage2/cam0']),
        ('images/cam0', ['cage1/cam0', 'cage2/cam0']),
        ('val/000001_bonn_test', ['000001_bonn']),
    ],
)
def test_of_videos__folders_before_a_name_choose_among_several(
    video: str, found: list[str], tmp_path: Path
) -> None:
    folders = ('cage1/cam0', 'cage2/cam0', '000001_bonn')
    images = [{'id': n, 'file_name': f'{name}/1.jpg'} for n, name in enumerate(folders)]
    path = written(tmp_path / 'a.json', {'images': images})
    tables = read_annotations(path, (), read_video_list([video]))
    assert [str(Path(image.name).parent) for image in tables.images] == found


def test_of_videos__images_and_persons_of_the_others_go(tmp_path: Path) -> None:
    written(tmp_path / 'a.json', annolist((0, 1, 1)))
    second = json.loads(json.dumps(annolist((0, 2, 2))).replace('000001_bonn', '000002_bonn'))
    written(tmp_path / 'b.json', second)
    found = read_annotations(tmp_path, FILE_JOINT_NAMES, frozenset({'000002_bonn'}))
    assert [image.name for image in found.images] == [
        name.replace('000001_bonn', '000002_bonn') for name in NAMES
    ]
    assert found.persons.image.tolist() == [0]
    assert found.persons.keypoints[0, 16].tolist() == [2, 2, 1]
    with pytest.raises(ValueError, match=r"got unknown \['000003_bonn'\]"):
        read_annotations(tmp_path, FILE_JOINT_NAMES, frozenset({'000002_bonn', '000003_bonn'}))
