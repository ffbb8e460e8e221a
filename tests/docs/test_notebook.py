"""docs/notebooks/look_inside.ipynb: its cells run, one after the other, on a small model."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import pytest
import torch

from jmpose_mm.engine.configs import load_config
from jmpose_mm.registry import MODELS

NOTEBOOK = Path(__file__).resolve().parents[2] / 'docs' / 'notebooks' / 'look_inside.ipynb'


def test_cells__run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    matplotlib.use('agg')
    cells = json.loads(NOTEBOOK.read_text(encoding='utf-8'))['cells']
    first, *rest = (''.join(cell['source']) for cell in cells if cell['cell_type'] == 'code')
    config = 'jm-pose_debug.py'
    weights = MODELS.build(load_config(config).model).state_dict()
    torch.save({'state_dict': weights, 'meta': {}}, 'random.pth')
    assert 'CONFIG = ' in first
    names: dict = {'CONFIG': config, 'CHECKPOINT': 'random.pth'}

    for cell in rest:
        exec(compile(cell, str(NOTEBOOK), 'exec'), names)

    frames, keypoints, grid = 5, 17, (32, 24)
    assert names['initial'].shape == (frames, *grid)
    assert names['heatmaps'].shape == (keypoints, *grid)
    assert names['offset'].shape[1:] == grid
    assert any(name.endswith('AP') for name in names['metrics'])
