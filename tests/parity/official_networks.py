"""What the authors' networks give for weights and inputs that are made from names and seeds."""

from __future__ import annotations

import json
import math
import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

KEPT = Path(__file__).parent / 'fixtures'
# The same figures with whole maps, where somebody has them.
WHOLE = Path(__file__).resolve().parents[2].parent / 'shared' / 'fixtures' / 'official'
SEED = 1
THINNING = 3


@cache
def parameters(fixture: str, width: str | None = None) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Name and shape of the parameters of a network, e.g. ``('tar', 'small')``, by its authors."""
    found = json.loads((KEPT / f'{fixture}_keys.json').read_text(encoding='utf-8'))
    return tuple((name, tuple(shape)) for name, shape in (found[width] if width else found))


def stand_in_weights(fixture: str, width: str | None = None, seed: int = SEED) -> dict[str, Tensor]:
    """A state dict that keeps activations moderate and the output dependent on every frame."""
    factors = json.loads((KEPT / 'factors.json').read_text(encoding='utf-8')).get(fixture, [])
    state = {}
    for name, shape in parameters(fixture, width):
        value = _stand_in(name, shape, seed)
        for expression, factor in factors:
            value = value * factor if re.search(expression, name) else value
        state[name] = value
    return state


def _stand_in(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed((zlib.crc32(name.encode()) + 7919 * seed) % (2**31))
    leaf = name.rsplit('.', 1)[-1]
    if leaf == 'num_batches_tracked':
        return torch.zeros((), dtype=torch.long)
    if leaf == 'running_var':
        return 1 + 0.2 * torch.rand(shape, generator=generator)
    drawn = torch.randn(shape, generator=generator)
    if leaf != 'running_mean' and len(shape) == 1 and leaf == 'weight':
        return 0.5 * (1 + 0.1 * drawn)
    if len(shape) == 1:
        return 0.02 * drawn
    return drawn * math.sqrt(1.8 / math.prod(shape[1:]))


def clip(num_frames: int, height: int = 384, width: int = 288, seed: int = SEED) -> Tensor:
    """Normalised frames ``(1, num_frames, 3, height, width)``: the KEY FRAME FIRST, then its
    supports in time order.
    """
    generator = torch.Generator().manual_seed(1000 + seed)
    return torch.randn(1, num_frames, 3, height, width, generator=generator)


def thin(maps: Any) -> Any:
    """Every third row and column, as the maps are kept."""
    return maps[..., ::THINNING, ::THINNING]


@cache
def figures(fixture: str, folder: Path = KEPT) -> dict[str, Tensor]:
    """All that the network gives, by name."""
    with np.load(folder / f'{fixture}_out_{SEED}.npz') as found:
        return {name: torch.from_numpy(found[name]) for name in found.files}


def assert_equals_official(actual: Tensor, fixture: str, name: str, bound: float = 1e-4) -> None:
    """Within `bound` standard deviations of what the official network gives, everywhere.

    Whole maps are compared with whole ones too, where they are at hand.
    """
    for folder in (KEPT, WHOLE) if WHOLE.is_dir() else (KEPT,):
        expected = figures(fixture, folder)[name]
        same = actual if actual.shape == expected.shape else thin(actual)
        assert same.shape == expected.shape
        assert (same - expected).abs().max() < bound * expected.std()
