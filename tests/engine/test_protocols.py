"""A protocol changes what it says, and nothing else; what ran says which one it was."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mmengine.registry import init_default_scope

from jmpose_mm.engine.configs import load_config
from jmpose_mm.engine.protocols import PROTOCOLS, Protocol, apply_protocol, read_protocol
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import DATASETS, KEYPOINT_CODECS, METRICS, MODELS, TRANSFORMS

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
DECODING = '.model.head.decoder.decoding'
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
            },
        ),
    ],
)
def test_protocols__differ_in_exactly_these_things(one, other, names):
    assert _changed(_by(one), _by(other)) == names


def test_protocol__leaves_weights_training_and_boxes_alone():
    plain = _leaves(load_config(CONFIG).to_dict())
    changed = _changed(plain, _by('mmpose'))
    assert not any(name.startswith(('.train', '.optim', '.load_from')) for name in changed)
    assert not any('bbox_file' in name for name in changed)
    assert all(
        '.test_' in n or n.startswith(('.model.head.decoder', '.model.test')) for n in changed
    )


@pytest.mark.parametrize('name', PROTOCOLS)
def test_protocol__builds(name):
    init_default_scope('mmpose')
    cfg = load_config(CONFIG)
    apply_protocol(cfg, name)
    for step in cfg.test_dataloader.dataset.pipeline:
        assert TRANSFORMS.build(step) is not None
    assert KEYPOINT_CODECS.build(cfg.model.head.decoder).heatmap_size == (72, 96)


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
            assert value in implied[key], (config, key, value)


def test_protocol__unknown_and_unfit():
    with pytest.raises(UsageError, match='expected one of released-dcpose'):
        apply_protocol(load_config(CONFIG), 'coco')
    with pytest.raises(UsageError, match=r'in val_evaluator, .* got jmpose_mm\.SubJhmdb'):
        apply_protocol(load_config('fami-pose_hrnet-w48_1xb48-21e_sub-jhmdb1-384x288.py'), 'mmpose')
    cfg = load_config(CONFIG)
    cfg.val_dataloader.dataset.pipeline = []
    with pytest.raises(UsageError, match='a step SampleSupportFrames'):
        apply_protocol(cfg, 'mmpose')


def test_protocol__of_a_config_without_validation():
    cfg = load_config(CONFIG)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    apply_protocol(cfg, 'mmpose')
    assert cfg.test_evaluator.score_rule == 'keypoint'


def test_protocol__reaches_the_metric_that_ranks_among_several():
    cfg = load_config(CONFIG)
    cfg.test_evaluator = [dict(type='PCKAccuracy', thr=0.2), cfg.test_evaluator]
    apply_protocol(cfg, 'mmpose')
    assert cfg.test_evaluator[0] == dict(type='PCKAccuracy', thr=0.2)
    assert (cfg.test_evaluator[1].score_rule, cfg.test_evaluator[1].nms) == ('keypoint', 0.9)


# ---- the inverse: read off what ran -------------------------------------------------------------
DETECTIONS = 'annotations/posetrack18_val_human_detections.json'


@pytest.fixture(scope='module')
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('data')


@pytest.fixture(scope='module')
def built() -> dict[str, Any]:
    """What was built already, by its config."""
    return {}


def _read(data_root: Path, built: dict[str, Any], *overrides: str) -> Protocol:
    """The protocol of the debug config, flip-tested on detected boxes, with overrides."""
    init_default_scope('mmpose')
    cfg = load_config(
        'jm-pose_debug.py',
        [
            f'test_dataloader.dataset.data_root={data_root}',
            f'test_dataloader.dataset.bbox_file={data_root}/{DETECTIONS}',
            'test_dataloader.dataset.bbox_score_threshold=0.2',
            f'test_evaluator.ann_file={data_root}/annotations/posetrack18_val.json',
            'model.test_cfg.flip_test=True',
            'model.test_cfg.shift_heatmap=True',
            *overrides,
        ],
    )
    parts = []
    for registry, part in (
        (DATASETS, cfg.test_dataloader.dataset),
        (MODELS, cfg.model),
        (METRICS, cfg.test_evaluator),
    ):
        if str(part) not in built:
            built[str(part)] = registry.build(part)
        parts.append(built[str(part)])
    return read_protocol(*parts)


def test_read_protocol__of_joined_data_sets_names_all_boxes(
    data_root: Path, built: dict[str, Any]
) -> None:
    single = _read(data_root, built)
    (dataset, model, metric) = built.values()
    truth = SimpleNamespace(bbox_file=None, pipeline=dataset.pipeline)
    joined = SimpleNamespace(datasets=[truth, dataset])
    assert read_protocol(joined, model, metric).label()['boxes'] == (
        f'ground truth and {single.boxes_text}'
    )
    # and what its parts agree on
    assert read_protocol(SimpleNamespace(datasets=[dataset] * 2), model, metric) == single


STEPS, DATASET = 'test_dataloader.dataset.pipeline', 'test_dataloader.dataset'


CHANGED_RULES = [
    (f'{DATASET}.bbox_file=None', 'boxes'),
    (f'{DATASET}.bbox_score_threshold=0.3', 'box_threshold'),
    (f'{STEPS}.0.frame_offsets=(-3,-1,0,1,3)', 'frames'),
    (f'{STEPS}.0.distance=4', 'frames'),
    (f'{STEPS}.0.copies_of_key=True', 'frames'),
    (f'{STEPS}.0.pairs=True', 'frames'),
    (f'{STEPS}.0.border=released', 'border'),
    (f'{STEPS}.2.padding=1.3', 'padding'),
    (f'{STEPS}.3.input_size=(192,256)', 'input_size'),
    (f'{STEPS}.3.warp=released', 'warp'),
    ('model.test_cfg.flip_test=False', 'flip_test'),
    ('model.test_cfg.shift_heatmap=False', 'flip_test'),
    ('model.head.ensemble=True', 'ensemble'),
    ('model.head.decoder.decoding=quarter-offset', 'decoding'),
    ('model.head.decoder.blur_kernel_size=11', 'decoding'),
    ('test_evaluator.score_rule=keypoint', 'score_rule'),
    ('test_evaluator.nms=0.9', 'nms'),
]


def test_read__every_field_is_among_the_changed_rules():
    assert {field for _, field in CHANGED_RULES} == {field.name for field in fields(Protocol)}


@pytest.mark.parametrize(('override', 'field'), CHANGED_RULES)
def test_read__a_changed_rule_changes_its_field_and_the_label(override, field, data_root, built):
    one, other = _read(data_root, built), _read(data_root, built, override)
    found = {name for name, value in asdict(one).items() if asdict(other)[name] != value}
    # without detections there is no threshold either
    assert found == {field} | ({'box_threshold'} if field == 'boxes' else set())
    if field not in ('score_rule', 'nms'):  # the metric says these itself
        assert one.label() != other.label()


@pytest.mark.parametrize(
    'override',
    [
        'train_dataloader.batch_size=1',
        'train_dataloader.dataset.pipeline.4.input_size=(64,64)',
        'val_dataloader.dataset.bbox_score_threshold=0.9',
        'test_dataloader.batch_size=1',
        'model.neck.motion=difference',
        'model.head.decoder.sigma=3',
        'model.head.loss_terms=None',
        'optim_wrapper.optimizer.lr=1.0',
        'test_evaluator.subset=None',
        'randomness.seed=3',
        'work_dir=elsewhere',
    ],
)
def test_read__anything_else_changes_nothing(override, data_root, built):
    assert _read(data_root, built, override) == _read(data_root, built)


def test_read__rules_of_no_effect_do_not_count(data_root, built):
    plain, quarter = 'model.test_cfg.flip_test=False', 'model.head.decoder.decoding=quarter-offset'
    for ineffective, effect in (
        ('model.test_cfg.shift_heatmap=False', plain),
        ('model.head.decoder.blur_kernel_size=11', quarter),
    ):
        one, other = _read(data_root, built, effect), _read(data_root, built, effect, ineffective)
        assert one == other


def test_read__label_says_all_in_words(data_root, built):
    label = _read(data_root, built).label()
    assert label == {
        'boxes': 'posetrack18_val_human_detections.json, score >= 0.2',
        'protocol': 'flip test with shift, dark (blur 7) decoding, classic warp, padding 1.25, '
        'clamp border, frames -2 -1 0 1 2, input 96x128',
    }


@pytest.mark.parametrize('name', PROTOCOLS)
def test_read__is_the_inverse_of_apply(name, data_root, built):
    cfg = load_config('jm-pose_debug.py')
    cfg.model.head.decoder.pop('blur_kernel_size')  # that of the released codes
    cfg.model.head.ensemble = True
    cfg.test_dataloader.dataset.bbox_file = 'any.json'
    apply_protocol(cfg, name)
    changed = _leaves(cfg.to_dict())
    model = MODELS.build(cfg.model)
    dataset = DATASETS.build(
        {
            **cfg.test_dataloader.dataset,
            'data_root': str(data_root),
            'bbox_file': f'{data_root}/{DETECTIONS}',
        }
    )
    metric = METRICS.build(
        {**cfg.test_evaluator, 'ann_file': f'{data_root}/annotations/posetrack18_val.json'}
    )
    protocol = read_protocol(dataset, model, metric)
    assert protocol.name == name
    assert str(protocol).startswith(f'{name}: ')
    for field, rule in PROTOCOLS[name].items():
        assert asdict(protocol)[field] == rule
    assert changed == _leaves(cfg.to_dict())
