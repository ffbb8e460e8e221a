"""A command that is killed at any moment and given again ends as if it had never been killed.

KILLS in the environment says how often each is killed, at random moments (with KILLS=20 it takes a
good hour); by default the shorter ones, once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import official_downloads as official
import pytest
import torch

from experiments.study.scales import Scale

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get('KILLS', '1'))
LONG = ('convert hieve', 'study')  # once more than CI has time for
LONGEST = 120 if KILLS == 1 else 1200  # seconds that no command may take
# Made here, where the tests of other commands meet a field that is no more.
SCALE = Scale(
    seeds={'method': 1},
    settings={'videos_train': 2, 'videos_val': 3, 'frames': 9},
    samples=8,
    batch=4,
    baseline_epochs=1,
    workers=0,
)


class Command(NamedTuple):
    """A command, and what is left of it in the end.

    Attributes:
        start: Runs it in the current folder; with True, for the second time.
        result: What is compared, of the folder.
        inputs: Makes what it reads, in a folder that all runs share.
    """

    start: Callable[[Path, bool], int | None]
    result: Callable[[Path], dict[str, Any]]
    inputs: Callable[[Path], Any] = lambda folder: None


def tool(name: str, *arguments: Any) -> int:
    """The exit status of a tool."""
    spec = importlib.util.spec_from_file_location(name, ROOT / 'tools' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.argv = [f'{name}.py', *map(str, arguments)]
    return module.main()


def files_below(folder: Path) -> dict[str, Any]:
    """Every file's bytes, or where it leads if it is a link."""
    return {
        str(file.relative_to(folder)): os.readlink(file) if file.is_symlink() else file.read_bytes()
        for file in sorted((folder / 'out').rglob('*'))
        if file.is_symlink() or file.is_file()
    }


def trained(folder: Path) -> dict[str, Any]:
    """Names of the checkpoints; weights and moments of the last one."""
    files = sorted(file.name for file in (folder / 'out').glob('*.pth'))
    last = torch.load(folder / 'out' / files[-1], weights_only=True)
    content = io.BytesIO()
    torch.save([last['state_dict'], last['optimizer'], last['random_state']], content)
    return {'files': files, 'weights': hashlib.sha256(content.getvalue()).hexdigest()}


