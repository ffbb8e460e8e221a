"""Information estimators: oracles, hand calculations and laws."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy

from jmpose_mm.functional.mutual_information import (
    gaussian_information,
    released_quantity,
    spatial_kl,
)


def _maps(seed: int, channels: int, scale: float = 1.0, batch: int = 2, size=(9, 8)):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(batch, channels, *size, generator=generator, dtype=torch.float64)


ESTIMATORS = {
    'gaussian': gaussian_information,
    'kl': spatial_kl,
    'released': released_quantity,
}


@pytest.mark.parametrize('name', ESTIMATORS)
def test_estimators__batch_equals_loop(name):
    a, b = _maps(0, 3), _maps(1, 3)
    looped = sum(ESTIMATORS[name](a[i : i + 1], b[i : i + 1]) for i in range(2)) / 2
    torch.testing.assert_close(ESTIMATORS[name](a, b), looped)


@pytest.mark.parametrize('name', ESTIMATORS)
def test_estimators__gradcheck(name):
    a = _maps(0, 2, size=(3, 3)).requires_grad_()
    b = (a.detach() + _maps(1, 2, size=(3, 3))).requires_grad_()
    temperature = {} if name == 'gaussian' else {'temperature': 1.0}
    assert torch.autograd.gradcheck(lambda x, y: ESTIMATORS[name](x, y, **temperature), (a, b))


@pytest.mark.parametrize('name', ESTIMATORS)
def test_estimators__second_derivative(name):
    maps = [_maps(seed, 2, batch=1, size=(3, 4)).requires_grad_() for seed in range(2)]
    temperature = {} if name == 'gaussian' else {'temperature': 1.0}
    assert torch.autograd.gradgradcheck(partial(ESTIMATORS[name], **temperature), maps)


def test_gaussian_information__second_derivative_given_a_third():
    maps = [_maps(seed, 2, batch=1, size=(3, 4)).requires_grad_() for seed in range(3)]
    assert torch.autograd.gradgradcheck(gaussian_information, maps)


@pytest.mark.parametrize('name', ESTIMATORS)
def test_estimators__gradients_of_each_sample(name):
    a, b = _maps(0, 3), _maps(1, 3)
    one = torch.func.grad(lambda x, y: ESTIMATORS[name](x[None], y[None]))
    looped = torch.stack([one(x, y) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(torch.func.vmap(one)(a, b), looped)


def test_gaussian_information__forward_over_reverse_is_reverse_over_reverse():
    a, b = _maps(0, 2, batch=1, size=(3, 3)), _maps(1, 2, batch=1, size=(3, 3))
    hessian = torch.func.hessian(gaussian_information)(a, b)
    twice = torch.func.jacrev(torch.func.jacrev(gaussian_information))(a, b)
    assert hessian.abs().max() > 0.01
    torch.testing.assert_close(hessian, twice)


@pytest.mark.parametrize('name', ESTIMATORS)
@pytest.mark.parametrize('scale', [1e-6, 3.0, 1e4])
def test_estimators__finite_at_any_scale(name, scale):
    a = _maps(0, 4, scale, size=(24, 18)).float().requires_grad_()
    b = _maps(1, 4, scale, size=(24, 18)).float().requires_grad_()
    value = ESTIMATORS[name](a, b)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(a.grad).all()
    assert torch.isfinite(b.grad).all()


def test_spatial_kl__equals_scipy():
    a, b = _maps(0, 3), _maps(1, 3)
    p, q = (softmax(x.flatten(2).numpy() / 0.5, axis=-1) for x in (a, b))
    expected = entropy(p, q, axis=-1).mean()
    assert spatial_kl(a, b, temperature=0.5).item() == pytest.approx(expected, rel=1e-12)


def test_spatial_kl__is_a_divergence_and_not_symmetric():
    a, b = _maps(0, 3), _maps(1, 3, 2.0)
    assert spatial_kl(a, a + 5).item() == pytest.approx(0, abs=1e-12)
    assert spatial_kl(a, b).item() > 0.1
    assert abs(spatial_kl(a, b) - spatial_kl(b, a)).item() > 0.01


def test_released_quantity__equals_the_released_call_where_that_is_finite():
    a, b = _maps(0, 3, 0.01), _maps(1, 3, 0.01)
    s, p = (torch.softmax(x.flatten(2).flatten(0, 1) / 0.05, dim=1) for x in (a, b))
    with pytest.warns(UserWarning, match='batchmean'):
        literal = torch.nn.functional.kl_div(s, p, reduction='mean')
    torch.testing.assert_close(released_quantity(a, b), literal, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('scale', [0.01, 1.0, 9.0])
def test_released_quantity__range_and_not_a_divergence(scale):
    a, b, positions = _maps(0, 3, scale), _maps(1, 3, scale), 72
    lowest = -(math.log(positions) + 1) / positions
    assert lowest <= released_quantity(a, b).item() <= 0
    assert lowest <= released_quantity(a, a).item() < -0.01


def test_gaussian_information__two_correlated_channels_by_hand():
    x, noise = _maps(0, 1, size=(200, 200)), _maps(1, 1, size=(200, 200))
    y = 0.6 * x + 0.8 * noise  # correlation 0.6 up to sampling
    expected = np.mean(
        [
            -0.5 * np.log(1 - (0.9 * np.corrcoef(x[i].flatten(), y[i].flatten())[0, 1]) ** 2)
            for i in range(2)
        ]
    )
    assert gaussian_information(x, y, shrinkage=0.1).item() == pytest.approx(expected, rel=1e-9)
    assert expected == pytest.approx(-0.5 * math.log(1 - 0.54**2), abs=0.01)


def test_gaussian_information__chain_rule_of_the_objective():
    """I(J;M|H) = I(J;M) - I(M;H) + I(M;H|J), the identity behind the orthogonality objective."""
    h = _maps(2, 2)
    joint = _maps(0, 3) + h[:, :1]
    motion = _maps(1, 4) + joint[:, :1] - h[:, 1:]
    rewritten = (
        gaussian_information(joint, motion)
        - gaussian_information(motion, h)
        + gaussian_information(motion, h, given=joint)
    )
    direct = gaussian_information(joint, motion, given=h)
    assert direct.item() > 0.05
    torch.testing.assert_close(rewritten, direct)


def test_gaussian_information__laws():
    a, b, c = _maps(0, 3, size=(40, 40)), _maps(1, 4, size=(40, 40)), _maps(2, 2, size=(40, 40))
    information = gaussian_information(a, b)
    torch.testing.assert_close(information, gaussian_information(b, a))
    torch.testing.assert_close(information, gaussian_information(3 * a - 7, 0.01 * b + 2))
    # Independent samples: the expectation of the estimate is C * D / (2 N).
    assert 0 <= information.item() < 4 * 3 * 4 / (2 * 1600)
    assert gaussian_information(a, torch.cat((b, a[:, :1]), 1)).item() > 1
    # What is known already adds nothing beyond what the shrinkage leaves of it.
    copied = gaussian_information(a, a[:, :1], given=a[:, :1])
    assert copied.item() < 0.2 * gaussian_information(a, a[:, :1]).item()
    assert gaussian_information(a, b, given=c).item() >= -1e-12


def test_gaussian_information__constant_channel_says_nothing():
    a, b = _maps(0, 3), _maps(1, 3)
    a[:, 1] = 4.0
    torch.testing.assert_close(gaussian_information(a, b), gaussian_information(a[:, ::2], b))


def test_gaussian_information__more_channels_than_positions():
    a, b = _maps(0, 40, size=(4, 3)).float(), _maps(1, 40, size=(4, 3)).float()
    assert 0 < gaussian_information(a, b).item() < 40 * 0.5 * math.log(1 / (1 - 0.99**2))


def test_gaussian_information__autocast_keeps_full_precision():
    a, b = _maps(0, 8).float(), _maps(1, 8).float()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        halved = gaussian_information(a.bfloat16(), b.bfloat16())
    assert halved.dtype == torch.float32
    torch.testing.assert_close(halved, gaussian_information(a.bfloat16(), b.bfloat16()))


@pytest.mark.parametrize('name', ESTIMATORS)
def test_estimators__other_grid_is_refused(name):
    with pytest.raises(ValueError, match=r'expected .* got'):
        ESTIMATORS[name](_maps(0, 3), _maps(1, 3, size=(9, 7)))


def test_gaussian_information__shrinkage_out_of_range():
    with pytest.raises(ValueError, match='shrinkage'):
        gaussian_information(_maps(0, 3), _maps(1, 3), shrinkage=0.0)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('quantity', [released_quantity, spatial_kl])
def test_softmaxes__of_short_types_are_taken_in_float32(quantity, dtype):
    first, second = (torch.randn(2, 3, 9, 7).to(dtype) for _ in range(2))
    with torch.autocast('cpu', torch.bfloat16):
        value = quantity(first, second)
    assert value.dtype == torch.float32
    assert value == quantity(first.float(), second.float())
