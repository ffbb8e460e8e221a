from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from jmpose_mm.formats.frame_names import (
    ImageIndex,
    distinct_ends,
    frame_key,
    frame_keys,
    frame_name,
    video_key,
)


@pytest.mark.parametrize(
    ('name', 'key'),
    [
        ('000342_mpii_test', '000342_mpii'),
        ('images/val/000342_mpii_test', '000342_mpii'),
        ('images/val/000342_mpii_test/', '000342_mpii'),
        ('000342_mpii', '000342_mpii'),
        ('000342_mpii_relpath_5sec_testsub.json', '000342_mpii'),
        ('000342_mpii.json', '000342_mpii'),
        (r'val\000001_mpiinew_test', '000001_mpiinew'),
        ('bonn_5sec/000001_bonn', '000001_bonn'),
        ('catch/Ball_@_1_catch_f_0', 'Ball_@_1_catch_f_0'),
        ('12', '12'),
        # not a source of PoseTrack's: the whole name counts
        ('000342_mpiinewer_test', '000342_mpiinewer_test'),
        ('day.one', 'day.one'),
    ],
)
def test_video_key__is_the_same_for_all_names_of_a_video(name: str, key: str) -> None:
    assert video_key(name) == key


def test_distinct_ends__are_as_short_as_they_may_be() -> None:
    assert distinct_ends(['x/a', 'y/b', 'y/b']) == {'x/a': ('a',), 'y/b': ('b',)}
    cages = distinct_ends(['r/cage1/cam0', 'r/cage2/cam0'])
    assert list(cages.values()) == [('cage1', 'cam0'), ('cage2', 'cam0')]
    # one path is the end of the other
    assert list(distinct_ends(['/v', 'v']).values()) == [('/', 'v'), ('v',)]


@pytest.mark.parametrize(
    ('name', 'key'),
    [
        ('images/val/000342_mpii_test/000007.jpg', ('000342_mpii', 7)),
        ('images/bonn_5sec/000342_mpii/00000007.jpg', ('000342_mpii', 7)),
        ('mpii/000342_mpiinew_relpath_5sec/00000007.jpg', ('000342_mpiinew', 7)),
        ('C:\\data\\000342_bonn\\06115_crop.jpg', ('000342_bonn', 6115)),
        ('images/val/street_2/000010.png', ('street_2', 10)),
        ('000342_mpiix/1.jpg', ('000342_mpiix', 1)),
    ],
)
def test_frame_key__video_and_number(name: str, key: tuple[str, int]) -> None:
    assert frame_key(name) == key


def test_frame_key__name_without_number() -> None:
    with pytest.raises(ValueError, match=r"'video/first\.jpg': expected a frame number"):
        frame_key('video/first.jpg')


HASH = '3f2a9c1be07d4c55a1b2c3d4e5f60718'


@pytest.mark.parametrize(
    ('name', 'series', 'number'),
    [
        (f'walk_mp4-0004_jpg.rf.{HASH}.jpg', 'walk_mp4-', 4),
        ('walk_mp4-0004_jpg.rf.AbC123xyz.jpg', 'walk_mp4-', 4),
        (f'frame_0012_{HASH}.png', 'frame_', 12),
        ('3f2a9c1b-walk_0004.jpg', 'walk_', 4),
        ('frame_0001_1280x720.jpg', 'frame_', 1),
        ('img0003-640X480.png', 'img', 3),
        ('walk_640x480.png', 'walk_640x', 480),  # no number stands before it
        ('video_face0012.jpg', 'video_face', 12),
        ('20240131.jpg', '', 20240131),
        ('06115_crop.jpg', '', 6115),
        ('1690000000123456789.png', '', 1690000000123456789),  # nanoseconds
        (f'{2**63}.png', str(2**63), None),
        ('img.png', 'img', None),
        (f'{"9" * 30}.jpg', '9' * 30, None),
    ],
)
def test_frame_name__without_what_labelling_programs_add(
    name: str, series: str, number: int | None
) -> None:
    assert frame_name(f'a/b/{name}') == (PurePosixPath('a/b'), series, number)


def test_image_index__one_rule_for_names_of_different_files() -> None:
    index = ImageIndex(['images/val/000342_mpii_test/000007.jpg', 'x/cage1/cam0/7.png'])
    assert index.find('bonn_5sec/000342_mpii/00000007.jpg') == 0
    assert index.find('bonn_5sec/000342_mpii/00000007.jpg', same_stem=True) is None
    assert index.find('val/000342_mpii/000007.png', same_stem=True) == 0
    assert index.find(r'D:\cam0\7.jpg') == 1
    assert index.find('cam1/7.jpg') is None
    assert index.find('cam0/img7.jpg') is None


def test_image_index__folders_of_one_name_are_told_apart_by_those_before() -> None:
    index = ImageIndex(['cage1/cam0/7.png', 'cage2/cam0/7.png'])
    assert index.find('/data/images/cage2/cam0/7.png') == 1
    assert index.repeated() is None
    with pytest.raises(ValueError, match=r'one image, got one that means cage1/cam0/7\.png, cage2'):
        index.find('cam0/7.png')


def test_image_index__repeated_names() -> None:
    assert ImageIndex(['a/1.png', 'a/2.png', 'a/01.jpg']).repeated() == (0, 2)
    assert ImageIndex(['a/cover.png', 'a/back.png']).repeated() is None


def test_frame_keys__take_more_of_the_path_where_they_must() -> None:
    assert frame_keys(['a/cam/1.png', 'a/cam/2.png']) == [('cam', 1), ('cam', 2)]
    assert frame_keys(['a/cam/1.png', 'b/cam/1.png']) == [('a/cam', 1), ('b/cam', 1)]
    assert frame_keys(['a/x1.png', 'a/y1.png']) == [('a/x', 1), ('a/y', 1)]
    with pytest.raises(ValueError, match='expected each image once'):
        frame_keys(['a/1.png', 'a/01.png'])
