"""Waiting times before anything happens: imports, the tools' help, the first batch."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tqdm import tqdm

import jmpose_mm
from experiments.benchmarks.clip_set import ANN_FILE, ClipSet, write_clip_set
from experiments.benchmarks.timing import Comparison, measure_seconds

__all__ = ['TOOLS', 'measure']

_FILES = sorted(Path(jmpose_mm.__file__).parent.joinpath('.mim', 'tools').glob('*.py'))
TOOLS = [
    file for file in _FILES if "if __name__ == '__main__':" in file.read_text(encoding='utf-8')
]
CLIPS = ClipSet(2, 10, size=(640, 360))

# mmpose can register all that it has without compiled mmcv operations only after this package came.
REGISTER = 'import jmpose_mm; from mmpose.utils import register_all_modules as r; r()'
REGISTER_OURS = (
    f'{REGISTER}; import jmpose_mm.codecs, jmpose_mm.datasets, jmpose_mm.engine.hooks, '
    'jmpose_mm.evaluation.metrics, jmpose_mm.models, jmpose_mm.visualization'
)
FIRST_BATCH = """
import json, sys
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
init_default_scope('mmpose')
next(iter(Runner.build_dataloader(json.loads(sys.argv[1]), seed=0)))
"""


def measure(quick: bool = False, runs: int | None = None) -> list[Comparison]:
    """Time new interpreters, alternately, from start to end.

    Args:
        quick: One run instead of nine.
        runs: Another number of runs.

    Raises:
        RuntimeError: A process fails; the message holds what it printed.
    """
    runs = runs or (1 if quick else 9)
    helps = [
        _compared(f'{tool.name} --help', ['-c', 'pass'], [str(tool), '--help'], runs)
        for tool in TOOLS
    ]
    slowest = max(helps, key=lambda one: median(one.our_seconds))
    with tempfile.TemporaryDirectory() as folder:
        write_clip_set(folder, CLIPS)
        loaders = [json.dumps(loader_settings(folder, clips)) for clips in (False, True)]
        return [
            _compared('import', ['-c', 'import mmpose'], ['-c', 'import mmpose, jmpose_mm'], runs),
            _compared('all registered', ['-c', REGISTER], ['-c', REGISTER_OURS], runs),
            _compared('first batch', *(['-c', FIRST_BATCH, loader] for loader in loaders), runs),
            slowest._replace(note=f'{slowest.note} The slowest of {len(TOOLS)} tools.'),
        ]


def loader_settings(folder: str, clips: bool) -> dict[str, Any]:
    """Config of a loader with a worker: this package's of clips, or mmpose's of single frames."""
    ours = 'jmpose_mm.' if clips else ''
    sample = dict(type='jmpose_mm.SampleSupportFrames')
    load = [sample, dict(type='jmpose_mm.LoadClip')] if clips else [dict(type='LoadImage')]
    affine = 'TopdownClipAffine' if clips else 'TopdownAffine'
    return dict(
        batch_size=16,
        num_workers=1,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type=f'{ours}{"PoseTrackClipDataset" if clips else "PoseTrack18Dataset"}',
            data_root=folder,
            ann_file=ANN_FILE,
            pipeline=[
                *load,
                dict(type='GetBBoxCenterScale'),
                dict(type=f'{ours}{affine}', input_size=(96, 128)),
                dict(type='PackPoseInputs'),
            ],
        ),
    )


def _compared(name: str, reference: list[str], ours: list[str], runs: int) -> Comparison:
    """Run two command lines of Python in turn."""
    columns: tuple[list[float], list[float]] = ([], [])
    for _ in tqdm(range(runs), desc=f'timing {name}', leave=False, disable=None):
        columns[0].append(measure_seconds(lambda: _execute(reference)))
        columns[1].append(measure_seconds(lambda: _execute(ours)))
    more = median(b - a for a, b in zip(*columns, strict=True))
    sides = ('bare Python' if reference == ['-c', 'pass'] else 'mmpose alone', 'this package')
    return Comparison(name, *sides, *columns, f'{more:+.2f} s.')


def _execute(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, encoding='utf-8', check=False
    )
    if done.returncode:
        raise RuntimeError(f'{command}: expected to succeed, got\n{done.stderr}')
