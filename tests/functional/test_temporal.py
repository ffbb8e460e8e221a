from __future__ import annotations

import pytest
import torch

from jmpose_mm.functional.temporal import (
    adjacent_differences,
    key_frame_index,
    repeat_key_frame,
    split_key_frame,
)


@pytest.mark.parametrize(
    ('offsets', 'index'), [((-2, -1, 0, 1, 2), 2), ((0,), 0), ((-4, -3, 0), 2), ((0, 1), 0)]
)
def test_key_frame_index__is_where_the_offset_is_zero(offsets, index):
    assert key_frame_index(offsets) == index


@pytest.mark.parametrize('offsets', [(-1, 1), (1, 0, -1), (-1, 0, 0), ()])
def test_key_frame_index__refuses(offsets):
    with pytest.raises(ValueError, match='strictly ascending'):
        key_frame_index(offsets)


def test_adjacent_differences__by_hand_and_reversed_in_time():
    clip = torch.tensor([1.0, 4.0, 9.0]).reshape(1, 3, 1, 1, 1)
    assert adjacent_differences(clip).flatten().tolist() == [3.0, 5.0]
    torch.testing.assert_close(
        adjacent_differences(clip.flip(1)), -adjacent_differences(clip).flip(1)
    )


def test_repeat_key_frame__has_no_motion():
    clip = torch.randn(2, 5, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    copies = repeat_key_frame(clip, 2)
    assert copies.shape == clip.shape
    assert torch.equal(copies[:, 4], clip[:, 2])
    assert adjacent_differences(copies).abs().max() == 0


def test_adjacent_differences__wrong_rank():
    with pytest.raises(ValueError, match='B T C H W'):
        adjacent_differences(torch.zeros(2, 3, 4))


@pytest.mark.parametrize('key_index', [0, 1, 4])
def test_split_key_frame__supports_stay_in_time_order(key_index):
    clip = torch.arange(5.0).view(1, 5, 1, 1, 1).expand(2, 5, 3, 2, 2)
    key, supports = split_key_frame(clip, key_index)
    assert torch.equal(key, torch.full((2, 3, 2, 2), float(key_index)))
    assert supports[0, :, 0, 0, 0].tolist() == [t for t in range(5) if t != key_index]
