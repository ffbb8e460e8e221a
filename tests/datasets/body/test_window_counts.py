from __future__ import annotations

import pytest

from jmpose_mm.datasets.body.window_counts import windows_of_copies
from jmpose_mm.datasets.transforms import SampleSupportFrames

TABLES = {'x/every': {k: '' for k in range(10)}, 'x/fifth': {k: '' for k in range(0, 30, 5)}}
SAMPLES = [
    *({'video': 'x/every', 'frame_number': k} for k in range(10)),
    *({'video': 'x/fifth', 'frame_number': k} for k in (0, 5, 5)),
]


def said(**window: object) -> str:
    return windows_of_copies(SAMPLES, TABLES.__getitem__, [SampleSupportFrames(**window)])


def test_windows_of_copies__are_counted_with_their_videos() -> None:
    text = said(frame_offsets=(-2, -1, 0, 1, 2))
    assert text.startswith('3 of 13 samples have windows made of copies')
    assert text.endswith('from 1 videos: fifth (3)')


@pytest.mark.parametrize(
    'window',
    [
        {'frame_offsets': (-5, 0, 5)},
        {'frame_offsets': (0,)},
        {'frame_offsets': (-1, 0, 1), 'distance': 5},
        {'frame_offsets': (-1, 0, 1), 'copies_of_key': True},
    ],
)
def test_windows_of_copies__nothing_is_said_where_there_are_none(window: dict) -> None:
    assert said(**window) == ''


def test_windows_of_copies__without_windows_in_the_pipeline() -> None:
    assert windows_of_copies(SAMPLES, TABLES.__getitem__, [object()]) == ''
