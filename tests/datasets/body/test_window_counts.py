from __future__ import annotations

import pytest

from jmpose_mm.datasets.body.window_counts import still_windows_remark
from jmpose_mm.datasets.transforms import SampleSupportFrames
from jmpose_mm.errors import UsageError

TABLES = {
    'x/every': {k: '' for k in range(10)},
    'x/fifth': {k: '' for k in range(0, 30, 5)},
    'x/sparse': {k: '' for k in (0, 13, 40)},
}
EVERY = [{'video': 'x/every', 'frame_number': k} for k in range(8)]
FIFTH = [{'video': 'x/fifth', 'frame_number': k} for k in (0, 5)]
SPARSE = [{'video': 'x/sparse', 'frame_number': k} for k in (0, 13, 13)]
SAMPLES = [*EVERY, *FIFTH, *SPARSE]


def said(**window: object) -> str:
    return still_windows_remark(SAMPLES, TABLES.__getitem__, [SampleSupportFrames(**window)])


def test_windows_of_copies__are_counted_with_their_videos() -> None:
    text = said(frame_offsets=(-2, -1, 0, 1, 2))
    assert text.startswith('3 of 13 samples have windows made of copies')
    assert text.endswith('from 1 videos: sparse (3)')


def test_windows_of_copies__most_of_them_stop_with_advice() -> None:
    steps = [SampleSupportFrames((-1, 0, 1))]
    with pytest.raises(UsageError, match=r'3 of 5 samples .* extract the frames around labelled'):
        still_windows_remark([*FIFTH, *SPARSE], TABLES.__getitem__, steps)


def test_window__of_every_fifth_frame_counts_in_steps() -> None:
    # nothing lies within 2 numbers, so that they are steps; within 5 and 10 there are frames
    assert SampleSupportFrames((-2, 0, 2)).window(15, TABLES['x/fifth'], (-2, 0, 2)) == (5, 15, 25)
    step = SampleSupportFrames((-5, 0, 10))
    assert step.window(15, TABLES['x/fifth'], (-5, 0, 10)) == (10, 15, 25)


def test_window__by_time() -> None:
    frames = {number: '' for number in (0, 33, 67, 100, 133)}
    step = SampleSupportFrames((-1, 0, 1), offsets_seconds=(-0.04, 0, 0.04))
    assert step.window(67, frames, (-1, 0, 1), rate=1000) == (33, 67, 100)
    assert step.offsets_text == '-0.04 0 0.04 s'
    with pytest.raises(ValueError, match='offsets_seconds: expected frame_rate'):
        step.window(67, frames, (-1, 0, 1))
    with pytest.raises(ValueError, match='offsets_seconds: expected a time for each'):
        SampleSupportFrames((-1, 0, 1), offsets_seconds=(-0.04, 0.04))


@pytest.mark.parametrize(
    'window',
    [
        {'frame_offsets': (-13, 0, 13)},
        {'frame_offsets': (-1, 0, 1), 'count': 'order'},
        {'frame_offsets': (0,)},
        {'frame_offsets': (-1, 0, 1), 'distance': 13},
        {'frame_offsets': (-1, 0, 1), 'copies_of_key': True},
    ],
)
def test_windows_of_copies__nothing_is_said_where_there_are_none(window: dict) -> None:
    assert said(**window) == ''


def test_windows_of_copies__without_windows_in_the_pipeline() -> None:
    assert still_windows_remark(SAMPLES, TABLES.__getitem__, [object()]) == ''
