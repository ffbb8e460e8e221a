"""mmengine's loaders run nothing of what they read, from whichever place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.runner import CheckpointLoader, checkpoint

import jmpose_mm.registry  # noqa: F401


class Code:
    """Pickled, it makes a folder when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


@pytest.fixture(autouse=True)
def old_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of torch 2.1 to 2.5, where a call does not say."""
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')


def test_load__of_a_file_and_of_an_address_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('torch.hub.get_dir', lambda: str(tmp_path))
    (tmp_path / 'checkpoints').mkdir()
    torch.save({'x': Code(tmp_path / 'ran')}, tmp_path / 'checkpoints' / 'a.pth')
    # an address whose file is there is not downloaded again
    for name in (str(tmp_path / 'checkpoints' / 'a.pth'), 'https://host/a.pth'):
        with pytest.raises(Exception, match='Weights only load failed'):
            CheckpointLoader.load_checkpoint(name, map_location='cpu')
        assert not (tmp_path / 'ran').exists()


def test_load__leaves_out_what_mmengine_runs_on_resuming(tmp_path: Path) -> None:
    torch.save({'meta': {'config': 'x', 'cfg': 'y'}, 'state_dict': {}}, tmp_path / 'a.pth')
    content = CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'))
    assert content['meta'] == {'cfg': 'y'}


def test_torch__itself_is_as_it_was(tmp_path: Path) -> None:
    torch.save({'x': Code(tmp_path / 'ran')}, tmp_path / 'a.pth')
    torch.load(tmp_path / 'a.pth')
    assert (tmp_path / 'ran').exists()
    assert checkpoint.torch is not torch
    assert checkpoint.torch.save is torch.save
