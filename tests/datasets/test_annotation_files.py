from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.datasets.body.annotation_files import read_annotations
from jmpose_mm.datasets.body.detection_files import read_detections
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


def test_annolist__every_joint_goes_to_the_place_of_its_name(tmp_path: Path) -> None:
    joints = [(k, 10.0 + k, 50.0 + 2 * k) for k in range(15)]
    found = read_annotations(written(tmp_path / 'video.json', annolist(*joints)))
    (person,) = found.persons
    for k, name in enumerate(JOINT_NAMES):
        place = FILE_JOINT_NAMES.index(name)
        assert person.keypoints[place].tolist() == [10.0 + k, 50.0 + 2 * k, 1.0], name
    assert person.keypoints[3:5].tolist() == [[0, 0, 0], [0, 0, 0]]
    # x spans 10..25 and y 50..79 with the last pixel, enlarged by 1.2 about the centre
    np.testing.assert_allclose(person.box, [8.5, 47.1, 26.5, 81.9])
    assert person.track_id == 4
    assert [image.file_name for image in found.images.values()] == list(NAMES)
    assert not found.has_image_ids


def test_annolist__a_joint_that_is_not_finite_does_not_spoil_the_box(tmp_path: Path) -> None:
    content = annolist((0, 10, 20), (1, 14, 29), (2, float('nan'), 3), (3, 5, float('inf')))
    (person,) = read_annotations(written(tmp_path / 'video.json', content)).persons
    # 10..15 by 20..30
    np.testing.assert_allclose(person.box, [9.5, 19.0, 15.5, 31.0])


def test_annolist__nobodys_joints_have_no_box(tmp_path: Path) -> None:
    (person,) = read_annotations(written(tmp_path / 'video.json', annolist())).persons
    assert person.box is None
    assert not person.keypoints.any()


def test_directory__files_in_order_with_ids_of_their_own(tmp_path: Path) -> None:
    written(tmp_path / 'b.json', annolist((0, 1, 1)))
    second = json.loads(json.dumps(annolist((0, 2, 2))).replace('000001_bonn', '000002_bonn'))
    written(tmp_path / 'a.json', second)
    found = read_annotations(tmp_path)
    folders = [image.file_name.split('/')[1] for image in found.images.values()]
    assert folders == ['000002_bonn'] * 2 + ['000001_bonn'] * 2
    assert [person.image_id for person in found.persons] == [0, 2]
    assert len({person.annotation_id for person in found.persons}) == 2


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


def test_read_detections__a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f'{tmp_path}: expected a readable file'):
        read_detections(tmp_path)


def test_read_detections__both_formats_and_the_choice_between_them(tmp_path: Path) -> None:
    box = {'category_id': 1, 'bbox': [3, 4, 10, 20], 'score': 0.5}
    both = [box | {'image_id': 7, 'image_name': NAMES[0]}]
    path = written(tmp_path / 'both.json', both)
    (by_id,), (by_name,) = read_detections(path).boxes, read_detections(path, by_name=True).boxes
    assert (by_id['image'], by_name['image']) == (7, NAMES[0])
    assert by_id['box'].tolist() == [3, 4, 13, 24]
    assert by_id['score'] == 0.5
    # ids of another file mean nothing where images have none
    path = written(tmp_path / 'ids.json', [box | {'image_id': 0}])
    with pytest.raises(ValueError, match=r"ids\.json \[0\]: missing key 'image_name'"):
        read_detections(path, by_name=True)


def test_read_detections__a_coco_document_with_scores(tmp_path: Path) -> None:
    found = {'image_id': 7, 'category_id': 1, 'bbox': [3, 4, 10, 20], 'score': 0.5}
    content = {
        'images': [{'id': 7, 'file_name': NAMES[0]}, {'id': 8, 'file_name': NAMES[1]}],
        'annotations': [found, found | {'category_id': 2}],
    }
    path = written(tmp_path / 'coco.json', content)
    (by_id,), (by_name,) = read_detections(path).boxes, read_detections(path, by_name=True).boxes
    assert (by_id['image'], by_name['image']) == (7, NAMES[0])
    content['annotations'] = [{k: v for k, v in found.items() if k != 'score'}]
    path = written(tmp_path / 'truth.json', content)
    with pytest.raises(ValueError, match=r"truth\.json \[0\]: missing key 'score'"):
        read_detections(path)
    content['annotations'] = [found | {'image_id': 9}]
    path = written(tmp_path / 'strange.json', content)
    with pytest.raises(ValueError, match=r"strange\.json \[0\]: key 'image_id': .* got 9"):
        read_detections(path, by_name=True)
    # without images there is nothing to look up
    path = written(tmp_path / 'bare.json', {'annotations': [found]})
    assert read_detections(path).boxes[0]['image'] == 7
    path = written(tmp_path / 'other.json', {'boxes': [found]})
    with pytest.raises(ValueError, match=r'other\.json: expected a list of detections, got dict'):
        read_detections(path)


def test_read_detections__says_who_found_them(tmp_path: Path) -> None:
    box = {'image_id': 7, 'bbox': [3, 4, 10, 20], 'score': 0.5}
    path = written(tmp_path / 'a.json', [box, box | {'detector': 'b'}, box | {'detector': 'a'}] * 2)
    assert read_detections(path).detectors == ('b', 'a')
    path = written(tmp_path / 'b.json', [box])
    assert read_detections(path).detectors == ()


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
    (person,) = read_annotations(path, names).persons
    assert person.keypoints[:, 0].tolist() == list(range(len(names)))[::-1]
    (person,) = read_annotations(path, None).persons
    assert person.keypoints[:, 0].tolist() == list(range(len(names)))
    # another data set's file is not taken for this one's, and no joint may be missing
    with pytest.raises(ValueError, match=r"key 'keypoints': expected the data set's joint names"):
        read_annotations(path)
    path = written(tmp_path / 'b.json', joints_in(names[1:]))
    with pytest.raises(ValueError, match=rf"besides and no \['{names[0]}'\]"):
        read_annotations(path, names)


def test_joint_names__an_annolist_is_posetrack17s(tmp_path: Path) -> None:
    path = written(tmp_path / 'a.json', annolist((0, 1, 1)))
    assert len(read_annotations(path, None).persons[0].keypoints) == 17
    with pytest.raises(ValueError, match="expected key 'images' for this data set, got 'annolist'"):
        read_annotations(path, HIEVE_JOINTS)


def test_keep_videos__images_and_persons_of_the_others_go(tmp_path: Path) -> None:
    written(tmp_path / 'a.json', annolist((0, 1, 1)))
    second = json.loads(json.dumps(annolist((0, 2, 2))).replace('000001_bonn', '000002_bonn'))
    written(tmp_path / 'b.json', second)
    found = read_annotations(tmp_path)
    found.keep_videos(frozenset({'000002_bonn'}))
    assert [image.file_name for image in found.images.values()] == [
        name.replace('000001_bonn', '000002_bonn') for name in NAMES
    ]
    (person,) = found.persons
    assert person.keypoints[16].tolist() == [2, 2, 1]
    with pytest.raises(ValueError, match=r"got unknown \['000001_bonn'\]"):
        found.keep_videos(frozenset({'000001_bonn', '000002_bonn'}))
