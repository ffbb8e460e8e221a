"""A protocol changes what it says, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from mmengine.registry import init_default_scope

from jmpose_mm.apis.protocols import PROTOCOLS, apply_protocol
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import KEYPOINT_CODECS, TRANSFORMS

CONFIG = 'jm-pose_hrnet-w48_1xb30-20e_posetrack18-384x288.py'


def _leaves(value: Any, name: str = '') -> dict[str, Any]:
    """Every leaf of nested dicts and lists by its dotted name."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return {name: value}
    return {k: v for key, item in items for k, v in _leaves(item, f'{name}.{key}').items()}


def _by(protocol: str) -> dict[str, Any]:
    cfg = load_config(CONFIG)
    apply_protocol(cfg, protocol)
    return _leaves(cfg.to_dict())


def _changed(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    names = {k for k in one.keys() | other.keys() if one.get(k) != other.get(k)}
    return {name for name in names if not name.startswith('.val_')}  # the same as of testing


STEP = '.test_dataloader.dataset.pipeline'
BORDER, WARP = f'{STEP}.0.border', f'{STEP}.3.warp'
TEXT, DECODING = '.test_evaluator.protocol', '.model.head.decoder.decoding'
FLIP = {'.model.test_cfg.flip_test', '.model.test_cfg.shift_heatmap'}


@pytest.mark.parametrize(
    ('one', 'other', 'names'),
    [
        ('released-fami', 'released-jm', {DECODING, *FLIP}),
        ('released-dcpose', 'released-fami', {BORDER, WARP}),
        (
            'released-jm',
            'mmpose',
            {
                BORDER,
                WARP,
                DECODING,
                '.model.head.decoder.type',
                '.test_dataloader.dataset.bbox_score_threshold',
                '.test_evaluator.score_rule',
                '.test_evaluator.nms',
                '.test_evaluator.boxes',
            },
        ),
    ],
)
def test_protocols__differ_in_exactly_these_things(one, other, names):
    assert _changed(_by(one), _by(other)) == names | {TEXT}


def test_protocol__leaves_weights_training_and_boxes_alone():
    plain = _leaves(load_config(CONFIG).to_dict())
    changed = _changed(plain, _by('mmpose'))
    assert not any(name.startswith(('.train', '.optim', '.load_from')) for name in changed)
    assert not any('bbox_file' in name for name in changed)
    assert all(
        '.test_' in n or n.startswith(('.model.head.decoder', '.model.test')) for n in changed
    )


@pytest.mark.parametrize('name', PROTOCOLS)
def test_protocol__builds_and_is_printed(name):
    init_default_scope('mmpose')
    cfg = load_config(CONFIG)
    apply_protocol(cfg, name)
    for step in cfg.test_dataloader.dataset.pipeline:
        assert TRANSFORMS.build(step) is not None
    assert KEYPOINT_CODECS.build(cfg.model.head.decoder).heatmap_size == (72, 96)
    assert cfg.val_evaluator.protocol == cfg.test_evaluator.protocol
    assert cfg.test_evaluator.protocol.startswith(f'{name}: ')


def test_protocol__config_of_a_method_is_its_own_but_for_the_border():
    for config, name in (
        (CONFIG, 'released-jm'),
        ('fami-pose_hrnet-w48_1xb48-21e_posetrack17-384x288.py', 'released-fami'),
        ('dcpose_hrnet-w48_2xb32-20e_posetrack18-384x288.py', 'released-dcpose'),
    ):
        cfg = load_config(config)
        plain = _leaves(cfg.to_dict())
        apply_protocol(cfg, name)
        changed = {
            key: value
            for key, value in _leaves(cfg.to_dict()).items()
            if plain.get(key) != value and key in _changed(plain, _leaves(cfg.to_dict()))
        }
        implied = {  # written out by the protocol, the default before
            f'{STEP}.0.border': ('released', 'clamp'),
            f'{STEP}.3.warp': ('classic',),
            '.test_evaluator.score_rule': ('keypoint*box',),
            '.test_evaluator.nms': (None,),
            '.model.test_cfg.shift_heatmap': (False,),
        }
        for key, value in changed.items():
            assert key == TEXT or value in implied[key], (config, key, value)


def test_protocol__unknown_and_unfit():
    with pytest.raises(UsageError, match='expected one of released-dcpose'):
        apply_protocol(load_config(CONFIG), 'coco')
    cfg = load_config(CONFIG)
    cfg.val_dataloader.dataset.pipeline = []
    with pytest.raises(UsageError, match='a step SampleSupportFrames'):
        apply_protocol(cfg, 'mmpose')
