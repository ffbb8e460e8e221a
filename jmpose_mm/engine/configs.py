"""Configs and checkpoints as users name them, and what can be wrong with them."""

from __future__ import annotations

import ast
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jmpose_mm
from jmpose_mm.engine.settings import check_config_file, check_overrides
from jmpose_mm.errors import UsageError, cut, listed, naming

if TYPE_CHECKING:
    from mmengine.config import Config, ConfigDict

__all__ = [
    'PACKAGED_CONFIGS',
    'config_errors',
    'find_config',
    'load_config',
    'pipeline_step',
    'set_work_dir',
    'type_name',
]

PACKAGED_CONFIGS = Path(jmpose_mm.__file__).parent / '.mim' / 'configs'


def find_config(name: str | Path) -> str:
    """The path of a config: `name` where it exists, else the packaged config of that file name.

    ``mmpose::PATH`` is a path below mmpose's configs.

    Raises:
        UsageError: There is no such config, or several.
    """
    name = str(name)
    if Path(name).is_file():
        return name
    if name.startswith('mmpose::'):
        file = _mmpose_configs() / name.removeprefix('mmpose::')
        if not file.is_file():
            raise UsageError(f'config {name!r}: expected a path below {file.parent}, got none')
        return str(file)
    # Of a path that does not exist the name is enough: packaged configs have different names.
    wanted = Path(name).name
    if not wanted.endswith('.py'):
        wanted += '.py'
    found = sorted(PACKAGED_CONFIGS.resolve().rglob(wanted))
    if len(found) == 1:
        folders = Path(name).parent.parts
        if folders and found[0].parent.parts[-len(folders) :] != folders:
            _warn_of_another(name, found[0])
        return str(found[0])
    if found:
        raise UsageError(f'config {name!r} is the name of several: {", ".join(map(str, found))}')
    raise UsageError(
        f'config {name!r} is neither a file nor the name of a packaged config '
        '(`mim search jmpose_mm` lists those)'
    )


def _warn_of_another(name: str, found: Path) -> None:
    from mmengine.logging import print_log

    print_log(
        f'config: {name} does not exist: the packaged config of that name is used, {found}',
        'current',
        logging.WARNING,
    )


def _mmpose_configs() -> Path:
    import mmpose

    return Path(str(mmpose.__file__)).parent / '.mim' / 'configs'


def load_config(
    name: str | Path,
    overrides: Sequence[str] | Mapping[str, Any] | None = (),
    work_dir: str | Path | None = None,
    launcher: str = 'none',
) -> Config:
    """Read a config and apply what the command line changes in any run.

    Args:
        name: A path, or the bare file name of a packaged config.
        overrides: Items ``key.path=value``, or a mapping of paths to values.
        work_dir: Folder of logs and checkpoints. Without it the config decides, else
            ``work_dirs/<name of the config>``.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Raises:
        UsageError: The config does not exist, an override is not an assignment, or a setting would
            do nothing.

    Example:
        >>> cfg = load_config('jm-pose_debug.py', ['train_cfg.max_epochs=3'])
        >>> cfg.train_cfg.max_epochs, cfg.work_dir
        (3, 'work_dirs/jm-pose_debug')
    """
    from mmengine.config import Config

    path = find_config(name)
    with naming(path, 'a config'), warnings.catch_warnings():
        # what mmengine finds bases of other packages by
        warnings.filterwarnings('ignore', 'pkg_resources')
        check_config_file(path)
        try:
            cfg = Config.fromfile(path)
        except ImportError as error:
            raise UsageError(
                f'{path}: {error}; what custom_imports names is found where its folder is in the '
                'environment variable PYTHONPATH'
            ) from error
    overrides = overrides or ()
    changes = dict(overrides) if isinstance(overrides, Mapping) else {}
    if isinstance(overrides, str):  # one item; a loop would take its letters
        overrides = [overrides]
    for item in () if isinstance(overrides, Mapping) else overrides:
        key, equals, value = item.partition('=')
        if not key or not equals:
            raise UsageError(f'cfg_options: expected key=value, got {item!r}')
        changes[key] = _parsed(key, value)
    check_overrides(cfg, changes)
    try:
        cfg.merge_from_dict(changes)
    except (TypeError, KeyError, IndexError) as error:  # a list that is none, or is too short
        raise UsageError(f'cfg_options: {listed(list(changes), 4)}: {cut(error, 300)}') from error
    if launcher != 'none' or 'launcher' not in changes:
        cfg.launcher = launcher
    set_work_dir(cfg, work_dir)
    return cfg


