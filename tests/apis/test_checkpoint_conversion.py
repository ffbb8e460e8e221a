"""Released weights in and out: nothing lost, nothing guessed, nothing written on failure."""

from __future__ import annotations

import pickle
from pathlib import Path

import official_networks
import pytest
import torch

from jmpose_mm.apis.checkpoint_conversion import CONFIGS, convert_checkpoint, rename_parameters
from jmpose_mm.apis.official_names import DROPPED, NAMES
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import MODELS

METHODS = ('fami-pose', 'tdmi', 'dcpose', 'posewarper', 'hrnet')


@pytest.fixture(scope='module')
def ours(tmp_path_factory):
    """A checkpoint of each method's model here, by method."""
    folder, files = tmp_path_factory.mktemp('ours'), {}
    for method in METHODS:
        from mmengine.registry import init_default_scope

        init_default_scope('mmpose')
        torch.manual_seed(0)
        state = MODELS.build(load_config(CONFIGS[method]).model).state_dict()
        files[method] = folder / f'{method}.pth'
        torch.save({'state_dict': state, 'meta': {'epoch': 3}}, files[method])
    return files


def _load(path: Path) -> dict:
    return torch.load(path, map_location='cpu', weights_only=True)


def assert_same(one: dict, other: dict) -> None:
    assert list(one) == list(other)
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope='module')
def official(ours, tmp_path_factory):
    folder = tmp_path_factory.mktemp('official')
    return {
        method: convert_checkpoint(method, ours[method], folder / f'{method}.pth', reverse=True)
        for method in METHODS
    }


@pytest.mark.parametrize('method', METHODS)
def test_convert__round_trip_is_exact(ours, official, method, tmp_path):
    back = convert_checkpoint(method, official[method], tmp_path / 'a' / 'back.pth')
    assert_same(_load(back)['state_dict'], _load(ours[method])['state_dict'])
    assert [file.name for file in (tmp_path / 'a').iterdir()] == ['back.pth']


@pytest.mark.parametrize('method', ['fami-pose', 'tdmi', 'dcpose', 'posewarper'])
def test_convert__writes_the_official_names_and_shapes(official, method):
    name = {'fami-pose': 'fami'}.get(method, method)
    expected = {
        key: shape
        for key, shape in official_networks.parameters(name)
        if not key.startswith(DROPPED)
    }
    assert {k: tuple(v.shape) for k, v in _load(official[method]).items()} == expected


def _mmpose_0x_name(name: str) -> str:
    """A name of ours as mmpose 0.x has it (fixtures' README)."""
    name = name.replace('neck.heatmap_layer', 'neck.trans_layer')
    name = name.replace('neck.offset_features.layers', 'neck.offset_feats')
    if name.startswith('neck.warps.'):
        index = name.split('.')[2]
        kind = 'offset_layers' if '.offset.' in name else 'deform_conv_layers'
        return f'neck.{kind}.{index}.weight'
    return name


def test_convert__posewarper_of_mmpose_0x(ours, tmp_path):
    state = _load(ours['posewarper'])['state_dict']
    theirs = {_mmpose_0x_name(name): value for name, value in state.items()}
    assert len(theirs) == 2010
    torch.save({'state_dict': theirs, 'meta': {}}, tmp_path / 'in.pth')
    out = convert_checkpoint('posewarper', tmp_path / 'in.pth', tmp_path / 'out.pth')
    assert_same(_load(out)['state_dict'], state)
    theirs['final_layer.bias'] = theirs['neck.trans_layer.bias']
    torch.save(theirs, tmp_path / 'in.pth')
    assert 'twice   neck.heatmap_layer.bias' in _refused('posewarper', tmp_path / 'in.pth')


def test_convert__bare_hrnet_has_no_prefix(official):
    names = set(_load(official['hrnet']))
    assert {'conv1.weight', 'final_layer.bias', 'stage4.2.fuse_layers.0.1.0.weight'} <= names
    assert not any(name.startswith(('backbone', 'head')) for name in names)


