"""What ends a command is one line and an exit status, whatever it was."""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jmpose_mm.errors import UsageError, cut, listed, naming, run_tool, without_credentials


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='tool.py')
    parser.add_argument('source', metavar='IN')
    parser.add_argument('--det-every', type=int)
    parser.add_argument('--debug', action='store_true')
    return parser


def ended(parser, work, *options: str) -> int:
    return run_tool(parser, parser.parse_args(['a.json', *options]), work)


def raising(error: BaseException):
    def work(arguments: argparse.Namespace) -> None:
        raise error

    return work


CUDA = type('OutOfMemoryError', (RuntimeError,), {})


@pytest.mark.parametrize(
    ('error', 'status', 'line'),
    [
        (UsageError('x is y'), 2, 'error: x is y'),
        (UsageError('det_every: expected 1'), 2, 'error: --det-every: expected 1'),
        (UsageError('source: expected a film'), 2, 'error: IN: expected a film'),
        (UsageError('see `det_every`, `other`'), 2, 'error: see --det-every, `other`'),
        (UsageError('det_every is no name here'), 2, 'error: det_every is no name here'),
        (UsageError('one\n\ntwo'), 2, 'error: one two'),
        (ValueError('a.json: bad'), 2, 'error: a.json: bad'),
        (FileNotFoundError(errno.ENOENT, 'Not there', 'a'), 2, 'error: a: Not there'),
        (PermissionError(errno.EACCES, 'Forbidden', 'a'), 1, 'error: a: Forbidden'),
        (
            OSError(errno.ENOSPC, 'Full', 'a', None, 'b'),
            1,
            'error: a -> b: Full; make room and run the same command again',
        ),
        (OSError('read failed'), 1, 'error: read failed'),
        (BrokenPipeError(), 1, 'error: whoever read the output stopped reading'),
        (RecursionError('max'), 2, 'error: something that was read is nested too deeply'),
        (MemoryError(), 1, 'error: not enough memory: make the batches smaller'),
        (CUDA('2 GiB'), 1, 'error: not enough memory: 2 GiB'),
        (ModuleNotFoundError('No module named x'), 1, 'error: No module named x'),
        (UsageError('get http://me:secret@host/a'), 2, 'error: get http://host/a'),
        (KeyboardInterrupt(), 130, 'interrupted'),
        (UsageError('\ud800'), 2, 'error: \\ud800'),
    ],
    ids=repr,
)
def test_errors__are_a_line_and_a_status(parser, error, status, line, capfd) -> None:
    assert ended(parser, raising(error)) == status
    assert capfd.readouterr().err == f'tool.py: {line}\n'


def test_unexpected_errors__keep_their_traceback_in_a_file(
    parser, capfd, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    assert ended(parser, raising(KeyError('http://me:secret@host'))) == 1
    (file,) = tmp_path.iterdir()
    said = capfd.readouterr().err
    assert said.startswith('tool.py: error: unexpected KeyError: ')
    assert said.endswith(f'(traceback: {file})\n')
    assert said.count('\n') == 1
    text = file.read_text()
    assert 'Traceback' in text
    assert 'secret' not in text + said


def test_debug__shows_the_traceback_and_is_kept_from_the_work(parser, capfd) -> None:
    def work(arguments: argparse.Namespace) -> None:
        assert vars(arguments) == {'source': 'a.json', 'det_every': None}
        raise UsageError('x is y')

    assert ended(parser, work, '--debug') == 2
    said = capfd.readouterr().err
    assert said.startswith('Traceback')
    assert said.endswith('\ntool.py: error: x is y\n')


@pytest.mark.parametrize(('returned', 'status'), [(None, 0), (0, 0), (1, 1)])
def test_work_that_ends__gives_its_status(parser, returned, status, capfd) -> None:
    assert ended(parser, lambda arguments: returned) == status
    assert capfd.readouterr().err == ''


def test_work_without_a_console__gives_its_status(parser, monkeypatch) -> None:
    monkeypatch.setattr('sys.stdout', None)  # closed by >&-, or on Windows by pythonw
    assert ended(parser, lambda arguments: 0) == 0


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP])
def test_signals__end_the_work_as_an_interrupt(parser, number, capfd) -> None:
    before = signal.getsignal(number)
    cleaned = []

    def work(arguments: argparse.Namespace) -> None:
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            cleaned.append(True)

    assert ended(parser, work) == 130
    assert cleaned
    assert capfd.readouterr().err == 'tool.py: terminated\n'
    assert signal.getsignal(number) == before


