"""The command that converts data sets."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import official_downloads as official

from jmpose_mm.datasets.conversion import FORMATS

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'convert_dataset.py'


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def test_formats__are_those_of_the_package() -> None:
    specification = importlib.util.spec_from_file_location('tool', TOOL)
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    assert tool.FORMATS == tuple(FORMATS)


def test_convert__prints_the_report_and_stores_it(tmp_path: Path) -> None:
    official.write_posetrack21(tmp_path / 'download')
    done = run('posetrack21', 'download', 'out', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == 'posetrack21, 1 val videos: download'
    assert lines[1].split() == ['train', 'val']
    assert ['persons', '20', '10'] in [line.split() for line in lines]
    assert lines[-1] == 'left out or mended in val: 2 persons in frames without labels'
    report = json.loads((tmp_path / 'out/conversion.json').read_text())
    assert report['splits']['val']['left_out_or_mended'] == {
        'frames missing on disk': 0,
        'persons in frames without labels': 2,
    }
    assert 'video/s' in done.stderr


def test_convert__a_bad_file_is_one_line_and_exit_2(tmp_path: Path) -> None:
    official.write_posetrack18(tmp_path / 'download')
    file = tmp_path / 'download/annotations/val/000522_bonn_test.json'
    content = json.loads(file.read_text())
    del content['images'][2]['file_name']
    file.write_text(json.dumps(content))
    done = run('posetrack18', 'download', 'out', cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ''
    assert 'Traceback' not in done.stderr
    assert done.stderr.splitlines()[-1] == (
        'convert_dataset.py: error: download/annotations/val/000522_bonn_test.json: images[2]: '
        "expected the key 'file_name', found none"
    )
    assert not (tmp_path / 'out/conversion.json').exists()
    assert not (tmp_path / 'out/annotations/val').exists()


def test_convert__refuses_options_of_another_data_set(tmp_path: Path) -> None:
    done = run('posetrack18', 'a', 'b', '--val-videos', '3', cwd=tmp_path)
    assert done.returncode == 2
    assert '--val-videos is for hieve' in done.stderr
    done = run('posetrack19', 'a', 'b', cwd=tmp_path)
    assert done.returncode == 2
    assert 'posetrack17' in done.stderr


def test_own_data__every_command_of_the_page_is_understood() -> None:
    specification = importlib.util.spec_from_file_location('tool', TOOL)
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    page = (ROOT / 'docs/own_data.md').read_text()
    commands = [
        shlex.split(line.partition('convert_dataset.py ')[2])
        for line in page.splitlines()
        if 'convert_dataset.py coco' in line
    ]
    commands += [shlex.split(text) for text in re.findall(r'`(coco [A-Z]+ OUT[^`]*)`', page)]
    assert len(commands) > 8
    for command in commands:
        assert tool.make_parser().parse_args(command).format == 'coco'
    options = set(re.findall(r'--[a-z][a-z-]+', page))
    known = {o for a in tool.make_parser()._actions for o in a.option_strings}
    others = {'--checkpoint', '--out', '--out-dir', '--detector', '--cfg-options'}
    assert options - others <= known
