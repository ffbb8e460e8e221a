"""No tool writes over what it reads, or leaves half a file where it cannot write."""

from __future__ import annotations

import argparse
import errno
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import official_downloads as official
import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
PARTS = {'film_arguments', 'runner_arguments', 'starting'}
TOOLS = [f.stem for f in sorted((ROOT / 'tools').glob('*.py')) if f.stem not in PARTS]
SHARED = {'setup_environment'}  # runs before anything is installed


def tool_of(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f'tool_{name}', ROOT / 'tools' / f'{name}.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: Any) -> int:
    monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, arguments)])
    status: int = tool_of(name).main()
    return status


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A download, predictions that are its annotations, and a checkpoint."""
    monkeypatch.chdir(tmp_path)
    official.write_posetrack18(tmp_path / 'download')
    shutil.copytree(tmp_path / 'download/annotations/val', tmp_path / 'gt')
    shutil.copytree(tmp_path / 'gt', tmp_path / 'pred')
    for file in (tmp_path / 'pred').iterdir():
        content = json.loads(file.read_text(encoding='utf-8'))
        for person in content['annotations']:
            person['scores'] = [0.5] * 17
        file.write_text(json.dumps(content), encoding='utf-8')
    torch.save({'state_dict': {'a': torch.ones(1)}}, tmp_path / 'model.pth')
    return tmp_path


FILE = '000522_bonn_test.json'


@pytest.mark.parametrize(
    ('name', 'arguments'),
    [
        ('eval_posetrack', ['gt', 'pred', '--json', f'pred/{FILE}']),
        ('eval_posetrack', ['gt', 'pred', '--json', f'gt/{FILE}']),
        ('eval_posetrack', ['gt', 'pred', '--json', 'pred/numbers.json']),
        ('analyze_results', ['pred', '--gt', 'gt', '--out-dir', 'pred']),
        ('analyze_results', ['pred', '--gt', 'gt', '--out-dir', 'gt']),
        ('make_boxes', [f'gt/{FILE}', 'download', f'gt/{FILE}']),
        ('make_boxes', ['gt', 'download', 'gt/boxes.json']),
        ('make_boxes', [f'gt/{FILE}', 'download', f'pred/{FILE}']),
        (
            'make_boxes',
            [f'gt/{FILE}', 'download', 'download/images/val/000522_bonn_test/000000.jpg'],
        ),
        ('convert_checkpoint', ['tdmi', 'model.pth', 'model.pth']),
        ('export_onnx', ['jm-pose_debug.py', 'model.pth', 'model.pth']),
        ('export_onnx', ['jm-pose_debug.py', 'link.onnx', 'link.onnx']),
        ('test', ['jm-pose_debug.py', 'model.json', '--device', 'cpu', '--out', 'model.json']),
        ('convert_dataset', ['posetrack18', 'download', 'download']),
    ],
    ids=lambda value: ' '.join(map(str, value)) if isinstance(value, list) else value,
)
def test_outputs__are_compared_with_inputs(
    inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
    arguments: list[str],
) -> None:
    (inputs / 'link.onnx').symlink_to('model.pth')
    shutil.copy('model.pth', 'model.json')
    before = {file: file.read_bytes() for file in inputs.rglob('*') if file.is_file()}
    assert run(monkeypatch, name, *arguments) == 2
    said = capfd.readouterr().err.splitlines()
    assert said[-1].startswith(f'{name}.py: error: ')
    assert {file: file.read_bytes() for file in inputs.rglob('*') if file.is_file()} == before


@pytest.mark.parametrize(
    ('name', 'arguments'),
    [
        ('eval_posetrack', ['gt', 'pred', '--json', 'out/numbers.json']),
        ('analyze_results', ['pred', '--gt', 'gt', '--out-dir', 'out']),
        ('make_boxes', ['gt', 'download', 'out/boxes.json']),
        ('convert_dataset', ['posetrack18', 'download', 'out']),
        ('publish_model', ['model.pth', 'out/model.pth']),
        ('make_synthetic', ['out', '--videos-train', '1', '--videos-val', '1', '--frames', '2']),
    ],
    ids=lambda value: value if isinstance(value, str) else '',
)
def test_full_disk__is_one_line_and_leaves_nothing_half_written(
    inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
    arguments: list[str],
) -> None:
    def full(self: Path, *content: Any, **options: Any) -> int:
        with open(self, 'wb') as file:
            file.write(b'{')
        raise OSError(errno.ENOSPC, 'No space left on device', str(self))

    opened = Path.open

    def open_full(self: Path, mode: str = 'r', *more: Any, **options: Any) -> Any:
        return full(self) if 'w' in mode else opened(self, mode, *more, **options)

    for method in ('write_bytes', 'write_text'):
        monkeypatch.setattr(Path, method, full)
    monkeypatch.setattr(Path, 'open', open_full)
    monkeypatch.setattr('matplotlib.figure.Figure.savefig', lambda self, file, **_: full(file))
    more = ['--workers', '1', '--size', '96x72'] if name == 'make_synthetic' else []
    assert run(monkeypatch, name, *arguments, *more) == 1
    said = capfd.readouterr().err.splitlines()
    assert 'No space left on device; make room' in said[-1]
    # a folder of links to images, or a ledger that goes on, may be there: nothing that is half
    kept = [file for file in Path('out').rglob('*') if file.is_file() and not file.is_symlink()]
    assert [file.name for file in kept if file.suffix != '.jpg'] in (
        [],
        ['.boxes.json.unfinished.jsonl'],
    )


@pytest.mark.parametrize('name', [name for name in TOOLS if name not in SHARED])
def test_tools__have_one_way_to_fail(name: str) -> None:
    module = tool_of(name)
    parser = module.make_parser()
    assert isinstance(parser, argparse.ArgumentParser)
    assert '--debug' in parser.format_help()
    source = (ROOT / 'tools' / f'{name}.py').read_text(encoding='utf-8')
    assert 'return run_tool(parser, arguments, ' in source
    assert 'except' not in source.replace('except ValueError:\n        raise argparse', '')


def test_demo__names_its_methods(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, 'demo', '--method', 'foo') == 2
    assert '--method: expected jm_pose, tdmi, fami_pose, dcpose' in capfd.readouterr().err
    assert os.listdir() == []
