from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mmengine.logging import MMLogger

from jmpose_mm.datasets.body import PoseTrackClipDataset

Json = Callable[..., str]
INFINITY, NAN = float('inf'), float('nan')


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the data set logs."""
    found: list[str] = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'info', lambda text, *args: found.append(text % args))
    return found


def load(root: Path, ann_file: str, **kwargs: object) -> PoseTrackClipDataset:
    return PoseTrackClipDataset(ann_file=ann_file, data_root=str(root), **kwargs)


def test_sample__has_the_keys_of_a_clip(videos: Path, coco: dict, write: Json) -> None:
    sample = load(videos, write(coco))[2]
    assert sample['img_id'] == 12
    assert sample['id'] == 112
    assert sample['img_path'] == str(videos / 'images/train/000001_bonn_train/000002.jpg')
    assert sample['frame_number'] == 2
    assert list(sample['video_frames']) == [0, 1, 2, 3, 4, 5, 6]
    assert sample['video_frames'][2] == sample['img_path']
    assert sample['track_id'] == 3
    assert sample['bbox'].tolist() == [[16.0, 8.0, 36.0, 26.0]]
    assert sample['bbox_score'].tolist() == [1.0]
    assert sample['keypoints'].shape == (1, 17, 2)
    assert sample['keypoints'][0, 5].tolist() == [20.0, 10.0]
    assert sample['keypoints_visible'].tolist() == [[0.0] * 5 + [1.0] * 12]
    assert sample['num_keypoints'] == 12
    assert sample['bbox'].dtype == sample['keypoints'].dtype == np.float32


def test_paths__may_be_paths(videos: Path, coco: dict, write: Json) -> None:
    file = write(coco)
    plain = load(videos, file)
    given = PoseTrackClipDataset(
        ann_file=Path(file), data_root=videos, data_prefix={'img': Path('.')}
    )
    assert len(given) == len(plain)
    assert [Path(a['img_path']) for a in given] == [Path(b['img_path']) for b in plain]


def test_frame_tables__are_what_is_on_disk(videos: Path, coco: dict, write: Json) -> None:
    # frames that nobody annotated are support frames all the same
    coco['images'] = [i for i in coco['images'] if i['id'] in (13, 18)]
    coco['annotations'] = [p for p in coco['annotations'] if p['image_id'] in (13, 18)]
    data = load(videos, write(coco))
    assert [list(sample['video_frames']) for sample in data] == [
        [0, 1, 2, 3, 4, 5, 6],
        [0, 1, 4, 5],
    ]


@pytest.mark.parametrize('serialize', [True, False])
def test_frame_tables__belong_to_the_sample_and_survive_pickling(
    videos: Path, coco: dict, write: Json, serialize: bool
) -> None:
    data = load(videos, write(coco), serialize_data=serialize)
    whole = dict(data[0]['video_frames'])
    assert data[6]['video_frames'] == whole != data[7]['video_frames']
    data[0]['video_frames'].clear()
    assert data[0]['video_frames'] == data[6]['video_frames'] == whole
    again = pickle.loads(pickle.dumps(data))
    assert again[4]['video_frames'] == data[4]['video_frames']
    if serialize:
        assert b'video_frames' not in data.data_bytes.tobytes()
    assert len(data.get_subset(3)[0]['video_frames']) == 7


def test_frame_tables__list_each_directory_once(
    videos: Path, coco: dict, write: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, listed, original = write(coco), [], os.scandir
    monkeypatch.setattr(os, 'scandir', lambda path: (listed.append(path), original(path))[1])
    monkeypatch.setattr(os.path, 'exists', lambda path: pytest.fail(f'looked for {path}'))
    assert len(load(videos, path)) == 12
    assert len([p for p in listed if 'images' in str(p)]) == 3


def test_frame_tables__leave_out_what_is_no_frame(videos: Path, coco: dict, write: Json) -> None:
    folder = videos / 'images/train/000001_bonn_train'
    for name in ('._000001.jpg', '000007.txt', 'cover.jpg'):
        (folder / name).write_bytes(b'')
    assert list(load(videos, write(coco))[0]['video_frames']) == list(range(7))


def test_frame_tables__two_images_of_one_number_stop(videos: Path, coco: dict, write: Json) -> None:
    folder = videos / 'images/train/000001_bonn_train'
    (folder / '00000002.jpg').write_bytes(b'')
    with pytest.raises(ValueError, match=r'000001_bonn_train: expected one image for each frame'):
        load(videos, write(coco))


@pytest.mark.parametrize('in_directory', [True, False])
def test_official_files__one_for_each_video_without_sizes(
    videos: Path, coco: dict, write: Json, in_directory: bool
) -> None:
    for video in ('000001_bonn_train', '000002_mpii_train'):
        images = [i for i in coco['images'] if video in i['file_name']]
        images = [{k: i[k] for k in ('id', 'file_name')} | {'nframes': 9} for i in images]
        ids = {i['id'] for i in images}
        persons = [p for p in coco['annotations'] if p['image_id'] in ids]
        persons[0]['bbox'] = [-4.0, -6.0, 90.0, 80.0]
        write({'images': images, 'annotations': persons}, f'train/{video}.json')
    data = load(videos, 'train' if in_directory else 'train/000001_bonn_train.json')
    assert len(data) == (11 if in_directory else 7)
    # without a size in the file there is nothing to clip to
    assert data[0]['bbox'].tolist() == [[-4.0, -6.0, 86.0, 74.0]]


@pytest.mark.parametrize('prefix', ['', 'images'])
def test_posetrack17_in_coco_form__eight_digits_from_1(
    videos: Path, person: Callable[..., dict], write: Json, prefix: str
) -> None:
    folder = videos / 'images/bonn/000001_bonn'
    folder.mkdir(parents=True)
    for number in (1, 2, 3):
        (folder / f'{number:08d}.jpg').write_bytes(b'')
    name = 'bonn/000001_bonn/00000003.jpg'
    image = {'id': 3, 'file_name': f'images/{name}', 'frame_id': 3, 'nframes': 3}
    content = {
        'images': [image | {'width': 64, 'height': 48, 'is_labeled': True}],
        'annotations': [person(1, 3, head_box=[1, 2, 3, 4], segmentation=[], num_keypoints=17)],
    }
    sample = load(videos, write(content), data_prefix=dict(img=prefix))[0]
    assert sample['frame_number'] == 3
    assert list(sample['video_frames']) == [1, 2, 3]
    # the file's own count says 17 wherever there is a person
    assert sample['num_keypoints'] == 12


def test_annolist__joints_go_to_their_places_by_name(videos: Path, write: Json) -> None:
    def point(joint: int, x: float, y: float) -> dict:
        return {'id': [joint], 'x': [x], 'y': [y], 'is_visible': [0]}

    head = {'x1': [1], 'y1': [2], 'x2': [3], 'y2': [4], 'track_id': [7]}
    points = [point(0, 10, 39), point(12, 19, 20), point(14, 12, 30), point(9, NAN, 3)]
    name = 'images/train/000001_bonn_train/000003.jpg'
    content = [
        {'image': [{'name': name}], 'annorect': [head | {'annopoints': [{'point': points}]}]},
        {'image': [{'name': name.replace('3.', '4.')}], 'annorect': []},
        {
            'image': [{'name': name.replace('3.', '5.')}],
            'annorect': [head, head | {'annopoints': []}],
        },
    ]
    data = load(videos, write({'annolist': content}))
    sample = data[0]
    assert len(data) == 1
    # right ankle, neck and head top; the left shoulder is not finite
    assert np.flatnonzero(sample['keypoints_visible'][0]).tolist() == [1, 2, 16]
    assert sample['keypoints'][0, [16, 1, 2]].tolist() == [[10, 39], [19, 20], [12, 30]]
    assert sample['keypoints'][0, 5].tolist() == [0, 0]
    # spans 10..20 by 20..40, enlarged by 1.2
    np.testing.assert_allclose(sample['bbox'], [[9, 18, 21, 42]])
    assert sample['track_id'] == 7
    assert sample['frame_number'] == 3


def test_categories__give_the_order_of_the_keypoints(
    videos: Path, coco: dict, write: Json, person: Callable[..., dict]
) -> None:
    names = ['head_top', 'nose', 'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee']
    names += ['left_ankle', 'right_wrist', 'right_elbow', 'right_shoulder', 'left_shoulder']
    names += ['left_elbow', 'left_wrist', 'head_bottom']
    values = [[float(k), float(k), 1.0] for k in range(15)]
    coco['annotations'] = [person(1, 10, keypoints=np.ravel(values).tolist())]
    coco['categories'] = [{'id': 1, 'name': 'person', 'keypoints': names}]
    sample = load(videos, write(coco))[0]
    # nose, head bottom, head top, two ears that the file has not, left shoulder
    assert sample['keypoints'][0, :6, 0].tolist() == [1, 14, 0, 0, 0, 11]
    assert sample['keypoints_visible'][0, :6].tolist() == [1, 1, 1, 0, 0, 1]
    coco['categories'][0]['keypoints'] = ['nose', 'left_eye', 'right_eye', *names[2:]]
    with pytest.raises(ValueError, match=r'without head_top, but with left_eye, right_eye'):
        load(videos, write(coco))


# what a person has -> how many samples are left of the twelve, and how the log counts it
ONE_PERSON = {
    'crowd': ({'iscrowd': 1}, 11, '1 persons crowd'),
    'no keypoints': ({'keypoints': []}, 11, '1 persons without labelled keypoints'),
    'not labelled': ({'keypoints': [5.0, 5.0, 0] * 17}, 11, '1 persons without labelled keypoints'),
    'infinite box': ({'bbox': [0, 0, INFINITY, 9]}, 11, '1 persons without a usable box'),
    'NaN box': ({'bbox': [NAN, 0, 9, 9]}, 11, '1 persons without a usable box'),
    'null in box': ({'bbox': [None, 0, 9, 9]}, 11, '1 persons without a usable box'),
    'reversed box': ({'bbox': [20, 20, -9, 9]}, 11, '1 persons without a usable box'),
    'empty box': ({'bbox': [20, 20, 9, 0]}, 11, '1 persons without a usable box'),
    'no box': ({'bbox': None}, 12, '1 boxes made of joints'),
    'nulls for a box': ({'bbox': [None] * 4}, 12, '1 boxes made of joints'),
    'box outside': ({'bbox': [70, 10, 9, 9]}, 11, '1 persons with a box outside of the image'),
    'box across': ({'bbox': [50, 10, 90, 9]}, 12, '1 boxes clipped'),
    'odd keypoint': (
        {'keypoints': [5.0, NAN, 1, INFINITY, 5.0, 1] + [5.0, 5.0, 1] * 15},
        12,
        '2 keypoints that are not finite',
    ),
    'unknown image': ({'image_id': 999}, 11, '1 persons of an unknown image'),
    'id used twice': ({'id': 110}, 12, '1 persons with ids that are not their own, numbered anew'),
    'other category': ({'category_id': 2}, 11, '1 persons of another category'),
}


@pytest.mark.parametrize('case', ONE_PERSON)
def test_rule__is_kept_and_counted(
    videos: Path, coco: dict, write: Json, lines: list[str], case: str
) -> None:
    changes, expected, counted = ONE_PERSON[case]
    coco['annotations'][4] |= changes
    data = load(videos, write(coco))
    assert len(data) == expected
    assert len({sample['id'] for sample in data}) == expected
    if 'id' not in changes:
        assert (114 in [sample['id'] for sample in data]) is (expected == 12)
    assert len(lines) == 1
    assert f'{expected} samples in {expected} frames of 3 videos, boxes: ground truth' in lines[0]
    assert counted in lines[0]
    assert all(np.isfinite(sample['keypoints']).all() for sample in data)


def test_rule__odd_keypoints_count_as_not_labelled(videos: Path, coco: dict, write: Json) -> None:
    coco['annotations'][0] |= ONE_PERSON['odd keypoint'][0]
    sample = load(videos, write(coco))[0]
    assert sample['keypoints_visible'][0, :3].tolist() == [0, 0, 1]
    assert sample['keypoints'][0, :2].tolist() == [[0, 0], [0, 0]]
    assert sample['num_keypoints'] == 15


def test_rule__boxes_are_clipped_to_the_last_pixel(videos: Path, coco: dict, write: Json) -> None:
    coco['annotations'][0]['bbox'] = [-5.0, 10.0, 100.0, 100.0]
    assert load(videos, write(coco))[0]['bbox'].tolist() == [[0.0, 10.0, 63.0, 47.0]]


def test_log__counts_what_is_missing_in_videos(
    videos: Path, coco: dict, write: Json, lines: list[str]
) -> None:
    os.remove(videos / 'images/train/000001_bonn_train/000003.jpg')
    coco['annotations'] = coco['annotations'][1:]
    data = load(videos, write(coco))
    assert len(data) == 10
    assert [n for n in data[0]['video_frames']] == [0, 1, 2, 4, 5, 6]
    for counted in (
        '1 frames missing on disk',
        '1 frames without persons',
        '1 persons in frames missing on disk',
        '2 videos of fewer than 5 frames',
        '3 numbers missing within videos',
    ):
        assert counted in lines[0]


def test_log__says_nothing_was_left_out(
    videos: Path, coco: dict, write: Json, lines: list[str]
) -> None:
    coco['images'], coco['annotations'] = coco['images'][:7], coco['annotations'][:7]
    load(videos, write(coco))
    assert lines[0].endswith('left out or mended: nothing')


def test_empty__no_frame_on_disk_names_the_first(videos: Path, coco: dict, write: Json) -> None:
    with pytest.raises(
        ValueError, match=r'none of its 12 images.*elsewhere/images/train/000001_bonn'
    ):
        load(videos, write(coco), data_prefix=dict(img='elsewhere'))


def test_empty__no_sample_left_says_why(videos: Path, coco: dict, write: Json) -> None:
    coco['annotations'] = [p | {'iscrowd': 1} for p in coco['annotations']]
    with pytest.raises(ValueError, match=r'0 samples.*12 persons crowd.*expected at least one'):
        load(videos, write(coco))


def spoil(coco: dict, key: str, index: int, **changes: object) -> dict:
    spoilt = copy.deepcopy(coco)
    spoilt[key][index] |= changes
    for name in [name for name, value in changes.items() if value is KeyError]:
        del spoilt[key][index][name]
    return spoilt


@pytest.mark.parametrize(
    ('key', 'changes', 'text'),
    [
        ('images', {'id': KeyError}, r"images\[1\]: expected the key 'id', found none"),
        ('images', {'id': [1]}, r'images\[1\]: id: expected a whole number or text, got \[1\]'),
        (
            'images',
            {'file_name': KeyError},
            r"images\[1\]: expected the key 'file_name', found none",
        ),
        ('images', {'file_name': 5}, r'images\[1\]: file_name: expected str, got 5'),
        ('images', {'file_name': ' '}, r'images\[1\]: file_name: expected the name of an image'),
        ('images', {'id': 10}, r'images\[1\]: id: .* 10 is that of .*000000.jpg'),
        ('annotations', {'id': [1]}, r'annotations\[1\]: id: expected a whole number or text'),
        (
            'annotations',
            {'image_id': KeyError},
            r"annotations\[1\]: expected the key 'image_id', found none",
        ),
        ('annotations', {'image_id': None}, r'annotations\[1\]: image_id: expected int or'),
        ('annotations', {'bbox': [1, 2]}, r'annotations\[1\]: bbox: expected 4 numbers'),
        ('annotations', {'bbox': 'abcd'}, r'annotations\[1\]: bbox: expected 4 numbers'),
        ('annotations', {'keypoints': [1.0]}, r'annotations\[1\]: keypoints: expected 51'),
    ],
)
def test_bad_file__names_path_and_key(
    videos: Path, coco: dict, write: Json, key: str, changes: dict, text: str
) -> None:
    path = write(spoil(coco, key, 1, **changes))
    with pytest.raises(ValueError, match=f'{path}: {text}'):
        load(videos, path)


@pytest.mark.parametrize(
    ('content', 'text'),
    [
        ('{"images": [', 'expected JSON, got'),
        ('[]', "expected the key 'annolist' or 'images', got"),
        ('{"annotations": []}', "expected the key 'annolist' or 'images', got"),
        ('{"images": []}', '0 samples .* a split without annotations needs a bbox_file'),
        ('{"images": {}, "annotations": []}', 'images: expected list, got {}'),
        ('{"annolist": 3}', 'annolist: expected a list, got 3'),
        ('{"annolist": [{}]}', r"annolist\[0\]: expected the key 'image'"),
        ('{"annolist": [{"image": [{"name": 4}]}]}', r'annolist\[0\]: name: expected str'),
    ],
)
def test_bad_file__of_another_kind(videos: Path, write: Json, content: str, text: str) -> None:
    path = write(content)
    with pytest.raises(ValueError, match=f'{path}: {text}'):
        load(videos, path)


@pytest.mark.parametrize(
    ('point', 'text'),
    [
        ({'x': [1], 'y': [1]}, r"annolist\[0\]\.annorect\[0\]: expected the key 'id'"),
        ({'id': [15], 'x': [1], 'y': [1]}, '1 points of unknown joints'),
        ({'id': [1], 'x': [], 'y': [1]}, r'x: expected a number, or a list of one, got \[\]'),
    ],
)
def test_bad_annolist__names_the_point_key(
    videos: Path, write: Json, point: dict, text: str
) -> None:
    rect = {'annopoints': [{'point': [point]}]}
    frame = {'image': [{'name': 'images/train/000001_bonn_train/000003.jpg'}], 'annorect': [rect]}
    with pytest.raises(ValueError, match=text):
        load(videos, write({'annolist': [frame]}))


def test_bad_file__missing_or_empty_directory(videos: Path) -> None:
    with pytest.raises(ValueError, match=r'nowhere\.json: expected a JSON file, found no'):
        load(videos, 'nowhere.json')
    with pytest.raises(ValueError, match=r'images: expected \*\.json files'):
        load(videos, 'images')


def detections() -> list[dict]:
    box = [10.0, 10.0, 99.0, 20.0]
    return [
        {'image_id': 10, 'category_id': 1, 'bbox': box, 'score': 0.2},
        {'image_id': 10, 'category_id': 1, 'bbox': box, 'score': 0.199},
        {'image_id': 18, 'category_id': 1, 'bbox': box, 'score': 0.9},
        {'image_id': 18, 'category_id': 3, 'bbox': box, 'score': 0.9},
        {'image_id': 77, 'category_id': 1, 'bbox': box, 'score': 0.9},
        {'image_id': 11, 'category_id': 1, 'bbox': [1, 1, 0, 5], 'score': 0.9},
        {'image_id': 11, 'category_id': 1, 'bbox': box, 'score': NAN},
    ]


def test_detections__threshold_is_kept_and_the_rest_counted(
    videos: Path, coco: dict, write: Json, lines: list[str]
) -> None:
    boxes = write(detections(), 'boxes.json')
    data = load(videos, write(coco), bbox_file=boxes, bbox_score_threshold=0.2, test_mode=True)
    assert [sample['id'] for sample in data] == [0, 2]
    # as they are in the file, beyond the image too
    assert data[0]['bbox'].tolist() == [[10.0, 10.0, 109.0, 30.0]]
    assert data[0]['bbox_score'][0] == np.float32(0.2)
    assert [len(sample['video_frames']) for sample in data] == [7, 4]
    assert f'2 samples in 2 frames of 2 videos, boxes: {boxes}' in lines[0]
    for counted in (
        '2 detections below 0.2',
        '1 detections of unknown',
        '1 detections without a us',
    ):
        assert counted in lines[0]


@pytest.mark.parametrize('name', ['images/train/{}/000004.jpg', '{}/000004.jpg'])
def test_detections__by_image_name_as_released(
    videos: Path, coco: dict, write: Json, name: str
) -> None:
    found = {'image_name': name.format('000002_mpii_train'), 'nframes': 4, 'frame_id': 5}
    found |= {'category_id': 1, 'bbox': [1, 2, 30, 40], 'score': 1}
    boxes = write([found], 'boxes.json')
    sample = load(videos, write(coco), bbox_file=boxes, test_mode=True)[0]
    assert sample['img_id'] == 19
    assert sample['frame_number'] == 4


def test_detections__name_of_another_numbering_is_unknown(
    videos: Path, coco: dict, write: Json
) -> None:
    # the fourth frame counted from 1 is not frame 4 counted from 0
    found = {'image_name': 'bonn/000002_mpii_train/00000004.jpg', 'category_id': 1}
    boxes = write([found | {'bbox': [1, 2, 30, 40], 'score': 1}], 'boxes.json')
    with pytest.raises(ValueError, match='1 detections of unknown images'):
        load(videos, write(coco), bbox_file=boxes, test_mode=True)


def test_detections__names_with_two_meanings_stop(videos: Path, coco: dict, write: Json) -> None:
    copy_of = coco['images'][0] | {'id': 99, 'file_name': 'other/000001_bonn_train/000000.jpg'}
    coco['images'].append(copy_of)
    name = 'a/000001_bonn_train/000000.jpg'
    found = [{'image_name': name, 'category_id': 1, 'bbox': [1, 2, 3, 4], 'score': 1}]
    with pytest.raises(
        ValueError, match=r'expected a name that means one image, got one that means images/train/0'
    ):
        load(videos, write(coco), bbox_file=write(found, 'boxes.json'), test_mode=True)


@pytest.mark.parametrize(
    ('entry', 'text'),
    [
        (5, r': \[1\]: expected an object, got 5'),
        ({'score': KeyError}, r": \[1\]: expected the key 'score', found none"),
        ({'score': 'high'}, r": \[1\]: score: expected int or float, got 'high'"),
        ({'bbox': [1]}, r': \[1\]: bbox: expected 4 numbers'),
        ({'image_id': KeyError}, r": \[1\]: expected the key 'image_name', found none"),
    ],
)
def test_bad_detections__name_path_and_key(
    videos: Path, coco: dict, write: Json, entry: object, text: str
) -> None:
    found = detections()
    if isinstance(entry, dict):
        found = spoil({'boxes': found}, 'boxes', 1, **entry)['boxes']
    else:
        found[1] = entry
    boxes = write(found, 'boxes.json')
    with pytest.raises(ValueError, match=f'{boxes}{text}'):
        load(videos, write(coco), bbox_file=boxes, test_mode=True)


def test_arguments__of_the_parent(videos: Path, coco: dict, write: Json) -> None:
    path = write(coco)
    prefix = dict(img='')
    data = load(videos, path, sample_interval=2, indices=4, data_prefix=prefix)
    assert [sample['frame_number'] for sample in data] == [0, 2, 4, 6]
    assert prefix == dict(img='')
    with pytest.raises(ValueError, match="data_mode: expected 'topdown', got 'bottomup'"):
        load(videos, path, data_mode='bottomup')


def test_ground_truth_boxes__same_persons_in_training_and_test(
    videos: Path, coco: dict, write: Json
) -> None:
    path = write(coco)
    train, test = load(videos, path), load(videos, path, test_mode=True)
    assert [s['id'] for s in train] == [s['id'] for s in test] == list(range(110, 122))


def test_metainfo__is_posetrack18s(videos: Path, coco: dict, write: Json) -> None:
    from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES

    names = load(videos, write(coco)).metainfo['keypoint_id2name']
    assert [names[k] for k in range(17)] == list(FILE_JOINT_NAMES)
