"""Slim checkpoints for others: weights and what is needed to build the model, nothing else."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from jmpose_mm.whole_files import whole_file

__all__ = ['publish_model']

KEPT_META = ('cfg', 'dataset_meta', 'epoch', 'iter', 'mmengine_version', 'experiment_name')


def publish_model(source: str | Path, target: str | Path) -> Path:
    """Write the weights of a training checkpoint to a file whose name holds their hash.

    Args:
        source: A checkpoint of this package; it is read under torch's safe default.
        target: Where to, ending in ``.pth``; ``-`` and the first 8 hex digits of the file's SHA-256
            are put before the ending.

    Returns:
        The file that was written.

    Raises:
        ValueError: The source is no checkpoint, or the target has another ending.
    """
    import torch

    source, target = Path(source), Path(target)
    if target.suffix != '.pth':
        raise ValueError(f'target: expected a name that ends in .pth, got {target}')
    try:
        checkpoint = torch.load(source, map_location='cpu', weights_only=True)
        weights, meta = checkpoint['state_dict'], checkpoint.get('meta', {})
    except Exception as error:
        raise ValueError(
            f'{source}: expected a checkpoint of plain types with a state_dict, got {error}'
        ) from error
    slim = {'state_dict': weights, 'meta': {k: meta[k] for k in KEPT_META if k in meta}}
    content = io.BytesIO()
    torch.save(slim, content)
    digest = hashlib.sha256(content.getbuffer()).hexdigest()[:8]
    published = target.with_name(f'{target.stem}-{digest}.pth')
    with whole_file(published) as unfinished:
        unfinished.write_bytes(content.getbuffer())
    return published
