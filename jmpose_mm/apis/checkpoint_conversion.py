"""Released weights of the methods here and of PoseTrack HRNets, converted both ways."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.apis.official_names import COPIES, DROPPED, NAMES
from jmpose_mm.engine.checkpoints import check_weights, read_checkpoint
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError
from jmpose_mm.whole_files import check_output, whole_file

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ['CONFIGS', 'config_for', 'convert_checkpoint', 'read_state_dict', 'rename_parameters']

CONFIGS = {
    'fami-pose': 'fami-pose_hrnet-w48_1xb48-21e_posetrack17-384x288.py',
    'tdmi': 'tdmi_hrnet-w48_1xb30-20e_posetrack17-384x288.py',
    'dcpose': 'dcpose_hrnet-w48_2xb32-20e_posetrack17-384x288.py',
    'posewarper': 'posewarper_hrnet-w48_8xb8-20e_posetrack18-384x288.py',
    'tar-vitpose': 'tar-released_vit-base_1xb16-30e_posetrack17-384x288.py',
    'hrnet': 'single-frame_hrnet-w48_1xb30-20e_posetrack18-384x288.py',
}
# Of a method, its other width: the end of the name of an entry that tells, its size there, config.
_NARROW = {
    'hrnet': (
        'transition1.0.0.weight',
        32,
        'single-frame_hrnet-w32_1xb30-20e_posetrack18-256x192.py',
    ),
    'tar-vitpose': (
        'ln1.bias',
        384,
        'tar-released_vit-small_1xb16-30e_posetrack17-384x288.py',
    ),
}
# Where training programs keep the weights.
_CONTAINERS = ('state_dict', 'model_state_dict')
# Left by DataParallel and by the authors' evaluators.
_WRAPPERS = ('module.', 'preact.')


def convert_checkpoint(
    method: str, source: str | Path, target: str | Path, reverse: bool = False
) -> Path:
    """Write released weights as a checkpoint that loads strictly into the method's config here.

    Args:
        method: ``'fami-pose'``, ``'tdmi'``, ``'dcpose'``, ``'posewarper'``, ``'tar-vitpose'`` or
            ``'hrnet'``.
        source: A state dict, bare or in a training checkpoint, with or without ``module.``. What a
            release holds twice is checked, and left out until the way back.
        target: File to write. Ours is ``{'state_dict': ...}``; the official form is a bare state
            dict.
        reverse: From ours to the official names.

    Returns:
        ``target``.

    Raises:
        UsageError: The source cannot be read, or its entries are not exactly those of the network;
            the message lists them by name. Nothing is written then.

    Example:
        >>> convert_checkpoint('alphapose', 'theirs.pth', 'ours.pth')
        Traceback (most recent call last):
        jmpose_mm.errors.UsageError: method: expected one of ...
    """
    import torch

    if method not in NAMES:
        raise UsageError(f'method: expected one of {sorted(NAMES)}, got {method!r}')
    target = Path(target)
    state = read_state_dict(source)
    copies = bool(reverse and COPIES.get(method)) and _had_copies(source)
    if not reverse:
        state = {name: value for name, value in state.items() if not _below(name, DROPPED)}
        # Whether there were copies is kept, so that the way back gives the same entries.
        count, state = len(state), _without_copies(state, method)
        copies = len(state) < count
    renamed = rename_parameters(state, NAMES[method], reverse)
    problems = _differences(renamed, _expected_shapes(method, state), reverse)
    if problems:
        hint = '' if reverse else _looks_like(state, method)
        raise UsageError('\n  '.join([f'{source} is not a {method} checkpoint{hint}:', *problems]))
    converted = {after: value for (_, after), value in renamed.items()}
    content: dict[str, Any] = {'state_dict': converted, 'meta': {'copies': copies}}
    if reverse:
        content = _with_copies(converted, method) if copies else converted
    check_output(target, [source], 'target')
    # torch's own writing calls a full disk an unexpected position
    encoded = io.BytesIO()
    torch.save(content, encoded)
    with whole_file(target) as unfinished:
        unfinished.write_bytes(encoded.getbuffer())
    return target


def read_state_dict(source: str | Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint file by name, without what wrappers put before the names.

    Raises:
        UsageError: There is no such file, torch's safe loading refuses it, or it holds no tensors.
    """
    content = read_checkpoint(source)
    containers = [content[name] for name in _CONTAINERS if name in content]
    weights = containers[0] if containers else content
    check_weights(weights, source)
    return {_unwrapped(str(name)): value for name, value in weights.items()}


