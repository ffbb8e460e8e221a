"""Interrupted, repeated and failing conversions; what is in memory meanwhile."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import official_downloads as official
import pytest

from jmpose_mm.datasets.conversion import (
    convert_dataset,
    counts_table,
    posetrack18,
    resumable_conversion,
)
from jmpose_mm.datasets.conversion.links import link_folder
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.coco_writing import write_coco
from jmpose_mm.formats.json_files import write_compact_json
from jmpose_mm.whole_files import whole_folder

VAL = 'annotations/val/000522_bonn_test.json'


@pytest.fixture
def download(tmp_path: Path) -> Path:
    return official.write_posetrack18(tmp_path / 'download')


def convert(download: Path, name: str = 'posetrack18') -> dict[str, Any]:
    return convert_dataset(name, download, download.parent / 'out', progress=False)


def files_of(folder: Path) -> list[str]:
    return sorted(str(f.relative_to(folder)) for f in folder.rglob('*') if f.is_file())


def converted_videos(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the videos that are converted from now on."""
    names: list[str] = []
    original = posetrack18.PoseTrack18Format.convert

    def convert(self: Any, video: Any) -> Any:
        names.append(video.file)
        return original(self, video)

    monkeypatch.setattr(posetrack18.PoseTrack18Format, 'convert', convert)
    return names


