"""mmpose imports without compiled operations, and a missing operation says what to do."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from jmpose_mm.host import mmcv_extension as mmcv_ext


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The stand-in, whether or not this machine has the compiled operations."""
    monkeypatch.delitem(sys.modules, mmcv_ext.EXTENSION, raising=False)
    monkeypatch.setattr(mmcv_ext, '_find_extension', lambda: None)
    assert mmcv_ext.install_stand_in()
    module = sys.modules[mmcv_ext.EXTENSION]
    monkeypatch.setitem(sys.modules, mmcv_ext.EXTENSION, module)
    return module


def test_stand_in__names_the_operation_and_the_remedy(stand_in: ModuleType) -> None:
    with pytest.raises(
        mmcv_ext.MissingOperationError, match=r'`psamask`.*mmcv-lite.*Choose a model'
    ):
        stand_in.psamask(1, mask=0.5)
    assert not mmcv_ext.has_compiled_operations()


def test_stand_in__is_not_taken_for_compiled_operations(stand_in: ModuleType) -> None:
    # the question mmcv itself asks
    assert pkgutil.find_loader('mmcv._ext') is None
    assert not hasattr(stand_in, '__file__')


def test_stand_in__gives_way_to_the_real_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, mmcv_ext.EXTENSION, raising=False)
    monkeypatch.setattr(mmcv_ext, '_find_extension', lambda: ModuleSpec('mmcv._ext', None))
    assert not mmcv_ext.install_stand_in()
    assert mmcv_ext.EXTENSION not in sys.modules

    real = ModuleType(mmcv_ext.EXTENSION)
    monkeypatch.setitem(sys.modules, mmcv_ext.EXTENSION, real)
    assert not mmcv_ext.install_stand_in()
    assert sys.modules[mmcv_ext.EXTENSION] is real


def test_host__imports_completely() -> None:
    for name in ('mmpose.models', 'mmpose.datasets', 'mmpose.apis', 'mmpose.visualization'):
        assert importlib.import_module(name).__name__ == name
