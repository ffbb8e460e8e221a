"""Terms as data: weights, signs, detached sides, conditions, projections, errors."""

from __future__ import annotations

import pytest
import torch

from jmpose_mm.errors import NotFiniteError, UsageError
from jmpose_mm.functional.mutual_information import (
    gaussian_information,
    released_quantity,
    spatial_kl,
)
from jmpose_mm.registry import MODELS


def _features() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    sizes = {'a': 4, 'b': 4, 'c': 3}
    return {
        name: torch.randn(2, channels, 6, 5, generator=generator).requires_grad_()
        for name, channels in sizes.items()
    }


def _loss(*terms: dict, **kwargs):
    named = {term.pop('name'): term for term in map(dict, terms)}
    return MODELS.build({'type': 'jmpose_mm.MutualInformationLoss', 'terms': named, **kwargs})


def _term(**fields) -> dict:
    return {'name': 'ab', 'first': 'a', 'second': 'b', **fields}


@pytest.mark.parametrize(
    ('estimator', 'expected'),
    [
        ('gaussian', lambda a, b: gaussian_information(a, b)),
        ('kl', lambda a, b: -spatial_kl(a, b)),
        ('released', lambda a, b: released_quantity(a, b, 0.05)),
    ],
)
def test_mutual_information_loss__weight_times_estimate(estimator, expected):
    features = _features()
    losses = _loss(_term(estimator=estimator, weight=-0.5))(features)
    assert list(losses) == ['loss_ab']
    torch.testing.assert_close(losses['loss_ab'], -0.5 * expected(features['a'], features['b']))


def test_mutual_information_loss__weight_of_the_whole():
    features = _features()
    one, tenth = (_loss(_term(weight=2), weight=w)(features)['loss_ab'] for w in (1.0, 0.1))
    torch.testing.assert_close(tenth, 0.1 * one)
    assert _loss(_term(), weight=0)(features) == {}


def test_mutual_information_loss__conditional_term():
    features = _features()
    losses = _loss(_term(given='c'))(features)
    expected = gaussian_information(features['a'], features['b'], given=features['c'])
    torch.testing.assert_close(losses['loss_ab'], expected)


def test_mutual_information_loss__weight_is_finite():
    with pytest.raises(UsageError, match='weight: expected a finite number, got nan'):
        _loss(_term(), weight=float('nan'))


def test_mutual_information_loss__weight_zero_switches_off():
    features = _features()
    assert _loss(_term(weight=0), _term(name='ba', first='b', second='a'))(features).keys() == {
        'loss_ba'
    }


@pytest.mark.parametrize('estimator', ['gaussian', 'kl', 'released'])
@pytest.mark.parametrize('detach', [None, 'first', 'second'])
def test_mutual_information_loss__detached_side_gets_no_gradient(estimator, detach):
    features = _features()
    _loss(_term(estimator=estimator, detach=detach))(features)['loss_ab'].backward()
    assert (features['a'].grad is None) == (detach == 'first')
    assert (features['b'].grad is None) == (detach == 'second')


def test_mutual_information_loss__learnt_projection():
    features = _features()
    loss = _loss(_term(second='c', estimator='kl', project=(4, 3)))
    projected = loss.projections['ab'](features['a'])
    result = loss(features)['loss_ab']
    torch.testing.assert_close(result, -spatial_kl(projected, features['c']))
    result.backward()
    assert loss.projections['ab'].weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ('term', 'message'),
    [
        ({'name': 'x', 'first': 'a'}, r"missing \['second'\]"),
        (_term(sign=-1), r"unknown \['sign'\]"),
        (_term(estimator='mine'), "estimator: expected one of .*'gaussian'.* got 'mine'"),
        (_term(detach='both'), 'detach: expected'),
        (_term(estimator='kl', given='c'), "expected estimator 'gaussian' with 'given'"),
    ],
)
def test_mutual_information_loss__bad_term(term, message):
    with pytest.raises(ValueError, match=message):
        _loss(term)


def test_mutual_information_loss__terms_have_names():
    with pytest.raises(UsageError, match='terms by their names, got list'):
        MODELS.build({'type': 'jmpose_mm.MutualInformationLoss', 'terms': [_term()]})
    left_out = {'ab': None, 'ba': {'first': 'b', 'second': 'a'}}
    loss = MODELS.build({'type': 'jmpose_mm.MutualInformationLoss', 'terms': left_out})
    assert list(loss(_features())) == ['loss_ba']


@pytest.mark.parametrize('stages', [1, 3])
def test_mutual_information_loss__a_star_is_each_stage(stages):
    features = {
        f'{name}_{i + 1}': values + i
        for name, values in list(_features().items())[:2]
        for i in range(stages)
    }
    loss = _loss(_term(first='a_*', second='b_*', project=(4, 4)), weight=0.5)
    assert loss.bind([*features, 'other']) == ('other',)
    found = loss(features)
    assert list(found) == [f'loss_ab_{i + 1}' for i in range(stages)]
    for i in range(stages):
        first = loss.projections[f'ab_{i + 1}'](features[f'a_{i + 1}'])
        expected = gaussian_information(first, features[f'b_{i + 1}'])
        torch.testing.assert_close(found[f'loss_ab_{i + 1}'], 0.5 * expected)


def test_mutual_information_loss__in_an_own_loop_a_star_is_each_stage_too():
    features = {f'{name}_{i}': v + i for name, v in _features().items() for i in (1, 2)}
    term = _term(first='a_*', second='b_*')
    alone, bound = _loss(term), _loss(term)
    bound.bind(list(features))
    assert alone(features) == bound(features)
    assert alone.terms != bound.terms  # nothing is kept of the features
    with pytest.raises(UsageError, match=r'terms\.ab_1\.project: expected `bind` to be called'):
        _loss({**term, 'project': (4, 4)})(features)


def test_mutual_information_loss__a_term_that_no_feature_feeds_is_refused_when_it_is_bound():
    for term in (_term(first='a_*'), _term(first='m')):
        with pytest.raises(
            UsageError, match=r"terms\.ab\.first: expected one of \['a', 'b', 'heat"
        ):
            _loss(term).bind(['a', 'b'])


def test_mutual_information_loss__features_that_are_not_finite_name_the_term():
    features = {name: value.detach().clone() for name, value in _features().items()}
    features['b'][0, 0, 0, 0] = float('nan')
    with pytest.raises(NotFiniteError, match=r'loss_ab is not finite; .*: b$'):
        _loss(_term())(features)


def test_mutual_information_loss__unknown_feature_lists_what_there_is():
    with pytest.raises(ValueError, match=r"second: expected one of \['a', 'b', 'c'\], .*got 'm'"):
        _loss(_term(second='m'))(_features())
