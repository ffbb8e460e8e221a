"""Which systems have wheels of everything that is pinned: asks the package index by uv.

`.ci/run` calls it; it takes minutes, nearly all of them waiting for the index. It fails where a
combination has no wheels, or where docs/install.md says something else. ``--write`` writes that.
"""

from __future__ import annotations

import argparse
import configparser
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'install.md'
SYSTEMS = {
    'Linux x86-64': 'x86_64-unknown-linux-gnu',
    'Linux ARM': 'aarch64-unknown-linux-gnu',
    'macOS ARM': 'aarch64-apple-darwin',
    'Windows': 'x86_64-pc-windows-msvc',
}
PYTHONS = ('3.10', '3.11', '3.12', '3.13', '3.14')
BEGIN, END = '<!-- wheel census -->', '<!-- end of wheel census -->'
Ask = Callable[[list[str]], tuple[int, str]]


def questions(folder: Path) -> list[list[str]]:
    """What uv is asked: the pins with the wheel's own requirements; what comes without its own."""
    config = configparser.ConfigParser()
    config.read(ROOT / 'setup.cfg')
    own = folder / 'own.txt'
    own.write_text(config['options']['install_requires'])
    pinned = ROOT / 'requirements'
    alone = str(pinned / 'without_dependencies.txt')
    return [[str(pinned / 'pinned.txt'), str(own)], ['--no-deps', alone]]


def uv(arguments: list[str]) -> tuple[int, str]:
    """Exit status and output of uv."""
    command = [sys.executable, '-m', 'uv', *arguments]
    # torch's wheels ask for macOS 14
    variables = {**os.environ, 'MACOSX_DEPLOYMENT_TARGET': '14.0'}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    return run.returncode, run.stdout + run.stderr


def cell(system: str, python: str, asked: list[list[str]], ask: Ask) -> str:
    """The version of NumPy that is resolved and who reads annotations, or what has no wheel."""
    said = []
    for question in asked:
        arguments = ['pip', 'compile', '--only-binary', ':all:', '--no-header', '-q', *question]
        arguments += ['--python-platform', SYSTEMS[system], '--python-version', python]
        status, output = ask(arguments)
        if status:
            lacking = re.search(r'Because (\S+?)(\{.*?\})?(==\S+)? has no', output)
            return f'**no**: {lacking[1] if lacking else output.strip()}'
        said.append(output)
    numpy = re.search(r'^numpy==(\S+)', said[0], re.MULTILINE)
    cocotools = 'xtcocotools' if re.search(r'^xtcocotools==', said[0], re.MULTILINE) else 'stand-in'
    return f'NumPy {numpy[1] if numpy else "?"}, {cocotools}'


def census(ask: Ask = uv) -> str:
    """The table: a row for each system, a column for each Python."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        asked = questions(Path(folder))
        places = [(system, python) for system in SYSTEMS for python in PYTHONS]
        cells = list(pool.map(lambda place: cell(*place, asked, ask), places))
    rows = [f'| Wheels of all pins | {" | ".join(PYTHONS)} |', '| --- ' * (len(PYTHONS) + 1) + '|']
    for number, system in enumerate(SYSTEMS):
        first = number * len(PYTHONS)
        rows.append(f'| {system} | {" | ".join(cells[first : first + len(PYTHONS)])} |')
    return '\n'.join(rows)


def main() -> int:
    """Compare the table with the page, or write it there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--write', action='store_true', help='write the table into the page')
    write = parser.parse_args().write
    table = census()
    print(table)
    text = PAGE.read_text(encoding='utf-8')
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    if write:
        PAGE.write_text(f'{text[:begin]}\n{table}\n{text[end:]}', encoding='utf-8')
    elif text[begin:end].strip() != table:
        print(f'{PAGE}: another table; write it with --write', file=sys.stderr)
        return 1
    return int('**no**' in table)


if __name__ == '__main__':
    sys.exit(main())
