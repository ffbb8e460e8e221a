"""Slim checkpoints for others: weights and what is needed to build the model, nothing else."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from jmpose_mm.engine.checkpoints import check_weights, read_checkpoint
from jmpose_mm.errors import UsageError, listed, naming, without_credentials
from jmpose_mm.whole_files import check_output, whole_file

__all__ = ['publish_model']

# What it takes to build a model and to say what it is; times and seeds are left out.
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
        UsageError: The source is no checkpoint of finite weights, or the target has another ending.

    Example:
        >>> import torch
        >>> torch.save({'state_dict': {'weight': torch.zeros(2)}, 'meta': {}}, 'epoch_20.pth')
        >>> publish_model('epoch_20.pth', 'model.pth').name[:6]
        'model-'
    """
    import torch

    source, target = Path(source), Path(target)
    if target.suffix != '.pth':
        raise UsageError(f'target: expected a name that ends in .pth, got {target}')
    checkpoint = read_checkpoint(source)
    if 'state_dict' not in checkpoint:
        raise UsageError(
            f"{source}: expected the key 'state_dict', under which a training keeps its weights, "
            f'got {listed(map(str, checkpoint))}'
        )
    weights, meta = checkpoint['state_dict'], checkpoint.get('meta') or {}
    check_weights(weights, source)
    with naming(source, 'a checkpoint of a training'):
        meta = {name: meta[name] for name in KEPT_META if name in meta}
        if 'cfg' in meta:
            # A config may hold addresses with passwords.
            meta['cfg'] = without_credentials(meta['cfg'])
    slim = {'state_dict': weights, 'meta': meta}
    content = io.BytesIO()
    torch.save(slim, content)
    digest = hashlib.sha256(content.getbuffer()).hexdigest()[:8]
    published = target.with_name(f'{target.stem}-{digest}.pth')
    check_output(published, [source], 'target')
    with whole_file(published) as unfinished:
        unfinished.write_bytes(content.getbuffer())
    return published
