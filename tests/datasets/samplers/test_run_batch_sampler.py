"""Every key frame once an epoch, in batches of the size that was asked for."""

from __future__ import annotations

import pickle
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.dataset import DefaultSampler
from torch.utils.data import BatchSampler

from jmpose_mm.datasets.runs import Run
from jmpose_mm.datasets.samplers import FrameGroupSampler, RunBatchSampler
from jmpose_mm.datasets.transforms import SampleSupportFrames
from jmpose_mm.functional.runs import Stretch, batch_sizes, draw_stretches, fill_batches
from jmpose_mm.registry import DATA_SAMPLERS

# video, person, frame of each sample
DENSE = [(v, p, f) for v in 'ab' for f in range(17) for p in range(3)]
LABELS = {
    'dense': DENSE,
    'every fourth frame': [(v, p, f) for v, p, f in DENSE if f % 4 == 0],
    'holes': [(v, p, f) for v, p, f in DENSE if f not in (3, 4, 9, 10, 11, 12, 13, 14)],
    'come and go': [(v, p, f) for v, p, f in DENSE if (f // 3 + p) % 2],
    'single frames': [('a', 0, 8), ('a', 1, 2), ('b', 0, 0), ('c', 5, 1)],
    'without tracks': [(v, None, f) for v, p, f in DENSE],
    'a track twice': [(v, p % 2, f) for v, p, f in DENSE],
}


class Samples:
    """As much of a data set as a sampler asks for."""

    def __init__(self, samples: list[tuple], **sampling: object) -> None:
        self.samples = samples
        self.pipeline = SimpleNamespace(transforms=[SampleSupportFrames(**sampling)])

    def __len__(self) -> int:
        return len(self.samples)

    def get_data_info(self, index: int) -> dict:
        video, person, number = self.samples[index]
        return {'video': video, 'track_id': person, 'frame_number': number}


def sampled(samples: list[tuple], seed: int = 0, epoch: int = 0, **kwargs: object) -> list[list]:
    order = DefaultSampler(Samples(samples), seed=seed)
    order.set_epoch(epoch)
    return list(RunBatchSampler(order, **{'batch_size': 8, **kwargs}))


def keys(batch: list) -> list[int]:
    return [key for item in batch for key in (item.keys if isinstance(item, Run) else [item])]


@pytest.mark.parametrize('processes', [1, 3])
@pytest.mark.parametrize('labels', LABELS)
@pytest.mark.parametrize(('batch_size', 'run_length'), [(8, 4), (5, 3), (1, 2)])
def test_epoch__shows_every_key_frame_once(
    monkeypatch: pytest.MonkeyPatch, processes: int, labels: str, batch_size: int, run_length: int
) -> None:
    samples, seen, counts = LABELS[labels], [], set()
    for rank in range(processes):
        monkeypatch.setattr(
            'mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, processes)
        )
        order = DefaultSampler(Samples(samples), seed=5)
        batches = RunBatchSampler(order, batch_size, run_length)
        found = list(batches)
        assert len(found) == len(batches)
        counts.add(len(found))
        assert all(0 < len(keys(batch)) <= max(batch_size, 2) for batch in found)
        assert batch_size == 1 or all(len(keys(batch)) <= batch_size for batch in found)
        seen += [key for batch in found for key in keys(batch)]
    assert sorted(seen) == list(range(len(samples)))
    assert len(counts) == 1  # no process waits for another one


@pytest.mark.parametrize('labels', LABELS)
def test_run__is_consecutive_key_frames_of_one_person_and_their_neighbours(labels: str) -> None:
    samples = LABELS[labels]
    items = [item for batch in sampled(samples) for item in batch if isinstance(item, Run)]
    tracked = labels not in ('single frames', 'without tracks')
    assert bool(items) == tracked
    for item in items:
        assert 1 < len(item.keys) <= 4
        chosen = [samples[i] for i in item.keys]
        (who,) = {sample[:2] for sample in chosen}
        frames = [frame for *_, frame in chosen]
        others = {frame for *person, frame in samples if tuple(person) == who}
        for one, following in pairwise(frames):
            assert 0 < following - one <= 4  # windows of five share a frame
            assert not any(one < frame < following for frame in others)
        near = {samples[i][2] for i in item.neighbours}
        assert {samples[i][:2] for i in item.neighbours} <= {who}
        reached = {f for f in others if any(abs(f - key) <= 2 for key in frames)} - set(frames)
        if labels != 'a track twice':
            assert reached - near <= {f for f in reached if min(abs(f - k) for k in others) > 4}
            assert reached <= near


def test_run_of_one__is_todays_batches() -> None:
    order = DefaultSampler(Samples(DENSE), seed=3)
    for epoch in range(3):
        order.set_epoch(epoch)
        for drop_last in (False, True):
            ours = RunBatchSampler(order, 8, run_length=1, drop_last=drop_last)
            host = BatchSampler(order, 8, drop_last)
            assert list(ours) == list(host)
            assert len(ours) == len(host)


def test_frames_of_their_own__are_not_kept_together() -> None:
    order = DefaultSampler(Samples(DENSE, frame_offsets=(0,)), seed=3)
    assert list(RunBatchSampler(order, 8, 4)) == list(BatchSampler(order, 8, False))


def test_order__is_that_of_the_seed_and_the_epoch_and_phases_differ() -> None:
    orders = [str(sampled(DENSE, seed, epoch)) for seed, epoch in ((1, 0), (1, 0), (1, 1), (2, 0))]
    assert orders[0] == orders[1]
    assert len(set(orders)) == 3
    firsts = set()
    for epoch in range(40):
        items = [item for batch in sampled(DENSE, 1, epoch) for item in batch]
        firsts |= {len(i.keys) for i in items if isinstance(i, Run) and i.keys[0] == 0}
        firsts |= {1 for i in items if i == 0}
    assert firsts == {1, 2, 3, 4}


def test_batches__are_mostly_of_whole_runs() -> None:
    """17 frames a person make 4 runs of 4 and one more, or 5 and two odd ends: no more are cut."""
    lengths = [
        len(item.keys) if isinstance(item, Run) else 1
        for epoch in range(20)
        for batch in sampled(DENSE * 1, 0, epoch, batch_size=12)
        for item in batch
    ]
    whole = sum(length == 4 for length in lengths) * 4 / sum(lengths)
    assert whole > 0.65


def test_stretches__every_phase_is_as_likely() -> None:
    rng = np.random.default_rng(0)
    first = [draw_stretches([np.arange(9)], 4, rng)[0].stop for _ in range(4000)]
    counts = np.bincount(first, minlength=5)[1:]
    # five standard deviations of a binomial share
    assert max(abs(counts - 1000)) < 5 * np.sqrt(1000 * 3 / 4)


def test_fill_batches__takes_what_fits_and_cuts_the_first_one_else() -> None:
    stretches = [Stretch(0, 0, 4), Stretch(1, 0, 3), Stretch(2, 0, 4), Stretch(3, 0, 1)]
    assert fill_batches(stretches, [5, 4, 3]) == [
        [stretches[0], stretches[3]],
        [stretches[1], Stretch(2, 0, 1)],
        [Stretch(2, 1, 4)],
    ]


def test_batch_sizes__sum_up_and_are_even_among_processes() -> None:
    for windows in range(1, 60):
        for batch_size in range(1, 8):
            for processes in range(1, min(windows, 5) + 1):
                sizes = batch_sizes(windows, batch_size, processes)
                steps = [sizes[i : i + processes] for i in range(0, len(sizes), processes)]
                assert sum(sizes) == windows
                assert all(max(step) - min(step) <= 1 and len(step) == processes for step in steps)
                assert max(sizes) <= max(batch_size, 2 if processes > 1 else 1)
                full = batch_sizes(windows, batch_size, processes, drop_last=True)
                assert set(full) <= {batch_size}
                assert 0 <= windows - sum(full) < batch_size * processes
    with pytest.raises(ValueError, match='at least one for each of 3 processes, got 2'):
        batch_sizes(2, 8, 3)


def test_sampler__says_what_is_wrong() -> None:
    order = DefaultSampler(Samples(DENSE), seed=0)
    for bad, said in (
        ({'run_length': 0}, 'got 8 and 0'),
        ({'crop': 'box'}, 'crop: expected one of'),
    ):
        with pytest.raises(ValueError, match=said):
            RunBatchSampler(order, 8, **bad)
    stills = Samples(DENSE)
    stills.get_data_info = lambda index: {'img_path': 'a.jpg'}
    with pytest.raises(ValueError, match=r"video and frame_number, got \['img_path'\]"):
        RunBatchSampler(DefaultSampler(stills, seed=0), 8)
    repeated = Samples(DENSE)
    repeated.dataset = stills  # as mmengine's RepeatDataset has it
    with pytest.raises(ValueError, match='expected a single one for runs, got Samples'):
        RunBatchSampler(DefaultSampler(repeated, seed=0), 8)
    with pytest.raises(ValueError, match='expected a DefaultSampler, got list'):
        RunBatchSampler([0, 1], 8)
    with pytest.raises(ValueError, match='expected a DefaultSampler, got FrameGroupSampler'):
        RunBatchSampler(FrameGroupSampler(Samples(DENSE), seed=0), 8)


def test_sampler__is_built_by_name_and_can_be_sent_to_another_process() -> None:
    built = DATA_SAMPLERS.build(
        dict(type='jmpose_mm.RunBatchSampler', run_length=2),
        default_args=dict(sampler=DefaultSampler(Samples(DENSE), seed=4), batch_size=8),
    )
    assert list(pickle.loads(pickle.dumps(built))) == list(built)