def test_signals__end_a_forked_worker_at_once(parser) -> None:
    def work(arguments: argparse.Namespace) -> int:
        worker = os.fork()
        if not worker:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                signal.pause()
            finally:
                os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])

    assert ended(parser, work) == -signal.SIGTERM


def test_names_that_a_console_does_not_have__end_no_work(parser, monkeypatch) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding='cp1252')
    monkeypatch.setattr(sys, 'stdout', console)
    assert ended(parser, lambda _: print('poses/走る: done')) == 0
    assert console.buffer.getvalue() == rb'poses/\u8d70\u308b: done' + os.linesep.encode()


def test_closed_pipe__is_one_line(tmp_path: Path) -> None:
    program = (
        'import argparse, sys; from jmpose_mm.errors import run_tool\n'
        'parser = argparse.ArgumentParser(prog="tool.py")\n'
        'work = lambda arguments: [print("x" * 9999) for i in range(999)] and None\n'
        'sys.exit(run_tool(parser, parser.parse_args([]), work))'
    )
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, '-c', program], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    said = 'tool.py: error: whoever read the output stopped reading\n'
    assert (done.returncode, done.stderr) == (1, said)


def test_errors__import_nothing_slow() -> None:
    program = "import sys, jmpose_mm.errors; print({'torch', 'cv2', 'mmpose'} & set(sys.modules))"
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert done.stdout == 'set()\n'


def test_listed__cuts_with_a_count() -> None:
    assert listed(range(3)) == '0, 1, 2'
    assert listed(range(8)) == '0, 1, 2, 3, 4, 5, 6, 7'
    assert listed(range(100), most=2) == '0, 1 and 98 more'
    assert listed([]) == ''


def test_cut__is_one_line_with_a_count() -> None:
    assert cut('a\n  b', 3) == 'a b'
    assert cut('x' * 100, 10) == 'xxxxxxxxxx… (90 more characters)'


@pytest.mark.parametrize(
    ('text', 'clean'),
    [
        ('rtsp://user:p@ss@camera:554/1', 'rtsp://camera:554/1'),
        ('a http://token@host/a@b b', 'a http://host/a@b b'),
        ('http://h/?size=2&Token=abc&n=1', 'http://h/?size=2&Token=***&n=1'),
        ('s3://b/k?X-Amz-Signature=1f&x=2', 's3://b/k?X-Amz-Signature=***&x=2'),
        ('plain/path@2x.png', 'plain/path@2x.png'),
        ('http://host/film.mp4', 'http://host/film.mp4'),
    ],
)
def test_addresses__lose_their_credentials(text: str, clean: str) -> None:
    assert without_credentials(text) == clean


@pytest.mark.parametrize(
    ('error', 'said'),
    [
        (KeyError('a'), "x.json: expected poses, got KeyError: 'a'"),
        (ValueError('bad'), 'x.json: expected poses, got bad'),
        (ValueError('x.json: bad'), 'x.json: bad'),
        (RecursionError('maximum'), 'x.json: expected poses, got one that is nested too deeply'),
        (OverflowError('big'), 'x.json: expected poses, got OverflowError: big'),
    ],
    ids=repr,
)
def test_naming__puts_the_file_into_the_message(error: Exception, said: str) -> None:
    with pytest.raises(ValueError) as raised, naming('x.json', 'poses'):
        raise error
    assert str(raised.value) == said


def test_naming__tells_the_operating_system_s_error_with_the_name() -> None:
    with pytest.raises(OSError) as raised, naming('x.json'):
        raise OSError(errno.EIO, 'Input/output error')
    assert (raised.value.filename, raised.value.errno) == ('x.json', errno.EIO)


def test_naming__of_deep_json() -> None:
    with pytest.raises(UsageError, match='expected JSON'), naming('x.json', 'JSON'):
        json.loads('[' * 100000)
