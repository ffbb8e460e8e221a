"""Who may import whom: the layers of the package, read from the imports themselves."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from source_files import PACKAGE, imports_of, name_of, python_files

MODEL_PARTS = ('backbones', 'data_preprocessors', 'heads', 'losses', 'necks', 'pose_estimators')
MATHEMATICS = {'torch', 'torchvision', 'numpy', 'scipy', *sys.stdlib_module_names}

# folder -> what modules in it must not import
FORBIDDEN: dict[str, list[str]] = {
    'models/layers': ['registry', 'models', 'datasets', 'evaluation', 'engine', 'video', 'apis'],
    **{
        f'models/{part}': [
            *(f'models.{other}' for other in MODEL_PARTS if other != part),
            *('datasets', 'evaluation', 'engine', 'video', 'apis', 'visualization'),
        ]
        for part in MODEL_PARTS
    },
    'formats': [
        *('registry', 'models', 'datasets', 'evaluation', 'engine', 'video', 'apis'),
        *('visualization', 'codecs', 'structures'),
    ],
    'host': ['registry', 'models', 'datasets', 'evaluation', 'engine', 'video', 'apis'],
    'datasets': ['models', 'evaluation', 'engine', 'video', 'apis'],
    'evaluation': ['models', 'datasets', 'engine', 'video', 'apis'],
    'engine': ['models', 'datasets', 'evaluation', 'video', 'apis'],
    'visualization': ['models', 'datasets', 'engine', 'video', 'apis'],
    'video': ['evaluation', 'apis'],
}


def own_imports(file: Path) -> set[str]:
    return {name for name in imports_of(file) if name.startswith('jmpose_mm.')}


def is_below(name: str, module: str) -> bool:
    return name == module or name.startswith(f'{module}.')


def violations(folder: str, forbidden: list[str]) -> list[str]:
    own = 'jmpose_mm.' + folder.replace('/', '.')
    return [
        f'{name_of(file)} imports {name}'
        for file in python_files(f'jmpose_mm/{folder}')
        for name in sorted(own_imports(file))
        if not is_below(name, own)
        and any(is_below(name, f'jmpose_mm.{module}') for module in forbidden)
    ]


@pytest.mark.parametrize('folder', FORBIDDEN)
def test_layers__only_look_down(folder: str) -> None:
    assert (PACKAGE / folder).is_dir()
    assert violations(folder, FORBIDDEN[folder]) == []


def test_mathematics__imports_nothing_of_the_host() -> None:
    files = [*python_files('jmpose_mm/functional'), PACKAGE / 'structures.py']
    assert len(files) > 3
    found = [
        f'{name_of(file)} imports {name}'
        for file in files
        for name in imports_of(file)
        if name.split('.')[0] not in MATHEMATICS and not is_below(name, 'jmpose_mm.functional')
    ]
    assert found == []


def test_apis__are_imported_by_nobody_below() -> None:
    found = [
        f'{name_of(file)} imports {name}'
        for file in python_files('jmpose_mm')
        if 'apis' not in file.parts
        for name in own_imports(file)
        if is_below(name, 'jmpose_mm.apis')
    ]
    assert found == []


def test_experiments__are_imported_by_nobody_in_the_package() -> None:
    found = [
        f'{name_of(file)} imports {name}'
        for file in python_files('jmpose_mm', 'tools')
        for name in imports_of(file)
        if is_below(name, 'experiments')
    ]
    assert found == []


def test_registries__have_one_door() -> None:
    found = [
        f'{name_of(file)} imports {name}'
        for file in python_files('jmpose_mm')
        if file != PACKAGE / 'registry.py'
        for name in imports_of(file)
        if name.startswith(('mmpose.registry', 'mmengine.registry'))
        and name.split('.')[-1].isupper()
    ]
    assert found == []


def test_layering__sees_relative_and_nested_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = 'from ..heads import x\ndef f():\n    import jmpose_mm.apis.y\nfrom . import z\n'
    file = PACKAGE / 'models' / 'necks' / 'imagined.py'
    monkeypatch.setattr('source_files.tree_of', lambda _: ast.parse(source))
    assert set(imports_of(file)) == {
        'jmpose_mm.models.heads.x',
        'jmpose_mm.apis.y',
        'jmpose_mm.models.necks.z',
    }
