"""Models with published weights: one table, the metafiles that ``model-index.yml`` names.

mim, the documentation and ``--model`` read the same entries. Nothing of mmpose is imported here.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jmpose_mm.downloads import file_name_of_address
from jmpose_mm.engine.configs import PACKAGED_CONFIGS
from jmpose_mm.errors import UsageError
from jmpose_mm.tables import plain_table

__all__ = [
    'PublishedModel',
    'models_table',
    'published_model',
    'published_models',
    'published_weights',
]


class PublishedModel(NamedTuple):
    """A config with weights that anyone may download.

    Attributes:
        name: Short name, for ``--model``.
        config: File name of the config, without its suffix.
        weights: Address of the weights.
        method: Name of the method.
        frames: Number of frames that a pose is made of.
        input: Height x width of the crop in pixels.
        joints: Data set whose joints they are.
        results: AP in percent by the boxes that it was measured on.
        parameters: Millions of weights.
        cpu_time: Milliseconds that one processor core takes for a pose.
    """

    name: str
    config: str
    weights: str
    method: str
    frames: int
    input: str
    joints: str
    results: dict[str, float]
    parameters: float
    cpu_time: float


@cache
def published_models() -> tuple[PublishedModel, ...]:
    """All of them, the fastest first."""
    import yaml

    root = PACKAGED_CONFIGS.parent
    index = yaml.safe_load((root / 'model-index.yml').read_text(encoding='utf-8'))
    found = []
    for file in index['Import']:
        metafile = yaml.safe_load((root / file).read_text(encoding='utf-8'))
        # Only models whose weights can be downloaded have a short name.
        found += [_entry(model) for model in metafile['Models'] if 'Alias' in model]
    return tuple(sorted(found, key=lambda model: model.cpu_time))


def _entry(model: dict[str, Any]) -> PublishedModel:
    known, (result,) = model['Metadata'], model['Results']
    return PublishedModel(
        model['Alias'],
        model['Name'],
        model['Weights'],
        known['Architecture'],
        known['Frames'],
        known['Input'],
        known['Joints'],
        {key.removeprefix('AP, '): value for key, value in result['Metrics'].items()},
        known['Parameters (M)'],
        known['CPU time (ms)'],
    )


def published_model(name: str) -> PublishedModel:
    """The model of a name, short or of its config.

    Raises:
        UsageError: There is none.
    """
    wanted = name.removesuffix('.py').lower()
    models = published_models()
    for model in models:
        if wanted in (model.name, model.config.lower()):
            return model
    names = [model.name for model in models]
    close = get_close_matches(wanted, names, 1)
    hint = f'; did you mean {close[0]}?' if close else ''
    raise UsageError(f'model: expected one of {", ".join(names)}, got {name!r}{hint}')


def published_weights(config: str | Path) -> str | None:
    """The address of the weights of a packaged config; None where none are published."""
    wanted = Path(config)
    for model in published_models():
        # A user's own config of the same name must not get these weights.
        is_packaged = PACKAGED_CONFIGS.resolve() in wanted.resolve().parents
        if model.config == wanted.stem and (is_packaged or wanted.name == str(wanted)):
            return model.weights
    return None


def models_table() -> str:
    """A line for each model, for people."""
    head = ('name', 'method', 'frames', 'input', 'joints', 'AP', 'M', 'ms', 'weights')
    rows: list[tuple[str, ...]] = [head]
    for model in published_models():
        results = ', '.join(f'{value} ({boxes})' for boxes, value in model.results.items())
        rows.append(
            (
                model.name,
                model.method,
                str(model.frames),
                model.input,
                model.joints,
                results,
                f'{model.parameters:g}',
                f'{model.cpu_time:g}',
                file_name_of_address(model.weights),
            )
        )
    return (
        plain_table(rows, left=(0, 1, 3, 4, 5, 8))
        + '\nAP: as their authors or mmpose state it, with the boxes that it was measured on; COCO'
        '\nand PoseTrack are different tasks. M: millions of weights, 4 MB each. ms: a pose on one'
        "\ncore of a processor, with the config's flip test. Weights are not this project's."
    )