def test_run__a_bad_file_stops_with_path_and_key_and_the_rest_is_kept(
    download: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = converted_videos(monkeypatch)
    content = json.loads((download / VAL).read_text())
    good = json.dumps(content)
    del content['annotations'][3]['image_id']
    (download / VAL).write_text(json.dumps(content))
    message = r"val/000522_bonn_test\.json: annotations\[3\]: expected the key 'image_id'"
    with pytest.raises(ValueError, match=message):
        convert(download)
    out = download.parent / 'out'
    assert files_of(out / 'annotations') == [
        'train/000001_bonn_train.json',
        'train/000342_mpii_train.json',
    ]
    assert not (out / 'conversion.json').exists()
    (download / VAL).write_text(good)
    names.clear()
    report = convert(download)
    assert names == ['val/000522_bonn_test.json']
    assert report['videos_finished_before'] == 2
    assert report['splits']['train']['persons'] == 20


@pytest.mark.parametrize(
    'damage',
    [
        lambda content: content['categories'][0]['keypoints'].__setitem__(0, ['nose']),
        lambda content: content['categories'][0]['keypoints'].pop(),
        lambda content: content['images'][0].update(ignore_regions_x=7),
    ],
)
def test_run__what_cannot_be_counted_names_the_file_and_is_not_finished(
    download: Path, damage: Callable[[dict], Any]
) -> None:
    content = json.loads((download / VAL).read_text())
    damage(content)
    (download / VAL).write_text(json.dumps(content))
    with pytest.raises(UsageError, match=r'val/000522_bonn_test\.json: '):
        convert(download)
    assert not (download.parent / 'out/annotations' / VAL.removeprefix('annotations/')).exists()


def test_run__a_second_one_converts_nothing_and_says_the_same(
    download: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = convert(download)
    out = download.parent / 'out'
    before = {name: (out / name).read_bytes() for name in files_of(out)}
    names = converted_videos(monkeypatch)
    second = convert(download)
    assert names == []
    assert second.pop('videos_finished_before') == 3
    assert first.pop('videos_finished_before') == 0
    assert second == first
    after = {name: (out / name).read_bytes() for name in files_of(out)}
    assert after == before


def test_run__a_video_that_changed_or_lost_its_file_is_converted_again(
    download: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(download)
    content = json.loads((download / VAL).read_text())
    content['annotations'].pop()
    (download / VAL).write_text(json.dumps(content))
    (download.parent / 'out/annotations/train/000001_bonn_train.json').unlink()
    names = converted_videos(monkeypatch)
    report = convert(download)
    assert names == ['train/000001_bonn_train.json', 'val/000522_bonn_test.json']
    assert report['splits']['val']['persons'] == 9


def test_run__a_torn_ledger_line_costs_one_video(
    download: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(download)
    ledger = download.parent / 'out' / resumable_conversion.LEDGER
    ledger.write_text(ledger.read_text()[:-20])
    names = converted_videos(monkeypatch)
    convert(download)
    assert names == ['val/000522_bonn_test.json']
    names.clear()
    convert(download)
    assert names == []


def test_run__another_data_set_in_the_folder_is_refused(download: Path) -> None:
    out = download.parent / 'out'
    convert_dataset('posetrack18', download, out, progress=False)
    before = {file: file.read_bytes() for file in out.rglob('*.json')}
    other = official.write_posetrack21(download.parent / 'newer')
    with pytest.raises(UsageError, match='posetrack21 was converted into, found posetrack18'):
        convert_dataset('posetrack21', other, out, progress=False)
    assert {file: file.read_bytes() for file in out.rglob('*.json')} == before


def test_run__files_of_videos_that_are_held_out_no_more_are_said(tmp_path: Path) -> None:
    root, out = official.write_hieve(tmp_path / 'download', film=False), tmp_path / 'out'
    options = {'progress': False, 'val_videos': ['2']}
    assert 'stale_files' not in convert_dataset('hieve', root, out, **options)
    report = convert_dataset('hieve', root, out, **options | {'val_videos': ['1']})
    assert report['stale_files'] == ['train/1.json', 'val/2.json']
    assert 'not of this conversion, but in OUT/annotations: train/1.json' in counts_table(report)


@pytest.mark.parametrize(
    ('out', 'said'),
    [
        ('images', 'outside of the images of the download'),
        ('images/out', 'outside of the images of the download'),
        ('notes', 'notes: expected a folder to write into, found a file'),
    ],
)
def test_run__places_that_cannot_be_are_refused(download: Path, out: str, said: str) -> None:
    (download / 'notes').touch()
    before = files_of(download)
    with pytest.raises(UsageError, match=said):
        convert_dataset('posetrack18', download, download / out, progress=False)
    assert files_of(download) == before


def test_run__a_second_download_of_a_file_is_no_second_video(download: Path) -> None:
    file = download / VAL
    copy = file.with_name(f'{file.stem} (1).json')
    copy.write_bytes(file.read_bytes())
    with pytest.raises(UsageError, match=r'expected images of its own, got .* is one of the two a'):
        convert(download)
    copy.unlink()
    assert convert(download)['splits']['val']['videos'] == 1


def test_run__the_download_is_never_written_to(download: Path) -> None:
    before = {name: (download / name).read_bytes() for name in files_of(download)}
    with pytest.raises(ValueError, match='expected another folder OUT than the download'):
        convert_dataset('posetrack18', download, download, progress=False)
    assert {name: (download / name).read_bytes() for name in files_of(download)} == before


def test_run__another_folder_of_images_is_not_replaced(download: Path) -> None:
    images = download.parent / 'out' / 'images'
    images.mkdir(parents=True)
    (images / 'mine.jpg').touch()
    with pytest.raises(ValueError, match=r'out/images: expected nothing or a link to'):
        convert(download)
    assert (images / 'mine.jpg').is_file()


def test_run__one_video_is_in_memory_at_a_time(
    download: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tracked(dict):
        """A dict that tells when it is gone."""

    alive: list[weakref.ref] = []
    most = []
    read = resumable_conversion.read_json

    def tracked(path: Path) -> Tracked:
        most.append(sum(ref() is not None for ref in alive))
        content = Tracked(read(path))
        alive.append(weakref.ref(content))
        return content

    monkeypatch.setattr(resumable_conversion, 'read_json', tracked)
    for number in range(10, 20):
        video = official.document(f'{number:06d}_mpii_train', 'train', boxes_only=False)
        official.write_json(download / f'annotations/train/{number:06d}_mpii_train.json', video)
    report = convert(download)
    assert report['splits']['train']['videos'] == 12
    assert len(most) == 13
    # the one before it is let go when the next is read
    assert max(most) == 1


def test_writing__failures_leave_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / 'a.json'
    write_compact_json(file, {'a': 1})
    with pytest.raises(TypeError):
        write_compact_json(file, {'a': object()})

    def broken() -> Any:
        yield {'images': [{}], 'annotations': [], 'categories': []}
        raise ValueError('bad')

    with pytest.raises(ValueError, match='bad'):
        write_coco(file, broken())

    def fill() -> None:
        with whole_folder(tmp_path / 'frames') as folder:
            (folder / '1.jpg').touch()
            raise ValueError('bad')

    with pytest.raises(ValueError, match='bad'):
        fill()
    assert [path.name for path in tmp_path.iterdir()] == ['a.json']
    assert json.loads(file.read_text()) == {'a': 1}


def test_link_folder__again_and_through_another_name_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / 'real').mkdir()
    (tmp_path / 'alias').symlink_to(tmp_path / 'real')
    for source in ('real', 'real', 'alias'):
        link_folder(tmp_path / source, tmp_path / 'out' / 'images')
    assert (tmp_path / 'out/images').resolve() == tmp_path / 'real'
    (tmp_path / 'real').rmdir()
    (tmp_path / 'other').mkdir()
    # a link that leads nowhere is something else, too
    with pytest.raises(ValueError, match='found something else'):
        link_folder(tmp_path / 'other', tmp_path / 'out' / 'images')
