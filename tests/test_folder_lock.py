"""One run at a time in a folder, however the one before ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.folder_lock import folder_lock


def test_folder_lock__second_is_refused_and_nothing_stays(tmp_path: Path) -> None:
    folder = tmp_path / 'new' / 'out'
    with folder_lock(folder):
        with pytest.raises(UsageError, match=r'out: another training writes into it now'):
            folder_lock(folder, 'training').__enter__()
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []  # what was made for the lock is gone with it
    with folder_lock(folder):
        (folder / 'result').touch()
    assert [file.name for file in folder.iterdir()] == ['result']


@pytest.mark.skipif(sys.platform == 'win32', reason='needs fork')
def test_folder_lock__ends_with_its_process(tmp_path: Path) -> None:
    if (child := os.fork()) == 0:
        held = folder_lock(tmp_path)
        held.__enter__()
        os._exit(9)  # as a kill: nothing is tidied up
    os.waitpid(child, 0)
    assert [file.name for file in tmp_path.iterdir()] == ['.running']
    with folder_lock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_folder_lock__of_a_file(tmp_path: Path) -> None:
    (tmp_path / 'out').write_text('mine')
    with pytest.raises(UsageError, match='out: expected a folder, found a file'):
        folder_lock(tmp_path / 'out').__enter__()
    assert (tmp_path / 'out').read_text() == 'mine'
