"""Nothing of the user's is replaced that was not given up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.output_folder import OutputFolder
from jmpose_mm.video.video_outputs import VideoOutputs

NAMES = ('poses.json', 'film.mp4', 'poses.csv')
BEGUN = b'{"source": "a"\n'
FRAME = b'{"index": 0}\n'
WHOLE = BEGUN + FRAME + b'], "complete": true, "problems": []}\n'


def hold(folder: OutputFolder, **again: bool) -> None:
    with folder.held(**again):
        pass


@pytest.mark.parametrize('name', [*NAMES, '.film.unfinished.mp4'])
@pytest.mark.parametrize('link', [None, os.link, os.symlink])
def test_held__no_output_replaces_an_input(tmp_path: Path, name: str, link) -> None:
    own = tmp_path / (name if link is None else 'own')
    own.write_bytes(b'mine')
    if link is not None:
        link(own, tmp_path / name)
    folder = OutputFolder(tmp_path / '.' / '..' / tmp_path.name, NAMES, [own, 'camera 0'])
    for again in ({}, {'overwrite': True}, {'resume': True}):
        with pytest.raises(UsageError, match=r'out_dir: .* would replace .*, which is read'):
            hold(folder, **again)
    assert own.read_bytes() == b'mine'


@pytest.mark.parametrize(
    ('name', 'content', 'said'),
    [
        ('poses.json', WHOLE, 'holds the poses of a finished run'),
        ('poses.json', WHOLE.replace(b'true', b'false'), 'holds the poses of an interrupted run'),
        ('poses.json', b'something else', 'holds the poses of an interrupted run'),
        ('.poses.unfinished.json', BEGUN + FRAME, 'holds the poses of an interrupted run'),
        ('film.mp4', b'x', r'film\.mp4 is there already and not of an earlier run'),
        ('poses.csv', b'x', r'poses\.csv is there already and not of an earlier run'),
    ],
)
def test_held__earlier_results_stay_unless_given_up(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    folder = OutputFolder(tmp_path, NAMES, [])
    with pytest.raises(UsageError, match=said):
        hold(folder)
    hold(folder, overwrite=True)
    if 'poses.' in name and name.endswith('json'):
        hold(folder, resume=True)
    else:
        with pytest.raises(UsageError, match=said):
            hold(folder, resume=True)
    assert (tmp_path / name).read_bytes() == content


def test_held__a_run_that_was_killed_before_its_first_frame_is_nothing(tmp_path: Path) -> None:
    (tmp_path / '.poses.unfinished.json').write_bytes(BEGUN)
    hold(OutputFolder(tmp_path, NAMES, []))
    assert [file.name for file in tmp_path.iterdir()] == ['.poses.unfinished.json']


def test_clean__removes_what_killed_runs_left_except_poses(tmp_path: Path) -> None:
    names = ['.poses.unfinished.json', '.film.unfinished.mp4', '.poses.unfinished.csv', 'own.mp4']
    for name in names:
        (tmp_path / name).touch()
    OutputFolder(tmp_path, NAMES, []).clean(['film.mp4', 'poses.csv'])
    left = sorted(file.name for file in tmp_path.iterdir())
    assert left == ['.poses.unfinished.json', 'own.mp4']


def test_held__once_at_a_time_and_nothing_stays(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path / 'new' / 'out', NAMES, [])
    with folder.held():
        with pytest.raises(UsageError, match=r'another run .* writes there'):
            hold(folder)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / 'out').write_bytes(b'mine')
    with pytest.raises(UsageError, match=r'out_dir: expected a folder, .*out is a file'):
        hold(OutputFolder(tmp_path / 'out', NAMES, []))


@pytest.mark.parametrize(
    ('settings', 'name'),
    [
        ({'drawing': {'boxes': True, 'trail': 0}}, 'draw_boxes'),
        ({'drawing': {'boxes': False, 'trail': 9}}, 'trail'),
        ({'codec': 'vp9'}, 'codec'),
        ({'quality': 18}, 'quality'),
        ({'beside': 'other/poses.json'}, 'beside'),
    ],
)
def test_settings_of_a_film__without_one_are_refused(settings: dict, name: str) -> None:
    VideoOutputs(**settings).check()
    with pytest.raises(UsageError, match=f'^{name}: expected a film to be written'):
        VideoOutputs(film=False, **settings).check()


def test_trail__is_a_number_of_frames() -> None:
    VideoOutputs(film=False, drawing={'boxes': False, 'trail': 0}).check()
    with pytest.raises(UsageError, match=r'trail: expected .*, or 0 for none, got -4'):
        VideoOutputs(drawing={'trail': -4}).check()