def studied(folder: Path) -> dict[str, Any]:
    """The results of the study without how long they took."""

    def timeless(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {
                k: timeless(v) for k, v in tree.items() if 'seconds' not in k and 'load' not in k
            }
        return [timeless(value) for value in tree] if isinstance(tree, list) else tree

    files = [folder / 'out/table.json', *sorted((folder / 'out/results').glob('*'))]
    return {file.name: timeless(json.loads(file.read_text(encoding='utf-8'))) for file in files}


def train(inputs: Path, again: bool) -> int:
    options = ['train_cfg.max_iters=4', 'train_cfg.val_interval=9']
    options += ['default_hooks.checkpoint.interval=1', 'train_dataloader.num_workers=0']
    command = ['jm-pose_debug.py', '--device', 'cpu', '--work-dir', 'out', '--cfg-options']
    return tool('train', *command, *options, *(['--resume'] if again else []))


def study(inputs: Path, again: bool) -> None:
    from experiments.study import plan, run_study

    plan.RUNS = [run for run in plan.RUNS if run.name in ('single_frame', 'dcpose')]
    run_study('out', SCALE, report='report/study.md', jobs=1)


def convert(kind: str) -> Callable[[Path, bool], int]:
    return lambda inputs, again: tool('convert_dataset', kind, inputs / 'download', 'out')


def boxes(inputs: Path, again: bool) -> int:
    source = inputs / 'download'
    return tool('make_boxes', source / 'annotations/val', source, 'out/boxes.json')


def synthetic(inputs: Path, again: bool) -> int:
    sizes = ['--videos-train', 3, '--videos-val', 2, '--frames', 9, '--size', '160x120']
    return tool('make_synthetic', 'out', *sizes, '--workers', 2)


def video(inputs: Path, again: bool) -> int:
    names = [inputs / 'frames', 'jm-pose_debug.py', inputs / 'weights.pth']
    options = ['--out-dir', 'out', '--detector', 'whole', '--device', 'cpu']
    return tool('infer_video', *names, *options, *(['--resume'] if again else []))


def posetrack17(folder: Path) -> None:
    official.write_posetrack17(folder / 'download', matlab=True)


def posetrack18(folder: Path) -> None:
    official.write_posetrack18(folder / 'download')


def many_frames(folder: Path) -> None:
    """A second or two of detecting: copies of a frame under other names."""
    posetrack18(folder)
    file = next((folder / 'download/annotations/val').glob('*.json'))
    content = json.loads(file.read_text(encoding='utf-8'))
    first = content['images'][0]
    name = Path(first['file_name'])
    for number in range(6, 400):
        added = first | {'id': first['id'] + number, 'frame_id': first['id'] + number}
        added['file_name'] = str(name.with_name(f'{number:06d}.jpg'))
        content['images'].append(added)
        shutil.copy(folder / 'download' / name, folder / 'download' / added['file_name'])
    file.write_text(json.dumps(content), encoding='utf-8')


def frames_and_weights(folder: Path) -> None:
    from mmpose.registry import MODELS

    from jmpose_mm.engine.configs import load_config

    (folder / 'frames').mkdir()
    for number in range(24):
        official.paint(folder / f'frames/{number:06d}.jpg', number)
    torch.manual_seed(0)
    model = MODELS.build(load_config('jm-pose_debug.py').model)
    torch.save({'state_dict': model.state_dict()}, folder / 'weights.pth')


def hieve(folder: Path) -> None:
    official.write_hieve(folder / 'download', videos=16)


COMMANDS = {
    'train': Command(train, trained),
    'convert posetrack17': Command(convert('posetrack17'), files_below, posetrack17),
    'convert hieve': Command(convert('hieve'), files_below, hieve),
    'boxes': Command(boxes, files_below, many_frames),
    'synthetic': Command(synthetic, files_below),
    'video': Command(video, files_below, frames_and_weights),
    'study': Command(study, studied),
}


def begun(command: Command, folder: Path, inputs: Path, again: bool) -> int:
    """The process id of the command, which runs in a child of this process."""
    folder.mkdir(exist_ok=True)
    process = os.fork()
    if process:
        return process
    try:
        os.chdir(folder)
        said = os.open('said.txt', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = (
            open(number, 'w', encoding='utf-8', closefd=False) for number in (1, 2)
        )
        torch.set_num_threads(1)
        status = command.start(inputs, again) or 0
    except BaseException:
        traceback.print_exc()
        status = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def ended(process: int, folder: Path) -> None:
    """Wait for a command that must succeed."""
    for _ in range(LONGEST * 20):
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            said = (folder / 'said.txt').read_text(encoding='utf-8', errors='replace')
            assert os.waitstatus_to_exitcode(status) == 0, said[-3000:]
            return
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    pytest.fail('it hangs')


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='commands are started by fork')
@pytest.mark.parametrize('name', COMMANDS)
def test_killed_and_given_again__ends_with_the_same_bytes(name: str, tmp_path: Path) -> None:
    if name in LONG and 'KILLS' not in os.environ:
        pytest.skip('takes long: KILLS=1 in the environment runs it')
    command, whole = COMMANDS[name], tmp_path / 'whole'
    command.inputs(tmp_path)
    began = time.monotonic()
    ended(begun(command, whole, tmp_path, again=False), whole)
    seconds = time.monotonic() - began
    expected = command.result(whole)
    assert expected
    chance, differing, early = random.Random(name), [], 0
    for number in range(KILLS):
        folder, moment = tmp_path / f'killed_{number}', chance.uniform(0, seconds)
        process = begun(command, folder, tmp_path, again=False)
        time.sleep(moment)
        os.kill(process, signal.SIGKILL)
        early += os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
        ended(begun(command, folder, tmp_path, again=True), folder)
        if command.result(folder) != expected:
            differing.append(moment)
        hidden = [str(f.relative_to(folder)) for f in folder.rglob('.*')]
        assert hidden == [], f'left by a kill after {moment:.2f} s'
    print(f'{name}: {seconds:.1f} s, {KILLS} kills, {early} of them before the end')
    assert differing == []
