"""docs/write_a_method.md: its method trains, as the page says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from jmpose_mm.apis.train_and_test import train
from jmpose_mm.engine.configs import load_config

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'write_a_method.md'
FILE = re.compile(r'```python title="(.+?)"\n(.*?)```', re.S)


def test_page__method_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = dict(FILE.findall(PAGE.read_text(encoding='utf-8')))
    assert set(files) == {'weighted_mean_neck.py', 'weighted-mean_debug.py'}
    assert len(files['weighted_mean_neck.py'].splitlines()) <= 60
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding='utf-8')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    cfg = load_config('weighted-mean_debug.py', work_dir=str(tmp_path / 'work'))

    train(cfg)

    neck = sys.modules['weighted_mean_neck'].WeightedMeanNeck((8,), 17)
    assert neck.num_frames == 5
    assert list((tmp_path / 'work').glob('*.pth'))
