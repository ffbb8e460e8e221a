"""The native operator against torchvision's, a hand calculation and its gradient."""

from __future__ import annotations

import pytest
import torch
from torchvision.ops import deform_conv2d

from jmpose_mm.functional.deformable import modulated_deform_conv2d


def _inputs(seed: int, groups: int, padding: int, dilation: int, stride: int = 1, size=(7, 6)):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    h, w = ((s + 2 * padding - 2 * dilation - 1) // stride + 1 for s in size)
    return {
        'features': draw(2, 4, *size),
        'offset': 3 * draw(2, 18 * groups, h, w),
        'modulation': draw(2, 9 * groups, h, w),
        'weight': draw(5, 4, 3, 3),
        'bias': draw(5),
    }


@pytest.mark.parametrize('groups', [1, 2, 4])
@pytest.mark.parametrize(
    ('stride', 'padding', 'dilation'), [(1, 1, 1), (1, 3, 3), (2, 1, 1), (1, 0, 1), (2, 2, 2)]
)
def test_modulated_deform_conv2d__equals_torchvision(groups, stride, padding, dilation):
    x = _inputs(groups, groups, padding, dilation, stride)
    ours = modulated_deform_conv2d(**x, stride=stride, padding=padding, dilation=dilation)
    theirs = deform_conv2d(
        x['features'],
        x['offset'],
        x['weight'],
        x['bias'],
        stride,
        padding,
        dilation,
        mask=x['modulation'],
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_modulated_deform_conv2d__no_offset_is_a_convolution():
    x = _inputs(0, 2, 1, 1)
    x['offset'].zero_()
    x['modulation'].fill_(1)
    expected = torch.nn.functional.conv2d(x['features'], x['weight'], x['bias'], padding=1)
    torch.testing.assert_close(modulated_deform_conv2d(**x, padding=1), expected)


def test_modulated_deform_conv2d__offset_moves_the_sampling_point():
    features = torch.arange(12.0, dtype=torch.float64).reshape(1, 1, 3, 4)
    offset = torch.zeros(1, 2, 3, 4, dtype=torch.float64)
    offset[:, 0], offset[:, 1] = 1.0, 0.5  # one row down, half a column to the right
    one = torch.ones(1, 1, 3, 4, dtype=torch.float64)
    sampled = modulated_deform_conv2d(features, offset, one, one.new_ones(1, 1, 1, 1))
    expected = [[4.5, 5.5, 6.5, 3.5], [8.5, 9.5, 10.5, 5.5], [0, 0, 0, 0]]
    torch.testing.assert_close(sampled[0, 0], torch.tensor(expected, dtype=torch.float64))


def test_modulated_deform_conv2d__one_pixel_grid():
    x = _inputs(3, 1, 1, 1, size=(1, 1))
    theirs = deform_conv2d(
        x['features'], x['offset'], x['weight'], x['bias'], 1, 1, 1, mask=x['modulation']
    )
    torch.testing.assert_close(modulated_deform_conv2d(**x, padding=1), theirs)


def test_modulated_deform_conv2d__gradcheck():
    x = {key: value.requires_grad_() for key, value in _inputs(1, 2, 1, 1, size=(3, 4)).items()}
    assert torch.autograd.gradcheck(
        lambda *args: modulated_deform_conv2d(*args, padding=1), tuple(x.values()), atol=1e-4
    )


@pytest.mark.parametrize('name', ['offset', 'modulation', 'weight'])
def test_modulated_deform_conv2d__wrong_shape_says_what_was_expected(name):
    x = _inputs(0, 2, 1, 1)
    x[name] = x[name][:, :-1]
    with pytest.raises(ValueError, match=r'expected .* got'):
        modulated_deform_conv2d(**x, padding=1)


def test_modulated_deform_conv2d__bfloat16_reads_where_full_precision_does():
    ramp = torch.arange(96.0).expand(1, 1, 3, 96)  # a value is a place
    offset, one = torch.full((1, 2, 3, 96), 0.25), torch.ones(1, 1, 3, 96)
    sides = (ramp, offset, one, torch.ones(1, 1, 1, 1))
    full = modulated_deform_conv2d(*sides)
    halved = modulated_deform_conv2d(*(side.bfloat16() for side in sides))
    assert torch.equal(halved, full.bfloat16())
