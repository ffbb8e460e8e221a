"""One value in several places: what differs is refused with all places, before building."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jmpose_mm import SyntheticClipDataset, TopdownClipAffine, VideoTopdownEstimator
from jmpose_mm.engine.configs import PACKAGED_CONFIGS, load_config, pipeline_step
from jmpose_mm.engine.consistency import check_consistency, check_start
from jmpose_mm.engine.protocols import apply_protocol
from jmpose_mm.errors import UsageError
from jmpose_mm.video.poses.loading import crop_settings, dataset_meta

STEPS = 'dataset.pipeline'


@pytest.mark.parametrize(
    ('config', 'override', 'places'),
    [
        (
            'jm-pose_debug.py',
            f'test_dataloader.{STEPS}.3.input_size=(64,64)',
            ['input_size', '(64, 64)', f'test_dataloader.{STEPS}.3', 'model.head.decoder'],
        ),
        (
            'jm-pose_debug.py',
            f'train_dataloader.{STEPS}.6.encoder.input_size=(64,64)',
            ['input_size', f'train_dataloader.{STEPS}.6.encoder', f'train_dataloader.{STEPS}.4'],
        ),
        (
            'jm-pose_debug.py',
            'model.head.decoder.heatmap_size=(12,16)',
            ['heatmap_size', 'model.head.decoder', f'train_dataloader.{STEPS}.6.encoder'],
        ),
        (
            'dcpose_debug.py',
            f'val_dataloader.{STEPS}.0.frame_offsets=(-2,0,2)',
            ['frame_offsets', '(-2, 0, 2)', f'val_dataloader.{STEPS}.0', 'model.neck'],
        ),
        (
            'jm-pose_debug.py',
            'model.neck.frame_offsets=(-1,0,1)',
            ['frame_offsets', 'model.neck', f'train_dataloader.{STEPS}.0'],
        ),
        (
            'single-frame_resnet18_1xb16_synthetic-128x96.py',
            f'train_dataloader.{STEPS}.0.frame_offsets=(-1,0,1)',
            ['frame_offsets', 'without a neck', f'train_dataloader.{STEPS}.0'],
        ),
        (
            'jm-pose_debug.py',
            'model.neck.num_keypoints=15',
            ['keypoints', '15 in model.neck.num_keypoints', '17 in model.head.out_channels'],
        ),
        (
            'tdmi_hrnet-w48_1xb30-20e_hieve-384x288.py',
            'model.head.out_channels=17',
            ['keypoints', '14 in model.neck', '17 in model.head', 'train_dataloader.dataset'],
        ),
        (
            'dcpose_debug.py',
            'model.head.in_channels=15',
            ['keypoints', '15 in model.head.in_channels', '17 in model.neck'],
        ),
        (
            'jm-pose_debug.py',
            f'train_dataloader.{STEPS}.6.encoder.num_keypoints=15',
            ['keypoints', f'15 in train_dataloader.{STEPS}.6.encoder', '17 in model.neck'],
        ),
        ('jm-pose_debug.py', 'train_cfg.val_interval=0', ['train_cfg.val_interval', 'at least 1']),
        ('jm-pose_debug.py', 'train_cfg.max_iters=0', ['train_cfg.max_iters', 'at least 1, got 0']),
        ('jm-pose_debug.py', 'train_cfg.max_iters=ten', ['train_cfg.max_iters', "got 'ten'"]),
        (
            'jm-pose_debug.py',
            'val_dataloader.persistent_workers=True',
            ['val_dataloader', 'persistent_workers=False'],
        ),
        (
            'jm-pose_debug.py',
            'optim_wrapper.constructor=LayerDecayOptimWrapperConstructor',
            ['optim_wrapper.constructor', 'DeconvBackbone', 'jmpose_mm.NestedLayerDecay'],
        ),
        (
            'jm-pose_debug.py',
            'model.backbone.backbone.type=no_such_package.ViT',
            ['model.backbone.backbone.type', 'pip install no_such_package'],
        ),
        (
            'jm-pose_debug.py',
            'optim_wrapper.optimizer.type=Adamm',
            ['optim_wrapper.optimizer.type', "'Adamm'; nearest: Adam"],
        ),
    ],
)
def test_difference__is_refused_with_its_places(
    config: str, override: str, places: list[str]
) -> None:
    with pytest.raises(UsageError, match=re.escape(places[0])) as refused:
        check_consistency(load_config(config, [override]))
    assert [place for place in places if place not in str(refused.value)] == []


def test_switches__in_words_are_refused() -> None:
    cfg = load_config('jm-pose_debug.py')
    cfg.model.test_cfg = {'flip_test': 'no'}
    with pytest.raises(UsageError, match=r"test_cfg\.flip_test: expected True or False, got 'no'"):
        check_consistency(cfg)


def test_difference__lists_and_tuples_are_equal() -> None:
    cfg = load_config('jm-pose_debug.py', ['model.head.decoder.input_size=[96,128]'])
    check_consistency(cfg)
    assert type(cfg.model.head.decoder.input_size) is list


def test_types__may_be_the_classes_themselves() -> None:
    cfg = load_config('jm-pose_debug.py')
    cfg.model.type = VideoTopdownEstimator
    for name in ('train', 'val', 'test'):
        dataset = cfg[f'{name}_dataloader'].dataset
        dataset.type = SyntheticClipDataset
        pipeline_step(dataset.pipeline, 'TopdownClipAffine').type = TopdownClipAffine
    check_consistency(cfg)
    cfg.model.head.out_channels = 3
    with pytest.raises(UsageError, match=r'number of keypoints: .*3 in model\.head\.out_channels'):
        check_consistency(cfg)
    cfg.model.head.out_channels = cfg.model.neck.num_keypoints
    apply_protocol(cfg, 'mmpose')
    dataset = cfg.test_dataloader.dataset
    assert crop_settings(dataset.pipeline).warp == 'classic'
    assert dataset_meta(dataset)['num_keypoints'] == 17


def test_metainfo__of_the_config_counts() -> None:
    cfg = load_config('jm-pose_debug.py')
    cfg.train_dataloader.dataset.metainfo = dict(from_file='configs/_base_/datasets/jhmdb.py')
    with pytest.raises(UsageError, match=r'15 in train_dataloader\.dataset'):
        check_consistency(cfg)


def test_start__of_a_config_that_was_not_trained_yet_says_how(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = 'single-frame_resnet18_1xb16_synthetic-128x96'
    start = load_config('jm-pose_resnet18_1xb8_synthetic-128x96.py').load_from
    with pytest.raises(UsageError, match=f'does not exist yet; .*tools/train.py {name}`'):
        check_start(start)
    (tmp_path / start).parent.mkdir(parents=True)
    (tmp_path / start).touch()
    for other in (start, 'gone.pth', 'https://host/gone.pth', 'somewhere/gone.pth'):
        assert check_start(other) == other


def test_start__is_the_last_epoch_of_the_config_that_trains_it() -> None:
    """Each packaged config that starts from another one's work directory names its last epoch."""
    checked = 0
    for file in (PACKAGED_CONFIGS.resolve()).glob('*/*.py'):
        start = Path(load_config(str(file)).get('load_from') or '')
        if start.parts[:1] == ('work_dirs',):
            trained = load_config(start.parent.name)
            assert start.name == f'epoch_{trained.train_cfg.max_epochs}.pth', file
            checked += 1
    assert checked > 5
