"""Released weights of the methods here and of PoseTrack HRNets, converted both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.apis.official_names import DROPPED, NAMES
from jmpose_mm.engine.checkpoints import check_weights, read_checkpoint
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError
from jmpose_mm.whole_files import check_output, whole_file

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ['CONFIGS', 'convert_checkpoint', 'read_state_dict', 'rename']

CONFIGS = {
    'fami-pose': 'fami-pose_hrnet-w48_1xb48-21e_posetrack17-384x288.py',
    'tdmi': 'tdmi_hrnet-w48_1xb30-20e_posetrack17-384x288.py',
    'dcpose': 'dcpose_hrnet-w48_2xb32-20e_posetrack17-384x288.py',
    'posewarper': 'posewarper_hrnet-w48_8xb8-20e_posetrack18-384x288.py',
    'hrnet': 'single-frame_hrnet-w48_1xb30-20e_posetrack18-384x288.py',
}
_HRNET_W32 = 'single-frame_hrnet-w32_1xb30-20e_posetrack18-256x192.py'
# Left by DataParallel and by the authors' evaluators.
_WRAPPERS = ('module.', 'preact.')


def convert_checkpoint(
    method: str, source: str | Path, target: str | Path, reverse: bool = False
) -> Path:
    """Write released weights as a checkpoint that loads strictly into the method's config here.

    Args:
        method: A key of :data:`CONFIGS`.
        source: A state dict, bare or in a training checkpoint, with or without ``module.``.
        target: Where to. Ours is ``{'state_dict': ...}``; the official form is a bare state dict.
        reverse: From ours to the official names.

    Returns:
        ``target``.

    Raises:
        UsageError: The source cannot be read, or its entries are not exactly those of the network;
            the message lists them by name. Nothing is written then.
    """
    import torch

    if method not in NAMES:
        raise UsageError(f'method: expected one of {sorted(NAMES)}, got {method!r}')
    target = Path(target)
    state = read_state_dict(source)
    if not reverse:
        state = {name: value for name, value in state.items() if not _below(name, DROPPED)}
    renamed = rename(state, NAMES[method], reverse)
    problems = _differences(renamed, _expected_shapes(method, state), reverse)
    if problems:
        hint = '' if reverse else _looks_like(state, method)
        raise UsageError('\n  '.join([f'{source} is not a {method} checkpoint{hint}:', *problems]))
    converted = {after: value for (_, after), value in renamed.items()}
    check_output(target, [source], 'target')
    with whole_file(target) as unfinished:
        torch.save(converted if reverse else {'state_dict': converted, 'meta': {}}, unfinished)
    return target


def read_state_dict(source: str | Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint file by name, without what wrappers put before the names.

    Raises:
        UsageError: There is no such file, torch's safe loading refuses it, or it holds no tensors.
    """
    content = read_checkpoint(source)
    weights = content.get('state_dict', content)
    check_weights(weights, source)
    return {_unwrapped(str(name)): value for name, value in weights.items()}


def rename(
    state: Mapping[str, Any], names: list[tuple[str, str]], reverse: bool = False
) -> dict[tuple[str, str], Any]:
    """Values by (name in the source, name in the target); the latter is '' where no rule fits."""
    pairs = sorted(
        ((here, there) if reverse else (there, here) for there, here in names),
        key=lambda pair: -len(pair[0]),
    )

    def target_of(name: str) -> str:
        for before, after in pairs:
            if _below(name, (before,)):
                rest = name[len(before) :].lstrip('.')
                return f'{after}.{rest}' if after else rest
        return ''

    return {(name, target_of(name)): value for name, value in state.items()}


def _below(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(not p or name == p or name.startswith(f'{p}.') for p in prefixes)


def _unwrapped(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def _expected_shapes(method: str, state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shapes of every entry of our model; the width of a bare HRNet decides between two."""
    from mmengine.registry import init_default_scope

    from jmpose_mm.registry import MODELS

    config = CONFIGS[method]
    widths = [v.shape[0] for k, v in state.items() if k.endswith('transition1.0.0.weight')]
    if method == 'hrnet' and widths == [32]:
        config = _HRNET_W32
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
