"""Lookups in every scope, mirroring, and import errors that are shown as themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import mmpose.registry as host
import pytest
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope, Registry

import jmpose_mm.registry as ours
from jmpose_mm.engine.configs import load_config

HOST_REGISTRIES = [
    name
    for name, value in vars(host).items()
    if isinstance(value, Registry) and value.scope == 'mmpose'
]


@pytest.mark.parametrize('name', HOST_REGISTRIES)
def test_registries__every_one_of_mmpose_has_a_child(name: str) -> None:
    child = getattr(ours, name)
    assert child.parent is getattr(host, name)
    assert child.scope == 'jmpose_mm'
    assert child._locations
    child.import_from_location()


def test_lookup__our_hook_from_either_scope() -> None:
    hook = ours.HOOKS.get('PlainCheckpointHook')
    assert hook is not None
    assert hook.__module__.startswith('jmpose_mm.')
    assert host.HOOKS.get('jmpose_mm.PlainCheckpointHook') is hook
    assert host.HOOKS.get('PlainCheckpointHook') is hook


def test_lookup__host_classes_by_bare_name_in_our_scope() -> None:
    assert ours.MODELS.get('KeypointMSELoss') is host.MODELS.get('KeypointMSELoss')
    assert ours.MODELS.get('KeypointMSELoss') is not None
    assert ours.KEYPOINT_CODECS.get('MSRAHeatmap') is not None
    assert ours.METRICS.get('NoSuchMetric') is None


def test_mirror__a_name_that_the_host_has_is_refused() -> None:
    host.MODELS.import_from_location()
    with pytest.raises(KeyError, match='HeatmapHead is already registered'):
        ours.MODELS.register_module(name='HeatmapHead', module=type('HeatmapHead', (), {}))
    del ours.MODELS._module_dict['HeatmapHead']


def test_mirror__does_not_reach_the_root() -> None:
    hooks = ours.HOOKS.root
    assert hooks is not host.HOOKS
    assert 'PlainCheckpointHook' not in hooks.module_dict
    assert ours.MODELS.root is ROOT_MODELS


# file in the package -> text replaced, so that importing it fails
SABOTAGE = {
    '__init__.py': ('from .version import __version__', 'from .version import no_such_name'),
    'host/mmcv_extension.py': ('import sys\n', 'import sys\nimport no_such_name\n'),
    'registry.py': ('host.LOOPS', 'host.no_such_name'),
    'models/necks/__init__.py': ('"""\n', '"""\nimport no_such_name\n'),
    'engine/hooks/plain_checkpoint_hook.py': ('import HOOKS\n', 'import no_such_name, HOOKS\n'),
}
BUILD = """
import sys
from importlib.machinery import ModuleSpec
from unittest.mock import MagicMock
# mmpose comes first here and must import, whatever is installed of what it needs; ours is tested
for name in ('mmcv._ext', *('xtcocotools' + part for part in ('', '.coco', '.cocoeval', '.mask'))):
    sys.modules[name] = MagicMock(__spec__=ModuleSpec(name, None))
from mmpose.registry import HOOKS, MODELS
MODELS.get('jmpose_mm.NoSuchModel')
HOOKS.build(dict(type='jmpose_mm.PlainCheckpointHook'))
"""


@pytest.mark.parametrize('file', SABOTAGE)
def test_import_error__is_shown_as_itself(file: str, tmp_path: Path) -> None:
    package = tmp_path / 'jmpose_mm'
    shutil.copytree(
        Path(ours.__file__).parent, package, ignore=shutil.ignore_patterns('.mim', '__pycache__')
    )
    good, bad = SABOTAGE[file]
    source = (package / file).read_text()
    assert good in source
    (package / file).write_text(source.replace(good, bad, 1))
    result = subprocess.run(
        [sys.executable, '-c', BUILD],
        env={**os.environ, 'PYTHONPATH': str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert 'no_such_name' in last, result.stderr
    assert 'is not in the' not in result.stderr


def test_build__finds_bare_types_where_no_scope_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DefaultScope, '_instance_dict', {})
    clips = load_config('jm-pose_debug.py').train_dataloader.dataset
    assert any(step.type == 'GetBBoxCenterScale' for step in clips.pipeline)
    assert ours.DATASETS.build({**clips, 'lazy_init': True}) is not None
    assert DefaultScope.get_current_instance() is None
