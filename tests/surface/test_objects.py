"""Registered classes: built from anything, called, scribbled over, called again, sent elsewhere."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from scribbling import equal, scribble

from jmpose_mm.apis import VideoPoseInferencer, open_source
from jmpose_mm.datasets.synthetic import make_synthetic
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import DATASETS, KEYPOINT_CODECS, MODELS, TRANSFORMS
from jmpose_mm.structures import ClipFeatures
from jmpose_mm.video.poses.loading import whole_config

TINY = {'videos_train': 0, 'videos_val': 2, 'frames': 5, 'size': (96, 72)}
FILE = 'annotations/posetrack18_val.json'
OFFSETS = (-2, -1, 0, 1, 2)
NECKS = {
    'DualConsecutiveNeck': 3,
    'FeatureAlignmentNeck': 5,
    'JointAggregationNeck': 5,
    'JointMotionNeck': 5,
    'PoseWarpingNeck': 5,
    'TemporalDifferenceNeck': 5,
}


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('data') / 'synthetic'
    make_synthetic(folder, workers=1, progress=False, **TINY)
    return folder


def _pipeline(offsets: Any = OFFSETS) -> list[dict[str, Any]]:
    return [
        {'type': 'jmpose_mm.SampleSupportFrames', 'frame_offsets': offsets},
        {'type': 'jmpose_mm.LoadClip'},
        {'type': 'mmpose.GetBBoxCenterScale'},
        {'type': 'jmpose_mm.TopdownClipAffine', 'input_size': (48, 64)},
        {'type': 'mmpose.PackPoseInputs'},
    ]


def _dataset(root: Any, pipeline: Any = None, **more: Any) -> Any:
    init_default_scope('mmpose')
    config = {'type': 'jmpose_mm.PoseTrackClipDataset', 'ann_file': FILE, 'data_root': root}
    pipeline = _pipeline() if pipeline is None else pipeline
    return DATASETS.build({**config, 'pipeline': pipeline, 'test_mode': True, **more})


def test_dataset__is_unmoved_by_scribbling(root: Path) -> None:
    pipeline = _pipeline()[:2]
    data = _dataset(str(root), pipeline)
    first = data[1]
    assert first.pop('dataset') is data  # mmpose's, for transforms that mix samples
    expected = copy.deepcopy(first)
    assert scribble({key: first[key] for key in ('keypoints', 'bbox', 'video_frames')}) > 3
    assert all(not image.flags.writeable for image in first['img']), 'frames are shared'
    scribble(first['raw_ann_info'])
    scribble(first['frame_paths'])
    scribble(data.metainfo)
    scribble(pipeline)
    again = data[1]
    assert again.keys() == expected.keys() | {'dataset'}
    assert [key for key in expected if not equal(again[key], expected[key])] == []


def test_dataset__leaves_its_config_and_takes_paths_and_arrays(root: Path) -> None:
    plain = _dataset(str(root))
    pipeline = _pipeline(np.array(OFFSETS))
    pipeline[3]['input_size'] = np.array([48, 64])
    before = copy.deepcopy(pipeline)
    data = _dataset(root, pipeline, ann_file=root / FILE)
    assert equal(pipeline, before)
    assert equal(data[2]['inputs'], plain[2]['inputs'])
    config = ConfigDict(_pipeline()[0])
    assert TRANSFORMS.build(config).frame_offsets == OFFSETS
    assert config == ConfigDict(_pipeline()[0])


@pytest.mark.parametrize(
    'copied',
    [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],
    ids=['copy', 'pickle'],
)
def test_dataset__can_be_copied_and_pickled(root: Path, copied: Callable[[Any], Any]) -> None:
    data = _dataset(str(root))
    expected = data[3]['inputs']
    again = copied(data)
    assert torch.equal(again[3]['inputs'], expected)
    assert len(again) == len(data)


def test_dataset__in_workers_that_are_spawned(root: Path) -> None:
    data = _dataset(str(root))
    context = multiprocessing.get_context('spawn')
    loader = torch.utils.data.DataLoader(
        data, 2, num_workers=1, collate_fn=list, multiprocessing_context=context
    )
    batch = next(iter(loader))
    assert torch.equal(batch[1]['inputs'], data[1]['inputs'])


@pytest.fixture(scope='module')
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    return MODELS.build(load_config('jm-pose_debug.py').model)


def _clip(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, 5, 3, 64, 64, generator=generator)


@pytest.mark.parametrize('mode', [True, False])
def test_model__is_unmoved_by_scribbling_and_repeats_itself(model: Any, mode: bool) -> None:
    model = copy.deepcopy(model).train(mode)
    for module in model.neck.modules():
        module.momentum = 0.0  # statistics of what trains follow the batches
    frames = _clip()
    with torch.no_grad():
        first = model(frames, None, mode='tensor')
        expected = first.clone()
        scribble(first)
        assert torch.equal(frames, _clip())
        features = model.extract_feat(frames)
        scribble(list(features.named.values()))
        scribble(frames)
        model(_clip(1), None, mode='tensor')
        assert torch.equal(model(_clip(), None, mode='tensor'), expected)


def test_model__is_saved_whole(model: Any) -> None:
    file = io.BytesIO()
    torch.save(model.eval(), file)
    file.seek(0)
    again = torch.load(file, weights_only=False)
    with torch.no_grad():
        wanted = model(_clip(), None, mode='tensor')
        assert torch.equal(again(_clip(), None, mode='tensor'), wanted)


def test_model__leaves_its_config() -> None:
    config = load_config('jm-pose_debug.py').model
    before = copy.deepcopy(config)
    MODELS.build(config)
    assert config == before


@pytest.mark.parametrize('name', NECKS)
def test_neck__is_unmoved_by_scribbling_and_pickles(name: str) -> None:
    count = NECKS[name]
    half = count // 2
    config = {'type': f'jmpose_mm.{name}', 'in_channels': [8, 8, 8, 8], 'num_keypoints': 5}
    config |= {'frame_offsets': np.arange(-half, half + 1)}
    neck = MODELS.build(config).eval()
    scribble(config)

    def clip() -> ClipFeatures:
        generator = torch.Generator().manual_seed(0)
        maps = torch.randn(1, count, 8, 16, 12, generator=generator)
        return ClipFeatures(torch.zeros(1, count, 3, 64, 48), tuple(maps.clone() for _ in range(4)))

    with torch.no_grad():
        given = clip()
        result = neck(given)
        assert equal(given, clip())
        expected = result.fused.clone()
        scribble([result.fused, result.initial_heatmaps, *result.named.values()])
        scribble(given)
        for again in (neck, copy.deepcopy(neck), pickle.loads(pickle.dumps(neck))):
            assert torch.equal(again(clip()).fused, expected)


@pytest.mark.parametrize('convert', [list, np.asarray, lambda clips: torch.stack(clips)])
def test_preprocessor__takes_any_clips_and_leaves_them(convert: Any) -> None:
    preprocessor = MODELS.build({'type': 'jmpose_mm.ClipDataPreprocessor', 'mean': np.ones(3)})
    clips = [torch.full((3, 3, 8, 8), value, dtype=torch.uint8) for value in (1, 9)]
    expected = preprocessor({'inputs': clips})['inputs'].clone()
    given = {'inputs': convert(clips)}
    before = copy.deepcopy(given)
    result = preprocessor(given)
    assert equal(given, before)
    scribble(result['inputs'])
    assert equal(preprocessor(given)['inputs'], expected)


def test_codec__is_unmoved_by_scribbling() -> None:
    config = {'type': 'jmpose_mm.ReleasedHeatmap', 'input_size': np.array([96, 128])}
    codec = KEYPOINT_CODECS.build({**config, 'heatmap_size': [24, 32], 'sigma': np.float32(2)})
    points = np.array([[[40.0, 60.0], [8, 8]]])
    first = codec.encode(points.copy())
    expected = copy.deepcopy(first)
    scribble(first)
    assert equal(codec.encode(points.copy()), expected)
    found = codec.decode(expected['heatmaps'].copy())
    kept = copy.deepcopy(found)
    scribble(found)
    assert equal(codec.decode(expected['heatmaps'].copy()), kept)
    assert np.abs(kept[0] - points).max() < 1


OVERRIDE = 'train_cfg.max_iters=5'


@pytest.mark.parametrize('given', [OVERRIDE, [OVERRIDE], {'train_cfg.max_iters': 5}])
def test_config__takes_overrides_as_text_list_or_mapping(given: Any) -> None:
    cfg = load_config('jm-pose_debug.py', given, Path('work'))
    assert cfg.train_cfg.max_iters == 5
    assert cfg.work_dir == 'work'
    assert given in (OVERRIDE, [OVERRIDE], {'train_cfg.max_iters': 5})


def test_whole_config__takes_mappings_and_leaves_them() -> None:
    cfg = load_config('jm-pose_debug.py')
    given = cfg.to_dict()
    before = copy.deepcopy(given)
    found = whole_config(given)
    assert found.model == cfg.model
    found.model.type = 'another'
    assert given == before
    with pytest.raises(UsageError, match=r'config: expected a path, .* got int'):
        whole_config(3)


def test_inferencer__refuses_parts_of_frames() -> None:
    with pytest.raises(UsageError, match='detect_every: expected at least 1, a whole number'):
        VideoPoseInferencer('jm-pose_debug.py', None, detect_every=2.5)
    with pytest.raises(UsageError, match=r'stride: expected at least 1, a whole number, got 2\.5'):
        open_source([np.zeros((9, 9, 3), np.uint8)], stride=2.5)
    assert open_source([np.zeros((9, 9, 3), np.uint8)], stride=np.int64(2)).span.stride == 2
