"""The command: what it prints, and one line for what cannot be used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES

TOOL = Path(__file__).parents[2] / 'tools' / 'analyze_results.py'


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Two frames of one person, and predictions that are right."""
    name = 'images/val/000342_mpii_test/{:06d}.jpg'
    document = {
        'images': [{'file_name': name.format(n), 'id': n} for n in range(2)],
        'annotations': [
            {
                'image_id': n,
                'track_id': 0,
                'keypoints': [50.0, 50.0, 1.0] * 17,
                'scores': [0.5] * 17,
                'bbox_head': [0, 0, 30, 40],
            }
            for n in range(2)
        ],
        'categories': [{'keypoints': list(FILE_JOINT_NAMES)}],
    }
    for side in ('gt', 'pred'):
        (tmp_path / side).mkdir()
        (tmp_path / side / 'a.json').write_text(json.dumps(document))
    return tmp_path


def run(folders: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, cwd=folders, capture_output=True, text=True)


def test_command__prints_where_the_report_is(folders: Path) -> None:
    done = run(folders, 'pred', '--gt', 'gt', '--names', 'mine')
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout == 'analysis/analysis.md\n'
    assert (folders / 'analysis/analysis.md').read_text().startswith('# Analysis: mine\n')


@pytest.mark.parametrize(
    ('arguments', 'expected'),
    [
        (['nowhere', '--gt', 'gt'], 'nowhere: expected a JSON file, found no file'),
        (['pred', '--gt', 'nowhere'], 'nowhere: expected a JSON file'),
        (['pred', 'pred', 'pred', '--gt', 'gt'], 'RESULTS: expected one or two folders, got 3'),
        (['pred', '--gt', 'gt', '--images', '.'], '000000.jpg: expected an image, found none'),
        (['pred', '--gt', 'gt', '--out-dir', 'gt/a.json'], 'gt/a.json: expected a folder'),
    ],
)
def test_what_cannot_be_used__is_one_line(folders: Path, arguments, expected: str) -> None:
    wrong = (folders / 'pred' / 'a.json').read_text().replace('50.0, 50.0', '80.0, 50.0')
    (folders / 'pred' / 'a.json').write_text(wrong)
    done = run(folders, *arguments)
    assert (done.returncode, done.stdout) == (2, '')
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (folders / 'analysis' / 'analysis.md').exists()


def test_help__needs_nothing_heavy(folders: Path) -> None:
    code = (
        'import sys, runpy; sys.argv = sys.argv[1:]\n'
        'import os; sys.path.insert(0, os.path.dirname(sys.argv[0]))\n'
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit: print(sorted({'numpy', 'matplotlib', 'jmpose_mm'} & set(sys.modules)))"
    )
    command = [sys.executable, '-c', code, str(TOOL), '--help']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == '[]'
    assert '--images' in done.stdout
