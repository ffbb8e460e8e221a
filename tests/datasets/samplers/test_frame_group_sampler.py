from __future__ import annotations

import pickle
from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from mmengine.dataset import DefaultSampler

from jmpose_mm.datasets.samplers.frame_group_sampler import FrameGroupSampler, grouped_order
from jmpose_mm.registry import DATA_SAMPLERS

# Two videos of six frames with three persons each; samples in time order.
SAMPLES = [(video, frame) for video in ('a', 'b') for frame in range(6) for _ in range(3)]


class Samples:
    """As much of a data set as a sampler asks for."""

    def __init__(self, samples: list[tuple[str, int]] = SAMPLES) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def get_data_info(self, index: int) -> dict:
        video, number = self.samples[index]
        return {'video': video, 'frame_number': number}


def runs(order: list[int], frames: int = 1, shift: int = 0) -> list[tuple[tuple, int]]:
    """Group and length of each stretch of an order that stays in one group."""
    keys = [(SAMPLES[i][0], (SAMPLES[i][1] + shift) // frames) for i in order]
    return [(key, len(list(stretch))) for key, stretch in groupby(keys)]


def test_order__keeps_the_persons_of_a_frame_together_and_shuffles_frames_and_persons() -> None:
    sampler = DATA_SAMPLERS.build(
        dict(type='jmpose_mm.FrameGroupSampler', seed=1), default_args=dict(dataset=Samples())
    )
    order = list(sampler)
    assert sorted(order) == list(range(36))
    stretches = runs(order)
    assert len(stretches) == 12
    assert {length for _, length in stretches} == {3}
    assert [key for key, _ in stretches] != sorted(key for key, _ in stretches)
    # not every frame keeps its persons in their order: 1 in 6 ** 12 by chance
    assert any(order[k : k + 3] != sorted(order[k : k + 3]) for k in range(0, 36, 3))


def test_order__is_that_of_the_seed_and_the_epoch() -> None:
    orders = []
    for seed, epoch in ((1, 0), (1, 0), (1, 1), (2, 0)):
        sampler = FrameGroupSampler(Samples(), seed=seed)
        sampler.set_epoch(epoch)
        orders.append(tuple(sampler))
    assert orders[0] == orders[1]
    assert len(set(orders)) == 3


def test_groups_of_frames__start_elsewhere_in_other_epochs() -> None:
    sampler = FrameGroupSampler(Samples(), frames=3, seed=0)
    shifts = Counter()
    for epoch in range(12):
        sampler.set_epoch(epoch)
        order = list(sampler)
        assert sorted(order) == list(range(36))
        fits = [s for s in range(3) if len(runs(order, 3, s)) == (4 if s == 0 else 6)]
        shifts.update(fits)
    assert set(shifts) == {0, 1, 2}


def test_grouped_order__every_order_of_groups_is_as_likely() -> None:
    rng = np.random.default_rng(0)
    videos, numbers = np.array([0, 0, 1, 1]), np.array([4, 5, 4, 4])
    counts = Counter(tuple(grouped_order(videos, numbers, 1, rng)) for _ in range(6000))
    # 3 groups in 6 orders, 2 orders of the pair; five standard deviations of a binomial share
    assert len(counts) == 12
    assert max(abs(count - 500) for count in counts.values()) < 5 * np.sqrt(500 * 11 / 12)


@pytest.mark.parametrize('world_size', [2, 5])
def test_processes__share_the_samples_as_the_hosts_sampler_does(
    monkeypatch: pytest.MonkeyPatch, world_size: int
) -> None:
    together: list[int] = []
    for rank in range(world_size):
        monkeypatch.setattr(
            'mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, world_size)
        )
        sampler, host = (cls(Samples(), seed=3) for cls in (FrameGroupSampler, DefaultSampler))
        indices = list(sampler)
        assert len(indices) == len(sampler) == len(list(host))
        together += indices
    assert set(together) == set(range(36))
    # cut into as many pieces, no more groups are torn than there are cuts
    assert len(runs(together)) <= 12 + world_size


def test_sampler__says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match='frames: expected at least 1, got 0'):
        FrameGroupSampler(Samples(), frames=0, seed=0)
    stills = Samples()
    stills.get_data_info = lambda index: {'img_path': 'a.jpg'}
    with pytest.raises(ValueError, match=r"video and frame_number, got \['img_path'\]"):
        FrameGroupSampler(stills, seed=0)


def test_sampler__can_be_sent_to_another_process() -> None:
    sampler = FrameGroupSampler(Samples(), seed=4)
    assert list(pickle.loads(pickle.dumps(sampler))) == list(sampler)
