"""Where joints may look: by hand, at extremes, and what is never lost."""

from __future__ import annotations

import torch

from jmpose_mm.functional.joint_masks import blocked_tokens


def _draw(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def test_blocked_tokens__by_hand():
    maps = torch.tensor([[2.0, 3.0], [4.0, 12.0]]).expand(1, 1, 1, 2, 2)
    # In [0, 1] these are 0, 0.1, 0.2 and 1.
    assert blocked_tokens(maps, (2, 2), 0.15).flatten().tolist() == [True, True, False, False]
    assert torch.equal(blocked_tokens(-5 + 3 * maps, (2, 2)), blocked_tokens(maps, (2, 2)))


def test_blocked_tokens__largest_value_of_a_cell_or_samples_between_four():
    maps = torch.zeros(1, 1, 1, 8, 8)
    maps[..., 0, 0] = 1.0  # the corner: no sample of a grid of two lies near it
    maps[..., 5, 5] = 0.5  # a quarter of it is seen, and the joint keeps its highest token
    assert blocked_tokens(maps, (2, 2), 0.3).flatten().tolist() == [True, True, True, False]
    largest = blocked_tokens(maps, (2, 2), 0.3, pooling='max')
    assert largest.flatten().tolist() == [False, True, True, False]


def test_blocked_tokens__a_joint_that_is_nowhere_keeps_its_highest_token_alone():
    maps = _draw(2, 3, 4, 6, 5)
    maps[0, :, 1] = 7.0  # constant
    maps[1, 1:, 2] = 7.0  # constant in two frames of three
    blocked = blocked_tokens(maps, (6, 5))
    open_tokens = (~blocked).sum(dim=2)
    assert open_tokens[0, 1] == 1
    assert open_tokens.min() >= 1
    assert blocked[1, 2, 30:].all()
    assert not blocked[1, 2, :30].all()
    everything = blocked_tokens(maps, (6, 5), threshold=1.1)
    scaled = (maps - maps.amin((-1, -2), True)) / (
        maps.amax((-1, -2), True) - maps.amin((-1, -2), True)
    )
    assert (~everything).sum(dim=2).eq(1).all()
    assert not everything[0, 0, scaled[0, :, 0].flatten().argmax()]


def test_blocked_tokens__released_queries_have_the_next_maps_and_one_token_each():
    maps = _draw(1, 2, 3, 2, 2)
    maps[0, 0, :2] = 7.0  # the first query's two maps, which are not those of the first joint
    blocked = blocked_tokens(maps, (2, 2), 0.9, layout='released')
    scaled = maps.flatten(3) - maps.flatten(3).amin(-1, keepdim=True)
    expected = scaled < 0.9 * (scaled.amax(-1, keepdim=True) + 1e-6)
    assert blocked[0, 0].sum() == 7
    assert torch.equal(blocked[0, 1:].flatten(), expected[0].flatten()[8:])


def test_blocked_tokens__passes_no_gradient():
    maps = _draw(1, 2, 3, 4, 4).requires_grad_()
    assert not blocked_tokens(maps, (4, 4)).requires_grad
