"""What a model for video is made of: a whole config, and weights that fit."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from jmpose_mm.engine.checkpoints import check_weights, checkpoint_fits, find_checkpoint
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError

if TYPE_CHECKING:
    from mmengine.config import Config, ConfigDict

__all__ = ['dataset_meta', 'load_model', 'whole_config']


def dataset_meta(dataset: ConfigDict) -> dict[str, Any]:
    """Names, flip pairs and edges of the keypoints of a config's data set."""
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    from jmpose_mm.registry import DATASETS

    return parse_pose_metainfo(dataset.get('metainfo') or DATASETS.get(dataset['type']).METAINFO)


def load_model(model: ConfigDict, checkpoint: str | Path | None) -> torch.nn.Module:
    """A model with its weights, each of which must fit and be finite.

    Raises:
        UsageError: They do not.
    """
    from mmengine.registry import init_default_scope
    from mmengine.runner import load_checkpoint

    from jmpose_mm.registry import MODELS

    init_default_scope('mmpose')
    built = MODELS.build(model)
    if checkpoint is not None:
        path = find_checkpoint(str(checkpoint))
        with checkpoint_fits(str(checkpoint)):
            load_checkpoint(built, path, map_location='cpu', strict=True)
            check_weights(built.state_dict(), str(checkpoint))
    return built


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
