"""Own labels that are a little different, or a little wrong: what is made of them, and said."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

import av
import cv2
import numpy as np
import own_exports as own
import pytest
from mmengine.config import Config

from jmpose_mm.apis.own_data import convert_own_data
from jmpose_mm.datasets.conversion.own_data.splits import held_out_videos
from jmpose_mm.datasets.conversion.own_data.videos import grouped_into_videos, numbered
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.json_files import Place
from jmpose_mm.formats.labels.deeplabcut import read_deeplabcut
from jmpose_mm.formats.labels.label_studio import read_label_studio
from jmpose_mm.formats.labels.labelme import read_labelme

Edit = Callable[[dict[str, Any]], Any]


def labels(root: Path, edit: Edit | None = None, **names: Any) -> Path:
    own.canonical(root / 'labels', **names)
    file = root / 'labels/annotations/all.json'
    content = json.loads(file.read_text())
    if edit is not None:
        edit(content)
        file.write_text(json.dumps(content))
    return root / 'labels'


def converted(root: Path, model: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return convert_own_data(root / 'labels', root / 'out', options, model, progress=False)


def content(root: Path, split: str = 'train') -> dict[str, Any]:
    return json.loads((root / f'out/annotations/{split}.json').read_text())


def each(key: str, change: Callable[[dict[str, Any]], Any]) -> Edit:
    def edit(content: dict[str, Any]) -> None:
        for entry in content[key]:
            change(entry)

    return edit


def film(file: Path, count: int) -> None:
    """Frames of one gray level each, 9 levels apart: a neighbour is told from its frame."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), 'w') as container:
        stream = container.add_stream('libx264', rate=25)
        stream.width, stream.height, stream.pix_fmt = *own.SIZE, 'yuv420p'
        stream.options = {'qp': '0'}
        stream.time_base = stream.codec_context.time_base = Fraction(1, 25)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(gray(number), format='bgr24')
            frame.pts = number
            container.mux(stream.encode(frame.reformat(format='yuv420p')))
        container.mux(stream.encode())


def gray(number: int) -> np.ndarray:
    return np.full((own.SIZE[1], own.SIZE[0], 3), 20 + 9 * number, np.uint8)


def sparse(root: Path, first: int = 0, shown: bool = True) -> None:
    """Two films, and labels of their frames 6, 12 and 18; names count from ``first``."""
    images, persons = [], []
    for video in ('run', 'sit'):
        film(root / 'films' / f'{video}.mp4', 24)
        for number in (6, 12, 18):
            name = f'{video}/{number + first:04d}.png'
            images.append({'id': len(images) + 1, 'file_name': name})
            images[-1] |= {'width': own.SIZE[0], 'height': own.SIZE[1]}
            points = own.animals()[0].joints.ravel().tolist()
            persons.append({'id': len(images), 'image_id': len(images), 'category_id': 1})
            persons[-1]['keypoints'] = points
            if shown:
                (root / 'labels' / name).parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(root / 'labels' / name), gray(number))
    content = {'images': images, 'annotations': persons, 'categories': [own.category()]}
    own.write_json(root / 'labels/all.json', content)


@pytest.mark.parametrize(('first', 'shown'), [(0, True), (1, True), (0, False)])
def test_films__neighbours_are_the_exact_frames(tmp_path: Path, first: int, shown: bool) -> None:
    sparse(tmp_path, first, shown)
    report = converted(tmp_path, films=str(tmp_path / 'films'), val='sit')
    folder = tmp_path / 'out/images/run'
    wanted = {n + first + step for n in (6, 12, 18) for step in range(-2, 3)}
    assert {int(file.stem) for file in folder.iterdir()} == wanted
    for file in folder.iterdir():
        level = cv2.imread(str(file)).mean()
        assert level == pytest.approx(20 + 9 * (int(file.stem) - first), abs=4.4), file.name
    offsets = [line for line in report['understood'] if 'count the frames' in line]
    assert len(offsets) == 2 * first
    assert not [line for line in report['understood'] if line.startswith('note')]
    assert len(content(tmp_path)['images']) == 3


