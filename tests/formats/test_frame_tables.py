from __future__ import annotations

from pathlib import Path

import pytest

from jmpose_mm.formats.frame_tables import FrameTables
from jmpose_mm.formats.persons import Image


def touched(root: Path, *names: str) -> FrameTables:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return FrameTables(str(root))


def listed(tables: FrameTables, name: str) -> list[str]:
    """Names of the frames of an image's video."""
    return [Path(path).name for path in tables[tables.find(name)[0]].values()]


def test_find__series_of_a_folder_are_videos_of_their_own(tmp_path: Path) -> None:
    tables = touched(tmp_path, 'f/walk_1.png', 'f/walk_2.png', 'f/run_2.png', 'f/run_3.png')
    assert listed(tables, 'f/walk_2.jpg') == ['walk_1.png', 'walk_2.png']
    assert listed(tables, 'f/run_2.jpg') == ['run_2.png', 'run_3.png']
    assert tables.find('f/run_1.jpg') == (str(tmp_path / 'f'), None)


@pytest.mark.parametrize('suffix', ['jpg', 'JPEG', 'png', 'bmp', 'tif', 'TIFF', 'webp'])
def test_find__images_of_every_kind(tmp_path: Path, suffix: str) -> None:
    assert touched(tmp_path, f'a/7.{suffix}', 'a/8.txt').find(r'a\7.jpg')[1] == 7


def test_find__absolute_names_of_another_machine(tmp_path: Path) -> None:
    tables = touched(tmp_path, 'cam/1.png')
    assert tables.find(r'C:\data\cam\1.png') == (str(tmp_path / 'cam'), 1)
    # another folder of the other machine is not the same one here
    assert tables.find(r'D:\more\cam\1.png')[1] is None


def test_find__relative_names_are_where_they_say(tmp_path: Path) -> None:
    assert touched(tmp_path, 'cam/1.png').find('cage/cam/1.png')[1] is None


def test_split__by_the_vid_id_of_the_file(tmp_path: Path) -> None:
    tables = touched(tmp_path, *(f'{k}.png' for k in range(10)))
    images = [
        Image(f'{k}.png', Path('a.json'), k, None, {'vid_id': v})
        for k, v in [(1, 'a'), (3, 'a'), (6, 'b'), (8, 'b')]
    ]
    tables.split(images)
    assert listed(tables, '1.png') == ['0.png', '1.png', '2.png', '3.png']
    assert listed(tables, '8.png') == ['6.png', '7.png', '8.png', '9.png']
    # between the two videos nobody knows
    assert listed(tables, '4.png') == ['4.png', '5.png']


def test_split__one_vid_id_leaves_the_folder_whole(tmp_path: Path) -> None:
    tables = touched(tmp_path, '1.png', '2.png')
    tables.split([Image('1.png', Path('a.json'), 1, None, {'vid_id': 'a'})])
    assert listed(tables, '2.png') == ['1.png', '2.png']


def test_find__links_that_lead_nowhere_and_folders_are_no_frames(tmp_path: Path) -> None:
    tables = touched(tmp_path, 'a/1.jpg', 'a/3.jpg/notes.txt', 'elsewhere/5.jpg')
    (tmp_path / 'a/2.jpg').symlink_to('2.jpg')  # in a circle
    (tmp_path / 'a/4.jpg').symlink_to(tmp_path / 'gone.jpg')
    (tmp_path / 'a/5.jpg').symlink_to(tmp_path / 'elsewhere/5.jpg')
    assert listed(tables, 'a/1.jpg') == ['1.jpg', '5.jpg']
    assert tables.find('a/2.jpg')[1] is None
