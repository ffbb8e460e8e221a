"""Training 6 iterations equals 3, kill, resume 3: bit for bit."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from small_training import NoisyPoints, make_runner

from jmpose_mm.engine import random_state
from jmpose_mm.engine.plain_types import from_plain, to_plain


def final_state(runner: Runner) -> dict[str, torch.Tensor]:
    """Weights, buffers and both moments of the optimizer, by name."""
    state = {name: value.clone() for name, value in runner.model.state_dict().items()}
    for index, entry in runner.optim_wrapper.optimizer.state_dict()['state'].items():
        state.update({f'{index}.{name}': value.clone() for name, value in entry.items()})
    return state


@pytest.mark.parametrize('workers', [0, 1])
@pytest.mark.parametrize('by_epoch', [True, False])
def test_resume__is_bit_equal_to_one_run(tmp_path: Path, by_epoch: bool, workers: int) -> None:
    half, whole = (1, 2) if by_epoch else (3, 6)
    single = make_runner(tmp_path / 'single', by_epoch, whole, workers)
    single.train()
    expected = final_state(single)

    make_runner(tmp_path / 'parts', by_epoch, half, workers).train()
    # what a new process starts with is unrelated to where the old one ended
    torch.manual_seed(99)
    np.random.seed(99)
    random.seed(99)
    resumed = make_runner(tmp_path / 'parts', by_epoch, whole, workers, resume=True)
    resumed.train()
    found = final_state(resumed)

    assert resumed.iter == 6
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
    history = resumed.message_hub.get_scalar('train/loss').data[0]
    assert np.array_equal(history, single.message_hub.get_scalar('train/loss').data[0])


def test_checkpoint__loads_in_a_process_that_knows_neither_numpy_nor_mmengine(
    tmp_path: Path,
) -> None:
    make_runner(tmp_path / 'one', True, 1, 0).train()
    checkpoint = tmp_path / 'one' / 'epoch_1.pth'
    code = (
        'import sys, torch; c = torch.load(sys.argv[1], weights_only=True);'
        'assert "mmengine" not in sys.modules;'
        'print(c["meta"]["dataset_meta"]["classes"], c["meta"]["epoch"])'
    )
    result = subprocess.run(
        [sys.executable, '-c', code, str(checkpoint)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "('person',) 1"


def test_load_from__does_not_touch_the_random_state(tmp_path: Path) -> None:
    make_runner(tmp_path / 'one', True, 1, 0).train()
    runner = make_runner(tmp_path / 'two', True, 1, 0)
    runner.load_checkpoint(str(tmp_path / 'one' / 'epoch_1.pth'))
    state = torch.get_rng_state()
    runner.call_hook('before_train_epoch')
    assert torch.equal(torch.get_rng_state(), state)
    # the check can fail: the checkpoint holds another state
    stored = torch.load(tmp_path / 'one' / 'epoch_1.pth', weights_only=True)['random_state']
    assert not torch.equal(stored['torch'], state)


def test_load__restores_numpy_metadata(tmp_path: Path) -> None:
    make_runner(tmp_path / 'one', True, 1, 0).train()
    runner = make_runner(tmp_path / 'two', True, 1, 0)
    checkpoint = runner.load_checkpoint(str(tmp_path / 'one' / 'epoch_1.pth'))
    sigmas = checkpoint['meta']['dataset_meta']['sigmas']
    assert isinstance(sigmas, np.ndarray)
    assert sigmas.dtype == np.float32
    assert sigmas.tolist() == NoisyPoints.metainfo['sigmas'].tolist()
    assert isinstance(checkpoint['message_hub']['log_scalars']['train/loss'], HistoryBuffer)


def test_plain__round_trip_restores_every_kind() -> None:
    tree = {
        'array': np.arange(6, dtype=np.int16).reshape(2, 3),
        'names': np.array(['a', 'bc']),
        'scalar': np.float32(0.1),
        'flag': np.bool_(True),
        'nested': [1, ('x', np.float64(2.5)), {3: np.zeros((0, 2))}],
        'history': HistoryBuffer([1.5, 2.5], [1, 2], max_length=7),
        'tensor': torch.ones(2),
    }
    plain, replaced = to_plain(tree, drop=lambda path, value: pytest.fail(f'{path} dropped'))
    back = from_plain(plain, replaced)
    for name in ('array', 'names'):
        assert back[name].dtype == tree[name].dtype
        assert np.array_equal(back[name], tree[name])
    assert type(back['scalar']) is np.float32
    assert back['scalar'] == tree['scalar']
    assert type(back['flag']) is np.bool_
    assert type(back['nested'][1]) is tuple
    assert type(back['nested'][1][1]) is np.float64
    # the shape of an empty array cannot be told from a list; its number of entries can
    assert back['nested'][2][3].size == 0
    assert [part.tolist() for part in back['history'].data] == [[1.5, 2.5], [1, 2]]
    assert back['history'].max_length == 7


def test_plain__what_has_no_plain_form_is_reported_and_left_out() -> None:
    dropped = []
    plain, _ = to_plain(
        {'a': {'fn': print, 'x': 1}, 'b': [print, 2]}, drop=lambda path, value: dropped.append(path)
    )
    assert dropped == [('a', 'fn'), ('b', 0)]
    assert plain == {'a': {'x': 1}, 'b': [None, 2]}


def test_random_state__restores_all_generators() -> None:
    def draw() -> tuple[float, ...]:
        return random.random(), np.random.rand(), np.random.randn(), torch.rand(1).item()

    np.random.randn()  # leaves half of a pair cached, which is part of the state
    state = random_state.capture()
    first = draw()
    assert draw() != first
    random_state.restore(state)
    assert draw() == first


def test_call_before_item__calls_once_at_its_place() -> None:
    seen: list[object] = []
    iterator = random_state.CallBeforeItem(iter('abcd'), 2, lambda: seen.append('call'))
    for item in iterator:
        seen.append(item)
    assert seen == ['a', 'b', 'call', 'c', 'd']
