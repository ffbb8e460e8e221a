"""The environment uses what the machine has, and stays apart where that does not help."""

from __future__ import annotations

import configparser
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

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


def test_create__makes_what_an_interruption_left_again(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[dict[str, bool]] = []

    def builder(**options: bool) -> SimpleNamespace:
        return SimpleNamespace(create=lambda target: made.append(options))

    monkeypatch.setattr(tool.venv, 'EnvBuilder', builder)
    monkeypatch.setattr(tool, '_borrow', lambda python: None)
    monkeypatch.setattr(tool, 'PROBES', {})
    scripts = tmp_path / ('Scripts' if os.name == 'nt' else 'bin')
    scripts.mkdir()
    (scripts / 'python').touch()
    tool.create(tmp_path)
    assert made[-1] == {'system_site_packages': False, 'with_pip': True}
    made.clear()
    (scripts / 'pip3').touch()
    tool.create(tmp_path)
    assert made == []


def test_install__leaves_out_what_is_there(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def record(command: list[str], check: bool) -> None:
        if '--index-url' in command:
            assert command[-3:] == ['https://gpu.example', 'torch==2.12.0', 'torchvision==0.27.0']
        elif '-r' in command:
            seen.append(('--no-deps' in command, Path(command[-1]).read_text(encoding='utf-8')))
        else:
            seen.append((True, ' '.join(command)))

    monkeypatch.setattr(tool.subprocess, 'run', record)
    tool.install(Path('python'), {'torch', 'torchvision', 'mmcv-lite'})
    (resolved, pinned), (alone, unresolved), (_, editable) = seen
    tool.install(Path('python'), set(), 'https://gpu.example')
    assert len(seen) == 6
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
    monkeypatch.setattr(tool.sys, 'version_info', (3, 15, 0))
    monkeypatch.setattr(tool.sys, 'argv', ['setup_environment.py', str(tmp_path / 'environment')])
    assert tool.main() == 2
    assert 'Python 3.15 is not supported' in capsys.readouterr().err
    assert not (tmp_path / 'environment').exists()


def test_create__sees_the_packages_of_an_activated_environment(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    packages = tmp_path / 'activated' / 'site-packages'
    packages.mkdir(parents=True)
    (packages / 'found_by_pth.pth').write_text('import sys; sys.by_pth = True\n')
    (packages / 'its_torch.py').write_text('')
    monkeypatch.setattr(tool.sys, 'prefix', '/activated')
    monkeypatch.setattr(tool.sys, 'path', [*sys.path, str(packages)])
    probe = 'import sys, its_torch; assert sys.by_pth'
    monkeypatch.setattr(tool, 'PROBES', {('torch',): probe})
    python = tool.create(tmp_path / 'made')
    assert tool.present(python) == {'torch'}


def test_bounds__are_those_of_the_package(tool: ModuleType) -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / 'setup.cfg')
    (low, high) = (f'{major}.{minor}' for major, minor in tool.SUPPORTED)
    above = f'3.{tool.SUPPORTED[1][1] + 1}'
    assert config['options']['python_requires'] == f'>={low},<{above}'
    said = config['metadata']['classifiers']
    assert [line.rsplit(' ', 1)[1] for line in said.split('\n') if '3.' in line] == [
        f'3.{minor}' for minor in range(tool.SUPPORTED[0][1], tool.SUPPORTED[1][1] + 1)
    ], (low, high)


@pytest.mark.parametrize(('cuda', 'hint'), [(0, False), (1, True)])
def test_next_lines__can_be_typed_as_they_are(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, cuda: int, hint: bool
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(tool.shutil, 'which', lambda name: '/usr/bin/nvidia-smi')
    monkeypatch.setattr(
        tool.subprocess, 'run', lambda *_, **__: SimpleNamespace(returncode=cuda, stdout='')
    )
    said = tool.next_lines(ROOT / '.venv' / 'bin' / 'python')
    python = str(Path('.venv', 'bin', 'python'))
    assert f'{python} {Path("tools", "demo.py")}\n  {python} -m pytest tests' in said
    assert ('--torch-index ADDRESS' in said) is hint
