"""Models as ONNX files: the clip model in one, or backbone and the rest apart for streaming.

Axes: B clips, N images, T frames, C channels, K keypoints, H W input pixels, h w heatmap grid.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from jmpose_mm.errors import UsageError
from jmpose_mm.structures import ClipFeatures
from jmpose_mm.video.poses.clip_model import ClipModel
from jmpose_mm.whole_files import check_output, whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ['export_onnx']

_OPSET = 17


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
    config: str, checkpoint: str | None, out: str | Path, two_parts: bool = False
) -> list[Path]:
    """Write a model as ONNX, opset 17, with a dynamic batch, and check it where possible.

    Inputs are preprocessed frames: RGB, less the mean, over the standard deviation of the config.
    Deformable sampling exports as ``GridSample``, so that no runtime needs a custom operator.

    Args:
        config: Path or packaged name.
        checkpoint: Weights; None keeps the random start, for tests.
        out: Ends in ``.onnx``. In two parts ``<name>_backbone.onnx`` takes images
            ``(N, 3, H, W)`` and gives the stages, and ``<name>_neck.onnx`` takes stages
            ``(B, T, C, h, w)`` and gives heatmaps.
        two_parts: Write these two instead of the whole.

    Returns:
        The files.

    Raises:
        UsageError: ``out`` has another suffix, two parts are asked of a model without a neck, or
            onnx is not installed.

    Example:
        >>> [file.name for file in export_onnx('jm-pose_debug.py', None, 'jm-pose.onnx')]
        ['jm-pose.onnx']
    """
    out = Path(out)
    if out.suffix != '.onnx':
        raise UsageError(f'out: expected a name that ends in .onnx, got {out}')
    files = [out.with_name(f'{out.stem}_{part}.onnx') for part in ('backbone', 'neck')]
    for file in files if two_parts else [out]:
        check_output(file, [name for name in (config, checkpoint) if name is not None])
    clip_model = ClipModel(config, checkpoint, 'cpu')
    model = clip_model.model
    width, height = clip_model.input_size
    frames = torch.randn(1, len(clip_model.frame_offsets), 3, height, width)
    if not two_parts:
        return [_export(_WholeClip(model), (frames,), ('frames',), ('heatmaps',), out)]
    if not model.with_neck:
        raise UsageError('two_parts: expected a model with a neck; a single-frame one is one part')
    with torch.no_grad():
        stages = model.backbone(frames[0])
    names = tuple(f'stage_{i}' for i in range(1, len(stages) + 1))
    clips = tuple(stage.unsqueeze(0) for stage in stages)
    return [
        _export(model.backbone, (frames[0, :1],), ('images',), names, files[0]),
        _export(_AfterBackbone(model), clips, names, ('heatmaps',), files[1]),
    ]


def _export(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    input_names: Sequence[str],
    output_names: Sequence[str],
    file: Path,
) -> Path:
    try:
        import onnx  # noqa: F401 - torch's exporter needs it only at its end
    except ImportError as error:
        raise UsageError('export needs onnx: `pip install onnx onnxruntime`') from error
    dynamic = {name: {0: 'batch'} for name in (*input_names, *output_names)}
    with whole_file(file) as unfinished:
        with warnings.catch_warnings():
            # Tracing warns of shapes that become constants; the check below runs another batch.
            warnings.simplefilter('ignore')
            torch.onnx.export(
                module.eval(),
                inputs,
                str(unfinished),
                input_names=list(input_names),
                output_names=list(output_names),
                dynamic_axes=dynamic,
                opset_version=_OPSET,
                dynamo=False,
            )
        _check(module, inputs, input_names, unfinished)
    return file


def _check(module: nn.Module, inputs: tuple[Tensor, ...], names: Sequence[str], file: Path) -> None:
    """Compare with PyTorch on a batch of two, within 1e-3 of the largest value."""
    try:
        import onnxruntime
    except ImportError:
        warnings.warn('onnxruntime is not installed: the file was not checked', stacklevel=2)
        return
    session = onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider'])
    batch = [torch.cat((value, value.flip(-1))) for value in inputs]
    with torch.no_grad():
        expected = module(*batch)
    # Stages that a method does not read are no inputs of its graph.
    read = {value.name for value in session.get_inputs()}
    feed = {n: v.numpy() for n, v in zip(names, batch, strict=True) if n in read}
    for one, other in zip(
        session.run(None, feed),
        [expected] if isinstance(expected, Tensor) else expected,
        strict=True,
    ):
        difference = np.abs(one - other.numpy()).max() / max(float(other.abs().max()), 1e-12)
        if not difference < 1e-3:
            raise UsageError(
                f'{file}: expected what PyTorch gives within 1e-3 of its peak, got {difference:.1e}'
            )
