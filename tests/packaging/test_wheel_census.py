"""The table of wheels is that of the page, and what has no wheel is named."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool() -> ModuleType:
    file = ROOT / 'tests' / 'packaging' / 'wheel_census.py'
    spec = importlib.util.spec_from_file_location('wheel_census', file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_census__names_what_has_no_wheel(tool: ModuleType) -> None:
    refusal = 'error: No solution\n  cause: Because munkres==3.0.0 has no usable wheels and you'

    def ask(arguments: list[str]) -> tuple[int, str]:
        arm = 'aarch64-unknown-linux-gnu' in arguments
        old = arguments[arguments.index('--python-version') + 1] == '3.10'
        text = 'numpy==1.26.4\nxtcocotools==1.14.3\n' if old else 'numpy==2.4.6\n'
        return (1, refusal) if arm and old else (0, text)

    header, _, x86, arm, *others = tool.census(ask).splitlines()
    assert header == '| Wheels of all pins | 3.10 | 3.11 | 3.12 | 3.13 | 3.14 |'
    assert x86.startswith('| Linux x86-64 | NumPy 1.26.4, xtcocotools | NumPy 2.4.6, stand-in |')
    assert arm.startswith('| Linux ARM | **no**: munkres | NumPy 2.4.6, stand-in |')
    assert len(others) == 2


def test_page__has_no_gap(tool: ModuleType) -> None:
    text = tool.PAGE.read_text(encoding='utf-8')
    table = text[text.index(tool.BEGIN) : text.index(tool.END)]
    assert table.count('NumPy') == len(tool.SYSTEMS) * len(tool.PYTHONS)
    assert '**no**' not in table
