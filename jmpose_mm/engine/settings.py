"""Settings that would do nothing: overrides and own config files that miss what is read.

A config file builds ``model`` and ``*_dataloader`` out of pieces (``codec``, ``neck``, ``crop``)
while it is parsed, as mmpose's configs do. The pieces stay behind in the config, and nobody reads
them: whoever changes one afterwards changes nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.errors import UsageError, cut, listed

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['READ_SETTINGS', 'check_config_file', 'check_overrides']

_LOOPS = ('train', 'val', 'test')
READ_SETTINGS = frozenset(
    {
        *(f'{loop}_{part}' for loop in _LOOPS for part in ('dataloader', 'cfg')),
        *('val_evaluator', 'test_evaluator', 'model', 'data_preprocessor', 'model_wrapper_cfg'),
        *('optim_wrapper', 'param_scheduler', 'auto_scale_lr', 'load_from', 'resume', 'launcher'),
        *('default_hooks', 'custom_hooks', 'custom_imports', 'default_scope', 'env_cfg'),
        *('log_processor', 'log_level', 'visualizer', 'randomness', 'experiment_name', 'work_dir'),
        *('sync_bn', 'find_unused_parameters', 'compile', 'runner_type', 'tta_model'),
        *('activation_checkpointing', 'efficient_conv_bn_eval', 'allow_random_frozen'),
    }
)
"""Top-level settings that mmengine's `Runner`, mmpose's tools or this package read."""


def check_overrides(cfg: Config, changes: Mapping[str, Any]) -> None:
    """Refuse overrides that would do nothing; warn of settings that are not there yet.

    Args:
        cfg: The config before the overrides.
        changes: Values by dotted paths.

    Raises:
        UsageError: A path begins at a piece that is not read after parsing; it names the paths
            that hold the piece. Or a switch is set to text.
    """
    for path in changes:
        top, _, rest = path.partition('.')
        if top in cfg and top not in READ_SETTINGS:
            raise UsageError(
                f'cfg_options: {path} has no effect, since the config files copied {top} while '
                f'they were parsed; {_instead(cfg, top, rest)}'
            )
        _check_switch(cfg, path, changes[path])
        _warn_of_a_new_setting(cfg, path)


def _check_switch(cfg: Config, path: str, value: Any) -> None:
    """Any text is true for Python: a switch that is set to ``no`` would be on."""
    if isinstance(value, str) and _found(cfg, path) and isinstance(_value_at(cfg, path), bool):
        raise UsageError(f'cfg_options: {path}: expected true or false, got {cut(repr(value))}')


def _instead(cfg: Config, top: str, rest: str) -> str:
    """What to set in place of a piece."""
    places = [
        f'{place}.{rest}' if rest else place
        for key in cfg
        if key in READ_SETTINGS
        for place in _holders(cfg[key], key, top, cfg[top])
    ]
    known = [place for place in places if _found(cfg, place)]
    if known:
        return f'set {listed(known, 12)}'
    return 'change what was made of it, in a config file of your own'


def _holders(tree: Any, path: str, name: str, piece: Any) -> Iterator[str]:
    """Paths in `tree` of values that are, or contain, a piece: by its name or its settings."""
    if _holds_piece(tree, piece, path.rpartition('.')[2] == name):
        yield path
        return
    items: Any = ()
    if isinstance(tree, Mapping):
        items = tree.items()
    elif isinstance(tree, (list, tuple)):
        items = enumerate(tree)
    for key, value in items:
        yield from _holders(value, f'{path}.{key}', name, piece)


def _holds_piece(value: Any, piece: Any, same_name: bool) -> bool:
    if isinstance(piece, (Mapping, list, tuple)) and piece and value == piece:
        return True
    if isinstance(piece, Mapping):
        # most of it: the copy may say more, or some of it otherwise
        other = value if isinstance(value, Mapping) else {}
        shared = [key for key in piece if key in other and other[key] == piece[key]]
        return bool(shared) and 'type' in shared if 'type' in piece else bool(shared) and same_name
    if isinstance(piece, (list, tuple)) and len(piece) > 0:
        return type(value) in (list, tuple) and (list(value) == list(piece) or same_name)
    return same_name or (isinstance(piece, str) and len(piece) > 1 and value == piece)


def _found(cfg: Config, path: str) -> bool:
    """Whether there is a value at a path; a name that a type's default stands for is none."""
    value: Any = cfg
    for key in path.split('.'):
        if isinstance(value, (list, tuple)):
            if not key.lstrip('-').isdigit() or int(key) >= len(value):
                return False
            value = value[int(key)]
        elif isinstance(value, Mapping) or hasattr(value, '_cfg_dict'):
            if key not in value:
                return False
            value = value[key]
        else:
            return False
    return True


