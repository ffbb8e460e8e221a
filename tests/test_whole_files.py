"""Whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.whole_files import (
    alone_in,
    check_output,
    remove_unfinished,
    whole_file,
    write_json,
)


def test_whole_file__takes_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / 'made' / 'film.mp4'
    with whole_file(path) as unfinished:
        unfinished.write_text('half')
        assert unfinished.suffix == '.mp4'
        assert not path.exists()
    assert path.read_text() == 'half'
    assert [file.name for file in path.parent.iterdir()] == ['film.mp4']


def test_whole_file__error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / 'a.json'
    path.write_text('before')

    def fail() -> None:
        with whole_file(path) as unfinished:
            unfinished.write_text('half')
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_text() == 'before'
    assert [file.name for file in tmp_path.iterdir()] == ['a.json']


def test_write_json__refuses_what_json_cannot_say(tmp_path: Path) -> None:
    write_json(tmp_path / 'a.json', {'x': [1, None]})
    assert json.loads((tmp_path / 'a.json').read_text()) == {'x': [1, None]}
    with pytest.raises(ValueError, match='not JSON compliant'):
        write_json(tmp_path / 'b.json', float('nan'))
    assert not (tmp_path / 'b.json').exists()


@pytest.mark.parametrize('path', ['folder', 'file/a.json'])
def test_whole_file__says_which_kind_of_name_is_in_its_place(tmp_path: Path, path: str) -> None:
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'file').write_text('mine')
    with pytest.raises(UsageError, match=rf'{path}: expected'), whole_file(tmp_path / path):
        pytest.fail('the work has begun')
    assert (tmp_path / 'file').read_text() == 'mine'


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='needs named pipes')
def test_what_is_no_file__is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'null')
    with pytest.raises(UsageError, match=r'null: expected the name of a file .* a device or a'):
        write_json(tmp_path / 'null', {})
    with pytest.raises(UsageError, match=r'expected .*null to be a file'):
        check_output(tmp_path / 'null', [])
    assert (tmp_path / 'null').is_fifo()


def test_whole_file__full_disk_at_the_flush_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'a.json').write_text('before')

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match='No space left') as raised:
        write_json(tmp_path / 'a.json', [1])
    assert 'a.unfinished.json' in raised.value.filename
    assert (tmp_path / 'a.json').read_text() == 'before'
    assert [file.name for file in tmp_path.iterdir()] == ['a.json']


def test_remove_unfinished__removes_nothing_else(tmp_path: Path) -> None:
    for name in ('.a.unfinished.json', '.b.pth.unfinished', 'c.unfinished.json', '.hidden'):
        (tmp_path / name).write_text('')
    remove_unfinished(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {'c.unfinished.json', '.hidden'}


@pytest.mark.parametrize(
    ('output', 'refused'),
    [
        ('in/a.json', True),
        ('in/new.json', True),
        ('in/deep/a.json', True),
        ('in', True),
        ('link.json', True),
        ('hard.json', True),
        ('linked/a.json', True),
        ('in/../in/a.json', True),
        ('in/deep', True),
        ('out/a.json', False),
        ('in2/a.json', False),
        ('.', True),
        ('in2', True),
        ('one.json/x.json', True),
    ],
)
def test_check_output__compares_places_and_not_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, refused: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ('in/deep', 'in2'):
        Path(name).mkdir(parents=True)
    for name in ('in/a.json', 'in/deep/a.json', 'in2/a.json'):
        Path(name).write_text('mine', encoding='utf-8')
    Path('link.json').symlink_to('in/a.json')
    Path('one.json').write_text('mine', encoding='utf-8')
    Path('hard.json').hardlink_to('one.json')
    Path('linked').symlink_to('in')
    inputs = ['in', 'one.json', 'nowhere.json']
    if refused:
        with pytest.raises(UsageError, match=r'^json: '):
            check_output(output, inputs, 'json')
    else:
        check_output(output, inputs, 'json')


def test_check_output__of_a_folder_lets_it_lie_in_an_input(tmp_path: Path) -> None:
    (tmp_path / 'in' / 'deep').mkdir(parents=True)
    for allowed in ('in/new', 'in/deep', 'other', '.'):
        check_output(tmp_path / allowed, [tmp_path / 'in'], folder=True)
    with pytest.raises(UsageError, match=r'^out: '):
        check_output(tmp_path / 'in' / '..' / 'in', [tmp_path / 'in'], folder=True)


def test_alone_in__refuses_a_second_run_and_not_a_later_one(tmp_path: Path) -> None:
    with alone_in(tmp_path / 'work'):
        with pytest.raises(UsageError, match=f'work: another run .process {os.getpid()}. writes'):
            with alone_in(tmp_path / 'work'):
                pytest.fail('two runs at once')
        with alone_in(tmp_path / 'other'):
            pass
    with alone_in(tmp_path / 'work'):
        pass
    assert list((tmp_path / 'work').iterdir()) == []


@pytest.fixture
def locks_of_windows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Only ``msvcrt`` is there, and no open file can be removed; the bytes that were locked."""
    import fcntl

    places: list[int] = []
    remove, held = Path.unlink, set[tuple[int, int]]()
    close = os.close

    def locking(number: int, mode: int, count: int) -> None:
        assert (mode, count) == (2, 1)
        places.append(os.lseek(number, 0, os.SEEK_CUR))
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PermissionError(13, 'Permission denied') from error
        held.add((number, os.fstat(number).st_ino))

    def closed(number: int) -> None:
        held.difference_update({one for one in held if one[0] == number})
        close(number)

    def unlink(file: Path, missing_ok: bool = False) -> None:
        if file.exists() and file.stat().st_ino in {inode for _, inode in held}:
            raise PermissionError(13, 'used by another process', str(file))
        remove(file, missing_ok)

    monkeypatch.setitem(sys.modules, 'fcntl', None)
    monkeypatch.setitem(sys.modules, 'msvcrt', SimpleNamespace(LK_NBLCK=2, locking=locking))
    monkeypatch.setattr(Path, 'unlink', unlink)
    monkeypatch.setattr(os, 'close', closed)
    return places


