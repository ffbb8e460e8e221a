"""Objectives between named feature maps, spelled in the config.

Axes: B clips, C D E channels, h w grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from mmengine.model import BaseModule
from torch import Tensor, nn

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.mutual_information import (
    gaussian_information,
    released_quantity,
    spatial_kl,
)
from jmpose_mm.registry import MODELS

__all__ = ['MutualInformationLoss']

_FIELDS = {'name', 'first', 'second', 'given', 'weight', 'detach', 'estimator', 'project'}


@MODELS.register_module()
class MutualInformationLoss(BaseModule):
    """Weighted sum of information terms; each is data.

    A term is a dict with ``name``, ``first`` and ``second`` (names of features that the neck
    offers, or ``'heatmaps'`` for the prediction) and optionally

    * ``weight``: factor with its sign (1 minimises the term, -1 maximises it, 0 leaves it out);
    * ``given``: the feature to condition on (estimator ``'gaussian'`` only);
    * ``detach``: ``'first'`` or ``'second'``, the side that gets no gradient;
    * ``estimator``: ``'gaussian'``, nats per position; ``'kl'``, minus the divergence, so that
      larger means more alike; ``'released'``, the quantity of the public code under its own sign;
      by default the loss's own;
    * ``project``: ``(C, D)``, a learnt 1x1 convolution of ``first``, for estimators that compare
      channel by channel. Meant for terms that are maximised, where it is the decoder of a
      variational bound.

    Args:
        terms: The terms.
        weight: Factor on all terms.
        estimator: Of all terms that do not name one themselves.
        kl_temperature: Of the softmax in ``'kl'``.
        released_temperature: Of the softmax in ``'released'``.
        shrinkage: Of the correlation in ``'gaussian'``.
    """

    def __init__(
        self,
        terms: Sequence[dict],
        weight: float = 1.0,
        estimator: str = 'gaussian',
        kl_temperature: float = 1.0,
        released_temperature: float = 0.05,
        shrinkage: float = 0.01,
    ) -> None:
        super().__init__()
        self.estimators: dict[str, Callable[..., Tensor]] = {
            'gaussian': partial(gaussian_information, shrinkage=shrinkage),
            'kl': partial(_likeness, temperature=kl_temperature),
            'released': partial(released_quantity, temperature=released_temperature),
        }
        self.terms = [
            _checked_term({'estimator': estimator, **term}, self.estimators) for term in terms
        ]
        self.weight = weight
        names = [term['name'] for term in self.terms]
        if len(set(names)) != len(names):
            raise ValueError(f'terms: expected distinct names, got {names}')
        self.projections = nn.ModuleDict(
            {t['name']: nn.Conv2d(*t['project'], 1) for t in self.terms if t.get('project')}
        )

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weighted terms by ``loss_<name>``; their sum is the objective.

        Args:
            features: Named maps ``(B, C, h, w)``.

        Raises:
            ValueError: A term names a feature that is not there.
        """
        return {
            f'loss_{term["name"]}': self.weight * term['weight'] * self.estimate(term, features)
            for term in self.terms
            if self.weight * term['weight'] != 0
        }

    def estimate(self, term: dict, features: dict[str, Tensor]) -> Tensor:
        """The term's estimate, before its weight."""
        sides = {}
        for side in ('first', 'second', 'given'):
            if term.get(side) is None:
                continue
            if term[side] not in features:
                raise ValueError(
                    f'term {term["name"]!r}, {side}: expected one of {sorted(features)}, '
                    f'got {term[side]!r}'
                )
            feature = features[term[side]]
            sides[side] = feature.detach() if term['detach'] == side else feature
        if term['name'] in self.projections:
            sides['first'] = self.projections[term['name']](sides['first'])
        return self.estimators[term['estimator']](*sides.values())


def _likeness(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    return -spatial_kl(first, second, temperature)


def _checked_term(term: dict, estimators: dict) -> dict:
    """The term with its defaults, or a ``ValueError`` that says which field is wrong."""
    term = {'weight': 1.0, 'detach': None, **term}
    name = term.get('name')
    missing, unknown = {'name', 'first', 'second'} - term.keys(), term.keys() - _FIELDS
    if missing or unknown:
        raise ValueError(
            f'term {name!r}: expected fields {sorted(_FIELDS)}, '
            f'missing {sorted(missing)}, unknown {sorted(unknown)}'
        )
    check_choice(f'term {name!r}, estimator', term['estimator'], estimators)
    check_choice(f'term {name!r}, detach', term['detach'], (None, 'first', 'second'))
    if term.get('given') is not None and term['estimator'] != 'gaussian':
        raise ValueError(
            f"term {name!r}: expected estimator 'gaussian' with 'given', since only it has a "
            f'conditional form, got {term["estimator"]!r}'
        )
    return term