def _value_at(cfg: Config, path: str) -> Any:
    value: Any = cfg
    for key in path.split('.') if path else ():
        value = value[int(key)] if isinstance(value, (list, tuple)) else value[key]
    return value


def _warn_of_a_new_setting(cfg: Config, path: str) -> None:
    keys = path.split('.')
    depth = next((n for n in range(1, len(keys) + 1) if not _found(cfg, '.'.join(keys[:n]))), 0)
    if not depth:
        return
    parent = _value_at(cfg, '.'.join(keys[: depth - 1]))
    if depth == 1 and keys[0] in READ_SETTINGS:
        return
    there = list(map(str, parent)) if isinstance(parent, Mapping) or depth == 1 else []
    if depth == 1:
        there = sorted({*there, *READ_SETTINGS})
    near = get_close_matches(keys[depth - 1], there, cutoff=0.5) or (there if depth > 1 else [])
    unread = ': nothing reads it, so that it has no effect' if depth == 1 else ''
    _warn(
        f'cfg_options: {".".join(keys[:depth])} is not in the config yet{unread}; '
        f'nearest: {listed(near, 4) or "none"}'
    )


def check_config_file(file: str | Path) -> None:
    """Refuse a config file, or one of its bases, that sets an inherited piece and leaves it unused.

    Args:
        file: A Python config; others, and mmengine's lazy ones, are not looked at.

    Raises:
        UsageError: A piece of a base is set anew, and neither the file nor one that inherits from
            it reads the new one.
    """
    _check_chain(Path(file), frozenset())


def _check_chain(file: Path, used_above: frozenset[str]) -> set[str]:
    """Check a file and its bases; all names that they set."""
    from mmengine.config import Config

    if file.suffix != '.py' or Config._is_lazy_import(str(file)):
        return set()
    tree = ast.parse(file.read_text(encoding='utf-8'))
    assigned = _assigned(tree)
    used = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    of_base = _read_of_base(tree)
    inherited: set[str] = set()
    for base in Config._get_base_files(str(file)):
        path, scope = Config._get_cfg_path(base, str(file))
        if scope is None or Path(path).is_file():
            inherited |= _check_chain(Path(path), used_above | of_base)
    for name in sorted(assigned - used - used_above - READ_SETTINGS):
        if name in inherited and '_base_' in file.parts:
            continue  # such a file has pieces for several kinds of configs
        if name in inherited:
            raise UsageError(
                f'{file}: {name} has no effect, since the files in _base_ copied theirs while they '
                f'were parsed; set what is made of it, e.g. {_example(file, name)}'
            )
        near = get_close_matches(name, [*READ_SETTINGS, *inherited], n=1, cutoff=0.8)
        if near:
            _warn(
                f'{cut(file)}: nothing reads {name}, so that it has no effect; nearest: {near[0]}'
            )
    return assigned | inherited


def _assigned(tree: ast.Module) -> set[str]:
    targets: list[ast.expr] = []
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets += node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets.append(node.target)
    names = {
        node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)
    }
    return {name for name in names if not name.startswith('_')}


def _read_of_base(tree: ast.Module) -> frozenset[str]:
    """Names that a file reads of its bases, as ``_base_.name`` or ``{{_base_.name}}``."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found |= {node.attr} if node.value.id == '_base_' else set()
    return frozenset(found)


def _example(file: Path, name: str) -> str:
    """Where the effective config holds what the bases made of a piece."""
    from mmengine.config import Config

    bases = [Config._get_cfg_path(base, str(file))[0] for base in Config._get_base_files(str(file))]
    for base in bases:
        cfg = Config.fromfile(base)
        if name in cfg:
            return _instead(cfg, name, '').removeprefix('set ')
    return f'model or the dataloaders, with {name} in it'


def _warn(text: str) -> None:
    import logging

    from mmengine.logging import print_log

    print_log(text, logger='current', level=logging.WARNING)