def test_films__of_names_that_sleap_io_makes(tmp_path: Path) -> None:
    sparse(tmp_path, shown=False)
    file = tmp_path / 'labels/all.json'
    text = file.read_text()
    for video in ('run', 'sit'):
        text = text.replace(f'{video}/', f'{video}_frame_00')
    file.write_text(text)
    converted(tmp_path, films=str(tmp_path / 'films'), val='sit_frame')
    written = {int(one.stem) for one in (tmp_path / 'out/images/run_frame').iterdir()}
    assert written == {n + step for n in (6, 12, 18) for step in range(-2, 3)}


def test_films__of_other_pictures_are_refused(tmp_path: Path) -> None:
    sparse(tmp_path)
    for file in (tmp_path / 'labels/run').iterdir():
        cv2.imwrite(str(file), 255 - gray(0))
    with pytest.raises(UsageError, match='expected frame 6 to show what'):
        converted(tmp_path, films=str(tmp_path / 'films'))


def test_sparse_labels__without_films_get_advice(tmp_path: Path) -> None:
    sparse(tmp_path)
    for file in list((tmp_path / 'labels').rglob('0018.png')):
        file.rename(file.with_name('0097.png'))
    file = tmp_path / 'labels/all.json'
    file.write_text(file.read_text().replace('0018', '0097'))
    said = converted(tmp_path)['understood'][-1]
    assert said.startswith('note: 6 of 6 labelled frames have no other frame near them')
    assert '--films DIR' in said


def test_equal_steps__are_counted_by_order(tmp_path: Path) -> None:
    labels(tmp_path, names=lambda a: f'{a.video}/{33 + 5 * a.frame:04d}.png')
    report = converted(tmp_path)
    assert [i['file_name'] for i in content(tmp_path)['images']][:3] == [
        f'run/{k:06d}.png' for k in range(3)
    ]
    assert any('numbers lie 5 apart' in line for line in report['understood'])


@pytest.mark.parametrize(
    'stamp', [lambda ms: f'{ms // 1000}.{ms % 1000:03d}', lambda ms: f'{ms}ms']
)
def test_time_stamps__choose_windows_by_time(tmp_path: Path, stamp: Any) -> None:
    labels(tmp_path, names=lambda a: f'{a.video}_{stamp(1200 + 40 * a.frame)}.png')
    converted(tmp_path)
    names = [image['file_name'] for image in content(tmp_path)['images'][:2]]
    assert names == ['run/001200.png', 'run/001240.png']
    text = (tmp_path / 'out/configs/data.py').read_text()
    assert 'offsets_seconds=(-0.08, -0.04, 0.0, 0.04, 0.08), frame_rate=1000' in text


def test_joints__are_chosen_renamed_and_joined(tmp_path: Path) -> None:
    labels(tmp_path)
    other = tmp_path / 'second'
    own.canonical(other, lambda a: f'{a.video}_b/{a.frame:06d}.png')
    file = other / 'annotations/all.json'
    text = file.read_text().replace('"neck"', '"head_bottom"').replace('"tail_tip"', '"end"')
    file.write_text(text)
    joints = 'nose,left_ear,right_ear,neck=head_bottom,tail_tip'
    report = converted(tmp_path, joints=joints, also=[str(other)])
    whole = content(tmp_path)
    assert whole['categories'][0]['keypoints'] == [
        *('nose', 'left_ear', 'right_ear', 'neck', 'tail_tip')
    ]
    assert len({image['vid_id'] for image in whole['images']}) + 1 >= 5
    by_video = {i['id']: i['vid_id'] for i in whole['images']}
    for person in whole['annotations']:
        visible = person['keypoints'][2::3]
        # the second set has no tip of the tail by that name
        assert visible == [2, 2, 2, 2, 0 if by_video[person['image_id']].endswith('_b') else 2]
    assert 'out_channels=5' in (tmp_path / 'out/configs/jm_pose.py').read_text()
    assert 'flip pairs (by left and right in names): left_ear=right_ear' in report['understood']


