"""The build backend where the system makes no symbolic links, and what its wheels record."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.util
import re
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from setuptools import Distribution

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The backend of a tree that was checked out without links."""
    file = ROOT / 'build_backend' / 'plugin_build.py'
    spec = importlib.util.spec_from_file_location('plugin_build', file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, 'ROOT', tmp_path)
    (tmp_path / 'jmpose_mm' / '.mim').mkdir(parents=True)
    for name in module.RESOURCES:
        original = tmp_path / name
        if original.suffix:
            original.write_text(f'content of {name}')
        else:
            original.mkdir()
            (original / 'some.py').write_text(name)
        (tmp_path / 'jmpose_mm' / '.mim' / name).write_text(f'../../{name}')
    return module


def contents(folder: Path) -> dict[str, str]:
    return {str(f.relative_to(folder)): f.read_text() for f in folder.rglob('*') if f.is_file()}


def test_resources__are_copied_for_the_build_alone(backend: ModuleType, tmp_path: Path) -> None:
    mim = tmp_path / 'jmpose_mm' / '.mim'
    before = contents(mim)
    with backend.resources_in_package():
        inside = contents(mim)
    assert inside['configs/some.py'] == 'configs'
    assert inside['model-index.yml'] == 'content of model-index.yml'
    assert contents(mim) == before
    (tmp_path / 'dataset-index.yml').unlink()
    with pytest.raises(RuntimeError, match='no complete wheel'), backend.resources_in_package():
        pass
    assert contents(mim) == before


def test_editable__links_or_says_what_to_do(
    backend: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mim = tmp_path / 'jmpose_mm' / '.mim'
    backend.link_resources()
    assert all((mim / name).resolve() == tmp_path / name for name in backend.RESOURCES)
    backend.link_resources()
    for link in mim.iterdir():
        link.unlink()

    def refused(*arguments: object) -> None:
        raise OSError('A required privilege is not held by the client')

    monkeypatch.setattr(backend.Path, 'symlink_to', refused)
    with pytest.raises(RuntimeError, match=r'privilege.*`pip install \.` without --editable'):
        backend.link_resources()
    for folder in ('configs', 'tools'):
        (mim / folder).mkdir()
    backend.link_resources()
    assert (mim / 'model-index.yml').samefile(tmp_path / 'model-index.yml')


def test_change__records_every_file(backend: ModuleType, tmp_path: Path) -> None:
    wheel = tmp_path / 'a-1-py3-none-any.whl'
    with zipfile.ZipFile(wheel, 'w') as archive:
        archive.writestr('a/__init__.py', '')
        archive.writestr('a-1.dist-info/top_level.txt', 'a\n')
        archive.writestr('a-1.dist-info/RECORD', 'old')
    backend._change(wheel, {'a.pth': b'import a'}, {'.dist-info/top_level.txt': b'/b\n'})
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read('a-1.dist-info/top_level.txt') == b'/b\n'
        rows = {
            row[0]: row[1:]
            for row in csv.reader(archive.read(archive.namelist()[-1]).decode().splitlines())
        }
        assert set(rows) == set(archive.namelist())
        for name, (digest, size) in rows.items():
            if name.endswith('RECORD'):
                continue
            data = archive.read(name)
            sha = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=')
            assert digest == f'sha256={sha.decode()}'
            assert size == str(len(data))


@pytest.fixture(scope='module')
def files_of_the_wheel() -> set[Path]:
    """What the build backend would take, without building."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        distribution = Distribution({'script_name': 'setup.py'})
        distribution.parse_config_files()
        command = distribution.get_command_obj('build_py')
        command.ensure_finalized()
        code = {Path(file) for file in command.get_source_files()}
        return code | {Path(at, name) for _, at, _, names in command.data_files for name in names}


def test_wheel__holds_no_experiments(files_of_the_wheel: set[Path]) -> None:
    assert {file.parts[0] for file in files_of_the_wheel} == {'jmpose_mm'}
    parts = {part for file in files_of_the_wheel for part in file.parts}
    assert not parts & {'experiments', 'study', 'benchmarks', 'few_labels', 'tests'}
    code = [file for file in files_of_the_wheel if file.suffix == '.py']
    importing = re.compile(r'^\s*(?:from|import) experiments\b', re.M)
    assert [file for file in code if importing.search((ROOT / file).read_text('utf-8'))] == []


def test_wheel__holds_what_runs(files_of_the_wheel: set[Path]) -> None:
    package = ROOT / 'jmpose_mm'
    code = {file.relative_to(ROOT) for file in package.rglob('*.py') if '.mim' not in file.parts}
    configs = [file.relative_to(ROOT) for file in (ROOT / 'configs').rglob('*.py')]
    tools = [file.relative_to(ROOT) for file in (ROOT / 'tools').glob('*.py')]
    assert code | {Path('jmpose_mm/py.typed')} <= files_of_the_wheel
    assert {Path('jmpose_mm/.mim', file) for file in (*configs, *tools)} <= files_of_the_wheel
