"""File names say what is inside, config names are unique, no file holds a person's path."""

from __future__ import annotations

import ast
import re
from collections import Counter

from source_files import ROOT, name_of, python_files, tree_of

FOLDERS = (
    'jmpose_mm',
    'configs',
    'experiments',
    'tools',
    'tests',
    'build_backend',
    'docs',
    'requirements',
)
SUFFIXES = {'.py', '.md', '.yml', '.sh', '.txt', '.toml', '.cfg'}
# a place for everything is a place for nothing, and the history of a file is git's
POOR_WORD = re.compile(
    r'(?<![a-z])(utils?|common|misc|helpers?|new|old|final|copy|backup|tmp|fixed|v\d+)(?![a-z])'
)
PERSONAL = re.compile(r'(?<![\w./])/(?:home/\w+|Users/\w+|root/|work/)|[A-Z]:\\+Users')


def text_files() -> list:
    found = [file for folder in FOLDERS for file in (ROOT / folder).rglob('*')]
    found += [file for file in ROOT.iterdir() if file.name != 'uv.lock']
    return sorted(
        file
        for file in found
        if file.is_file() and '.mim' not in file.parts and file.suffix in SUFFIXES
    )


def test_file_names__carry_no_version_and_no_grab_bag() -> None:
    files = text_files()
    assert len(files) > 50
    assert [name_of(file) for file in files if POOR_WORD.search(file.stem)] == []


def test_files__hold_no_path_of_a_person() -> None:
    found = [
        f'{name_of(file)}: {match.group()}'
        for file in text_files()
        if file.name != 'test_names.py'
        for match in [PERSONAL.search(file.read_text())]
        if match
    ]
    assert found == []


def test_config_names__are_unique() -> None:
    names = Counter(file.name for file in (ROOT / 'configs').rglob('*.py'))
    assert names
    assert [name for name, count in names.items() if count > 1] == []


def test_public_names__are_those_of_one_thing() -> None:
    """Those of `host` stand for parts of other packages, and are called by their module."""
    names: dict[str, list[str]] = {}
    for file in python_files('jmpose_mm'):
        for node in tree_of(file).body if 'host' not in file.parts else []:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith('_'):
                names.setdefault(node.name, []).append(name_of(file))
    assert len(names) > 500
    assert {name: files for name, files in names.items() if len(files) > 1} == {}


def test_patterns__find_and_spare() -> None:
    for stem in ('utils', 'pose_utils', 'neck_v2', 'train-new', 'final'):
        assert POOR_WORD.search(stem), stem
    for stem in ('renewal', 'finally', 'copies', 'hrnet-w48', 'convert_dataset'):
        assert not POOR_WORD.search(stem), stem
    assert PERSONAL.search('see /home/ann/data')
    assert not PERSONAL.search('see data/home/ann and a/work/b')


def test_functions__say_what_they_give() -> None:
    """`X_of`, `run` and `Size` name nothing that somebody would search for."""
    found = [
        f'{name_of(file)}: {node.name}'
        for file in python_files('jmpose_mm')
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and (node.name.endswith('_of') or node.name in ('run', 'Size'))
    ]
    assert found == ['jmpose_mm/visualization/skeleton.py: skeleton_of']  # promised by the docs
