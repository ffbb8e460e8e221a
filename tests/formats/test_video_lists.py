from __future__ import annotations

from pathlib import Path

import pytest

from jmpose_mm.formats.video_lists import read_video_list


def test_read_video_list__a_list_and_a_file_say_the_same(tmp_path: Path) -> None:
    file = tmp_path / 'hard.txt'
    file.write_text('# fast motion\n000342_mpii_test\n\n  12  # dark\n')
    expected = frozenset({'000342_mpii', '12'})
    assert read_video_list(file) == read_video_list(str(file)) == expected
    assert read_video_list(['000342_mpii', '12']) == expected
    # as consoles of Windows write it; and one name alone, as a command line gives it
    file.write_text('000342_mpii\n12\n', encoding='utf-16')
    assert read_video_list(file) == expected
    assert read_video_list('000342_mpii_test') == {'000342_mpii'}
    assert read_video_list([4, '8']) == {'4', '8'}
    assert read_video_list(4) == {'4'}


def test_read_video_list__nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'none.txt').write_text('# none\n')
    for videos in ([], tmp_path / 'none.txt'):
        with pytest.raises(ValueError, match='videos: expected at least one name, got none'):
            read_video_list(videos)
    with pytest.raises(ValueError, match=r'videos: expected names, or a text file .*gone\.txt'):
        read_video_list(tmp_path / 'gone.txt')
