"""What a result was made of, as plain values for its file: weights, settings, data, versions."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.downloads import downloaded_file
from jmpose_mm.engine.checkpoints import weights_folder
from jmpose_mm.errors import without_credentials
from jmpose_mm.whole_files import file_digest

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['checkpoint_record', 'config_record', 'data_record', 'run_record']

# Top-level settings that say where files go or how processes start, not what is computed.
_NOT_COMPUTED = ('work_dir', 'launcher', 'resume', 'experiment_name')
_VERSIONED = ('jmpose_mm', 'torch', 'numpy', 'cv2', 'mmcv', 'mmengine', 'mmpose')


def run_record(cfg: Config, checkpoint: str | Path | None, dataset: Any = None) -> dict[str, Any]:
    """What a reader needs to tell what was run.

    Args:
        cfg: The resolved config, after all overrides.
        checkpoint: Path or address of the weights; None for a random start.
        dataset: The data set that was evaluated, if there is one.

    Returns:
        JSON values: ``config``, ``checkpoint``, ``versions``, and ``data`` where there is a data
        set; see the functions of this module.
    """
    record = {
        'config': config_record(cfg),
        'checkpoint': None if checkpoint is None else checkpoint_record(checkpoint),
        'versions': versions(),
    }
    return record if dataset is None else {**record, 'data': data_record(dataset)}


def config_record(cfg: Config) -> dict[str, str]:
    """File name of a config, and the SHA-256 of its settings.

    Equal settings have equal digests, in whichever file or order they are written; where outputs go
    does not count.
    """
    settings = {k: v for k, v in cfg.to_dict().items() if k not in _NOT_COMPUTED}
    text = json.dumps(settings, sort_keys=True, default=_type_name)
    return {
        'name': Path(cfg.filename or '').name,
        'sha256': hashlib.sha256(text.encode()).hexdigest(),
    }


def checkpoint_record(checkpoint: str | Path) -> dict[str, str | None]:
    """Path or address of a checkpoint, without user and password, and the SHA-256 of its bytes.

    The digest of an address is that of the downloaded file; None before it is there.
    """
    name, file = str(checkpoint), Path(checkpoint)
    if '://' in name:
        found = downloaded_file(name, weights_folder())
        return {
            'name': without_credentials(name),
            'sha256': None if found is None else file_digest(found),
        }
    return {'name': name, 'sha256': file_digest(file) if file.is_file() else None}


def data_record(dataset: Any) -> dict[str, Any]:
    """Name of a data set, its annotation file (the split), its numbers of samples and images."""
    record = {
        'name': getattr(dataset, 'metainfo', {}).get('dataset_name'),
        'annotations': Path(getattr(dataset, 'ann_file', None) or '').name,
        'samples': len(dataset),
    }
    if hasattr(dataset, 'get_data_info'):
        infos = (dataset.get_data_info(index) for index in range(len(dataset)))
        record['images'] = len({info.get('img_path') for info in infos})
    return record


def versions() -> dict[str, str]:
    """Version of Python and of each package that decides numbers."""
    found = {name: getattr(import_module(name), '__version__', 'unknown') for name in _VERSIONED}
    return {'python': platform.python_version(), **found}


def _type_name(value: Any) -> str:
    """Stands for a value that JSON does not know; never its address in memory."""
    name = getattr(value, '__qualname__', type(value).__qualname__)
    return f'{getattr(value, "__module__", type(value).__module__)}.{name}'
