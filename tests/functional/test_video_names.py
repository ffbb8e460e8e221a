from __future__ import annotations

from pathlib import Path

import pytest

from jmpose_mm.functional.video_names import read_video_list, video_key


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


def test_read_video_list__a_list_and_a_file_say_the_same(tmp_path: Path) -> None:
    file = tmp_path / 'hard.txt'
    file.write_text('# fast motion\n000342_mpii_test\n\n  12  # dark\n')
    expected = frozenset({'000342_mpii', '12'})
    assert read_video_list(file) == read_video_list(str(file)) == expected
    assert read_video_list(['000342_mpii', '12']) == expected


def test_read_video_list__nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'none.txt').write_text('# none\n')
    for videos in ([], tmp_path / 'none.txt'):
        with pytest.raises(ValueError, match='videos: expected at least one name, got none'):
            read_video_list(videos)
    with pytest.raises(ValueError, match=r'videos: expected names, or a text file .*gone\.txt'):
        read_video_list(tmp_path / 'gone.txt')
