"""Translation: exact for whole pixels, linear between them, zero outside, differentiable."""

from __future__ import annotations

import pytest
import torch

from jmpose_mm.functional.translation import resample, translate


def _ramp() -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(5.0), torch.arange(7.0), indexing='ij')
    return torch.stack((columns + 1, 10 * rows + 1)).expand(2, 2, 5, 7)


def test_translate__whole_pixels_move_the_content_by_the_shift():
    ramp = _ramp()
    moved = translate(ramp, torch.tensor([[1.0, 0.0], [-2.0, 3.0]]))
    torch.testing.assert_close(moved[0, :, :, 1:], ramp[0, :, :, :-1])
    assert moved[0, :, :, 0].abs().max() < 1e-5
    torch.testing.assert_close(moved[1, :, 3:, :-2], ramp[1, :, :-3, 2:])
    assert moved[1, :, :3].abs().max() < 1e-4
    assert moved[1, :, :, -2:].abs().max() < 1e-4


def test_translate__half_a_pixel_is_the_mean_of_neighbours():
    ramp = _ramp()
    moved = translate(ramp, torch.tensor([[0.5, 0.0], [0.0, -0.5]]))
    torch.testing.assert_close(moved[0, :, :, 1:], (ramp[0, :, :, 1:] + ramp[0, :, :, :-1]) / 2)
    torch.testing.assert_close(moved[1, :, :-1], (ramp[1, :, 1:] + ramp[1, :, :-1]) / 2)
    # The neighbour outside is zero.
    torch.testing.assert_close(moved[0, :, :, 0], ramp[0, :, :, 0] / 2)


def test_translate__one_pixel_map():
    one = torch.ones(1, 3, 1, 1)
    torch.testing.assert_close(translate(one, torch.tensor([[0.25, 0.0]])), 0.75 * one)


def test_translate__gradients():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 2, 4, 5, generator=generator, dtype=torch.float64)
    shift = torch.tensor([[0.3, -1.2], [1.6, 0.4]], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        translate, (features.requires_grad_(), shift.requires_grad_()), atol=1e-6
    )


@pytest.mark.parametrize('shift', [torch.zeros(2), torch.zeros(1, 2), torch.zeros(2, 3)])
def test_translate__one_shift_a_map(shift):
    with pytest.raises(ValueError, match=r'shift: expected \(2, 2\)'):
        translate(_ramp(), shift)


def test_resample__whole_pixels_and_zoom():
    ramp = _ramp()[:1]
    moved = resample(ramp, 1.0, (2 / 7, -1 / 5))
    torch.testing.assert_close(moved[0, :, 1:, :-2], ramp[0, :, :-1, 2:])
    # Outside, the border's value.
    torch.testing.assert_close(moved[0, :, 0, :-2], ramp[0, :, 0, 2:])
    zoomed = resample(ramp, 0.5, (1 / 7, 1 / 5))
    torch.testing.assert_close(zoomed[0, 0, 0], ramp[0, 0, 0, 0] + 1 + 0.5 * torch.arange(7.0))


def test_resample__nothing_to_move_is_the_map_itself():
    ramp = _ramp()
    assert resample(ramp, 1.0, (0.0, 0.0)) is ramp


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_translate__half_precision_reads_where_full_precision_does(dtype):
    ramp = torch.arange(96.0).expand(1, 1, 8, 96)  # a value is a place
    shift = torch.tensor([[0.25, 0.0]])
    full = translate(ramp, shift)
    assert torch.equal(translate(ramp, shift.to(dtype)), full)
    halved = translate(ramp.to(dtype), shift).float()
    assert torch.equal(halved, full.to(dtype).float())
    assert torch.equal(resample(ramp.to(dtype), 0.5, (0, 0)), resample(ramp, 0.5, (0, 0)).to(dtype))
