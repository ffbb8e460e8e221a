"""docs/python.md: its code runs, block after block, and gives what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from jmpose_mm import load_config
from jmpose_mm.registry import MODELS
from jmpose_mm.visualization import write_film

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'python.md'


def test_page__runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r'```python\n(.*?)```', PAGE.read_text(encoding='utf-8'), re.S)
    assert len(blocks) == 5
    monkeypatch.chdir(tmp_path)
    config = re.search(r"CONFIG = '(.+?)'", blocks[0])
    assert config is not None
    weights = MODELS.build(load_config(config[1]).model).state_dict()
    torch.save({'state_dict': weights, 'meta': {}}, 'weights.pth')
    rng = np.random.default_rng(0)
    write_film('walk.mp4', [rng.integers(0, 255, (64, 48, 3), dtype=np.uint8) for _ in range(3)])
    names: dict = {}

    for block in blocks:
        exec(compile(block, str(PAGE), 'exec'), names)

    assert [track.shape for track in names['tracks'].values()] == [(3, 17, 2)]
    assert names['counts'] == [[1, 1, 1], [1, 1, 1]]
    assert torch.isfinite(names['loss'])
    assert names['ap'] == 100
    assert names['fused'].shape == (2, 17, 32, 24)
