"""Size of a model and cost of a clip: parameters, and multiplications by part.

Nothing is computed: tensors know their shapes and have no values, so that HRNet-W48 takes seconds.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jmpose_mm.engine.configs import (
    PACKAGED_CONFIGS,
    config_errors,
    load_config,
    pipeline_step,
    type_name,
)
from jmpose_mm.whole_files import check_output, whole_file

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config, ConfigDict
    from torch import nn

__all__ = ['PARTS', 'Complexity', 'complexity_page', 'complexity_table', 'model_complexity']

PARTS = ('backbone', 'neck', 'head')

_HEADER = ('config', 'input', 'frames', 'trained', 'frozen', *PARTS, 'together')
_PAGE = """# Complexity

`python tools/get_flops.py --out docs/complexity.md` writes this page. Without `--out` it prints the
rows of the configs that are named.

Parameters are in millions, trained and frozen ones apart. The other columns are GFLOPs of one
forward pass for one person: the backbone on all frames of the clip, then neck and head. As in
mmpose and in papers, a multiplication with its addition is one operation. Convolutions and matrix
products count, with those of attention. Sampling, normalisation and activations do not. A flip test
doubles everything. In a video each crop passes the backbone once, so a pose costs the backbone's
figure divided by the number of frames.

"""


class Complexity(NamedTuple):
    """Size and cost of a model.

    Attributes:
        input_size: Width and height of a crop in pixels.
        num_frames: Frames of a clip.
        trained: Number of parameters that a training changes.
        frozen: Number of the others.
        gflops: Billions of multiply-adds for one clip in each of :data:`PARTS`.
    """

    input_size: tuple[int, int]
    num_frames: int
    trained: int
    frozen: int
    gflops: dict[str, float]


def model_complexity(cfg: Config) -> Complexity:
    """Size and cost of a config's model, for a batch of one clip.

    Args:
        cfg: A config of a model and its test data; it is not changed.

    Raises:
        UsageError: The model cannot be built, or the test pipeline makes no crops.

    Example:
        >>> from jmpose_mm.apis import load_config
        >>> found = model_complexity(load_config('jm-pose_debug.py'))
        >>> found.num_frames, round(found.gflops['backbone'], 1)
        (5, 2.3)
    """
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    from jmpose_mm.registry import MODELS

    frames, (width, height) = _input(cfg.test_dataloader.dataset.pipeline)
    shape = (3, height, width) if frames is None else (frames, 3, height, width)
    with config_errors(cfg), FakeTensorMode(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        model = MODELS.build(cfg.model).eval()
        operations = _operations(model, torch.zeros(1, *shape))
    sizes = {True: 0, False: 0}
    for parameter in model.parameters():
        sizes[parameter.requires_grad] += parameter.numel()
    return Complexity((width, height), frames or 1, sizes[True], sizes[False], operations)


def _input(pipeline: Sequence[ConfigDict]) -> tuple[int | None, tuple[int, int]]:
    """Frames of a clip, None for an image, and width and height of its crop."""
    steps = set(map(type_name, pipeline))
    if 'TopdownAffine' in steps and 'TopdownClipAffine' not in steps:
        return None, tuple(pipeline_step(pipeline, 'TopdownAffine').input_size)
    size = pipeline_step(pipeline, 'TopdownClipAffine').input_size
    return len(pipeline_step(pipeline, 'SampleSupportFrames').frame_offsets), tuple(size)


def _operations(model: nn.Module, clip: torch.Tensor) -> dict[str, float]:
    """Billions of multiply-adds in each part of a model."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    fast_path = torch.backends.mha.get_fastpath_enabled()
    counter = FlopCounterMode(display=False, depth=None)
    # Fused attention is one operator, which the counter does not know on every device.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
            model(clip, None, mode='tensor')
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    counts = counter.get_flop_counts()
    operations = {
        part: sum(counts.get(f'{type(model).__name__}.{part}', {}).values()) for part in PARTS[:-1]
    }
    # mmpose runs the head by its `forward`, of which the counter does not know.
    operations['head'] = counter.get_total_flops() - sum(operations.values())
    # The counter has an addition for each multiplication.
    return {part: number / 2e9 for part, number in operations.items()}


def complexity_table(
    configs: str | Path | Sequence[str | Path] = (), overrides: Sequence[str] = ()
) -> list[tuple[str, ...]]:
    """A header and a row for each config.

    Args:
        configs: Paths or packaged names, or one; none are all packaged ones.
        overrides: Items ``key.path=value`` for each of them.
    """
    if isinstance(configs, str | Path):
        configs = [configs]
    names = configs or [
        path.name
        for path in sorted(PACKAGED_CONFIGS.resolve().rglob('*.py'))
        if '_base_' not in path.parts
    ]
    known: dict[str, Complexity] = {}  # many differ in their data alone
    rows = [_HEADER]
    for name in names:
        cfg = load_config(name, overrides)
        key = f'{cfg.model} {cfg.test_dataloader.dataset.pipeline}'
        if key not in known:
            known[key] = model_complexity(cfg)
        rows.append((Path(name).stem, *_cells(known[key])))
    return rows


def _cells(found: Complexity) -> tuple[str, ...]:
    width, height = found.input_size
    size = f'{height}x{width}'  # as in the names of configs
    millions = [f'{count / 1e6:.2f}' for count in (found.trained, found.frozen)]
    gflops = (*found.gflops.values(), sum(found.gflops.values()))
    costs = [f'{cost:#.3g}'.rstrip('.') if cost else '0' for cost in gflops]
    return (size, str(found.num_frames), *millions, *costs)


def complexity_page(
    path: str | Path, rows: Sequence[tuple[str, ...]], configs: Sequence[str] = ()
) -> Path:
    """Write docs/complexity.md or its like: what the figures mean, and the table.

    Args:
        path: File to write.
        rows: Rows of :func:`complexity_table`.
        configs: The configs that it has read, which are not overwritten.
    """
    from jmpose_mm.tables import markdown_table

    header, *body = rows
    check_output(path, configs)
    table = markdown_table(header, [(f'`{name}`', *cells) for name, *cells in body])
    with whole_file(path) as unfinished:
        unfinished.write_text(f'{_PAGE}{table}\n', encoding='utf-8')
    return Path(path)
