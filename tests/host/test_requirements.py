"""What is not installed is said with the line that installs it, in versions that CI tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import jmpose_mm.host as host
from jmpose_mm.host import requirements

ROOT = Path(__file__).resolve().parents[2]


def pinned(name: str) -> list[Requirement]:
    lines = (ROOT / 'requirements' / name).read_text().splitlines()
    return [Requirement(found[0]) for line in lines if (found := re.match(r'[^#]+', line))]


@pytest.mark.parametrize(
    ('file', 'group'),
    [
        ('pinned.txt', requirements.PLAIN),
        ('without_dependencies.txt', requirements.WITHOUT_DEPENDENCIES),
    ],
)
def test_line__allows_what_the_environment_is_pinned_to(file: str, group: dict[str, str]) -> None:
    versions = {requirement.name: requirement for requirement in pinned(file)}
    for line in group.values():
        asked = Requirement(line)
        (specifier,) = versions[asked.name].specifier
        assert asked.specifier.contains(specifier.version), line


def test_install__says_one_line_for_all_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, '_is_installed', lambda name: name not in ('six', 'mmpose'))
    expected = r'needs six, mmpose, .*: pip install "six" && pip install --no-deps "mmpose>=1.3,<'
    with pytest.warns(UserWarning, match=expected):
        host.install()
    monkeypatch.setattr(requirements, '_is_installed', lambda name: name != 'mmengine')
    with pytest.raises(ImportError, match=r'pip install --no-deps "mmengine>='):
        host.install()


def test_xtcocotools__stands_for_pycocotools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, '_is_installed', lambda name: name != 'pycocotools')
    assert requirements.missing_modules() == []
    monkeypatch.setattr(requirements, '_is_installed', lambda name: 'cocotools' not in name)
    assert requirements.missing_modules() == ['pycocotools']