def rename_parameters(
    state: Mapping[str, Any], names: list[tuple[str, str]], reverse: bool = False
) -> dict[tuple[str, str], Any]:
    """Values by (name in the source, name in the target); the latter is '' where no rule fits."""
    pairs = sorted(
        ((here, there) if reverse else (there, here) for there, here in names),
        # The longest first: a part's own rule goes before that of the part that it is in.
        key=lambda pair: -len(pair[0]),
    )

    def new_name(name: str) -> str:
        for before, after in pairs:
            if _below(name, (before,)):
                rest = name[len(before) :].lstrip('.')
                return f'{after}.{rest}' if after else rest
        return ''

    return {(name, new_name(name)): value for name, value in state.items()}


def _below(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(not p or name == p or name.startswith(f'{p}.') for p in prefixes)


def _unwrapped(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def config_for(method: str, state: Mapping[str, Tensor]) -> str:
    """The config that a state dict, converted or not, fits by its width."""
    leaf, width, narrow = _NARROW.get(method, ('', 0, ''))
    widths = {value.shape[0] for name, value in state.items() if leaf and name.endswith(leaf)}
    return narrow if widths == {width} else CONFIGS[method]


def _without_copies(state: dict[str, Tensor], method: str) -> dict[str, Tensor]:
    """Raises where a copy is not one."""
    names = rename_parameters(state, COPIES.get(method, []))
    for name, original in names:
        if original and not _equal(state.get(original), state[name]):
            raise UsageError(f'{name}: expected a copy of {original}, got other values')
    return {name: state[name] for name, original in names if not original}


def _equal(one: Tensor | None, other: Tensor) -> bool:
    return one is not None and one.shape == other.shape and bool((one == other).all())


def _had_copies(source: str | Path) -> bool:
    """Whether the official file that a checkpoint was made of did; True of one trained here."""
    meta = read_checkpoint(source).get('meta') or {}
    return bool(meta.get('copies', True))


def _with_copies(state: dict[str, Tensor], method: str) -> dict[str, Tensor]:
    copies = rename_parameters(state, COPIES.get(method, []), reverse=True)
    return state | {copy: state[name] for name, copy in copies if copy}


def _expected_shapes(method: str, state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shapes of every entry of our model."""
    from mmengine.registry import init_default_scope

    from jmpose_mm.registry import MODELS

    config = config_for(method, state)
    init_default_scope('mmpose')
    model = MODELS.build(load_config(config).model)
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def _differences(
    renamed: Mapping[tuple[str, str], Tensor],
    expected: Mapping[str, tuple[int, ...]],
    reverse: bool,
) -> list[str]:
    """One line for each entry that is unknown, missing or of another shape."""
    here = 0 if reverse else 1
    unknown = [pair[0] for pair in renamed if pair[here] not in expected or not pair[1]]
    misshapen = [
        f'shape   {pair[0]}: expected {expected[pair[here]]}, got {tuple(value.shape)}'
        for pair, value in renamed.items()
        if pair[here] in expected and tuple(value.shape) != expected[pair[here]]
    ]
    present = Counter(pair[here] for pair in renamed)
    return [
        *(f'unknown {name}' for name in unknown),
        *(f'missing {name} (its name here)' for name in expected if name not in present),
        *(f'twice   {name} (its name here)' for name in expected if present[name] > 1),
        *misshapen,
    ]


def _looks_like(state: Mapping[str, Tensor], method: str) -> str:
    """A hint where the names are those of another method."""

    for other in ('fami-pose', 'tdmi', 'dcpose'):
        heads = (*(there for there, _ in NAMES[other]), *DROPPED)
        if other != method and all(_below(name, heads) for name in state):
            return f'; its names are those of {other}'
    return ''
