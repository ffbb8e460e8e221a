"""Statements of the documents that code decides: counts, options, messages, names of methods."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from jmpose_mm.apis.demo import METHODS
from jmpose_mm.video.files.pose_exports import EXPORTS

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = ('ten', 'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen')
NECKS = {
    'JM-Pose': 'joint_motion_neck',
    'TDMI': 'temporal_difference_neck',
    'FAMI-Pose': 'feature_alignment_neck',
    'DCPose': 'dual_consecutive_neck',
    'PoseWarper': 'pose_warping_neck',
    'TAR': 'joint_aggregation_neck',
}


def text_of(name: str) -> str:
    """A document's words, whatever its line breaks are."""
    return ' '.join((ROOT / name).read_text(encoding='utf-8').split())


def test_changelog__counts_the_export_formats() -> None:
    assert f'There are {NUMBERS[len(EXPORTS) - 10]} export formats' in text_of('CHANGELOG.md')


def test_readme__cites_every_method() -> None:
    entries = text_of('README.md').split('@inproceedings{')[1:]
    assert len(entries) == len(METHODS) == len(NECKS)
    assert all(re.search(r'author = .* title = .* year = ', entry) for entry in entries)


def test_devices__names_the_tools_that_take_one() -> None:
    parts = {'add_place_arguments(', 'add_runner_arguments(', "'--device'"}
    shared = ('film_arguments.py', 'runner_arguments.py')
    taking = {
        file.name
        for file in (ROOT / 'tools').glob('*.py')
        if file.name not in shared and any(part in file.read_text() for part in parts)
    }
    said = text_of('docs/devices.md').split(' have `--device`')[0]
    assert set(re.findall(r'`(\w+\.py)`', said)) == taking


def test_own_data__quotes_messages_that_there_are() -> None:
    code = '\n'.join(file.read_text() for file in (ROOT / 'jmpose_mm').rglob('*.py'))
    page = (ROOT / 'docs/own_data.md').read_text(encoding='utf-8')
    quoted = re.findall(r'^\| `(.*?)` \|', page[page.index('## When something') :], re.M)
    parts = [part for message in quoted for part in re.split('…|: ', message) if part.strip()]
    assert len(quoted) >= 5
    assert [part for part in parts if part.strip() not in code] == []


@pytest.mark.parametrize('method', NECKS)
def test_neck__says_whose_method_it_is(method: str) -> None:
    tree = ast.parse((ROOT / f'jmpose_mm/models/necks/{NECKS[method]}.py').read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    (neck,) = (node for node in classes if node.name.endswith('Neck'))
    assert (ast.get_docstring(neck) or '').startswith(f'{method} (')
