"""Several films: which, where to, and that one that fails ends no other."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.recordings import PoseHeader, Recording, read_poses
from jmpose_mm.video.film_lists import (
    FilmMaker,
    film_names,
    films_in,
    make_films,
    take_shard,
)
from jmpose_mm.video.film_tables import FilmRow, check_table, tabled
from jmpose_mm.video.records import FramePoses
from jmpose_mm.visualization.skeleton import Skeleton


def test_films_in__folders_patterns_and_lists(tmp_path: Path) -> None:
    for name in ('a.mp4', 'B.MOV', '._a.mp4', 'notes.txt'):
        (tmp_path / name).touch()
    films = [str(tmp_path / name) for name in ('B.MOV', 'a.mp4')]
    assert films_in([str(tmp_path)]) == films
    assert films_in([f'{tmp_path}/*.mp4']) == films[1:]
    assert films_in(['x.mp4', str(tmp_path), '0']) == ['x.mp4', *films, '0']
    assert films_in([films[0]]) is None
    assert films_in(['rtsp://host/1']) is None
    (tmp_path / '1.jpg').touch()
    assert films_in([str(tmp_path)]) is None  # a folder of images, as ever


def test_film_names__differ(tmp_path: Path) -> None:
    films = ['a/walk.mp4', 'b/Walk.mov', 'http://me:secret@host/my film.mp4?x=1', 'b/run.mp4']
    assert list(film_names(films).values()) == ['walk', 'Walk_2', 'my_film', 'run']


def test_shard_of__all_films_once() -> None:
    films = list('abcdefg')
    parts = [take_shard(films, f'{i}/3') for i in (1, 2, 3)]
    assert sorted(film for part in parts for film in part) == films
    assert take_shard(films, None) == films
    for wrong in ('0/3', '4/3', '1', '1/0', 'a/b'):
        with pytest.raises(UsageError, match='shard: expected 1/4'):
            take_shard(films, wrong)


def test_make_films__no_film_is_a_table_without_rows(tmp_path: Path) -> None:
    assert make_films([], {}, tmp_path, FilmMaker(lambda film, folder: pytest.fail(film))) == []
    assert (tmp_path / 'summary.csv').read_text() == f'{",".join(FilmRow._fields)}\n'


def test_make_films__finished_are_left_and_a_bad_one_is_reported(tmp_path: Path) -> None:
    made = []

    def make(film: str, folder: Path) -> Recording:
        made.append(film)
        if film == 'bad.mp4':
            raise UsageError('bad.mp4: expected a video, found something else')
        with PoseFile(folder / 'poses.json', PoseHeader(film, 5, Skeleton(('a',), ()), {})) as file:
            file.add(None, FramePoses(0, 0, '', (9, 9), ()))
        return read_poses(folder / 'poses.json')

    films = ['good.mp4', 'bad.mp4', 'last.mp4']
    for again, wanted in ((False, films), (False, ['bad.mp4']), (True, films)):
        made.clear()
        rows = make_films(films, film_names(films), tmp_path, FilmMaker(make), again)
        assert made == wanted
        assert [row.frames for row in rows] == [1, 0, 1]
    with (tmp_path / 'summary.csv').open(encoding='utf-8', newline='') as file:
        table = list(csv.DictReader(file))
    assert [row['state'] for row in table] == ['done', 'failed', 'done']
    assert table[1]['problems'] == 'bad.mp4: expected a video, found something else'


def test_tabled__keeps_rows_of_films_that_an_earlier_run_made(tmp_path: Path) -> None:
    def row(name: str, frames: int) -> FilmRow:
        return FilmRow(f'{name}.mp4', name, 'done', frames, 1, 0.5, 'a, "b"\nc')

    for name in ('walk', 'run', 'jump'):
        (tmp_path / name).mkdir()
    table = tmp_path / 'summary.csv'
    tabled([row('walk', 1), row('run', 2), row('jump', 3)], table)
    (tmp_path / 'jump').rmdir()  # somebody removed its results
    table.write_bytes(table.read_bytes().replace(b'walk.mp4', b'g\xe9n.mp4'))  # and edited it
    assert tabled([row('run', 5)], table) == [row('run', 5)]
    assert b'g\xe9n.mp4' in table.read_bytes()
    with table.open(encoding='latin-1', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [(one['folder'], one['frames']) for one in rows] == [('walk', '1'), ('run', '5')]
    assert rows[0]['problems'] == 'a, "b"\nc'


@pytest.mark.parametrize(
    ('film', 'asked', 'files', 'said'),
    [
        ('a/walk.mp4', {'config': 'x.py', 'versions': 2}, ['poses.json'], None),
        ('/data/a/walk.mp4', {'smoothing': None}, [], None),  # unknown then, and elsewhere called
        ('b/walk.mp4', {}, [], 'holds finished poses of a/walk.mp4; --overwrite replaces them'),
        ('a/walk.mp4', {'config': 'y.py'}, [], 'made with config x.py, not y.py'),
        ('a/walk.mp4', {'frames': {'start': 0.5}}, [], r"made with frames \{'start': 0\}, not"),
    ],
)
def test_finished__only_what_was_asked_for_is_done(
    tmp_path: Path, film: str, asked: dict, files: list[str], said: str | None
) -> None:
    protocol = {'config': 'x.py', 'frames': {'start': 0}, 'versions': 1}
    header = PoseHeader('a/walk.mp4', 5, Skeleton(('a',), ()), protocol)
    PoseFile(tmp_path / 'poses.json', header).close()
    maker = FilmMaker(pytest.fail, asked, files)
    if said is None:
        assert maker.finished(film, tmp_path).complete
        assert maker._replace(files=['film.mp4']).finished(film, tmp_path) is None  # is to be drawn
    else:
        with pytest.raises(UsageError, match=said):
            maker.finished(film, tmp_path)
    assert maker.finished(film, tmp_path / 'other') is None


@pytest.mark.parametrize(('frames', 'done'), [(100, True), (50, False)])
def test_finished__a_shorter_span_than_now_is_not_done(
    tmp_path: Path, frames: int, done: bool
) -> None:
    header = PoseHeader('a/walk.mp4', 5, Skeleton(('a',), ()), {})
    with PoseFile(tmp_path / 'poses.json', header) as file:
        for index in range(frames):
            file.add(None, FramePoses(index, index / 5, '', (9, 9), ()))
    for length in (None, 40, 101 if done else 60):
        maker = FilmMaker(pytest.fail, expected=lambda film, length=length: length)
        found = maker.finished('a/walk.mp4', tmp_path)
        assert (found is not None) is (done or length != 60)


def test_check_table__no_table_of_the_user_is_replaced(tmp_path: Path) -> None:
    table = tmp_path / 'summary.csv'
    check_table(table)
    make_films([], {}, tmp_path, FilmMaker(pytest.fail))
    check_table(table)
    table.write_text('subject;age\n1;30\n')
    with pytest.raises(
        UsageError, match=r'summary\.csv is there already and no table of an earlier'
    ):
        check_table(table)
