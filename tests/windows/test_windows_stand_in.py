"""The stand-in refuses what it says, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = """
import io, mmap, multiprocessing, os, signal, sys
from pathlib import Path

def fails(work, *kinds):
    try:
        work()
    except (OSError, ImportError, ValueError, UnicodeError) as error:
        assert isinstance(error, kinds), error
        return True
    return False

free, held = Path('free.txt'), Path('folder/held.txt')
os.mkdir('folder')
free.write_text('a'), held.write_text('b')
checks = {
    'links': fails(lambda: os.symlink('free.txt', 'link'), OSError),
    'hard links': not fails(lambda: os.link('free.txt', 'hard'), OSError),
    'reserved': all(
        fails(lambda name=name: Path(name).write_text(''), OSError)
        for name in ('nul', 'COM1.json', 'a:b', 'a.', 'a ', 'what?')
    ),
    'case': fails(lambda: Path('FREE.txt').write_text(''), FileExistsError),
    'case of folders': fails(lambda: os.mkdir('Folder'), FileExistsError),
    'the same name': not fails(lambda: free.write_text('c'), OSError),
    'proc': fails(lambda: open('/proc/self/status'), FileNotFoundError),
    'resource': fails(lambda: __import__('resource', globals()), ImportError),
    'fork': fails(lambda: multiprocessing.get_context('fork'), ValueError),
    'spawn': multiprocessing.get_start_method() == 'spawn',
    'signal': not hasattr(signal, 'SIGHUP'),
    'encoding': Path('free.txt').write_text('\\u00e9') and free.read_bytes() == b'\\xe9',
    'named encoding': free.write_text('\\u00e9', encoding='utf-8') and len(free.read_bytes()) == 2,
}
with held.open() as file:
    checks['open'] = all(
        fails(work, PermissionError)
        for work in (
            held.unlink,
            lambda: os.replace('hard', held),
            lambda: held.rename('other.txt'),
            lambda: os.rename('folder', 'elsewhere'),
        )
    )
with held.open('r+b') as file:
    mapped = mmap.mmap(file.fileno(), 0)
checks['mapped'] = fails(held.unlink, PermissionError)
mapped.close()
checks['closed'] = not fails(lambda: os.replace('hard', held), OSError)
checks['removed'] = not fails(held.unlink, OSError)
sys.exit(', '.join(name for name, is_right in checks.items() if not is_right) or None)
"""


def test_stand_in__refuses_what_windows_refuses(tmp_path: Path) -> None:
    environment = {**os.environ, 'PYTHONPATH': str(HERE)}
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding='utf-8',
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, '')
