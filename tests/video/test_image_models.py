"""mmpose's own models of images in the engine, against mmpose's own inference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from random_models import randomize

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.crop import warp_matrix
from jmpose_mm.video.poses import clip_model
from jmpose_mm.video.poses.clip_model import ClipModel
from jmpose_mm.video.poses.engine import ClipEngine

BOXES = {1: np.array([30.0, 20.0, 90.0, 110.0]), 2: np.array([-8.0, 40.0, 70.5, 119.0])}
CONFIGS = (
    'resnet50_8xb64-20e_posetrack18-256x192',
    'vitpose-small_8xb64-210e_coco-256x192',
    'rtmpose-t_8xb256-420e_body8-256x192',
)


def _image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)


def _as_mmpose_does(model: ClipModel, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    init_default_scope('mmpose')
    steps = [s for s in model.cfg.test_dataloader.dataset.pipeline if s['type'] != 'LoadImage']
    person = {
        'img': _image(),
        'bbox': box[None],
        'bbox_score': np.ones(1),
        'img_path': '',
        **model.dataset_meta,
    }
    with torch.no_grad():
        (sample,) = model.model.test_step(pseudo_collate([Compose(steps)(person)]))
    found = sample.pred_instances
    return found.keypoints[0], found.keypoint_scores[0]


@pytest.mark.parametrize('config', CONFIGS)
def test_engine__gives_the_keypoints_of_mmpose(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ClipModel(f'{config}.py', None, 'cpu')
    # Factors of normalisations below 1 make maps flat, whose peaks rounding decides.
    randomize(model.model, vectors=False)
    model.backbone = model.model.backbone  # the random statistics, not folded ones
    assert model.frame_offsets == (0,)
    assert model.flip_test
    if model.warp == 'udp':  # random maps have no clear peaks: this bound is ours alone
        monkeypatch.setattr(clip_model, '_maxima', lambda maps: np.zeros((len(maps), 17, 2)))
        model.model.head.decoder.scale_factor = np.full(2, 1e9)
    engine = ClipEngine(model, layer='heatmap')
    ((_, persons),) = [*engine.add(_image(), BOXES), *engine.finish()]
    for person, box in BOXES.items():
        keypoints, scores, layer = persons[person]
        theirs, their_scores = _as_mmpose_does(model, box)
        np.testing.assert_allclose(keypoints, theirs, atol=2e-3)
        np.testing.assert_allclose(scores, their_scores, atol=1e-4, rtol=1e-3)
        assert layer.values.ndim == 2
        assert 0 <= layer.values.min() < layer.values.max() <= 1


def test_warp__udp_is_mmposes() -> None:
    from mmpose.structures.bbox import get_udp_warp_matrix

    center, scale = np.array([50.0, 60.5]), np.array([47.0, 61.0])
    ours = warp_matrix(center, scale, 0, (96, 128), 'udp')
    np.testing.assert_allclose(ours, get_udp_warp_matrix(center, scale, 0, (96, 128)), atol=1e-4)


def test_model__of_another_kind_is_refused() -> None:
    folder = 'mmpose::body_2d_keypoint/associative_embedding/coco'
    name = f'{folder}/ae_hrnet-w32_8xb24-300e_coco-512x512.py'
    with pytest.raises(UsageError, match='expected a top-down model'):
        ClipModel(name, None, 'cpu')
    with pytest.raises(UsageError, match=r"'mmpose::nothing\.py': expected a path below"):
        ClipModel('mmpose::nothing.py', None, 'cpu')
