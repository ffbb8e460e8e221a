"""Every data set from its makers' files to clips, ground truth and the figures of the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import official_downloads as official
import pytest
from mmengine.registry import init_default_scope
from official_downloads import SIZE, place

from jmpose_mm.datasets.body import (
    HieveClipDataset,
    PoseTrackClipDataset,
    SubJhmdbClipDataset,
)
from jmpose_mm.datasets.conversion import FORMATS, convert_dataset, counts_table
from jmpose_mm.datasets.conversion.hieve import HieveFormat
from jmpose_mm.formats.annotations import read_annotations

PIPELINE = [
    dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=(-2, -1, 0, 1, 2)),
    dict(type='jmpose_mm.LoadClip'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='jmpose_mm.TopdownClipAffine', input_size=(48, 64)),
    dict(type='PackPoseInputs', meta_keys=('img_path', 'frame_paths')),
]


class Case(NamedTuple):
    """A download, how its conversion is loaded, and what is in its training split."""

    format: str
    write: Callable[[Path], Path]
    dataset: type[PoseTrackClipDataset]
    ann_file: str
    images: str
    split: str
    frames: int
    persons: int
    joints: dict[str, int]
    options: dict[str, Any] = {}


CASES = {
    'posetrack17-json': Case(
        'posetrack17',
        lambda root: official.write_posetrack17(root, matlab=False),
        PoseTrackClipDataset,
        'jsons/posetrack_train.json',
        'images_renamed/',
        'train',
        frames=12,
        persons=20,
        joints={'nose': 10, 'head_top': 20, 'left_ankle': 20},
    ),
    'posetrack17-mat': Case(
        'posetrack17',
        lambda root: official.write_posetrack17(root, matlab=True),
        PoseTrackClipDataset,
        'jsons/posetrack_train.json',
        'images_renamed/',
        'train',
        frames=12,
        persons=20,
        joints={'nose': 10, 'head_top': 20, 'left_ankle': 20},
    ),
    'posetrack18': Case(
        'posetrack18',
        official.write_posetrack18,
        PoseTrackClipDataset,
        'annotations/posetrack18_train.json',
        '',
        'train',
        frames=12,
        persons=20,
        joints={'nose': 10, 'head_top': 20, 'left_ankle': 20},
    ),
    'posetrack21': Case(
        'posetrack21',
        official.write_posetrack21,
        PoseTrackClipDataset,
        'annotations/train',
        '',
        'train',
        frames=12,
        persons=20,
        joints={'nose': 10, 'head_top': 20, 'left_ankle': 20},
    ),
    'sub-jhmdb': Case(
        'sub-jhmdb',
        official.write_sub_jhmdb,
        SubJhmdbClipDataset,
        'annotations/Sub2_train.json',
        'Rename_Images/',
        'Sub2_train',
        frames=10,
        persons=10,
        joints={'neck': 10, 'left_ankle': 10},
    ),
    'hieve': Case(
        'hieve',
        official.write_hieve,
        HieveClipDataset,
        'annotations/hieve_train.json',
        'images/',
        'train',
        frames=10,
        persons=20,
        joints={'nose': 10, 'chest': 20, 'left_ankle': 20},
        options={'val_videos': ('2',)},
    ),
}


@pytest.fixture(autouse=True)
def _scope() -> None:
    init_default_scope('mmpose')


@pytest.fixture(scope='module')
def converted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, dict]]:
    """Each case converted once: where to, and its report."""
    made: dict[str, tuple[Path, dict]] = {}

    def get(name: str) -> tuple[Path, dict]:
        if name not in made:
            case, root = CASES[name], tmp_path_factory.mktemp(name)
            case.write(root / 'download')
            report = convert_dataset(
                case.format, root / 'download', root / 'out', progress=False, **case.options
            )
            made[name] = root / 'out', report
        return made[name]

    return get


def load(case: Case, out: Path, **changes: Any) -> PoseTrackClipDataset:
    arguments = dict(
        data_root=str(out),
        ann_file=case.ann_file,
        data_prefix=dict(img=case.images),
        pipeline=PIPELINE,
    )
    return case.dataset(**{**arguments, **changes})


def test_cases__are_all_formats() -> None:
    assert {case.format for case in CASES.values()} == set(FORMATS)


@pytest.mark.parametrize('name', CASES)
def test_report__counts_what_was_written(name: str, converted: Callable) -> None:
    case, (out, report) = CASES[name], converted(name)
    assert report['dataset'] == case.format
    counts = report['splits'][case.split]
    assert counts['videos'] == 2
    assert counts['frames'] == case.frames
    assert counts['labelled_frames'] == 10
    assert counts['persons'] == counts['boxes'] == case.persons
    assert counts['ignore_regions'] == (2 if 'posetrack' in name else 0)
    assert {joint: counts['joints'][joint] for joint in case.joints} == case.joints
    assert not any(joint.endswith('_ear') for joint in counts['joints'])
    left_out = {what: n for what, n in counts['left_out_or_mended'].items() if n}
    # the persons of frame 0 of two videos have boxes only
    expected = {'persons in frames without labels': 4} if name == 'posetrack21' else {}
    assert left_out == expected
    stored = json.loads((out / 'conversion.json').read_text())
    assert {**stored, 'videos_finished_before': 0} == report
    table = counts_table(report)
    lines = [line.split() for line in table.splitlines()]
    column = 1 + list(report['splits']).index(case.split)
    (frames,) = [line[1:] for line in lines if line[:2] == ['labelled', 'frames']]
    (joints,) = [line[1:] for line in lines if line[:2] == ['annotated', 'joints']]
    assert frames[column] == '10'
    assert int(joints[column]) == sum(counts['joints'].values())
    if expected:
        assert f'left out or mended in {case.split}: 4 persons in frames without labels' in table


@pytest.mark.parametrize('name', CASES)
def test_dataset__every_joint_of_every_person_is_where_it_was_written(
    name: str, converted: Callable
) -> None:
    case, (out, _) = CASES[name], converted(name)
    data = load(case, out)
    assert len(data) == case.persons
    first = 1 if name.startswith('posetrack17') or name == 'sub-jhmdb' else 0
    names = data.metainfo['keypoint_id2name']
    seen = set()
    for index in range(len(data)):
        info = data.get_data_info(index)
        frame, person = info['frame_number'] - first, info['track_id']
        seen.add((info['video'], frame, person))
        for k, joint in names.items():
            if joint.endswith('_ear') or (person, joint) == (1, 'nose'):
                assert info['keypoints_visible'][0, k] == 0, (joint, info['img_path'])
                continue
            assert info['keypoints_visible'][0, k] == 1
            # the crossing of a round trip through float32
            np.testing.assert_allclose(
                info['keypoints'][0, k], place(joint, person, frame), atol=1e-4, err_msg=joint
            )
        x1, y1, x2, y2 = info['bbox'][0]
        assert 0 <= x1 < x2 <= SIZE[0] - 1
        assert 0 <= y1 < y2 <= SIZE[1] - 1
    assert len(seen) == case.persons


@pytest.mark.parametrize('name', CASES)
def test_dataset__a_clip_shows_the_annotated_joints(name: str, converted: Callable) -> None:
    case, (out, _) = CASES[name], converted(name)
    data = load(case, out)
    sample = data[len(data) // 2]
    assert sample['inputs'].shape == (5, 3, 64, 48)
    meta = sample['data_samples']
    numbers = [int(Path(path).stem) for path in meta.frame_paths]
    assert numbers == sorted(numbers)
    assert meta.frame_paths[2] == meta.img_path
    # bright joints on a dark ground: the key frame's image is the annotated one
    info = data.get_data_info(len(data) // 2)
    image = cv2.imread(info['img_path'])
    ids = data.metainfo['keypoint_name2id']
    for joint in set(ids) & set(official.JHMDB_JOINTS):
        x, y = info['keypoints'][0, ids[joint]]
        assert image[round(float(y)), round(float(x)), 1] > 150, joint


@pytest.mark.parametrize('name', [name for name in CASES if 'posetrack' in name])
def test_ground_truth__is_what_the_evaluation_reads(name: str, converted: Callable) -> None:
    out, _ = converted(name)
    truth = read_annotations(out / 'annotations' / 'val')
    assert len(truth.images) == 6
    persons = truth.truth()
    # frame 0 has no label; PoseTrack21's persons there have no joints and would count as frames
    assert sorted(set(persons.frame)) == [1, 2, 3, 4, 5]
    assert persons.present.sum() == 5 * (15 + 14)
    assert np.isfinite(persons.head_size).all()
    # 8 by 10 pixels
    np.testing.assert_allclose(persons.head_size, 0.6 * np.hypot(8, 10))
    for row, frame in enumerate(persons.frame):
        person = row % 2
        for k, joint in enumerate(official.POSETRACK17_JOINTS):
            if persons.present[row, k]:
                wanted = place(joint, person, int(frame))
                np.testing.assert_allclose(persons.keypoints[row, k], wanted)


@pytest.mark.parametrize('name', CASES)
def test_images__are_links(name: str, converted: Callable) -> None:
    case, (out, _) = CASES[name], converted(name)
    download = out.parent / 'download'
    for sample in load(case, out).load_data_list():
        image = Path(sample['img_path'])
        assert image.is_file()
        # HiEve comes as films: its frames are the only images that are made
        assert image.resolve().is_relative_to(out if name == 'hieve' else download)


def test_posetrack17__both_kinds_of_files_give_the_same_bytes(converted: Callable) -> None:
    one, other = converted('posetrack17-json')[0], converted('posetrack17-mat')[0]
    files = [file.relative_to(one) for file in sorted(one.rglob('*.json')) if file.parent != one]
    assert len(files) == 5
    for file in files:
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


def test_posetrack17__frames_are_named_from_1_in_the_order_of_their_numbers(
    converted: Callable,
) -> None:
    out, _ = converted('posetrack17-mat')
    for folder, first in (('bonn/000001_bonn', '06115.jpg'), ('mpii_5sec/000342_mpii', '_crop')):
        links = sorted((out / 'images_renamed' / folder).iterdir())
        assert [link.name for link in links] == [f'{k:08d}.jpg' for k in range(1, 7)]
        targets = [link.resolve().name for link in links]
        assert targets == sorted(targets)
        assert first in targets[0]
    merged = json.loads((out / 'jsons/posetrack_train.json').read_text())
    first = merged['images'][0]
    assert first['file_name'] == 'bonn/000001_bonn/00000001.jpg'
    assert first['original_name'] == 'images/bonn/000001_bonn/06115.jpg'
    assert (first['width'], first['height'], first['nframes']) == (*SIZE, 6)
    assert first['is_labeled'] is False


def test_posetrack18__official_ids_and_fields_stay(converted: Callable) -> None:
    out, report = converted('posetrack18')
    file = 'annotations/val/000522_bonn_test.json'
    made = json.loads((out / file).read_text())
    original = json.loads((out.parent / 'download' / file).read_text())
    for key in ('images', 'annotations'):
        assert len(made[key]) == len(original[key])
        for one, other in zip(made[key], original[key], strict=True):
            assert one | other == one
    assert made['images'][0]['id'] == 20005220000
    assert (made['images'][0]['width'], made['images'][0]['height']) == SIZE
    merged = json.loads((out / 'annotations/posetrack18_val.json').read_text())
    assert merged == made
    assert report['release'].startswith('unknown release (v0.2 has 74, v0.45 has 170)')


@pytest.mark.parametrize(('count', 'release'), [(74, 'v0.2'), (170, 'v0.45')])
def test_posetrack18__releases_are_told_by_their_validation_videos(
    count: int, release: str, tmp_path: Path
) -> None:
    (tmp_path / 'images').mkdir()
    folder = tmp_path / 'posetrack_data' / 'annotations' / 'val'
    folder.mkdir(parents=True)
    for video in range(count):
        (folder / f'{video:06d}_mpii_test.json').touch()
    dataset = FORMATS['posetrack18'](tmp_path, tmp_path / 'out')
    assert dataset.release(dataset.videos()) == f'{release}, {count} val videos'


def test_sub_jhmdb__splits_boxes_and_coordinates_are_matlabs(converted: Callable) -> None:
    out, report = converted('sub-jhmdb')
    clips = ['catch/Ball_2_catch_f_1', 'catch/Ball_@_1_catch_f_0', 'run/A!(b)_run_f_0']
    tested = {1: clips[1], 2: clips[0], 3: clips[2]}
    for split in (1, 2, 3):
        found = {}
        for role in ('train', 'test'):
            content = json.loads((out / f'annotations/Sub{split}_{role}.json').read_text())
            names = [image['file_name'] for image in content['images']]
            found[role] = {name.rpartition('/')[0] for name in names}
        assert found == {'test': {tested[split]}, 'train': set(clips) - {tested[split]}}
    person = content['annotations'][0]
    # columns 12 to 36 and rows 12 to 60 from 0 on: w is the last minus the first
    assert person['bbox'] == [13, 13, 24, 48]
    assert person['keypoints'][:3] == [*np.add(place('neck', 0, 0), 1), 2]
    assert report['release'] == '3 clips'


def test_sub_jhmdb__without_masks_boxes_are_around_the_joints_and_counted(tmp_path: Path) -> None:
    official.write_sub_jhmdb(tmp_path / 'download', masks=False)
    out = tmp_path / 'out'
    report = convert_dataset('sub-jhmdb', tmp_path / 'download', out, progress=False)
    counts = report['splits']['Sub1_train']
    what = 'boxes around joints for want of a mask'
    assert counts['left_out_or_mended'][what] == counts['boxes'] == 10
    info = load(CASES['sub-jhmdb'], out).get_data_info(0)
    # wrists at x 15.25 and 33.25, head at y 17.5 and ankles at 58.5, the last pixel, times 1.2
    half = np.array([(33.25 + 1 - 15.25) / 2, (58.5 + 1 - 17.5) / 2]) * 1.2
    middle = np.array([(33.25 + 1 + 15.25) / 2, (58.5 + 1 + 17.5) / 2])
    np.testing.assert_allclose(info['bbox'][0], [*(middle - half), *(middle + half)])


def test_hieve__videos_are_held_out_and_extracted_frames_are_taken(tmp_path: Path) -> None:
    official.write_hieve(tmp_path / 'download', film=False, videos=16)
    out = tmp_path / 'out'
    report = convert_dataset('hieve', tmp_path / 'download', out, progress=False)
    assert report['release'] == '16 labelled videos, held out: 4 8 12 16'
    held_out = sorted(file.stem for file in (out / 'annotations/val').iterdir())
    assert held_out == ['12', '16', '4', '8']
    assert report['splits']['train']['videos'] == 12
    assert (out / 'images/1').is_symlink()
    val = json.loads((out / 'annotations/hieve_val.json').read_text())
    # merged in the order of their numbers
    assert [image['file_name'] for image in val['images'][::5]] == [
        f'{video}/000000.jpg' for video in (4, 8, 12, 16)
    ]
    assert val['annotations'][0]['bbox'] == [10, 10, 28, 54]
    assert HieveFormat(tmp_path, out, '12').val_videos == ('12',)
    assert HieveFormat(tmp_path, out, [4, 8]).val_videos == ('4', '8')
    with pytest.raises(ValueError, match=r"val_videos: .* got \['17'\]"):
        convert_dataset('hieve', tmp_path / 'download', out, progress=False, val_videos=['17'])


@pytest.mark.parametrize('name', ['posetrack17-mat', 'posetrack18', 'sub-jhmdb', 'hieve'])
def test_videos__a_subset_is_chosen_by_name(name: str, converted: Callable) -> None:
    case, (out, _) = CASES[name], converted(name)
    every = load(case, out)
    folders = sorted({Path(info['video']).name for info in every.load_data_list()})
    for folder in folders:
        part = load(case, out, videos=[folder])
        assert {Path(info['video']).name for info in part.load_data_list()} == {folder}
        assert len(part) == len(every) // 2
    with pytest.raises(ValueError, match=r"videos: .* got unknown \['gone'\]"):
        load(case, out, videos=[folders[0], 'gone'])
