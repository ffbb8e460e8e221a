"""The command: what it prints and writes, and one line for every folder that is no good."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES

TOOL = Path(__file__).parents[2] / 'tools' / 'eval_posetrack.py'


def document(score: float = 0.5) -> dict[str, Any]:
    """Two frames of one person; every joint at (50, 50)."""
    images, annotations = [], []
    for number in range(2):
        name = f'images/val/000342_mpii_test/{number:06d}.jpg'
        images.append({'file_name': name, 'id': number, 'is_labeled': True})
        annotations.append(
            {
                'image_id': number,
                'track_id': 0,
                'keypoints': [50.0, 50.0, 1.0] * 17,
                'scores': [score] * 17,
                'bbox_head': [0, 0, 30, 40],
            }
        )
    category = {'keypoints': list(FILE_JOINT_NAMES)}
    return {'images': images, 'annotations': annotations, 'categories': [category]}


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for side in ('gt', 'pred'):
        (tmp_path / side).mkdir()
        for video in ('a', 'b'):
            (tmp_path / side / f'{video}.json').write_text(json.dumps(document()))
    return tmp_path


def change(edit: Callable[[dict[str, Any]], Any], side: str = 'pred') -> Callable[[Path], None]:
    def apply(folders: Path) -> None:
        content = document()
        edit(content)
        (folders / side / 'b.json').write_text(json.dumps(content))

    return apply


def truncate(folders: Path) -> None:
    file = folders / 'pred' / 'b.json'
    file.write_text(file.read_text()[:200])


def empty(side: str) -> Callable[[Path], None]:
    def apply(folders: Path) -> None:
        for file in (folders / side).iterdir():
            file.unlink()

    return apply


def rename(folders: Path) -> None:
    (folders / 'gt').rename(folders / 'elsewhere')


BAD = {
    'no folder': (rename, [], ['gt: expected a folder', 'found no folder']),
    'no truth': (empty('gt'), [], ['gt: expected *.json files in the folder, got none']),
    'no predictions': (empty('pred'), [], ['pred/a.json', 'found no file']),
    'missing file': (lambda f: (f / 'pred/b.json').unlink(), [], ['pred/b.json', 'found no file']),
    'truncated': (truncate, [], ['pred/b.json: expected JSON']),
    'a list': (lambda f: (f / 'pred/b.json').write_text('[]'), [], ['pred/b.json', "'images'"]),
    'a folder': (
        lambda f: [(f / 'pred/b.json').unlink(), (f / 'pred/b.json').mkdir()],
        [],
        ['pred/b.json', 'got a folder'],
    ),
    'frame count': (
        change(lambda c: [c['images'].pop(), c['annotations'].pop()]),
        [],
        ['pred/b.json: expected 2 frames', 'gt/b.json, got 1'],
    ),
    'NaN score': (
        change(lambda c: c['annotations'][1].update(scores=[float('nan')] * 17)),
        [],
        ['pred/b.json: images/val/000342_mpii_test/000001.jpg: score of', 'nan'],
    ),
    'infinite coordinate': (
        change(lambda c: c['annotations'][1]['keypoints'].__setitem__(1, float('-inf'))),
        [],
        ['pred/b.json: images/val/000342_mpii_test/000001.jpg: y of nose', '-inf'],
    ),
    'joint names': (
        change(lambda c: c['categories'][0].update(keypoints=['nose', 'tail'] * 8)),
        [],
        ['pred/b.json: categories[0]: keypoints', 'got 16 without', 'left_hip'],
    ),
    'image id': (
        change(lambda c: c['annotations'][0].update(image_id=[9])),
        [],
        ['pred/b.json: annotations[0]: image_id', 'got [9]'],
    ),
    'head box': (
        change(lambda c: c['annotations'][0].pop('bbox_head'), 'gt'),
        [],
        ['gt/b.json: images/val/000342_mpii_test/000000.jpg', 'bbox_head'],
    ),
    'no frame name': (
        change(lambda c: c['images'][1].update(file_name=''), 'gt'),
        [],
        ['gt/b.json: images[1]: file_name: expected the name of an image'],
    ),
    'no is_labeled': (
        change(lambda c: c['images'][1].pop('is_labeled'), 'gt'),
        ['--kit', 'posetrack21'],
        ["gt/b.json: images/val/000342_mpii_test/000001.jpg: expected the key 'is_labeled'"],
    ),
    'no track id': (
        change(lambda c: c['annotations'][1].pop('track_id')),
        ['--mota', 'fixed'],
        ['pred/b.json: images/val/000342_mpii_test/000001.jpg: expected a track_id'],
    ),
    'one frame': (
        lambda f: [
            change(lambda c: [c['images'].pop(), c['annotations'].pop()], side)(f)
            for side in ('gt', 'pred')
        ],
        ['--mota', 'released'],
        ['gt/b.json: expected at least two frames'],
    ),
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """The tool inside this process: (exit code, printed, printed as error)."""
    specification = importlib.util.spec_from_file_location('eval_posetrack', TOOL)
    assert specification is not None
    assert specification.loader is not None
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
        code = tool.main()
        return (code, *capsys.readouterr())

    return call


@pytest.mark.parametrize('case', BAD)
def test_bad_folder__is_one_line_and_leaves_no_output(run, folders: Path, case: str) -> None:
    spoil, arguments, expected = BAD[case]
    out = folders / 'out' / 'result.json'
    command = [folders / 'gt', folders / 'pred', '--json', out, *arguments]
    assert run(*command)[0] == 0
    out.unlink()
    spoil(folders)
    code, printed, error = run(*command)
    assert code == 2
    assert printed == ''
    assert len(error.splitlines()) == 1
    assert [part for part in expected if part not in error] == []
    assert list(out.parent.iterdir()) == []


def test_output__that_cannot_be_written_is_one_line(run, folders: Path) -> None:
    (folders / 'out').write_text('a file, not a folder')
    code, printed, error = run(folders / 'gt', folders / 'pred', '--json', folders / 'out' / 'r')
    assert (code, printed) == (2, '')
    assert len(error.splitlines()) == 1
    assert str(folders / 'out') in error


def test_command__prints_the_table_and_writes_the_numbers(folders: Path) -> None:
    out = folders / 'result.json'
    command = [sys.executable, TOOL, folders / 'gt', folders / 'pred', '--json', out]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 'AP        &  100.0' in done.stdout
    assert done.stderr == ''
    content = json.loads(out.read_text())
    assert content['mean'] == 100.0
    assert content['n_gt']['neck'] == 4
    assert (content['files'], content['kit']) == (2, 'poseval')
    assert 'mota' not in content


def test_command__loads_nothing_of_the_host(folders: Path) -> None:
    code = (
        'import sys, runpy; sys.argv = sys.argv[1:]\n'
        'import os; sys.path.insert(0, os.path.dirname(sys.argv[0]))\n'
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit: print(sorted({'torch', 'mmpose', 'mmcv'} & set(sys.modules)))"
    )
    command = [sys.executable, '-c', code, TOOL, folders / 'gt', folders / 'pred']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == '[]'
