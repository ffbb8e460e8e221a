"""What users have, converted once or refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from jmpose_mm.functional.arrays import as_floats, as_indices, as_mask


@pytest.mark.parametrize('kind', [np.bool_, np.int64, np.float32])
def test_as_mask__of_any_type(kind):
    assert as_mask('present', np.array([0, 1, 1], kind)).tolist() == [False, True, True]


def test_as_mask__visibility_of_coco():
    assert as_mask('present', [0, 1, 2]).tolist() == [False, True, True]
    assert as_mask('present', torch.tensor([[2, 0]])).tolist() == [[True, False]]


@pytest.mark.parametrize('values', [[0, 3], [0.5], [np.nan], [-1], ['yes'], [None], [[1], [1, 2]]])
def test_as_mask__refuses_anything_else(values):
    with pytest.raises(ValueError, match='present: expected'):
        as_mask('present', values)


@pytest.mark.parametrize('values', [[0.5], [True], [np.inf], 'one'])
def test_as_indices__refuses_what_is_not_whole(values):
    with pytest.raises(ValueError, match='frame: expected'):
        as_indices('frame', values)


def test_as_floats__tensors_of_any_kind():
    for tensor in (torch.ones(2, requires_grad=True), torch.ones(2).bfloat16()):
        assert as_floats('points', tensor).tolist() == [1, 1]


@pytest.mark.parametrize('values', [np.zeros((2, 3)), np.zeros(2), [[1, 2], [3]], object()])
def test_as_floats__names_what_does_not_fit(values):
    with pytest.raises(ValueError, match='points: expected'):
        as_floats('points', values, 'N 2')
