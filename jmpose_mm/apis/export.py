"""Models as ONNX files: the clip model in one, or backbone and the rest apart for streaming.

Axes: B clips, N images, T frames, C channels, K keypoints, H W input pixels, h w heatmap grid.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from jmpose_mm.errors import UsageError, cut
from jmpose_mm.structures import ClipFeatures
from jmpose_mm.video.poses.clip_model import ClipModel
from jmpose_mm.whole_files import check_output, whole_file

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['export_onnx']

# The first that has LayerNormalization; GridSample came with 16.
_OPSET = 17
_FIXED = '; a fixed batch may do: `batch` 1'


class _WholeClip(nn.Module):
    """Preprocessed frames ``(B, T, 3, H, W)`` to heatmaps ``(B, K, h, w)``."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, frames: Tensor) -> Tensor:
        return self.model(frames, None, mode='tensor')


class _AfterBackbone(nn.Module):
    """Stages ``(B, T, C_s, h_s, w_s)`` to heatmaps ``(B, K, h, w)``."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.neck, self.head = model.neck, model.head

    def forward(self, *stages: Tensor) -> Tensor:
        return self.head(self.neck(ClipFeatures(stages[0], stages)))


def export_onnx(
    config: str | Path | Config,
    checkpoint: str | Path | None,
    out: str | Path,
    two_parts: bool = False,
    batch: int | None = None,
) -> list[Path]:
    """Write a model as ONNX, opset 17, and check it where possible.

    Inputs are preprocessed frames: RGB, less the mean, over the standard deviation of the config.
    Deformable sampling exports as ``GridSample``, so that no runtime needs a custom operator.

    Args:
        config: Path or packaged name.
        checkpoint: Weights; None keeps the random start, for tests.
        out: Ends in ``.onnx``. In two parts ``<name>_backbone.onnx`` takes images
            ``(N, 3, H, W)`` and gives the stages, and ``<name>_neck.onnx`` takes stages
            ``(B, T, C, h, w)`` and gives heatmaps.
        two_parts: Write these two instead of the whole.
        batch: Number of clips that the file takes at once; in two parts the backbone takes as many
            images. None lets the caller choose, which some backbones do not allow.

    Returns:
        The files.

    Raises:
        UsageError: ``out`` has another suffix, two parts are asked of a model without a neck, onnx
            is not installed, or the model cannot be exported so.

    Example:
        >>> [file.name for file in export_onnx('jm-pose_debug.py', None, 'jm-pose.onnx')]
        ['jm-pose.onnx']
    """
    out = Path(out)
    if out.suffix != '.onnx':
        raise UsageError(f'out: expected a name that ends in .onnx, got {out}')
    if batch is not None and batch < 1:
        raise UsageError(f'batch: expected at least 1, got {batch}')
    files = [out.with_name(f'{out.stem}_{part}.onnx') for part in ('backbone', 'neck')]
    for file in files if two_parts else [out]:
        check_output(file, _names(config, checkpoint))
    clip_model = ClipModel(config, checkpoint, 'cpu')
    model = clip_model.model
    width, height = clip_model.input_size
    frames = torch.randn(batch or 1, len(clip_model.frame_offsets), 3, height, width)
    dynamic = batch is None
    if not two_parts:
        return [_export(_WholeClip(model), (frames,), ('frames',), ('heatmaps',), out, dynamic)]
    if not model.with_neck:
        raise UsageError('two_parts: expected a model with a neck; a single-frame one is one part')
    with torch.no_grad():
        stages = model.backbone(frames.flatten(0, 1))
    names = tuple(f'stage_{i}' for i in range(1, len(stages) + 1))
    clips = tuple(stage.unflatten(0, frames.shape[:2]) for stage in stages)
    return [
        _export(model.backbone, (frames[:, 0],), ('images',), names, files[0], dynamic),
        _export(_AfterBackbone(model), clips, names, ('heatmaps',), files[1], dynamic),
    ]


def _names(config: str | Path | Config, checkpoint: str | Path | None) -> list[str | Path]:
    name = config if isinstance(config, str | Path) else config.filename
    return [name for name in (name, checkpoint) if name is not None]


def _export(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    input_names: Sequence[str],
    output_names: Sequence[str],
    file: Path,
    dynamic: bool,
) -> Path:
    """Write one graph and check it; with a dynamic batch, on another number of clips."""
    try:
        import onnx  # noqa: F401 - torch's exporter needs it only at its end
    except ImportError as error:
        raise UsageError('export needs onnx: `pip install onnx onnxruntime`') from error
    module.eval()
    if dynamic:
        # Other values in another number: constants that tracing froze show up.
        others = tuple(torch.cat((value, value.flip(-1))) for value in inputs)
    else:
        others = tuple(value.flip(-1) for value in inputs)
    with torch.no_grad():
        expected = module(*others)  # a model that does not run fails here, by its own message
    axes = {name: {0: 'batch'} for name in (*input_names, *output_names)}
    with whole_file(file) as unfinished:
        with warnings.catch_warnings(), _one_line(dynamic):
            # Tracing warns of shapes that become constants; the check below runs another batch.
            warnings.simplefilter('ignore')
            torch.onnx.export(
                module,
                inputs,
                str(unfinished),
                input_names=list(input_names),
                output_names=list(output_names),
                dynamic_axes=axes if dynamic else None,
                opset_version=_OPSET,
                dynamo=False,
            )
        feed = dict(zip(input_names, others, strict=True))
        _check(unfinished, feed, [expected] if isinstance(expected, Tensor) else expected, dynamic)
    return file


@contextmanager
def _one_line(dynamic: bool) -> Iterator[None]:
    """Turn what torch and onnxruntime raise about a graph into one line with what to do."""
    log = torch._C._jit_onnx_log
    torch._C._jit_onnx_log = lambda *_: None  # it prints the whole graph, even where told not to
    try:
        yield
    except (UsageError, MemoryError, OSError):
        raise
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = (lines or [type(error).__name__])[0].split(' Please feel free')[0].rstrip('.')
        advice = _FIXED if dynamic else ''
        raise UsageError(
            f'out: this model cannot be written as ONNX{advice} ({cut(said, 300)})'
        ) from error
    finally:
        torch._C._jit_onnx_log = log


def _check(file: Path, feed: dict[str, Tensor], expected: Sequence[Tensor], dynamic: bool) -> None:
    """Compare with what PyTorch gives, within 1e-3 of the range of values."""
    try:
        import onnxruntime
    except ImportError:
        warnings.warn('onnxruntime is not installed: the file was not checked', stacklevel=2)
        return
    with _one_line(dynamic):
        session = onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider'])
        # Stages that a method does not read are no inputs of its graph.
        read = [value.name for value in session.get_inputs()]
        given = session.run(None, {name: feed[name].numpy() for name in read})
    for one, other in zip(given, expected, strict=True):
        if one.shape == tuple(other.shape):
            difference = np.abs(one - other.numpy()).max() / max(
                float(other.max() - other.min()), 1e-12
            )
        else:
            difference = np.inf
        if not difference < 1e-3:
            raise UsageError(
                'out: expected what PyTorch gives within 1e-3 of its range, got '
                f'{difference:.1e}{_FIXED if dynamic else ""}'
            )
