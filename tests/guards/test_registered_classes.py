"""Every class in a registry is used by a config and by a test, or nobody knows if it works."""

from __future__ import annotations

import ast
import re

import pytest
from source_files import ROOT, name_of, python_files, tree_of


def registered() -> dict[str, str]:
    """Name of every registered class or function -> the file that registers it."""
    found = {}
    for file in python_files('jmpose_mm'):
        for node in ast.walk(tree_of(file)):
            decorators = getattr(node, 'decorator_list', [])
            if any('register_module' in ast.unparse(decorator) for decorator in decorators):
                found[node.name] = name_of(file)
    return found


def text_of(folder: str, *suffixes: str) -> str:
    files = (file for file in (ROOT / folder).rglob('*') if file.suffix in suffixes)
    return '\n'.join(file.read_text() for file in sorted(files))


@pytest.mark.parametrize(
    ('folder', 'pattern'), [('configs', r"'jmpose_mm\.{}'"), ('tests', r'\b{}\b')]
)
def test_registered_classes__appear_in(folder: str, pattern: str) -> None:
    names = registered()
    assert 'PlainCheckpointHook' in names
    text = text_of(folder, '.py')
    missing = [
        f'{name} ({file})'
        for name, file in names.items()
        if not re.search(pattern.format(name), text)
    ]
    assert missing == []


def test_registered_classes__have_names_that_mmpose_does_not_use() -> None:
    import mmpose.registry
    from mmengine.registry import Registry

    import jmpose_mm.registry

    names = registered()
    taken = set()
    for variable, registry in vars(mmpose.registry).items():
        if not isinstance(registry, Registry) or registry.scope != 'mmpose':
            continue
        # imports both sides; registering a name twice would already raise here
        getattr(jmpose_mm.registry, variable).import_from_location()
        for name, entry in registry.module_dict.items():
            if name in names and not entry.__module__.startswith('jmpose_mm.'):
                taken.add(name)
    assert taken == set()
