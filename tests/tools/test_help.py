"""The help of every tool: there, and at once."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.benchmarks.startup import TOOLS
from jmpose_mm.datasets.synthetic import PRESETS

# Each of them takes longer to import than a help may take.
SLOW = ('torch', 'numpy', 'cv2', 'scipy', 'mmengine', 'mmpose', 'jmpose_mm')
PROGRAM = """
import os, runpy, sys
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
try:
    runpy.run_path(sys.argv[0], run_name='__main__')
except SystemExit as end:
    found = [name for name in {slow} if name in sys.modules]
    sys.exit(f'imports {{found}}' if found else end.code)
"""


@pytest.mark.parametrize('tool', TOOLS, ids=lambda tool: tool.name)
def test_help__imports_nothing_slow(tool: Path) -> None:
    command = [sys.executable, '-c', PROGRAM.format(slow=SLOW), str(tool), '--help']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'usage: {tool.name}')


def test_tools__are_all_asked() -> None:
    assert {'train.py', 'test.py', 'infer_video.py'} <= {tool.name for tool in TOOLS}


def test_make_synthetic__offers_the_presets_that_there_are() -> None:
    (tool,) = (tool for tool in TOOLS if tool.name == 'make_synthetic.py')
    values = [
        ast.literal_eval(node.value)
        for node in ast.parse(tool.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == 'PRESETS'
    ]
    assert values == [tuple(sorted(PRESETS))]
