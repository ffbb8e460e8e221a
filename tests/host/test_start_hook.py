"""The start-up hook prepares the host for programs that never import this package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jmpose_mm.host import start_hook

HOOK = Path(start_hook.__file__).parent
OURS = 'import mmengine.config.utils as u\nu.seen.append("ours")\n'


def start(folder: Path, code: str, package: str | None) -> str:
    """What a fresh Python says that runs the hook, then `code`, among fakes of both packages."""
    (folder / 'mmengine/config').mkdir(parents=True)
    (folder / 'mmengine/__init__.py').write_text('from .config import utils\n')
    (folder / 'mmengine/config/__init__.py').write_text('from . import utils\n')
    (folder / 'mmengine/config/utils.py').write_text('seen = ["mmengine"]\n')
    if package is not None:
        (folder / 'jmpose_mm.py').write_text(package)
    start_up = f'import sys; sys.path[:0] = [{str(folder)!r}, {str(HOOK)!r}]; import start_hook\n'
    command = [sys.executable, '-S', '-c', start_up + code]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


@pytest.mark.parametrize(
    ('code', 'package', 'seen'),
    [
        ('import mmengine', OURS, "['mmengine', 'ours']"),
        ('import jmpose_mm', OURS, "['mmengine', 'ours']"),
        ('import mmengine', None, "['mmengine']"),
    ],
    ids=['mmengine first', 'ours first', 'ours removed'],
)
def test_hook__prepares_once(tmp_path: Path, code: str, package: str | None, seen: str) -> None:
    asked = f'{code}\nfrom mmengine.config.utils import seen; print(seen)'
    assert start(tmp_path, asked, package).strip() == seen


def test_hook__imports_nothing_by_itself(tmp_path: Path) -> None:
    modules = 'print({"importlib.util", "warnings", "mmengine", "jmpose_mm"} & set(sys.modules))'
    assert start(tmp_path, f'import start_hook\n{modules}', OURS).strip() == 'set()'


def test_hook__a_broken_package_leaves_mmengine_usable(tmp_path: Path) -> None:
    said = start(tmp_path, 'import mmengine; print("usable")', 'import no_such_module\n')
    assert 'usable' in said
    assert "jmpose_mm is not prepared: No module named 'no_such_module'" in said
