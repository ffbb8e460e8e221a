"""Loads a model for video: a whole config, and weights that fit."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from jmpose_mm.engine.checkpoints import check_weights, checkpoint_fits, find_checkpoint
from jmpose_mm.engine.configs import load_config, type_name
from jmpose_mm.engine.initial_weights import adopt_layout, named_weights
from jmpose_mm.errors import UsageError, naming

if TYPE_CHECKING:
    from mmengine.config import Config, ConfigDict

__all__ = ['CropSettings', 'crop_settings', 'dataset_meta', 'load_model', 'whole_config']


class CropSettings(NamedTuple):
    """Settings by which a config's test pipeline crops the input of its model.

    Attributes:
        frame_offsets: Offsets of the frames of a pose; ``(0,)`` in a pipeline of images.
        padding: Side of the crop divided by that of the box.
        input_size: ``(W, H)`` of the crop in pixels.
        warp: Map from image to crop, see :func:`jmpose_mm.functional.crop.warp_matrix`.
    """

    frame_offsets: tuple[int, ...]
    padding: float
    input_size: tuple[int, int]
    warp: str


def crop_settings(pipeline: Sequence[ConfigDict]) -> CropSettings:
    """The settings of a pipeline of clips, or of one of mmpose's pipelines of images.

    Raises:
        UsageError: There is no crop in it.
    """
    steps = {type_name(step): step for step in pipeline}
    frames = steps.get('SampleSupportFrames', {'frame_offsets': (0,)})
    # mmpose's own default.
    padding = float(steps.get('GetBBoxCenterScale', {}).get('padding', 1.25))
    affine = steps.get('TopdownClipAffine') or steps.get('TopdownAffine')
    if affine is None:
        raise UsageError(
            'config: expected a top-down model, whose test pipeline has TopdownClipAffine or '
            f'TopdownAffine, got {", ".join(steps)}'
        )
    warp = 'udp' if affine.get('use_udp') else affine.get('warp', 'classic')
    return CropSettings(tuple(frames['frame_offsets']), padding, tuple(affine['input_size']), warp)


def dataset_meta(dataset: ConfigDict) -> dict[str, Any]:
    """Names, flip pairs and edges of the keypoints that a config's model predicts.

    Those of its data set; after a ``KeypointConverter``, of the joints that it keeps.

    Raises:
        UsageError: The file of the skeleton is missing or has no ``dataset_info``.
    """
    from mmengine.config import Config
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    from jmpose_mm.registry import DATASETS

    kind = dataset['type']
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    info = dataset.get('metainfo') or kind.METAINFO
    file = info.get('from_file')
    if file is not None and Path(file).is_file():
        with naming(file, 'a skeleton, dataset_info'):
            info = Config.fromfile(file).dataset_info
    meta = parse_pose_metainfo(dict(info))
    if 'category' in info:
        # `parse_pose_metainfo` keeps only what mmpose knows.
        meta['category'] = str(info['category'])
    for step in dataset.get('pipeline') or ():
        if type_name(step) == 'KeypointConverter':
            meta |= converted_joints(meta, step['mapping'], int(step['num_keypoints']))
    return meta


def converted_joints(
    meta: Mapping[str, Any], mapping: Sequence[tuple[Any, int]], count: int
) -> dict[str, Any]:
    """Names, edges and mirrored joints that are left by a ``KeypointConverter``.

    Args:
        meta: Facts about the joints before.
        mapping: Pairs of an index before, or two whose middle is taken, and one after.
        count: Number of joints after.
    """
    before = {int(after): source for source, after in mapping}
    names, places = {}, {}
    for index in range(count):
        source = before.get(index)
        if isinstance(source, Sequence):
            names[index] = '+'.join(meta['keypoint_id2name'][int(one)] for one in source)
        elif source is None:
            names[index] = f'joint_{index + 1}'
        else:
            names[index] = meta['keypoint_id2name'][int(source)]
            places[int(source)] = index
    flipped = meta['flip_indices']
    sigmas = [
        float(meta['sigmas'][before[k]]) if isinstance(before.get(k), int) else 0.05
        for k in range(count)
    ]
    links = [(places[a], places[b]) for a, b in meta['skeleton_links'] if {a, b} <= places.keys()]
    mirrored = {k: places.get(flipped[source], k) for source, k in places.items()}
    return {
        'num_keypoints': count,
        'keypoint_id2name': names,
        'keypoint_name2id': {name: index for index, name in names.items()},
        'skeleton_links': links,
        'flip_indices': [mirrored.get(index, index) for index in range(count)],
        'sigmas': sigmas,
    }


def load_model(model: ConfigDict, checkpoint: str | Path | None) -> torch.nn.Module:
    """A model with its weights, each of which must fit and be finite.

    Raises:
        UsageError: They do not.
    """
    from mmengine.model import revert_sync_batchnorm
    from mmengine.registry import init_default_scope
    from mmengine.runner import CheckpointLoader
    from mmengine.runner.checkpoint import load_state_dict

    from jmpose_mm.registry import MODELS

    init_default_scope('mmpose')
    built = MODELS.build(model)
    if checkpoint is not None:
        path = find_checkpoint(str(checkpoint))
        with checkpoint_fits(str(checkpoint)):
            content = CheckpointLoader.load_checkpoint(path, map_location='cpu')
            adopt_layout(content, named_weights(built))
            load_state_dict(built, content.get('state_dict', content), strict=True)
            check_weights(built.state_dict(), str(checkpoint))
    # Statistics are not gathered here, and this class runs on one device as any other.
    return revert_sync_batchnorm(built)


def whole_config(config: str | Path | Config | Mapping[str, Any]) -> Config:
    """The config of a model with its test data, a copy of one that is given.

    Raises:
        UsageError: There is no such config, or only a part of one.
    """
    from mmengine.config import Config

    if isinstance(config, str | Path):
        name = str(config)
        cfg = load_config(name)
    elif isinstance(config, Config):
        cfg, name = copy.deepcopy(config), config.filename or 'config'
    elif isinstance(config, Mapping):
        cfg, name = Config(copy.deepcopy(dict(config))), 'config'
    else:
        raise UsageError(
            f'config: expected a path, a name or a Config, got {type(config).__name__}'
        )
    for key in ('model', 'test_dataloader'):
        if not cfg.get(key):
            raise UsageError(
                f'{name}: expected the config of a model and its data, found no {key}; parts of '
                'configs, as under _base_, do not run alone'
            )
    return cfg
