"""The measurement of the signs: its area under the curve, and a made-up set."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.quality_signs import (
    Track,
    area_under_curve,
    labelled_boxes,
    signs_and_errors,
    table,
)


def test_area_under_curve__counts_pairs() -> None:
    rng = np.random.default_rng(0)
    values, wanted = rng.integers(0, 8, 60).astype(float), rng.uniform(size=60) < 0.3
    pairs = np.sign(values[wanted][:, None] - values[~wanted])
    assert area_under_curve(values, wanted) == pytest.approx(((pairs + 1) / 2).mean())


def test_table__signs_that_know_all() -> None:
    rng = np.random.default_rng(0)
    points = np.tile(rng.uniform(50, 150, (17, 2)), (30, 1, 1))
    wrong = np.isin(np.arange(30), (5, 14, 23))
    points[wrong] += rng.uniform(20, 30, (17, 2))
    error = np.where(wrong[:, None], 2.0, 0.1) * np.ones((30, 17))
    error[:, 3] = np.nan
    track = Track(
        points,
        np.full((30, 17), 0.8),
        np.arange(30) / 25,
        np.tile([0.0, 0, 200, 200], (30, 1)),
        np.zeros(30),
        error,
    )
    rows = {name: cells for name, *cells in table(*signs_and_errors([track]))[1:]}
    assert rows['score'] == ['0.500', '0.500']
    assert rows['jump'] == rows['together'] == ['1.000', '1.000']


def test_boxes_of__corners_and_identities_from_one() -> None:
    boxes, _, ids = labelled_boxes([{'bbox': [10, 20, 30, 40], 'track_id': 0}])
    assert (boxes.tolist(), ids.tolist()) == ([[10, 20, 40, 60]], [1])
    assert labelled_boxes([]) is None
