"""What is wrong with a download is said in one line with the file and the key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import official_downloads as official
import PIL.Image
import pytest
from scipy.io import loadmat, savemat

from jmpose_mm.datasets.conversion import convert_dataset
from jmpose_mm.datasets.conversion.dataset_format import image_size
from jmpose_mm.datasets.conversion.matlab_files import read_matlab, read_matlab_structure
from jmpose_mm.datasets.conversion.posetrack17 import renamed_frames
from jmpose_mm.datasets.conversion.sub_jhmdb import mask_box


def changed(file: Path, change: Callable[[dict], None]) -> None:
    content = json.loads(file.read_text(encoding='utf-8'))
    change(content)
    file.write_text(json.dumps(content), encoding='utf-8')


def assert_refused(name: str, root: Path, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        convert_dataset(name, root, root.parent / 'out', progress=False)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('posetrack17', 'expected annotations in one of the folders annotations, posetrack_data'),
        ('posetrack18', 'expected annotations in one of the folders annotations, posetrack_data'),
        ('posetrack21', 'expected annotations in one of the folders posetrack_data, annotations'),
        ('sub-jhmdb', 'expected split files in one of the folders ./sub_splits, JHMDB/sub_splits'),
        ('hieve', 'expected poses in one of the folders labels/train/track2&3'),
    ],
)
def test_folders__that_are_missing_are_named(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'empty').mkdir()
    assert_refused(name, tmp_path / 'empty', message)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda c: c.pop('annolist'), r"testsub\.json: expected the key 'annolist'"),
        (lambda c: c['annolist'][2].pop('image'), r"annolist\[2\]: expected the key 'image'"),
        (
            lambda c: c['annolist'][2]['image'][0].update(name='images/bonn/other/00000003.jpg'),
            r"testsub\.json: annolist: expected images of one folder, got \['images/bonn/other'",
        ),
        (
            lambda c: c['annolist'][2]['annorect'][0].update(x2=['wide']),
            r'val/000522\S+\.json: annolist\[2\]\.annorect\[0\]: x2: expected a number',
        ),
    ],
)
def test_posetrack17__names_file_and_key(
    change: Callable[[dict], None], message: str, tmp_path: Path
) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=False)
    changed(root / 'annotations/val/000522_bonn_relpath_5sec_testsub.json', change)
    assert_refused('posetrack17', root, message)
    assert not (tmp_path / 'out/annotations/val').exists()


def test_posetrack17__matlab_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=True)
    file = root / 'annotations/train/000342_mpii_relpath_5sec_trainsub.mat'
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert_refused(
        'posetrack17', root, r'000342_mpii_relpath_5sec_trainsub\.mat: expected a Matlab file'
    )
    savemat(file, {'other': 1})
    assert_refused('posetrack17', root, r"\.mat: missing key 'annolist', found \['other'\]")
    savemat(file, {'annolist': np.arange(3)})
    assert_refused('posetrack17', root, r"\.mat: key 'annolist': expected a structure array")


def test_read_matlab__version_73_says_what_to_do(tmp_path: Path) -> None:
    # the header of Matlab's HDF5 files: text, then version 0x0200
    header = b'MATLAB 7.3 MAT-file'.ljust(124) + b'\x00\x02IM'
    (tmp_path / 'new.mat').write_bytes(header + b'\0' * 384)
    with pytest.raises(ValueError, match=r"new\.mat: expected .* got 7\.3; .*'-v7'"):
        read_matlab(tmp_path / 'new.mat')
    with pytest.raises(ValueError, match=r'gone\.mat: expected a Matlab file, found no file'):
        read_matlab(tmp_path / 'gone.mat')


def test_read_matlab_structure__one_many_and_empty(tmp_path: Path) -> None:
    file = tmp_path / 'a.mat'
    entries = [{'n': k, 'text': 'x', 'none': [], 'list': np.arange(3.0)} for k in range(2)]
    for count in (1, 2):
        savemat(file, {'s': official.as_matlab(entries[:count])})
        found = read_matlab_structure(file, 's')
        assert found == [{'n': [k], 'text': 'x', 'list': [0.0, 1.0, 2.0]} for k in range(count)]
        assert json.loads(json.dumps(found)) == found
    # scipy's own reading of the second entry, without our conventions
    assert loadmat(file)['s'][0, 1]['n'] == 1


def test_posetrack17__entries_that_matlab_writes_for_nobody_are_left_out(tmp_path: Path) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=False)

    def add(content: dict) -> None:
        nobody = {'x1': [], 'y1': [], 'x2': [], 'y2': [], 'track_id': [], 'annopoints': []}
        content['annolist'][0]['annorect'] = [nobody]
        content['annolist'][0]['ignore_regions'] = [{'point': []}]
        # a head without joints makes its frame count in the evaluation: it stays
        content['annolist'][1]['annorect'][0]['annopoints'] = []

    changed(root / 'annotations/val/000522_bonn_relpath_5sec_testsub.json', add)
    report = convert_dataset('posetrack17', root, tmp_path / 'out', progress=False)
    counts = report['splits']['val']
    assert {what: n for what, n in counts['left_out_or_mended'].items() if n} == {
        'persons without content': 1,
        'ignore regions without corners': 1,
    }
    assert (counts['persons'], counts['boxes'], counts['joints']['head_top']) == (10, 9, 9)


def images(*names: str) -> list[Path]:
    return [Path('folder') / name for name in names]


@pytest.mark.parametrize(
    ('names', 'files', 'numbers', 'links'),
    [
        # all on disk: frames that are not annotated keep their places
        (['a', 'c'], images('a', 'b', 'c'), [1, 3], {1: 'a', 2: 'b', 3: 'c'}),
        # renamed already, as many as there are names: in order
        (['a', 'b'], images('1', '2'), [1, 2], {1: '1', 2: '2'}),
        # some are missing: the place in the annotations counts
        (['a', 'b', 'c'], images('a', 'c'), [1, 2, 3], {1: 'a', 3: 'c'}),
        # others, and not as many: none
        (['a', 'b', 'c'], images('1', '2'), [1, 2, 3], {}),
        (['a'], [], [1], {}),
        ([], images('1'), [], {}),
    ],
)
def test_renamed_frames__rules(
    names: list[str], files: list[Path], numbers: list[int], links: dict[int, str]
) -> None:
    got_numbers, got_links = renamed_frames(names, files)
    assert got_numbers == numbers
    assert {number: file.name for number, file in got_links.items()} == links


def test_posetrack17__missing_frames_are_counted_and_links_made_anew(tmp_path: Path) -> None:
    root = official.write_posetrack17(tmp_path / 'download', matlab=False)
    video = root / 'images/bonn_5sec/000522_bonn'
    (video / '00000003.jpg').unlink()
    report = convert_dataset('posetrack17', root, tmp_path / 'out', progress=False)
    missing = report['splits']['val']['left_out_or_mended']['frames missing on disk']
    folder = tmp_path / 'out/images_renamed/bonn_5sec/000522_bonn'
    assert missing == 1
    assert [int(file.stem) for file in sorted(folder.iterdir())] == [1, 2, 4, 5, 6]
    official.paint(video / '00000003.jpg', 2)
    (tmp_path / 'out/conversion.jsonl').unlink()
    convert_dataset('posetrack17', root, tmp_path / 'out', progress=False)
    assert [int(file.stem) for file in sorted(folder.iterdir())] == [1, 2, 3, 4, 5, 6]
    # images that somebody copied there are not removed
    (folder / '00000001.jpg').unlink()
    (folder / '00000001.jpg').write_bytes(b'mine')
    (tmp_path / 'out/conversion.jsonl').unlink()
    assert_refused(
        'posetrack17', root, r'000522_bonn: expected nothing or links, found files of another'
    )
    assert (folder / '00000001.jpg').read_bytes() == b'mine'


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda c: c.pop('categories'), r"test\.json: expected the key 'categories'"),
        (lambda c: c['images'][1].pop('id'), r"test\.json: images\[1\]: expected the key 'id'"),
        (
            lambda c: c['annotations'][1]['keypoints'].pop(),
            r'annotations\[1\]: keypoints: expected 51 numbers',
        ),
        (
            lambda c: c['annotations'][1].update(bbox=[1, 2, 3]),
            r'annotations\[1\]: bbox: expected 4 numbers, got \[1, 2, 3\]',
        ),
    ],
)
def test_posetrack18__names_file_and_key(
    change: Callable[[dict], None], message: str, tmp_path: Path
) -> None:
    root = official.write_posetrack18(tmp_path / 'download')
    changed(root / 'annotations/val/000522_bonn_test.json', change)
    assert_refused('posetrack18', root, message)


def test_posetrack18__an_image_that_is_none_is_named(tmp_path: Path) -> None:
    root = official.write_posetrack18(tmp_path / 'download')
    (root / 'images/val/000522_bonn_test/000000.jpg').write_bytes(b'cut')
    assert_refused('posetrack18', root, r'000522_bonn_test/000000\.jpg: expected an image')


def test_image_size__of_a_picture_that_pillow_refuses_is_an_error_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((20, 30, 3), np.uint8))
    monkeypatch.setattr(PIL.Image, 'MAX_IMAGE_PIXELS', 200)
    with pytest.raises(
        ValueError, match=r'a\.png: expected an image of a usual size: .*600 pixels'
    ):
        image_size(tmp_path / 'a.png')


def test_sub_jhmdb__names_file_and_key(tmp_path: Path) -> None:
    root = official.write_sub_jhmdb(tmp_path / 'download')
    joints = root / 'joint_positions/run/A!(b)_run_f_0/joint_positions.mat'
    savemat(joints, {'pos_img': np.ones((2, 14, 5))})
    assert_refused('sub-jhmdb', root, r"\.mat: key 'pos_img': expected .* got \(2, 14, 5\)")
    savemat(joints, {'pos': 1})
    assert_refused('sub-jhmdb', root, r"joint_positions\.mat: expected the key 'pos_img'")
    savemat(joints, {'pos_img': np.ones((2, 15, 4))})
    assert_refused(
        'sub-jhmdb', root, r"puppet_mask\.mat: key 'part_mask': expected \(height, width, 4\)"
    )
    joints.unlink()
    assert_refused(
        'sub-jhmdb',
        root,
        r'joint_positions\.mat: expected the joints of a clip of .*_test_split_\d\.txt',
    )
    (root / 'sub_splits/run_test_split_2.txt').write_text('clip.avi 1\nclip 2\n')
    assert_refused('sub-jhmdb', root, r'run_test_split_2\.txt, line 2: expected <clip>\.avi 1\|2')


@pytest.mark.parametrize(
    ('rows', 'columns', 'box'),
    [
        (slice(3, 6), slice(2, 9), [3, 4, 6, 2]),
        (slice(0, 8), slice(0, 10), [1, 1, 9, 7]),
        # the last row, where the script that is usually used puts the column one too far
        (slice(7, 8), slice(4, 5), [5, 8, 0, 0]),
        (slice(0, 0), slice(0, 0), None),
    ],
)
def test_mask_box__first_to_last_row_and_column(rows: slice, columns: slice, box: object) -> None:
    mask = np.zeros((8, 10), np.uint8)
    mask[rows, columns] = 3
    assert mask_box(mask) == box


def test_downloads__files_that_macs_leave_are_no_part_of_them(tmp_path: Path) -> None:
    hieve = official.write_hieve(tmp_path / 'h', film=False)
    jhmdb = official.write_sub_jhmdb(tmp_path / 'j')
    older = official.write_posetrack17(tmp_path / 'p', matlab=False)
    for file in (
        hieve / 'HIE20/images/1/.DS_Store',
        hieve / 'HIE20/images/1/desktop.ini',
        *(file.with_name(f'._{file.name}') for file in jhmdb.rglob('*_test_split_1.txt')),
    ):
        file.write_bytes(b'\x00\x05\x16\x07\xff')
    for name, src in (('hieve', hieve), ('sub-jhmdb', jhmdb), ('posetrack17', older)):
        options = {'val_videos': ['2']} if name == 'hieve' else {}
        out = tmp_path / name
        first = convert_dataset(name, src, out, progress=False, **options)
        # somebody looks into the new folders, and the download changes
        for folder in [path for path in out.rglob('*') if path.is_dir()]:
            (folder / '.DS_Store').touch()
        (out / 'conversion.jsonl').unlink()
        again = convert_dataset(name, src, out, progress=False, **options)
        assert again['splits'] == first['splits']


def test_hieve__films_that_cannot_be_decoded_leave_nothing(tmp_path: Path) -> None:
    root = official.write_hieve(tmp_path / 'download', videos=16)
    film = root / 'HIE20/videos/train/1.mp4'
    film.write_bytes(b'no film')
    assert_refused('hieve', root, r'1\.mp4: expected a video that OpenCV can decode, got no frame')
    assert list((tmp_path / 'out/images').iterdir()) == []
    film.unlink()
    report = convert_dataset('hieve', root, tmp_path / 'out', progress=False)
    # labels alone are of use too
    assert report['splits']['train']['left_out_or_mended']['frames missing on disk'] == 5
    frame = cv2.imread(str(tmp_path / 'out/images/2/000003.jpg'))
    assert np.abs(frame.astype(int) - official.picture(3)).mean() < 5
