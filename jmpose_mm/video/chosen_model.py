"""Choice of the model: by name, by config with or without weights, or the best for the device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from jmpose_mm.engine.checkpoints import find_checkpoint
from jmpose_mm.engine.configs import PACKAGED_CONFIGS, find_config, load_config
from jmpose_mm.engine.devices import choose_device
from jmpose_mm.engine.model_zoo import published_model, published_models, published_weights
from jmpose_mm.errors import UsageError

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['ChosenModel', 'chosen_model', 'default_model', 'inputs_and_model', 'with_weights']

# On one processor core: the best AP among the models whose pose takes at most a tenth of a second.
# On a GPU nothing was timed: the best on PoseTrack18, and the only one of several frames.
ON_PROCESSORS, ON_GPUS = 'rtmpose-m', 'posewarper'
CHECKPOINT_SUFFIXES = ('.pth', '.pt', '.ckpt', '.pth.tar', '.safetensors')


class ChosenModel(NamedTuple):
    """A config and its weights.

    Attributes:
        config: Path or packaged name.
        weights: Path or address.
        name: Name that is shown when it is loaded.
        is_start: True for a ``load_from``, which may be no more than what training starts with.
    """

    config: str
    weights: str
    name: str
    is_start: bool = False

    def file(self, folder: str | Path | None = None, wanted_too: Sequence[str] = ()) -> str:
        """The weights as a file, see :func:`find_checkpoint`."""
        return find_checkpoint(self.weights, folder, wanted_too)


def inputs_and_model(given: Sequence[str]) -> tuple[list[str], str | None, str | None]:
    """The inputs, config and checkpoint of ``INPUT... [CONFIG [CHECKPOINT]]``.

    A config is what ends in ``.py``, ``mmpose::...``, or the bare name of a packaged config.

    Raises:
        UsageError: A checkpoint stands where an input or a config must be.

    Example:
        >>> inputs_and_model(['a.mp4', 'b.mp4'])
        (['a.mp4', 'b.mp4'], None, None)
        >>> inputs_and_model(['a.mp4', 'mine.py', 'epoch_20.pth'])
        (['a.mp4'], 'mine.py', 'epoch_20.pth')
    """
    items = [str(item) for item in given]
    config = checkpoint = None
    if len(items) > 1 and _is_config(items[-1]):
        config = items.pop()
    elif len(items) > 1 and (_is_config(items[-2]) or _is_checkpoint(items[-1])):
        config, checkpoint = items[-2:]
        items = items[:-2]
    misplaced = [item for item in items if _is_checkpoint(item)]
    if misplaced or (config is not None and not items):
        raise UsageError(
            'input: expected INPUT CONFIG CHECKPOINT in this order, got '
            f'{" ".join(str(item) for item in given)}'
        )
    return items, config, checkpoint


def chosen_model(
    model: str | None = None,
    config: str | None = None,
    checkpoint: str | None = None,
    device: str | torch.device | None = 'auto',
) -> ChosenModel:
    """The model that is asked for, or the one that suits the device; nothing is downloaded.

    Args:
        model: Name of a published model.
        config: Path or packaged name, instead.
        checkpoint: Weights of the config; None for the published ones, else for its ``load_from``.
        device: Device that decides where nothing is asked for.

    Raises:
        UsageError: There is no such model or config, or it names no weights.
    """
    if model is not None and config is not None:
        raise UsageError(f'model: expected no CONFIG beside a name, got {model} and {config}')
    if config is None:
        name = model or default_model(choose_device(device, tell=False))
        found = published_model(name)
        return ChosenModel(found.config, found.weights, found.name)
    found_config = find_config(config)
    if checkpoint is not None:
        return ChosenModel(config, checkpoint, Path(config).stem)
    published = published_weights(found_config)
    weights = published or load_config(config).get('load_from')
    if not weights:
        raise UsageError(
            f'{config}: names no weights (load_from); give a CHECKPOINT behind it, or a `model` '
            'that has some'
        )
    return ChosenModel(config, weights, Path(config).stem, is_start=published is None)


def with_weights(
    config: str | Path | Config, wanted_too: Sequence[str] = ()
) -> tuple[str | Path | Config, str]:
    """A config with the file of its weights, which is downloaded unless it is there.

    Args:
        config: Name of a published model, path or packaged name of a config, or a config.
        wanted_too: See :func:`find_checkpoint`.

    Raises:
        UsageError: It names no weights, or they cannot be had.
    """
    if not isinstance(config, (str, Path)):
        if not config.get('load_from'):
            raise UsageError('checkpoint: expected weights of a config without load_from, got none')
        return config, find_checkpoint(config.load_from, wanted_too=wanted_too)
    names = {model.name for model in published_models()}
    named = {'model': str(config)} if str(config) in names else {'config': str(config)}
    chosen = chosen_model(**named)
    return chosen.config, chosen.file(wanted_too=wanted_too)


def default_model(device: torch.device) -> str:
    """Name of the model that suits a device."""
    return ON_GPUS if device.type == 'cuda' else ON_PROCESSORS


def _is_config(name: str) -> bool:
    if name.endswith('.py') or name.startswith('mmpose::'):
        return True
    # A film or a folder, even where a packaged config has the same name.
    if Path(name).exists() or '/' in name or '*' in name:
        return False
    return any(PACKAGED_CONFIGS.resolve().rglob(f'{name}.py'))


def _is_checkpoint(name: str) -> bool:
    return name.partition('?')[0].lower().endswith(CHECKPOINT_SUFFIXES)