def test_alone_in__by_the_locks_of_windows(tmp_path: Path, locks_of_windows: list[int]) -> None:
    mark = tmp_path / '.in_use'
    for _ in range(2):  # a later run gets in
        with alone_in(tmp_path):
            # what is locked there cannot be read by others, who want to know the process
            assert mark.read_text(encoding='utf-8') == str(os.getpid())
            with pytest.raises(UsageError, match=f'another run .process {os.getpid()}. writes'):
                with alone_in(tmp_path):
                    pytest.fail('two runs at once')
        assert not mark.exists()
    assert len(locks_of_windows) == 4
    assert min(locks_of_windows) > 20


def test_alone_in__is_not_held_by_a_run_that_was_killed(tmp_path: Path) -> None:
    program = (
        'import os, sys; from jmpose_mm.whole_files import alone_in\n'
        'with alone_in(sys.argv[1]): os.kill(os.getpid(), 9)'
    )
    killed = subprocess.run([sys.executable, '-c', program, str(tmp_path)])
    assert killed.returncode == -9
    assert (tmp_path / '.in_use').exists()
    with alone_in(tmp_path):
        pass


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='workers are forked')
def test_alone_in__is_not_held_by_a_worker_that_outlives_its_run(tmp_path: Path) -> None:
    program = (
        'import os, sys, time; from jmpose_mm.whole_files import alone_in\n'
        'with alone_in(sys.argv[1]):\n'
        '    if os.fork() == 0:\n'
        '        print(os.getpid(), flush=True); time.sleep(60); os._exit(0)\n'
        '    sys.stdin.read(); os.kill(os.getpid(), 9)'
    )
    command = [sys.executable, '-c', program, str(tmp_path)]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen(command, **pipes) as killed:
        worker = int(killed.stdout.readline())
        killed.stdin.close()
        assert killed.wait() == -9
        try:
            with alone_in(tmp_path):
                os.kill(worker, 0)  # it lives
        finally:
            os.kill(worker, 9)


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='workers are forked')
def test_alone_in__is_not_given_up_by_a_forked_process(tmp_path: Path) -> None:
    run = alone_in(tmp_path)
    with run:
        child = os.fork()
        if child == 0:
            run.__exit__(None, None, None)
            os._exit(0)
        os.waitpid(child, 0)
        with pytest.raises(UsageError, match='another run'), alone_in(tmp_path):
            pytest.fail('two runs at once')


def test_alone_in__lets_the_other_processes_of_a_distributed_run_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = []
    with alone_in(tmp_path):
        monkeypatch.setenv('RANK', '1')
        with alone_in(tmp_path):
            entered.append(True)
    assert entered
