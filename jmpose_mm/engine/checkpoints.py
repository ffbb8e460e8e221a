"""Checkpoint files: found, read as data alone, and checked before a model takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from jmpose_mm.downloads import download
from jmpose_mm.errors import UsageError, cut, listed, naming, without_credentials

__all__ = [
    'check_finite',
    'check_weights',
    'checkpoint_fits',
    'checkpoints_in_order',
    'find_checkpoint',
    'read_checkpoint',
    'weights_folder',
]

_REAL = ('weight', 'bias', 'running_mean', 'running_var')

_SCHEMES = ('http://', 'https://')
_EXPECTED = 'a checkpoint of tensors and plain types'


def find_checkpoint(
    name: str | Path, folder: str | Path | None = None, wanted_too: Sequence[str] = ()
) -> str:
    """A checkpoint where mmengine can read it.

    Args:
        name: A path or an address; of a folder that a training wrote, its best checkpoint is taken,
            or the last where it has judged none. What an http address names is downloaded once, see
            :func:`jmpose_mm.downloads.download`.
        folder: Folder of what is downloaded; None for torch's folder of checkpoints.
        wanted_too: Addresses of files that an error names too, see
            :func:`jmpose_mm.downloads.download`.

    Returns:
        The path, or an address of another scheme as it is.

    Raises:
        UsageError: It is a path without a file, or nothing comes from the address.
    """
    name = str(name)
    # Here, not by mmengine: a download is checked, and kept whole or not at all.
    if name.startswith(_SCHEMES):
        return str(download(name, folder or weights_folder(), wanted_too))
    if Path(name).is_dir():
        return str(_best_checkpoint(Path(name)))
    if '://' in name or Path(name).is_file():
        return name
    found = 'is no regular file' if Path(name).exists() else 'does not exist'
    raise UsageError(f'checkpoint {name!r} {found}')


def _best_checkpoint(folder: Path) -> Path:
    """The newest of the best checkpoints of a training, else the last of all."""
    # A training that judged its checkpoints has one that it calls the best.
    best = [file for file in folder.glob('best_*.pth') if file.is_file()]
    if best:
        return max(best, key=lambda file: file.stat().st_mtime)
    for template in ('epoch_{}.pth', 'iter_{}.pth'):
        if found := checkpoints_in_order(folder, template):
            return found[0]
    raise UsageError(f'checkpoint {str(folder)!r}: expected a checkpoint in this folder, got none')


def checkpoints_in_order(folder: str | Path, template: str = '*_{}.pth') -> list[Path]:
    """Checkpoints of a training, the last one first.

    Within a kind, of epochs or of iterations, it goes by number and not by time: the files of a
    copied folder have new times. What an earlier training in the same folder left is not among
    them: its files have higher numbers than the last one written, and are older.

    Args:
        folder: Where the checkpoints are.
        template: File name, with ``{}`` for the number of epochs or iterations.
    """
    pattern = re.compile(r'(\d+)'.join(map(re.escape, template.replace('*', '').split('{}'))) + '$')
    files = [
        (pattern.sub('', file.name), int(match[1]), file.stat().st_mtime, file)
        for file in Path(folder).glob(template.format('*'))
        if file.is_file() and (match := pattern.search(file.name))
    ]
    # Epochs and iterations are counted apart: the newest file's kind comes first.
    latest: dict[str, float] = {}
    for kind, _, time, _ in files:
        latest[kind] = max(time, latest.get(kind, time))
    files.sort(key=lambda one: (latest[one[0]], one[1]), reverse=True)
    last = _last_written(Path(folder))
    known = {file.name: (kind, number, time) for kind, number, time, file in files}
    last_kind, last_number, last_time = known.get(last, ('', 0, 0.0))
    return [
        file
        for kind, number, time, file in files
        if kind != last_kind or number <= last_number or time >= last_time
    ]


def _last_written(folder: Path) -> str:
    """The file name in mmengine's note, wherever the folder was then; empty without one."""
    note = folder / 'last_checkpoint'
    text = note.read_text(encoding='utf-8', errors='replace') if note.is_file() else ''
    return re.split(r'[/\\]', text.strip())[-1]


def weights_folder() -> Path:
    """Torch's folder of checkpoints, where downloaded weights are kept."""
    from torch import hub

    return Path(hub.get_dir(), 'checkpoints')


def read_checkpoint(file: str | Path) -> dict[str, Any]:
    """The content of a checkpoint file, on the processor; nothing in it is run.

    Raises:
        UsageError: There is no such file, it is damaged, holds more than tensors and plain types,
            or is no dictionary.
    """
    from jmpose_mm.host.safe_loading import load_data

    path = find_checkpoint(file)
    with naming(path, _EXPECTED):
        try:
            content = load_data(path, map_location='cpu')
        except UnpicklingError as error:
            # torch's own message advises to switch the safe loading off
            raise UsageError(f'{path}: expected {_EXPECTED}, got something else') from error
    if not isinstance(content, dict):
        raise UsageError(f'{path}: expected {_EXPECTED}, got a {type(content).__name__}')
    return content


def check_weights(weights: Any, file: str | Path) -> None:
    """Raise `UsageError` unless `weights` are named tensors of finite numbers, at least one."""
    import torch

    if not isinstance(weights, Mapping) or not weights:
        found = 'none' if isinstance(weights, Mapping) else f'a {type(weights).__name__}'
        raise UsageError(f'{file}: expected named weights (a state dict), got {found}')
    strange = [name for name, value in weights.items() if not isinstance(value, torch.Tensor)]
    if strange:
        kind = type(weights[strange[0]]).__name__
        raise UsageError(f'{file}: expected weights to be tensors, got a {kind}: {listed(strange)}')
    check_finite(weights, file)


def check_finite(weights: Mapping[str, Any], file: str | Path) -> None:
    """Raise `UsageError` where a tensor in `weights` holds NaN or infinity, or has been rounded."""
    import torch

    tensors = {name: value for name, value in weights.items() if isinstance(value, torch.Tensor)}
    broken = [n for n, v in tensors.items() if v.is_floating_point() and not v.isfinite().all()]
    if broken:
        raise UsageError(
            f'{file}: expected finite weights, got NaN or infinity in {len(broken)} of '
            f'{len(tensors)}: {listed(broken, 4)}; the training that wrote it diverged'
        )
    rounded = [
        name
        for name, value in tensors.items()
        if name.rpartition('.')[2] in _REAL and not value.is_floating_point()
    ]
    if rounded:
        kind = str(tensors[rounded[0]].dtype).removeprefix('torch.')
        raise UsageError(
            f'{file}: expected real numbers as weights, got {kind} in {len(rounded)} of '
            f'{len(tensors)}: {listed(rounded, 4)}; quantised weights are not read'
        )


@contextmanager
def checkpoint_fits(name: str | Path) -> Iterator[None]:
    """Around loading a checkpoint: what fails inside becomes a `UsageError` that names it."""
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        # lists of a thousand names of weights
        said = re.sub(
            r'(?:[^\s,]+, ){6,}[^\s,]+', lambda m: listed(m[0].split(', '), 5), f'{error}'
        )
        raise UsageError(
            f'checkpoint {without_credentials(str(name))!r} does not fit the model of the config, '
            f'or is no complete checkpoint of tensors and plain types: {cut(said, 600)}'
        ) from error
