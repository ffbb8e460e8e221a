from __future__ import annotations

import torch
from torch import nn

from jmpose_mm.registry import OPTIM_WRAPPERS


def test_autocast__passes_in_bfloat16_and_weights_in_float32():
    model = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    wrapper = OPTIM_WRAPPERS.build(
        dict(type='jmpose_mm.AutocastOptimWrapper', optimizer=optimizer, accumulative_counts=1)
    )
    before = model.weight.detach().clone()
    with wrapper.optim_context(model):
        result = model(torch.ones(3, 4))
    assert result.dtype == torch.bfloat16
    wrapper.update_params(result.float().sum())
    assert model.weight.dtype == torch.float32
    torch.testing.assert_close(model.weight, before - 3)
    assert model(torch.ones(3, 4)).dtype == torch.float32
