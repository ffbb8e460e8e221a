"""Samples by gathering are those of grid_sample, in values and gradients."""

from __future__ import annotations

import pytest
import torch

from jmpose_mm.functional import bilinear
from jmpose_mm.functional.bilinear import gathered_samples, sample_bilinear
from jmpose_mm.functional.deformable import modulated_deform_conv2d


def _draw(*shape: int, spread: float = 1.0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    drawn = spread * torch.randn(shape, generator=generator, dtype=torch.float64)
    return drawn.to(dtype).requires_grad_()


@pytest.mark.parametrize('padding', ['zeros', 'border'])
@pytest.mark.parametrize('size', [(7, 9), (1, 5), (1, 1)])
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
def test_gathered_samples__equal_grid_sample(padding, size, dtype) -> None:
    features, grid = _draw(3, 4, *size, dtype=dtype), _draw(3, 5, 6, 2, spread=1.5, dtype=dtype)
    with torch.no_grad():  # far outside, where products of whole numbers would overflow
        grid[0, 0, 0] = torch.tensor([1e30, -1e30])
    results = []
    for way in (sample_bilinear, gathered_samples):
        samples = way(features, grid, padding)
        weights = torch.linspace(-1, 1, samples.numel(), dtype=dtype).reshape(samples.shape)
        results.append((samples, *torch.autograd.grad((samples * weights).sum(), (features, grid))))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_sample_bilinear__gathers_only_to_learn_where_it_must(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(bilinear, 'gathered_samples', lambda *a: asked.append(a) or a[0])
    features, grid = _draw(1, 1, 2, 2), _draw(1, 2, 2, 2)
    sample_bilinear(features, grid)
    assert asked == []
    monkeypatch.setattr(bilinear, '_FORWARD_ALONE', ('cpu',))
    with torch.no_grad():
        sample_bilinear(features, grid)
    sample_bilinear(features.detach(), grid.detach())
    assert asked == []
    sample_bilinear(features, grid.detach())
    assert len(asked) == 1


def test_deformable_convolution__is_the_same_by_gathering(monkeypatch) -> None:
    inputs = (
        _draw(2, 4, 7, 6, dtype=torch.float32),
        _draw(2, 36, 7, 6, spread=3, dtype=torch.float32),
        _draw(2, 18, 7, 6, dtype=torch.float32),
        _draw(5, 4, 3, 3, dtype=torch.float32),
    )
    results = []
    for devices in ((), ('cpu',)):
        monkeypatch.setattr(bilinear, '_FORWARD_ALONE', devices)
        output = modulated_deform_conv2d(*inputs, padding=2, dilation=2)
        results.append((output, *torch.autograd.grad(output.square().mean(), inputs)))
    for one, other in zip(*results, strict=True):
        assert (one - other).abs().max() < 1e-5 * one.abs().max().clamp(min=1)
