"""Every config parses, builds, agrees with itself, and takes a training step on a CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from jmpose_mm.engine.consistency import check_consistency
from jmpose_mm.registry import KEYPOINT_CODECS, METRICS, MODELS, OPTIMIZERS, TRANSFORMS

ROOT = Path(__file__).resolve().parents[2]
# mmpose's own models of images are tested where they are run: tests/video/test_image_models.py.
OTHERS = {'_base_', 'image_models'}
CONFIGS = sorted(p for p in (ROOT / 'configs').rglob('*.py') if not OTHERS & {*p.parts})
SIDE = 64
# What differs from another config in how its batches are made, and in nothing else.
RUNS = [path for path in CONFIGS if '-runs_' in path.name]


@pytest.fixture(autouse=True)
def _mmpose_scope():
    init_default_scope('mmpose')
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('ERROR')  # initialisation logs every parameter
    yield
    logger.setLevel(level)


def _pipelines(cfg: Config) -> list[list[dict]]:
    return [
        getattr(cfg, f'{split}_dataloader').dataset.pipeline for split in ('train', 'val', 'test')
    ]


def _step_of(pipeline: list[dict], name: str) -> dict:
    (found,) = [step for step in pipeline if step['type'].endswith(name)]
    return found


def _samples(batch: int, num_keypoints: int) -> list[PoseDataSample]:
    samples = []
    for index in range(batch):
        sample = PoseDataSample()
        generator = torch.Generator().manual_seed(index)
        heatmaps = torch.rand(num_keypoints, SIDE // 4, SIDE // 4, generator=generator)
        sample.gt_fields = PixelData(heatmaps=heatmaps)
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, num_keypoints))
        samples.append(sample)
    return samples


def test_configs__names_are_unique():
    names = [path.name for path in CONFIGS]
    assert len(names) > 5
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config__agrees_with_itself(path):
    cfg = Config.fromfile(path)
    codec, decoder = dict(cfg.codec), dict(cfg.model.head.decoder)
    # The protocol may decode otherwise than the codec says; targets are the codec's.
    assert decoder | {'decoding': None} == codec | {'decoding': None}
    KEYPOINT_CODECS.build(codec)
    assert cfg.data_mode == 'topdown'  # what mmpose's MMPoseInferencer reads
    windows = set()
    for pipeline in _pipelines(cfg):
        for step in pipeline:
            assert TRANSFORMS.build(step) is not None
        windows.add(tuple(_step_of(pipeline, 'SampleSupportFrames')['frame_offsets']))
        assert _step_of(pipeline, 'TopdownClipAffine')['input_size'] == codec['input_size']
    assert len(windows) == 1
    assert _step_of(_pipelines(cfg)[0], 'GenerateTarget')['encoder'] == codec
    neck = cfg.model.get('neck')
    assert windows == {tuple(neck.frame_offsets) if neck else (0,)}
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        assert METRICS.get(evaluator['type']) is not None
        # labels are read off what runs, never typed
        assert not {'boxes', 'protocol'} & evaluator.keys()


@pytest.mark.parametrize('path', RUNS, ids=lambda path: path.stem)
def test_runs__differ_in_their_batches_alone(path):
    runs = Config.fromfile(path)
    other = Config.fromfile(path.with_name(path.name.replace('-runs_', '_')))
    loader = runs.train_dataloader
    drop_last = other.train_dataloader.pop('drop_last', False)
    sampler = loader.pop('batch_sampler')
    assert sampler == dict(
        type='jmpose_mm.RunBatchSampler', run_length=4, **({'drop_last': True} if drop_last else {})
    )
    assert loader.pop('collate_fn') == dict(type='jmpose_mm.collate_runs')
    assert not loader.pop('drop_last', False)
    assert {k: v for k, v in runs.items() if k != 'work_dir'} == dict(other)


def test_runs__are_there_for_every_method():
    methods = {path.parent.name for path in CONFIGS} - {'single_frame'}
    assert {path.parent.name for path in RUNS} == methods


@pytest.mark.parametrize('path', sorted({*CONFIGS} - {*RUNS}), ids=lambda path: path.stem)
def test_config__takes_a_training_step(path):
    cfg = Config.fromfile(path)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    model.train()
    frames = len(_step_of(_pipelines(cfg)[0], 'SampleSupportFrames')['frame_offsets'])
    inputs = 100 * torch.randn(2, frames, 3, SIDE, SIDE)
    samples = _samples(2, cfg.model.head.out_channels)
    data = model.data_preprocessor({'inputs': inputs, 'data_samples': samples})
    offered = []
    if model.with_neck:
        model.neck.register_forward_hook(
            lambda _, __, features: offered.append(set(features.named))
        )
    losses = model(**data, mode='loss')
    assert all(names == set(model.neck.feature_names) for names in offered)
    total = sum(value for key, value in losses.items() if 'loss' in key)
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    optimizer = OPTIMIZERS.build(
        {**cfg.optim_wrapper.optimizer, 'params': list(trainable.values())}
    )
    name, last = list(trainable.items())[-1]  # of the head, or of the neck that ends at heatmaps
    before = last.detach().clone()
    total.backward()
    optimizer.step()
    assert torch.isfinite(total)
    assert [n for n, p in trainable.items() if p.grad is None] == []
    assert all(torch.isfinite(p.grad).all() for p in trainable.values())
    assert not torch.equal(last, before), name


@pytest.mark.parametrize('method', ['tdmi', 'fami-pose'])
def test_method__is_swapped_by_the_neck_line(method, tmp_path):
    (parent,) = [path for path in CONFIGS if path.stem == 'jm-pose_debug']
    text = parent.read_text().replace("'../_base_/", f"'{ROOT}/configs/_base_/")
    assert text.count('necks/jm-pose.py') == 1
    (tmp_path / 'mine.py').write_text(text.replace('necks/jm-pose.py', f'necks/{method}.py'))
    mine = Config.fromfile(tmp_path / 'mine.py')
    (theirs,) = [path for path in CONFIGS if path.stem == f'{method}_debug']
    assert mine.model == Config.fromfile(theirs).model
    check_consistency(mine)
    assert MODELS.build(mine.model).neck is not None
