"""What a model starts a training with: weights that were loaded, are new, or are frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from jmpose_mm.errors import listed
from jmpose_mm.tables import plain_table

__all__ = [
    'ModelPart',
    'adopt_layout',
    'named_weights',
    'other_joints',
    'parts_of_model',
    'start_table',
]

# Where other programs put the weights in their checkpoints; mmengine looks for the first.
_WEIGHTS = ('state_dict', 'model', 'model_state_dict', 'ema_state_dict', 'state_dict_ema', 'net')
_HEATMAP_LAYERS = (
    *('neck.heatmap_layer.bias', 'head.final_layer.bias', 'keypoint_head.final_layer.bias'),
)
_PARTS = ('backbone.', 'neck.', 'head.', 'keypoint_head.')


class ModelPart(NamedTuple):
    """Weights of a model that are trained, or frozen, together.

    Attributes:
        name: Dotted name of the sub-module.
        is_frozen: True if it gets no gradient.
        size: Number of parameters.
        loaded: Names of the weights that were loaded.
        new: Names of the weights that start as the model initialises them.
    """

    name: str
    is_frozen: bool
    size: int
    loaded: tuple[str, ...]
    new: tuple[str, ...]


def adopt_layout(checkpoint: dict[str, Any], names: Collection[str]) -> str:
    """Bring a checkpoint into mmengine's layout, in place: ``state_dict`` with this model's names.

    Weights under another key, names behind a prefix (``module.``, ``model.``, ...) and those of a
    bare backbone are recognised. What is not stays as it is.

    Args:
        checkpoint: Weights, or a mapping that has them.
        names: Names of the model's own weights.

    Returns:
        What was changed, in words; empty if nothing.
    """
    said = []
    key = next((k for k in _WEIGHTS if _is_weights(checkpoint.get(k))), None)
    if key is not None and key != 'state_dict':
        checkpoint['state_dict'] = checkpoint.pop(key)
        said.append(f'weights under {key!r}')
    weights = checkpoint['state_dict'] if key is not None else checkpoint
    if not _is_weights(weights):
        return ''
    prefix = _prefix(weights)
    if prefix:
        said.append(f'names without {prefix!r}')
        _rename(weights, lambda name: name.removeprefix(prefix))
    elif _is_bare_backbone(weights, names):
        said.append("names with 'backbone.'")
        _rename(weights, lambda name: f'backbone.{name}')
    return ', '.join(said)


def _is_weights(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(v, Tensor) for v in value.values())


def _prefix(names: Iterable[str]) -> str:
    """What stands before the parts of the model in all names that have one."""
    found = set()
    for name in names:
        places = [name.find(part) for part in _PARTS if part in name]
        if places:
            found.add(name[: min(places)])
    (prefix,) = found if len(found) == 1 else ('',)
    return prefix if prefix.endswith('.') else ''


def _is_bare_backbone(weights: Iterable[str], names: Collection[str]) -> bool:
    weights = list(weights)
    # A model of other parts, such as one of mmengine's own, has the names as they are.
    if any(name.startswith(_PARTS) or name in names for name in weights):
        return False
    # Twice: inside DeconvBackbone the backbone is one level down.
    own = {name.removeprefix('backbone.').removeprefix('backbone.') for name in names}
    return any(name in own for name in weights)


def _rename(weights: Any, renamed: Any) -> None:
    for name in list(weights):
        weights[renamed(name)] = weights.pop(name)


def other_joints(checkpoint: Mapping[str, Any], weights: Mapping[str, Tensor]) -> str:
    """Say where a checkpoint predicts another number of joints than a model.

    Args:
        checkpoint: The weights of a checkpoint by name.
        weights: The model's by name.

    Returns:
        A clause that begins with a semicolon; empty where the numbers agree or are unknown.
    """
    counts = [
        next((len(some[name]) for name in _HEATMAP_LAYERS if _has_rows(some.get(name))), None)
        for some in (checkpoint, weights)
    ]
    if None in counts or counts[0] == counts[1]:
        return ''
    return f'; the checkpoint predicts {counts[0]} joints, and the model {counts[1]}'


def _has_rows(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dim() > 0


def named_weights(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of a model's state themselves, by name, without counters of batches."""
    state = model.state_dict(keep_vars=True)
    return {name: value for name, value in state.items() if value.is_floating_point()}


def parts_of_model(model: nn.Module, loaded: Collection[str]) -> list[ModelPart]:
    """The weights of a model by what becomes of them.

    A sub-module of which some weights are frozen is two parts, and the frozen ones have the names
    of the modules below.
    """
    parameters = dict(model.named_parameters())
    # Statistics of a normalisation are frozen or trained with its weights.
    owners = {name.rpartition('.')[0]: p for name, p in parameters.items()}
    weights = {
        name: parameters.get(name, owners.get(name.rpartition('.')[0]))
        for name in named_weights(model)
    }
    frozen = {name: not p.requires_grad for name, p in weights.items() if p is not None}
    kinds: dict[str, set[bool]] = {}
    for name, is_frozen in frozen.items():
        kinds.setdefault(name.partition('.')[0], set()).add(is_frozen)
    groups: dict[tuple[str, bool], list[str]] = {}
    for name, is_frozen in frozen.items():
        steps = name.split('.')
        depth = 2 if is_frozen and len(kinds[steps[0]]) == 2 and len(steps) > 2 else 1
        groups.setdefault(('.'.join(steps[:depth]), is_frozen), []).append(name)
    return [
        ModelPart(
            name,
            is_frozen,
            sum(parameters[n].numel() for n in members if n in parameters),
            tuple(n for n in members if n in loaded),
            tuple(n for n in members if n not in loaded),
        )
        for (name, is_frozen), members in groups.items()
    ]


def start_table(parts: Iterable[ModelPart], source: str) -> str:
    """One line for each part: how large, trained or frozen, and where its weights are from."""
    rows = [('part', 'parameters', '', 'starts with')]
    for part in parts:
        start = f'weights of {source}' if part.loaded else 'new weights'
        if part.loaded and part.new:
            start += f'; new: {listed(part.new, 3)}'
        state = 'frozen' if part.is_frozen else 'trained'
        rows.append((part.name, f'{part.size:,}', state, start))
    return plain_table(rows, left=(0, 2, 3))