def _parsed(key: str, text: str) -> Any:
    """The value that an override's text stands for, as mmengine reads it, and dictionaries too."""
    from mmengine.config import DictAction

    if text.lstrip(' [(').startswith('{'):
        with suppress(SyntaxError, ValueError):
            return ast.literal_eval(text)
    try:
        value = DictAction._parse_iterable(text)
    # It looks for the commas of what is nested without end.
    except (AssertionError, RecursionError) as error:
        raise UsageError(
            f'cfg_options: {key}: expected a number, a word or a list such as [1,2], got '
            f'{cut(repr(text))}; set what is nested key by key, e.g. {key}.type=...'
        ) from error
    # It takes blanks out, which the names of files have.
    return text.strip('\'"') if isinstance(value, str) else value


def set_work_dir(cfg: Config, folder: str | Path | None = None) -> None:
    """Write the folder of logs and checkpoints into a config that names none, or another one."""
    if folder is not None:
        cfg.work_dir = str(folder)
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs', Path(cfg.filename or 'config').stem))


def type_name(part: Mapping[str, Any]) -> str:
    """Name of the type of a part of a config, without its scope; the type may be the class itself.

    Example:
        >>> type_name({'type': 'mmpose.TopdownAffine'}), type_name({'type': dict}), type_name({})
        ('TopdownAffine', 'dict', '')
    """
    kind = part.get('type', '')
    return str(getattr(kind, '__name__', kind)).rpartition('.')[2]


def pipeline_step(pipeline: Sequence[ConfigDict], name: str) -> ConfigDict:
    """The step of a data pipeline with a type, whatever its scope.

    Raises:
        UsageError: There is none.
    """
    for step in pipeline:
        if type_name(step) == name:
            return step
    raise UsageError(f'config: expected a step {name} in the pipeline, got none')


@contextmanager
def config_errors(cfg: Config, building: bool = False) -> Iterator[None]:
    """Around building and running what `cfg` says: a part that cannot be built is a `UsageError`.

    For a misspelt type or an unknown argument, mmengine raises a `KeyError` or a `TypeError` with
    the names of all classes around it.

    Args:
        cfg: The config.
        building: True where nothing runs yet: whatever fails inside is for a value of the config.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, AssertionError, RuntimeError) as error:
        said = str(error.args[0]) if error.args else ''
        # Errors of the program itself keep their trace.
        built = said.startswith('class `') or '.__init__() ' in said or 'is not in the' in said
        if not built and (not building or _is_of_the_machine(error)):
            raise
        if not built:
            said = f'cannot be built, {type(error).__name__}: {cut(said, 300)}'
        said = re.sub(r'class `(\w+)` in [\w/.-]+\.py: ', r'\1: ', said)
        said = said.split('. Please check', 1)[0]
        if 'is not in the' in said:
            said += (
                '; a class of your own is found where the config says '
                "custom_imports = dict(imports=['my_module']) and the folder of my_module is in "
                'the environment variable PYTHONPATH'
            )
        raise UsageError(f'config {Path(cfg.filename or "").name}: {said}') from error


def _is_of_the_machine(error: Exception) -> bool:
    return type(error).__module__.startswith('jmpose_mm') or any(
        word in f'{type(error).__name__} {error}'
        for word in ('CUDA', 'NCCL', 'gloo', 'OutOfMemory')
    )
