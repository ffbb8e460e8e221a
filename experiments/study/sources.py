"""The digest of the code that makes a result: the modules that runs import, and their configs."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from experiments.study.plan import RUNS
from jmpose_mm.engine.configs import find_config

__all__ = ['imported_modules', 'sources_hash']

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ('jmpose_mm', 'experiments')
# What a run begins with; the queue, the table and the report do not decide a result.
START = 'experiments.study.seed_runs'
# Registries import what they hold by name; inferencers are not of a run.
REGISTRIES, NOT_OF_A_RUN = (
    'jmpose_mm.registry',
    ('jmpose_mm.apis', 'jmpose_mm.visualization.clip_visualizer'),
)


@cache
def sources_hash() -> str:
    """SHA-256 over all that decides a result besides data and plan."""
    digest = hashlib.sha256()
    modules = {name: _without_docstrings(file) for name, file in imported_modules(START).items()}
    configs = {name: Path(name).read_bytes() for name in _configs()}
    for name, content in sorted(modules.items()):
        digest.update(name.encode() + b'\0' + content + b'\0')
    for name, content in sorted(configs.items()):
        digest.update(Path(name).name.encode() + b'\0' + content + b'\0')
    return digest.hexdigest()


def imported_modules(start: str) -> dict[str, Path]:
    """Files by name of all modules of this repository that one imports, itself among them.

    Imports inside of functions count, but not those of a package's ``__init__``: they open doors
    that others go through. So does what the registries import by name.
    """
    found: dict[str, Path] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        file = _file(name)
        if file is None or name in found:
            continue
        found[name] = file
        waiting += [*_imports(name, file), *(name.rpartition('.')[0],)]
    return found


def _file(name: str) -> Path | None:
    if name.partition('.')[0] not in PACKAGES:
        return None
    path = ROOT.joinpath(*name.split('.'))
    files = (path.with_suffix('.py'), path / '__init__.py')
    return next((file for file in files if file.is_file()), None)


def _imports(name: str, file: Path) -> Iterator[str]:
    tree, package = ast.parse(file.read_bytes()), name.split('.')[:-1]
    nodes: Iterator[ast.AST] = ast.walk(tree)
    if file.name == '__init__.py':
        package, nodes = name.split('.'), iter(tree.body if package else ())
        if name.startswith('experiments'):  # the way in from the command line
            return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = '.'.join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f'{module}.{alias.name}' for alias in node.names)
        elif name == REGISTRIES and isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value not in NOT_OF_A_RUN and node.value.startswith('jmpose_mm.'):
                yield node.value


def _configs() -> set[str]:
    """Paths of the runs' configs and of their bases."""
    from mmengine.config import Config

    found: set[str] = set()
    names = {name for run in RUNS for name in (run.config, run.ablation) if name}
    waiting = [find_config(name) for name in names]
    while waiting:
        file = waiting.pop()
        found.add(str(Path(file).resolve()))
        waiting += [Config._get_cfg_path(base, file)[0] for base in Config._get_base_files(file)]
    return found


def _without_docstrings(file: Path) -> bytes:
    """The syntax of a module: words about it, and its layout, decide nothing."""
    tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree).encode()
