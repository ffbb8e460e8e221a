"""Files of a study, and the configs of its runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.study.plan import METHODS, Run
from experiments.study.scales import Scale
from jmpose_mm.engine.configs import find_config, load_config, pipeline_step
from jmpose_mm.engine.devices import BFLOAT16_TRAINING, choose_device, fast_dtype
from jmpose_mm.formats.coco_writing import write_coco
from jmpose_mm.formats.frame_names import frame_name

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = [
    'BOXES',
    'BOX_SHIFT',
    'Study',
    'description',
    'method',
    'run_changes',
    'run_config',
    'train_indices',
    'write_test_truth',
]

BOXES = ('truth', 'noisy')
"""Kinds of the test boxes: of the annotations, and detections."""
BOX_SHIFT = 0.1
"""Greatest shift of a training crop, as a share of its size. The released recipes centre crops on
their boxes; after little training like that, a model takes much of a joint's place from its place
in the box, and its AP in inexact boxes falls by more than half."""
_ABSENT = object()
_PIPELINES = ('train_dataloader', 'test_dataloader')


@dataclass(frozen=True)
class Study:
    """Folder and size of a study.

    Attributes:
        folder: Folder of all that it makes.
        scale: Size of the study.
    """

    folder: Path
    scale: Scale

    @property
    def data(self) -> Path:
        """The rendered data set."""
        return self.folder / 'data'

    @property
    def truth(self) -> Path:
        """Annotations of the test frames that are tested."""
        return self.folder / 'test_frames.json'

    @property
    def noisy_boxes(self) -> Path:
        """Detections in the test videos."""
        return self.data / 'annotations/posetrack18_val_human_detections.json'

    def result(self, run: Run, seed: int) -> Path:
        """The file of one run and seed."""
        return self.folder / 'results' / f'{run.name}-seed{seed}.json'

    def seed(self, seed: int) -> Path:
        """Folder of what all runs of a seed share."""
        return self.folder / f'seed{seed}'


def write_test_truth(study: Study) -> None:
    """Keep the annotations of every ``test_interval``-th frame of the test videos."""
    document = json.loads(
        (study.data / 'annotations/posetrack18_val.json').read_text(encoding='utf-8')
    )
    kept = [
        image
        for image in document['images']
        if (frame_name(image['file_name']).number or 0) % study.scale.test_interval == 0
    ]
    ids = {image['id'] for image in kept}
    persons = [person for person in document['annotations'] if person['image_id'] in ids]
    write_coco(study.truth, [{**document, 'images': kept, 'annotations': persons}])


def train_indices(study: Study, seed: int, count: int) -> list[int]:
    """The key-frame samples of a seed, in the order of training, out of `count`.

    Raises:
        ValueError: There are fewer than the scale asks for.
    """
    if count < study.scale.samples:
        raise ValueError(f'samples: expected at most {count} (all), got {study.scale.samples}')
    return np.random.default_rng(seed).permutation(count)[: study.scale.samples].tolist()


def run_config(study: Study, run: Run, seed: int, boxes: str = 'truth') -> Config:
    """The config of a run: the packaged one, at the scale of the study, with the run's changes."""
    cfg = load_config(run.config, work_dir=str(study.seed(seed) / run.name))
    if study.scale.backbone is not None:
        _take_backbone(cfg, load_config(study.scale.backbone))
    for loader in _PIPELINES:
        cfg[loader].num_workers = study.scale.workers
        data = cfg[loader].dataset
        # Rendered once, whatever becomes of the generator while the study runs.
        data.update(type='jmpose_mm.PoseTrackClipDataset', data_root=str(study.data.resolve()))
        data.pop('preset')
    if run.trained == 'neck' or 'neck' in cfg.model:
        cfg.train_dataloader.batch_size = study.scale.batch
    cfg.test_dataloader.dataset.ann_file = str(study.truth.resolve())
    if boxes == 'noisy':
        cfg.test_dataloader.dataset.bbox_file = str(study.noisy_boxes.resolve())
        cfg.test_dataloader.dataset.bbox_score_threshold = 0.2
    cfg.randomness = dict(seed=seed)
    cfg.optim_wrapper.optimizer.fused = True  # one pass over the weights, equal up to rounding
    if _training_dtype() == 'bfloat16':
        cfg.merge_from_dict(BFLOAT16_TRAINING)
    # Tested afterwards, by frames and boxes of the study's own.
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.merge_from_dict(run_changes(run))
    _shift_boxes(cfg.train_dataloader.dataset.pipeline)
    for loader in _PIPELINES:
        frames = pipeline_step(cfg[loader].dataset.pipeline, 'SampleSupportFrames')
        frames.frame_offsets = cfg.model.get('neck', {}).get('frame_offsets', (0,))
        frames.copies_of_key = run.copies
    return cfg


def run_changes(run: Run) -> dict[str, Any]:
    """Values by key paths that a run changes in its config, its ablation's among them."""
    return {**(_config_changes(run.ablation) if run.ablation else {}), **run.changes}


def _config_changes(name: str) -> dict[str, Any]:
    """Values by key paths of the model that a packaged config states other than its base."""
    from mmengine.config import Config

    file = find_config(name)
    (base,) = Config._get_base_files(file)
    before = Config.fromfile(Config._get_cfg_path(base, file)[0])
    return dict(
        _differences(before.model.to_dict(), Config.fromfile(file).model.to_dict(), 'model')
    )


def _differences(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in after.items():
            yield from _differences(before.get(key, _ABSENT), value, f'{path}.{key}')
    elif before != after:
        yield path, after


def _take_backbone(cfg: Config, source: Config) -> None:
    """Give `cfg` the backbone of another config, and crops of its size."""
    cfg.model.backbone = source.model.backbone
    width = source.model.head.in_channels
    if 'neck' in cfg.model:
        cfg.model.neck.in_channels = (width,) * 4
    if cfg.model.head.in_channels != 17:
        cfg.model.head.in_channels = width
    sizes = {name: source.codec[name] for name in ('input_size', 'heatmap_size')}
    cfg.model.head.decoder.update(sizes)
    for loader in _PIPELINES:
        for step in cfg[loader].dataset.pipeline:
            if 'input_size' in step:
                step.input_size = sizes['input_size']
            if 'encoder' in step:
                step.encoder.update(sizes)


def _shift_boxes(pipeline: list[dict[str, Any]]) -> None:
    shift = dict(type='RandomBBoxTransform', shift_factor=BOX_SHIFT, shift_prob=1.0)
    (place,) = (i for i, step in enumerate(pipeline) if step['type'] == 'GetBBoxCenterScale')
    pipeline.insert(place + 1, {**shift, 'scale_prob': 0.0, 'rotate_prob': 0.0})


def _training_dtype() -> str:
    return fast_dtype(choose_device('auto', 'training', tell=False))


def description(study: Study, manifest: dict[str, Any]) -> dict[str, Any]:
    """Facts that a study stands on; two that differ in them are different studies."""
    return {
        'setting': study.scale.setting(),
        'data_digest': manifest['digest'],
        'generator': manifest['generator'],
        'counts': manifest['counts'],
        'box_shift': BOX_SHIFT,
        'training_dtype': _training_dtype(),
    }


def method(name: str) -> Run:
    """The method of a name."""
    (run,) = (run for run in METHODS if run.name == name)
    return run
