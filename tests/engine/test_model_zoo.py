"""The table of published models against the configs that it names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import load_state_dict

from jmpose_mm.downloads import digest_in_name, file_name_of_address
from jmpose_mm.engine.configs import load_config
from jmpose_mm.engine.model_zoo import (
    models_table,
    published_model,
    published_models,
    published_weights,
)
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import MODELS
from jmpose_mm.video.poses.loading import crop_settings, dataset_meta

MODEL_NAMES = [model.name for model in published_models()]


def test_table__names_the_wanted_models() -> None:
    wanted = {'posewarper', 'hrnet-w48', 'hrnet-w32', 'resnet-50', 'vitpose-s', 'vitpose-b'}
    assert wanted <= set(MODEL_NAMES)
    assert len(set(MODEL_NAMES)) == len(MODEL_NAMES)
    times = [model.cpu_time for model in published_models()]
    assert times == sorted(times)
    table = models_table()
    assert all(f'\n{name} ' in table for name in MODEL_NAMES)
    assert '85.0 (ground-truth boxes)' in table


@pytest.mark.parametrize('name', MODEL_NAMES)
def test_model__is_what_its_config_says(name: str) -> None:
    model = published_model(name)
    assert model == published_model(f'{model.config}.py')
    cfg = load_config(model.config)
    crop = crop_settings(cfg.test_dataloader.dataset.pipeline)
    assert model.frames == len(crop.frame_offsets)
    assert model.input == f'{crop.input_size[1]}x{crop.input_size[0]}'
    joints = dataset_meta(cfg.test_dataloader.dataset)['keypoint_id2name']
    assert model.joints == ('PoseTrack18' if 'head_top' in joints.values() else 'COCO')
    assert digest_in_name(file_name_of_address(model.weights))
    assert published_weights(model.config) == model.weights
    if 'image_models' in str(cfg.filename):
        assert cfg.load_from == model.weights
    # without memory: a gigabyte of weights in all
    init_default_scope('mmpose')
    with torch.device('meta'):
        built = MODELS.build(cfg.model)
    count = sum(weight.numel() for weight in built.parameters())
    assert model.parameters == pytest.approx(count / 1e6, abs=0.06)


@pytest.mark.parametrize('name', ['resnet-50', 'hrnet-w32'])
def test_weights__in_the_layout_of_0x_load_whole(name: str) -> None:
    """Names of the published files: mmpose 0.x called the head ``keypoint_head``."""
    init_default_scope('mmpose')
    cfg = load_config(published_model(name).config)
    if name == 'hrnet-w32':
        for stage in ('stage2', 'stage3', 'stage4'):
            cfg.model.backbone.extra[stage].num_modules = 1
    model = MODELS.build(cfg.model)
    filled = {key: torch.full_like(value, 3) for key, value in model.state_dict().items()}
    published = {key.replace('head.', 'keypoint_head.'): value for key, value in filled.items()}
    assert published.keys() != filled.keys()
    load_state_dict(model, published, strict=True)
    assert all((value == 3).all() for value in model.state_dict().values())


def test_name__that_there_is_not() -> None:
    with pytest.raises(UsageError, match=r"model: expected one of .*, got 'hrnet48'; did you mean"):
        published_model('hrnet48')
    assert published_weights('jm-pose_debug') is None
    assert (
        published_weights(Path('elsewhere') / 'hrnet-w48_8xb64-20e_posetrack18-384x288.py') is None
    )
