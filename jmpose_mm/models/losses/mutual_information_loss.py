"""Objectives between named feature maps, spelled in the config.

Axes: B clips, C D E channels, h w grid.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.linalg import LinAlgError  # type: ignore[attr-defined]  # public, not in __all__

from jmpose_mm.errors import NotFiniteError, UsageError
from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.mutual_information import (
    gaussian_information,
    released_quantity,
    spatial_kl,
)
from jmpose_mm.registry import MODELS

__all__ = ['MutualInformationLoss']

_SIDES = ('first', 'second', 'given')
_FIELDS = {*_SIDES, 'weight', 'detach', 'estimator', 'project'}
_HEATMAPS = 'heatmaps'
_Term = dict[str, Any]


@MODELS.register_module()
class MutualInformationLoss(BaseModule):
    """Weighted sum of information terms; each is data.

    A term is a dict with ``first`` and ``second`` (names of features that the neck offers, or
    ``'heatmaps'`` for the prediction) and optionally

    * ``weight``: factor with its sign (1 minimises the term, -1 maximises it, 0 leaves it out);
    * ``given``: the feature to condition on (estimator ``'gaussian'`` only);
    * ``detach``: ``'first'`` or ``'second'``, the side that gets no gradient;
    * ``estimator``: ``'gaussian'``, nats per position; ``'kl'``, minus the divergence, so that
      larger means more alike; ``'released'``, the quantity of the public code under its own sign;
      by default the loss's own;
    * ``project``: ``(C, D)``, a learnt 1x1 convolution of ``first``, for estimators that compare
      channel by channel. Meant for terms that are maximised, where it is the decoder of a
      variational bound.

    A star stands for a stage: ``first='joint_*'`` makes a term of every stage of which the neck
    offers ``joint_1``, ``joint_2``, ... The model tells the loss which features there are (`bind`).

    Args:
        terms: Terms by their names; None in place of one leaves it out.
        weight: Factor on all terms.
        estimator: Estimator of all terms that do not name one themselves.
        kl_temperature: Divisor of the maps in the softmax of ``'kl'``.
        released_temperature: Divisor of the maps in the softmax of ``'released'``.
        shrinkage: Shrinkage of the correlation in ``'gaussian'``.

    Example:
        >>> import torch
        >>> terms = {'joint_motion': {'first': 'joint_1', 'second': 'motion_1'}}
        >>> maps = {'joint_1': torch.ones(2, 4, 8, 8), 'motion_1': torch.randn(2, 4, 8, 8)}
        >>> MutualInformationLoss(terms)(maps)['loss_joint_motion'].abs() < 1e-3
        tensor(True)
    """

    def __init__(
        self,
        terms: Mapping[str, _Term | None],
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
        if not isinstance(terms, Mapping):
            raise UsageError(
                f'terms: expected terms by their names, got {type(terms).__name__}; write '
                'dict(NAME=dict(first=..., second=...), ...)'
            )
        self.terms = [
            {'name': name, **_checked_term(name, {'estimator': estimator, **term}, self.estimators)}
            for name, term in terms.items()
            if term is not None
        ]
        if not math.isfinite(weight):
            raise UsageError(f'weight: expected a finite number, got {weight}')
        self.weight = weight
        self.projections = nn.ModuleDict()
        self._make_projections()

    def bind(self, features: Sequence[str]) -> tuple[str, ...]:
        """Make terms with stars those of the stages that there are.

        Args:
            features: Names of all that the neck offers.

        Returns:
            Those that no term reads.

        Raises:
            UsageError: A term reads a feature that the neck does not offer.
        """
        offered = [*features, _HEATMAPS]
        self.terms = [bound for term in self.terms for bound in _of_stages(term, offered)]
        self._make_projections()
        for term in self.terms:
            for side in _SIDES:
                if term.get(side) is not None and term[side] not in offered:
                    raise UsageError(_missing(term['name'], side, term[side], offered))
        read = {term.get(side) for term in self.terms for side in _SIDES}
        return tuple(name for name in features if name not in read)

    def _make_projections(self) -> None:
        for term in self.terms:
            name, starred = term['name'], '*' in ''.join(str(term.get(side)) for side in _SIDES)
            if term.get('project') and not starred and name not in self.projections:
                wide, narrow = term['project']
                self.projections[name] = nn.Conv2d(wide, narrow, 1)

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weighted terms by ``loss_<name>``; their sum is the objective.

        Args:
            features: Named maps ``(B, C, h, w)``.

        Raises:
            ValueError: A term names a feature that is not there.
            NotFiniteError: A feature of a term is not finite.
        """
        return {
            f'loss_{term["name"]}': self.weight * term['weight'] * self.estimate(term, features)
            for starred in self.terms
            for term in _of_stages(starred, tuple(features))
            if self.weight * term['weight'] != 0
        }

    def estimate(self, term: _Term, features: dict[str, Tensor]) -> Tensor:
        """The term's estimate, before its weight."""
        sides = {}
        for side in _SIDES:
            if term.get(side) is None:
                continue
            if term[side] not in features:
                raise ValueError(_missing(term['name'], side, term[side], features))
            feature = features[term[side]]
            sides[side] = feature.detach() if term['detach'] == side else feature
        if term.get('project'):
            if term['name'] not in self.projections:
                raise UsageError(
                    f'terms.{term["name"]}.project: expected `bind` to be called with the names of '
                    'the features first, which makes the projection of each stage'
                )
            sides['first'] = self.projections[term['name']](sides['first'])
        try:
            return self.estimators[term['estimator']](*sides.values())
        except LinAlgError as error:  # of a covariance that is not finite
            finite = {side: bool(value.isfinite().all()) for side, value in sides.items()}
            names = ', '.join(term[side] for side, is_finite in finite.items() if not is_finite)
            raise NotFiniteError(
                f'loss_{term["name"]} is not finite; not finite among its features: '
                f'{names or "none"}'
            ) from error


def _likeness(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    return -spatial_kl(first, second, temperature)


def _of_stages(term: _Term, offered: Sequence[str]) -> Iterator[_Term]:
    """The term itself, or, where it has a star, that of each stage."""
    starred = [side for side in _SIDES if '*' in (term.get(side) or '')]
    if not starred:
        yield term
        return
    pattern = re.escape(term[starred[0]]).replace(r'\*', r'(\d+)')
    stages = [match[1] for name in offered if (match := re.fullmatch(pattern, name))]
    if not stages:
        raise UsageError(_missing(term['name'], starred[0], term[starred[0]], offered))
    for stage in stages:
        sides = {side: term[side].replace('*', stage) for side in starred}
        yield {**term, **sides, 'name': f'{term["name"]}_{stage}'}


def _missing(term: str, side: str, name: str, offered: Iterable[str]) -> str:
    return f'terms.{term}.{side}: expected one of {sorted(offered)}, which there are, got {name!r}'


def _checked_term(name: str, term: _Term, estimators: Mapping[str, object]) -> _Term:
    """The term with its defaults, or a ``ValueError`` that says which field is wrong."""
    term = {'weight': 1.0, 'detach': None, **term}
    missing, unknown = {'first', 'second'} - term.keys(), term.keys() - _FIELDS
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