@pytest.mark.parametrize(
    'wrap',
    [
        lambda state: {f'module.{name}': value for name, value in state.items()},
        lambda state: {'begin_epoch': 3, 'state_dict': state, 'optimizer': [{'lr': 0.1}]},
        lambda state: {'state_dict': {f'module.{n}': v for n, v in state.items()}},
        lambda state: {**state, 'motion_heatmap_head.weight': torch.zeros(17, 48, 3, 3)},
        lambda state: {**state, 'hrnet.stage4.2.fuse_layers.2.0.0.0.weight': torch.zeros(2)},
    ],
    ids=['module', 'container', 'module in container', 'dead head', 'unused fusion'],
)
def test_convert__containers_and_dropped_entries(ours, official, wrap, tmp_path):
    torch.save(wrap(_load(official['tdmi'])), tmp_path / 'in.pth')
    out = convert_checkpoint('tdmi', tmp_path / 'in.pth', tmp_path / 'out.pth')
    assert_same(_load(out)['state_dict'], _load(ours['tdmi'])['state_dict'])


def test_convert__hrnet_of_width_32(tmp_path):
    from mmengine.registry import init_default_scope

    init_default_scope('mmpose')
    config = 'single-frame_hrnet-w32_1xb30-20e_posetrack18-256x192.py'
    model = MODELS.build(load_config(config).model)
    bare = {
        new: value
        for (_, new), value in rename_parameters(model.state_dict(), NAMES['hrnet'], True).items()
    }
    torch.save(bare, tmp_path / 'in.pth')
    out = convert_checkpoint('hrnet', tmp_path / 'in.pth', tmp_path / 'out.pth')
    assert_same(_load(out)['state_dict'], dict(model.state_dict()))


def _refused(method: str, source: Path, reverse: bool = False) -> str:
    """The error's text; that nothing was written is checked here for all of them."""
    target = source.parent / 'never' / 'out.pth'
    with pytest.raises(UsageError) as error:
        convert_checkpoint(method, source, target, reverse)
    assert not target.parent.exists() or list(target.parent.iterdir()) == []
    return str(error.value)


def test_convert__lists_unknown_missing_and_misshapen_entries(official, tmp_path):
    state = _load(official['fami-pose'])
    state['surprise.weight'] = state.pop('dcn_3.bias')
    state['agg_final_layer.weight'] = torch.zeros(15, 48, 3, 3)
    torch.save(state, tmp_path / 'in.pth')
    assert _refused('fami-pose', tmp_path / 'in.pth').splitlines() == [
        f'{tmp_path / "in.pth"} is not a fami-pose checkpoint:',
        '  unknown surprise.weight',
        '  missing neck.alignment.steps.2.bias (its name here)',
        '  shape   agg_final_layer.weight: expected (17, 48, 3, 3), got (15, 48, 3, 3)',
    ]


def test_convert__another_method_is_recognised(official):
    assert 'its names are those of fami-pose' in _refused('tdmi', official['fami-pose'])
    assert 'its names are those of tdmi' in _refused('fami-pose', official['tdmi'])


def test_convert__another_direction_or_model(ours, official):
    assert 'unknown neck.' in _refused('dcpose', ours['dcpose'])  # ours already
    assert 'shape   head.final_layer.weight' in _refused('hrnet', ours['tdmi'], reverse=True)
    assert 'missing backbone.' in _refused('hrnet', official['dcpose'])


def _truncated(path: Path, source: Path) -> None:
    path.write_bytes(source.read_bytes()[:5000])


class _Runs:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code in a checkpoint ran')",))


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (
            lambda path, source: _truncated(path, source),
            'expected a checkpoint of tensors and plain types',
        ),
        (lambda path, _: path.write_bytes(b''), 'expected a checkpoint of tensors and plain types'),
        (
            lambda path, _: path.write_bytes(pickle.dumps(_Runs())),
            'expected a checkpoint of tensors and plain types',
        ),
        (
            lambda path, _: torch.save({'a': _Runs()}, path),
            'expected a checkpoint of tensors and plain types',
        ),
        (
            lambda path, _: torch.save([torch.zeros(1)], path),
            'expected a checkpoint of tensors and plain types, got a list',
        ),
        (lambda path, _: torch.save({}, path), 'expected named weights (a state dict), got none'),
        (
            lambda path, _: torch.save({'conv1': 3}, path),
            'expected weights to be tensors, got a int: conv1',
        ),
        (lambda path, _: path.unlink(missing_ok=True), 'does not exist'),
    ],
    ids=['truncated', 'empty', 'pickle', 'code', 'list', 'no entries', 'number', 'absent'],
)
def test_convert__bad_file_is_one_clear_error(official, content, message, tmp_path):
    content(tmp_path / 'in.pth', official['tdmi'])
    text = _refused('tdmi', tmp_path / 'in.pth')
    assert message in text
    assert 'in.pth' in text
    assert len(text.splitlines()) == 1
