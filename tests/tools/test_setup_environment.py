"""The environment uses what the machine has, and stays apart where that does not help."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        'setup_environment', ROOT / 'tools' / 'setup_environment.py'
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_present__asks_the_interpreter(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tool, 'PROBES', {('a', 'b'): 'import json', ('c',): 'import no_such_module'}
    )
    assert tool.present(Path(sys.executable)) == {'a', 'b'}


@pytest.mark.parametrize(('probe', 'sees'), [('import json', 'true'), ('import no_such', 'false')])
def test_create__sees_the_machine_only_if_that_helps(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, probe: str, sees: str
) -> None:
    monkeypatch.setattr(tool, 'PROBES', {('torch',): probe})
    python = tool.create(tmp_path / 'environment')
    assert python.exists()
    settings = (tmp_path / 'environment' / 'pyvenv.cfg').read_text()
    assert f'include-system-site-packages = {sees}' in settings


def test_install__leaves_out_what_is_there(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def record(command: list[str], check: bool) -> None:
        if '-r' in command:
            seen.append(('--no-deps' in command, Path(command[-1]).read_text()))
        else:
            seen.append((True, ' '.join(command)))

    monkeypatch.setattr(tool.subprocess, 'run', record)
    tool.install(Path('python'), {'torch', 'torchvision', 'mmcv-lite'})
    (resolved, pinned), (alone, unresolved), (_, editable) = seen
    assert not resolved
    assert alone
    assert 'numpy==' in pinned
    assert 'torch' not in {line.split('==')[0] for line in pinned.splitlines()}
    assert '\nmmpose==' in unresolved
    assert '\nmmcv-lite==' not in unresolved
    assert '--editable' in editable


def test_main__other_pythons_are_refused(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(tool.sys, 'version_info', (3, 13, 0))
    monkeypatch.setattr(tool.sys, 'argv', ['setup_environment.py', str(tmp_path / 'environment')])
    assert tool.main() == 2
    assert 'Python 3.13 is not supported' in capsys.readouterr().err
    assert not (tmp_path / 'environment').exists()
