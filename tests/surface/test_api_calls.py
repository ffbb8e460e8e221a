"""What commands call, called twice: equal results, and configs and files as they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from scribbling import equal

from jmpose_mm import apis, load_config
from jmpose_mm.registry import MODELS

CONFIG = 'jm-pose_debug.py'


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights, a config whose data is rendered once, and predictions of one test."""
    folder = tmp_path_factory.mktemp('calls')
    weights = MODELS.build(load_config(CONFIG).model).state_dict()
    torch.save({'state_dict': weights, 'meta': {}}, folder / 'weights.pth')
    apis.test(_config(folder), str(folder / 'weights.pth'), out_dir=str(folder / 'predictions'))
    return folder


def _config(folder: Path, work: str = 'work') -> Config:
    root = f'{folder}/data/'
    truth = f'{root}annotations/posetrack18_val.json'
    changes = [f'{split}_dataloader.dataset.data_root={root}' for split in ('train', 'val', 'test')]
    changes += [f'{split}_evaluator.ann_file={truth}' for split in ('val', 'test')]
    seed = ['randomness.seed=0', 'log_level=ERROR', 'allow_random_frozen=True']
    return load_config(CONFIG, [*changes, *seed], str(folder / work))


def _train(cfg: Config, folder: Path) -> Any:
    return apis.train(apis.prepare_training(cfg, validate=False), 'cpu').model.state_dict()


def _test(cfg: Config, folder: Path) -> Any:
    return apis.test(cfg, str(folder / 'weights.pth'), device='cpu')


def _boxes(cfg: Config, folder: Path) -> Any:
    def detect(image: np.ndarray) -> np.ndarray:
        return np.array([[2.0, 3.0, 40.0, 60.0, 0.5]])

    root, out = folder / 'data', folder / 'boxes.json'
    out.unlink(missing_ok=True)
    truth = root / 'annotations/posetrack18_val.json'
    report = apis.make_boxes(truth, root, out, detect, progress=False)
    assert report['detector'] == 'detect'
    entries = json.loads(out.read_bytes())
    assert {(*entry['bbox'], entry['score']) for entry in entries} == {(2.0, 3.0, 38.0, 57.0, 0.5)}
    return report, entries


def _published(cfg: Config, folder: Path) -> Any:
    return apis.publish_model(folder / 'weights.pth', folder / 'slim.pth').read_bytes()


def _analysed(cfg: Config, folder: Path) -> Any:
    truth = folder / 'data/annotations/val'
    page = apis.analyze_results([folder / 'predictions'], truth, folder / 'analysis')
    return page.read_text(encoding='utf-8')


def _exported(cfg: Config, folder: Path) -> Any:
    weights = str(folder / 'weights.pth')
    files = apis.export_onnx(cfg, weights, folder / 'model.onnx', batch=1)
    return [file.read_bytes() for file in files]


CALLS: dict[str, Callable[[Config, Path], Any]] = {
    'train': _train,
    'test': _test,
    'make_boxes': _boxes,
    'publish_model': _published,
    'analyze_results': _analysed,
    'export_onnx': _exported,
}


@pytest.mark.parametrize('name', CALLS)
def test_call__again_gives_the_same_and_leaves_its_inputs(name: str, folder: Path) -> None:
    cfg, weights = _config(folder), (folder / 'weights.pth').read_bytes()
    before = cfg.pretty_text

    first = CALLS[name](cfg, folder)
    second = CALLS[name](cfg, folder)

    assert equal(first, second, 1e-6 if name == 'train' else 0.0)
    assert cfg.pretty_text == before
    assert (folder / 'weights.pth').read_bytes() == weights