def test_halpe__136_joints_without_names_become_26(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    given = [rng.uniform(5, 60, (136, 2)).round(1) for _ in own.animals()]

    def edit(content: dict[str, Any]) -> None:
        content['categories'] = [{'id': 1, 'name': 'person'}]
        for points, person in zip(given, content['annotations'], strict=True):
            person['keypoints'] = np.column_stack([points, np.full(136, 2)]).ravel().tolist()

    labels(tmp_path, edit)
    converted(tmp_path, joints='halpe26')
    category = content(tmp_path)['categories'][0]
    assert len(category['keypoints']) == 26
    assert category['keypoints'][17:20] == ['head', 'neck', 'hip']
    found = np.reshape(content(tmp_path)['annotations'][0]['keypoints'], (26, 3))
    np.testing.assert_allclose(found[:, :2], given[0][:26])


def test_wholebody__fields_are_joined(tmp_path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        for person in content['annotations']:
            person['foot_kpts'] = [v for k in range(6) for v in (10.0 + k, 20.0, 2)]

    labels(tmp_path, edit)
    converted(tmp_path, joints='nose,foot_kpts')
    found = np.reshape(content(tmp_path)['annotations'][0]['keypoints'], (7, 3))
    assert found[1:, 0].tolist() == [10.0 + k for k in range(6)]


def swap_pair(content: dict[str, Any]) -> None:
    content['annotations'][0]['image_id'] = 'unknown'


CHANGES: dict[str, tuple[Edit, str]] = {
    'no-boxes': (each('annotations', lambda p: p.pop('bbox')), '12 boxes made of joints'),
    'outlines': (
        each('annotations', lambda p: p.update(bbox=[], segmentation=[[0, 0, 30, 0, 30, 40]])),
        '12 boxes made of outlines',
    ),
    'no-sizes': (each('images', lambda i: i.pop('width')), '12 sizes read from images'),
    'text-ids': (
        lambda c: [
            each('images', lambda i: i.update(id=f'a{i["id"]}'))(c),
            each('annotations', lambda p: p.update(image_id=f'a{p["image_id"]}', id='x'))(c),
        ],
        '',
    ),
    'unknown-image': (swap_pair, '1 persons of an unknown image'),
    'nan': (
        lambda c: c['annotations'][0]['keypoints'].__setitem__(0, float('nan')),
        '1 keypoints that are not finite',
    ),
    'windows-paths': (
        each('images', lambda i: i.update(file_name='E:\\x\\' + i['file_name'].replace('/', '\\'))),
        '',
    ),
    'twice': (
        lambda c: c['annotations'].append(dict(c['annotations'][0])),
        '1 persons listed twice',
    ),
    'no-crowds': (each('annotations', lambda p: p.update(iscrowd='False', area=[])), ''),
    'no-crowds-in-lists': (each('annotations', lambda p: p.update(iscrowd=[])), ''),
    'two-numbers-without-names': (
        lambda c: [
            c['categories'].clear(),
            each(
                'annotations',
                lambda p: p.update(
                    keypoints=np.reshape(p['keypoints'], (-1, 3))[:, :2].ravel().tolist()
                ),
            )(c),
        ],
        '',
    ),
    'two-numbers-a-joint': (
        each(
            'annotations',
            lambda p: p.update(keypoints=np.reshape(p['keypoints'], (-1, 3))[:, :2].tolist()),
        ),
        '',
    ),
}


@pytest.mark.parametrize('name', CHANGES)
def test_changes__are_understood_and_counted(name: str, tmp_path: Path) -> None:
    edit, said = CHANGES[name]
    labels(tmp_path, edit)
    report = converted(tmp_path, val='turn')
    counts = report['splits']['train']['left_out_or_mended']
    lines = {f'{n} {what}' for what, n in counts.items() if n}
    lines = {line.replace('18 ', '12 ') for line in lines}  # counts are of all files together
    assert lines == ({said} if said else set())
    assert report['splits']['train']['persons'] == 12 - (name == 'unknown-image')
    assert len(report['splits']['train']['joints']) == 9


def test_videos__of_one_name_or_in_one_folder_are_said(tmp_path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        for number, image in enumerate(content['images']):
            image['video_id'] = number % 2

    labels(tmp_path, edit)
    said = ' '.join(converted(tmp_path, val='turn')['understood'])
    assert 'name 2 videos there (0, 1), which are taken for one' in said
    folders = [
        (PurePosixPath(f'{folder}/{k}.png'), None) for k, folder in enumerate(('a b', 'a_b'))
    ]
    (members,) = grouped_into_videos(folders).values()
    assert numbered('a_b', members).said == ('a_b: the folders a b, a_b are taken for one video')


def test_joints__that_nobody_has_labelled_are_said(tmp_path: Path) -> None:
    labels(tmp_path)
    said = converted(tmp_path, val='turn', joints='nose,wing=tail_tip,coco')['understood']
    (line,) = (line for line in said if line.startswith('joints that no label file has'))
    assert 'left_eye' in line
    assert 'nose' not in line


REFUSED: dict[str, tuple[Edit | None, dict[str, Any], str]] = {
    'half-lost': (
        lambda c: [p.update(image_id=999) for p in c['annotations'][:9]],
        {},
        'expected most of the 18 persons with keypoints to be of use, got 9',
    ),
    'same-joint-twice': (
        lambda c: c['categories'][0]['keypoints'].__setitem__(1, 'nose'),
        {},
        'expected each joint once, got nose repeated',
    ),
    'too-few-numbers': (
        lambda c: c['annotations'][3].update(keypoints=[1, 2, 2]),
        {},
        r'annotations\[3\]: keypoints: expected 27 numbers, of 9 joints, got 3',
    ),
    'other-size': (
        each('images', lambda i: i.update(width=640, height=480)),
        {},
        'expected 640x480 pixels, which its labels are for, got 96x72',
    ),
    'corners': (
        each('annotations', lambda p: p.update(bbox=[50, 40, 90, 70])),
        {},
        'all.json: bbox: expected left, top, width, height, got what looks like left, top, right',
    ),
    'sigmas': (
        lambda c: c['categories'][0].update(sigmas=[float('nan'), 0.1]),
        {},
        'sigmas: expected numbers above 0, got nan, 0.1',
    ),
    'parts-of-the-picture': (
        each('annotations', lambda p: p.update(keypoints=own.parts(p['keypoints']))),
        {},
        'all.json: keypoints: expected pixels of the image, got parts of it',
    ),
    'crossed-pairs': (
        None,
        {'flip_pairs': 'left_ear=right_paw,left_paw=right_ear'},
        'expected left_ear to change places with right_ear, got right_paw',
    ),
    'one-side': (None, {'flip_pairs': 'left_ear=left_paw'}, 'expected left_ear to change places'),
    'joint-in-two-pairs': (
        None,
        {'flip_pairs': 'left_ear=right_ear,right_ear=left_paw'},
        'expected each joint in one pair',
    ),
    'unknown-joint': (None, {'joints': 'nose,wing'}, 'joints: expected some of nose, left_ear'),
    'unknown-category': (None, {'category': 'rat'}, "category: expected some of mouse, got 'rat'"),
    'two-kinds': (
        lambda c: [
            c['categories'].append({'id': 2, 'name': 'rat', 'keypoints': ['a', 'b']}),
            [p.update(category_id=2, keypoints=[1, 1, 2] * 2) for p in c['annotations'][:9]],
        ],
        {},
        'category: expected the name of one',
    ),
    'no-such-val': (None, {'val': 'fly'}, 'val: expected a share such as 0.2'),
    'pattern': (None, {'video_pattern': '(?P<video>x+)/'}, 'video_pattern: expected a group'),
    'one-unknown-category': (
        None,
        {'category': 'mouse,rat'},
        "category: expected some of mouse, got 'rat'",
    ),
    'neighbours-of-nothing': (None, {'neighbours': 4}, 'neighbours: expected together with'),
    'no-such-folder': (None, {'images': 'nowhere'}, 'images: expected a folder of images'),
    'no-images': (
        each('images', lambda i: i.update(file_name=f'gone/{i["id"]}.png')),
        {},
        'expected images below .* got 0 of 18',
    ),
    'no-labels': (lambda c: c.update(annotations=[]), {}, 'expected annotations with keypoints'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_mistakes__are_refused_in_a_line_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    edit, options, said = REFUSED[name]
    labels(tmp_path, edit)
    with pytest.raises(UsageError, match=said):
        converted(tmp_path, **options)
    assert not (tmp_path / 'out').exists()


def test_one_video__is_not_split(tmp_path: Path) -> None:
    labels(tmp_path, videos=('run',))
    with pytest.raises(UsageError, match='val: expected two videos or more'):
        converted(tmp_path)
    converted(tmp_path, val='0')
    assert not (tmp_path / 'out/annotations/val.json').exists()
    text = (tmp_path / 'out/configs/jm_pose.py').read_text()
    assert 'val_cfg = val_dataloader = val_evaluator = None' in text


def test_split__is_of_whole_videos_and_comes_near_the_share() -> None:
    counts = {f'v{k}': 10 + k for k in range(10)}
    for share in (0.1, 0.2, 0.5):
        held_out = held_out_videos(counts, str(share))
        assert held_out < counts.keys()
        part = sum(counts[name] for name in held_out) / sum(counts.values())
        assert abs(part - share) < 0.1
        assert held_out_videos(dict(reversed(counts.items())), str(share)) == held_out


def test_second_conversion__keeps_what_was_edited(tmp_path: Path) -> None:
    labels(tmp_path)
    converted(tmp_path)
    converted(tmp_path, {'method': 'tdmi'})  # another method beside the first
    config = tmp_path / 'out/configs/single_frame.py'
    config.write_text(config.read_text() + '# mine\n')
    with pytest.raises(UsageError, match='found one that was edited'):
        converted(tmp_path)
    assert config.read_text().endswith('# mine\n')
    with pytest.raises(UsageError, match=r'conversion with other options \(joints\)'):
        converted(tmp_path, joints='nose,neck')


def test_second_conversion__of_other_images_is_refused_and_of_moved_ones_is_not(
    tmp_path: Path,
) -> None:
    labels(tmp_path)
    converted(tmp_path)
    (tmp_path / 'labels').rename(tmp_path / 'moved')
    convert_own_data(tmp_path / 'moved', tmp_path / 'out', progress=False)
    (shown, *_) = sorted((tmp_path / 'out/images').rglob('*.png'))
    assert shown.resolve().is_relative_to(tmp_path / 'moved')
    labels(tmp_path)
    converted(tmp_path)  # copies of the same images are the same
    other = tmp_path / 'labels/images/run/000000.png'
    cv2.imwrite(str(other), 255 - cv2.imread(str(other)))
    with pytest.raises(UsageError, match=r'out/images/run/000000.png: expected the image .*labels'):
        converted(tmp_path)


def test_options_of_python__are_those_of_the_command_line(tmp_path: Path) -> None:
    own.canonical(tmp_path / 'more', lambda a: f'more_{a.video}/{a.frame:06d}.png')
    (labels(tmp_path) / 'images').rename(tmp_path / 'pictures')
    options = {'images': tmp_path / 'pictures', 'also': tmp_path / 'more', 'val': ['sit', 'turn']}
    options |= {'joints': ['nose', 'left_ear', 'right_ear'], 'links': [('nose', 'left_ear')]}
    report = converted(tmp_path, {'input_size': (64, 96)}, **options)
    texts = {'images': str(options['images']), 'also': (str(options['also']),), 'val': 'sit,turn'}
    texts |= {'joints': 'nose,left_ear,right_ear', 'links': 'nose=left_ear'}
    assert {name: report['options'][name] for name in texts} == texts
    assert report['splits']['val']['persons'] == 2 * own.FRAMES
    assert converted(tmp_path, {'input_size': '64x96'}, **texts)['splits'] == report['splits']
    for mistake in ({'links': 'nose', 'link': 'x'}, {'joint': 'nose'}):
        with pytest.raises(UsageError, match=r'options: expected some .*, got (link|joint)$'):
            converted(tmp_path, **mistake)
    with pytest.raises(UsageError, match=r'model: expected some of .*, got backbones'):
        converted(tmp_path, {'backbones': 'resnet18'}, **texts)


def test_interrupted_conversion__goes_on_with_the_same_command(tmp_path: Path) -> None:
    labels(tmp_path)
    wanted = converted(tmp_path)
    for file in ('conversion.json', 'metainfo.py', 'configs/data.py'):
        (tmp_path / 'out' / file).unlink()
    assert converted(tmp_path)['splits'] == wanted['splits']
    assert (tmp_path / 'out/metainfo.py').is_file()


def test_names__in_comments_of_configs_run_no_code(tmp_path: Path) -> None:
    mark = tmp_path / 'mark'
    name = f'mouse\nopen({str(mark)!r}, "w")\r#'
    labels(tmp_path, each('categories', lambda c: c.update(name=name)))
    converted(tmp_path)
    for file in ('metainfo.py', 'configs/jm_pose.py'):
        assert Config.fromfile(tmp_path / 'out' / file)
    assert not mark.exists()
    assert Config.fromfile(tmp_path / 'out/metainfo.py').dataset_info.category == name


def test_out_within_the_labels__is_not_read_again(tmp_path: Path) -> None:
    labels(tmp_path)
    for _ in range(2):
        convert_own_data(tmp_path / 'labels', tmp_path / 'labels/out', progress=False)
    report = json.loads((tmp_path / 'labels/out/conversion.json').read_text())
    assert report['splits']['train']['persons'] == 12


def test_deeplabcut__of_several_animals(tmp_path: Path) -> None:
    own.deeplabcut(tmp_path / 'labels', individuals=True)
    report = converted(tmp_path)
    assert report['splits']['train']['persons'] == 12
    assert content(tmp_path)['annotations'][0]['track_id'] == own.CATEGORY


def test_deeplabcut__what_is_no_animal_is_left_out_and_counted(tmp_path: Path) -> None:
    own.deeplabcut(tmp_path, individuals=True)
    file = next(tmp_path.rglob('*.csv'))
    expected, _ = read_deeplabcut(file)
    more = [['ann'] * 2, ['single'] * 2, ['corner'] * 2, ['x', 'y']]
    rows = list(csv.reader(file.read_text().splitlines()))
    more += [['1.0', '2.0']] * (len(rows) - len(more))
    file.write_text('\n'.join(','.join(a + b) for a, b in zip(rows, more, strict=True)))
    found, left_out = read_deeplabcut(file)
    assert found == expected
    assert left_out == {'body parts of no animal (single), in all frames': 1}


def task(**data: str) -> dict[str, Any]:
    size = {'original_width': 200, 'original_height': 100}
    point = {'keypointlabels': ['nose'], 'x': 20, 'y': 30}
    box = {'rectanglelabels': ['mouse'], 'x': 50, 'y': 20, 'width': 10, 'height': 40}
    result = [size | {'value': point}, size | {'value': box | {'rotation': 90}}]
    done = [{'result': []}, {'result': result}]
    return {'data': data, 'annotations': done}


def test_label_studio__turned_boxes_thumbnails_and_annotations_without_labels() -> None:
    place = Place('tasks.json')
    found, _ = read_label_studio([task(thumb='small.png', image='large.png')], place)
    assert found['images'][0]['file_name'] == 'large.png'
    # A quarter clockwise around (100, 20): 20 wide and 40 high become 40 to the left and 20 down.
    np.testing.assert_allclose(found['annotations'][0]['bbox'], [60, 20, 40, 20])


def test_labelme__a_picture_that_was_renamed_with_its_file(tmp_path: Path) -> None:
    shape = {'label': 'nose', 'points': [[1, 2]], 'shape_type': 'point'}
    content = {'shapes': [shape], 'imagePath': 'old.png'}
    names = []
    for present in (['new.png'], ['new.png', 'old.png'], []):
        for file in tmp_path.iterdir():
            file.unlink()
        for name in present:
            (tmp_path / name).touch()
        found, _ = read_labelme([(tmp_path / 'new.json', content)])
        names.append(Path(found['images'][0]['file_name']).name)
    assert names == ['new.png', 'old.png', 'old.png']


def test_labelme__groups_of_an_image_are_no_identities(tmp_path: Path) -> None:
    shape = {'label': 'nose', 'points': [[1, 2]], 'shape_type': 'point', 'group_id': 1}
    content = {'shapes': [shape, {**shape, 'group_id': 2}], 'imagePath': 'a.png'}
    found, _ = read_labelme([(tmp_path / 'a.json', content), (tmp_path / 'b.json', content)])
    assert len(found['annotations']) == 4
    assert not any('track_id' in person for person in found['annotations'])


def test_deeplabcut__spreadsheets_save_other_separators_and_encodings(tmp_path: Path) -> None:
    own.deeplabcut(tmp_path)
    file = next(tmp_path.rglob('*.csv'))
    expected, _ = read_deeplabcut(file)
    text = file.read_text()
    assert '.' in text.splitlines()[-1].rpartition('png')[2]
    lines = [line.replace(',', ';') for line in text.splitlines()]
    body = [
        ';'.join(c if 'png' in c else c.replace('.', ',') for c in row.split(';')) for row in lines
    ]
    for changed, encoding in ((text, 'utf-16'), ('\n'.join(body), 'utf-8-sig')):
        file.write_text(changed, encoding=encoding)
        assert read_deeplabcut(file)[0] == expected


def test_deeplabcut__a_table_without_x_and_y_is_named(tmp_path: Path) -> None:
    file = tmp_path / 'CollectedData_a.csv'
    file.write_text('scorer,a,a\nbodyparts,nose,nose\ncoords,u,v\nimg1.png,1,2\n')
    with pytest.raises(UsageError, match=r'CollectedData_a\.csv: expected x and y in the row'):
        read_deeplabcut(file)


def test_deeplabcut__a_comma_within_commas_is_no_point(tmp_path: Path) -> None:
    own.deeplabcut(tmp_path)
    file = next(tmp_path.rglob('*.csv'))
    lines = file.read_text(encoding='utf-8').splitlines()
    cells = lines[-1].split(',')
    lines[-1] = ','.join([*cells[:-1], '"1,234"'])
    file.write_text('\n'.join(lines), encoding='utf-8')
    with pytest.raises(UsageError, match="expected a number, got '1,234'"):
        read_deeplabcut(file)


def test_deeplabcut__h5_is_the_csv(tmp_path: Path) -> None:
    h5py = pytest.importorskip('h5py')
    own.deeplabcut(tmp_path)
    table = tmp_path / 'labeled-data/run/CollectedData_ann.csv'
    truth, _ = read_deeplabcut(table)
    animals = [a for a in own.animals() if a.video == 'run']
    # as pandas' fixed form has it: levels and codes of both indices, one block of numbers
    with h5py.File(table.with_suffix('.h5'), 'w') as file:
        group = file.create_group('df_with_missing')
        joints = sorted(own.JOINTS)
        levels = [('scorer', ['ann']), ('bodyparts', joints), ('coords', ['x', 'y'])]
        codes = [[0] * 18, [joints.index(j) for j in own.JOINTS for _ in 'xy'], [0, 1] * 9]
        write_levels(group, 'block0_items', levels, codes)
        names = [f'img{a.frame:03d}.png' for a in animals]
        index = [('', ['labeled-data']), ('', ['run']), ('', names)]
        write_levels(group, 'axis1', index, [[0] * 6, [0] * 6, list(range(6))])
        group['block0_values'] = np.stack([a.joints[:, :2].ravel() for a in animals])
    found, _ = read_deeplabcut(table.with_suffix('.h5'))
    assert found == truth


def write_levels(group: Any, axis: str, levels: list[Any], codes: list[Any]) -> None:
    for number, ((name, texts), places) in enumerate(zip(levels, codes, strict=True)):
        group[f'{axis}_level{number}'] = np.array(texts, 'S')
        group[f'{axis}_level{number}'].attrs['name'] = name
        group[f'{axis}_label{number}'] = np.array(places, np.int8)


def test_weights__are_an_address_or_a_file_which_any_folder_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels(tmp_path)
    with pytest.raises(UsageError, match=r"weights: expected a file, an address .*got 'mine.pth'"):
        converted(tmp_path, {'weights': 'mine.pth'})
    (tmp_path / 'mine.pth').touch()
    monkeypatch.chdir(tmp_path)
    converted(tmp_path, {'weights': 'mine.pth'})
    written = ''.join(f.read_text() for f in (tmp_path / 'out').rglob('*.py'))
    assert repr(str(tmp_path / 'mine.pth')) in written
