"""Imports that are put off: the same names, when they are used, and nothing for anybody else."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from jmpose_mm.host import late_imports

USER = """
import json
import slow_package.inner as inner
from slow_package.inner import double, Thing
from slow_package import inner as again

def four():
    return double(2), inner.double(2), again.double(2), Thing().kind, json.dumps(4)
"""


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that imports what can wait."""
    package = tmp_path / 'slow_package'
    package.mkdir()
    (package / '__init__.py').write_text('')
    inner = 'def double(x):\n    return 2 * x\n\nclass Thing:\n    kind = "thing"\n'
    (package / 'inner.py').write_text(inner)
    (tmp_path / 'its_user.py').write_text(USER)
    monkeypatch.syspath_prepend(tmp_path)
    names = ('slow_package', 'slow_package.inner')
    monkeypatch.setattr(late_imports, 'LATE', {'its_user': names})
    for name in (*names, 'its_user'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return 'its_user'


def test_late__imported_when_used(user: str) -> None:
    module = importlib.import_module(user)
    assert 'slow_package' not in sys.modules
    assert module.four() == (4, 4, 4, 'thing', '4')
    assert 'slow_package.inner' in sys.modules
    # Others get the real ones, and what the module imports later too.
    assert pickle.loads(pickle.dumps(importlib.import_module('slow_package.inner').double))(3) == 6
    assert module.__builtins__['__import__'] is __import__


def test_late__what_is_there_is_taken(user: str) -> None:
    real = importlib.import_module('slow_package.inner')
    module = importlib.import_module(user)
    assert module.inner is real
    assert module.double is real.double


def test_late__mistakes_are_those_of_the_real_module(user: str) -> None:
    module = importlib.import_module(user)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.inner.nothing
    with pytest.raises(TypeError, match='double'):
        module.double()


def test_first_pose__loads_no_statistics_plots_or_compiler() -> None:
    code = (
        'import sys, numpy as np\n'
        'from jmpose_mm.apis import VideoPoseInferencer\n'
        "model = VideoPoseInferencer('single-frame_resnet18_1xb16_synthetic-128x96.py', None, "
        "'cpu', lambda frame: np.array([[0, 0, 60, 90]]))\n"
        'poses = next(model([np.zeros((90, 60, 3), np.uint8)]))\n'
        "slow = ('scipy.stats', 'matplotlib', 'torch._dynamo', 'pandas')\n"
        'print(len(poses.persons), [name for name in slow if name in sys.modules])\n'
    )
    ran = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], capture_output=True, encoding='utf-8'
    )
    assert ran.stdout.splitlines()[-1:] == ['1 []'], ran.stderr


def test_when_imported__now_or_once_later(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool]] = []

    def change(module: ModuleType) -> None:
        seen.append((module.__name__, hasattr(module, 'double')))

    late_imports.when_imported('slow_package.inner', change)
    assert seen == []
    importlib.import_module('slow_package.inner')
    assert seen == [('slow_package.inner', True)]
    late_imports.when_imported('slow_package.inner', change)
    monkeypatch.delitem(sys.modules, 'slow_package.inner')
    importlib.import_module('slow_package.inner')
    assert len(seen) == 2


def test_evaluation_alone__loads_nothing_of_openmmlab() -> None:
    code = (
        'import sys, jmpose_mm.evaluation.poseval\n'
        'assert not {"mmengine", "torch", "scipy", "mmcv"} & {*sys.modules}, "too much"\n'
        'from mmengine.config.utils import MODULE2PACKAGE\n'
        'assert MODULE2PACKAGE["jmpose_mm"] == "jmpose_mm"\n'
    )
    subprocess.check_call([sys.executable, '-c', code])
