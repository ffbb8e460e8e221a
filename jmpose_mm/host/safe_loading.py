"""Has mmengine's loaders read data alone: tensors and plain types, no code in any form.

mmengine 0.10.7 does not say ``weights_only``: before torch 2.6 that ran pickled code, and what is
read from an address runs it still. And on resuming it runs the text in ``meta['config']`` as a
Python config, whatever torch thinks of the file. So its module of checkpoints gets a `torch` whose
`load` is the safe one, and that text is left out of what is read. Nothing else sees that `torch`.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

from jmpose_mm.errors import UsageError

__all__ = ['load_data', 'make_loaders_safe']


def load_data(file: Any, *arguments: Any, **options: Any) -> Any:
    """``torch.load`` of tensors and plain types, without what mmengine would run as code.

    Args:
        file: A path, or a binary stream.
        arguments: Arguments of ``torch.load``.
        options: Options of ``torch.load``; ``weights_only`` is always true.

    Raises:
        UsageError: It is an archive of torch 0.1, which torch before 2.6 reads unsafely.
    """
    import torch

    # Of tar archives torch before 2.6 unpickles everything, whatever `weights_only` says.
    if isinstance(file, (str, Path)) and tarfile.is_tarfile(file):
        raise UsageError(f'{file}: expected a checkpoint, got a tar archive')
    content = torch.load(file, *arguments, **{**options, 'weights_only': True})
    meta = content.get('meta') if isinstance(content, dict) else None
    if isinstance(meta, dict):
        # mmengine parses this text as a Python config on resuming, which runs it.
        meta.pop('config', None)
    return content


def _load_address(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    **options: Any,
) -> Any:
    """Download a file once, into torch's folder of checkpoints, and read it."""
    from torch import hub

    from jmpose_mm.downloads import download

    folder = Path(model_dir or Path(hub.get_dir(), 'checkpoints'))
    return load_data(str(download(url, folder)), map_location=map_location)


class _DataOnlyTorch(ModuleType):
    """All of torch, with `load_data` in the place of its `load`."""

    load = staticmethod(load_data)

    def __getattr__(self, name: str) -> Any:
        import torch

        return getattr(torch, name)


def make_loaders_safe() -> None:
    """Have every loader of ``mmengine.runner.checkpoint`` read with `load_data`."""
    from mmengine.runner import checkpoint

    if not isinstance(checkpoint.torch, _DataOnlyTorch):
        checkpoint.torch = _DataOnlyTorch('torch')
        checkpoint.load_url = _load_address
