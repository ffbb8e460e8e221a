"""What sources of boxes may return, and what of it is used."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from jmpose_mm.errors import UsageError
from jmpose_mm.video.people.found_boxes import BoxTally, FoundBoxes, found_boxes
from jmpose_mm.video.records import Frame

BOXES = [[1.0, 2, 30, 20], [5, 5, 15, 15]]
FRAME = Frame(7, 0.3, '', np.zeros((40, 60, 3), np.uint8))


@pytest.mark.parametrize(
    'value',
    [
        BOXES,
        tuple(BOXES),
        np.array(BOXES, dtype=int),
        torch.tensor(BOXES, requires_grad=True),
        (BOXES, [1, 1]),
        (np.array(BOXES), None),
        [[*box, 1.0] for box in BOXES],
        {'boxes': torch.tensor(BOXES), 'scores': torch.ones(2), 'labels': torch.ones(2)},
        FoundBoxes(np.array(BOXES), np.ones(2)),
    ],
)
def test_found_boxes__forms(value: object) -> None:
    found = found_boxes(value)
    assert found.boxes.tolist() == BOXES
    assert found.boxes.dtype == np.float64
    assert found.scores.tolist() == [1, 1]
    assert found.ids is None


@pytest.mark.parametrize('value', [None, [], (), np.zeros((0, 4)), ([], [])])
def test_found_boxes__nobody(value: object) -> None:
    assert found_boxes(value).boxes.shape == (0, 4)


def test_found_boxes__copies_and_identities() -> None:
    given = FoundBoxes(np.array(BOXES), np.ones(2), np.array([3, 9]))
    found = found_boxes(given)
    given.boxes[:], given.scores[:], given.ids[:] = 0, 0, 0
    assert found.boxes.tolist() == BOXES
    assert found.scores.tolist() == [1, 1]
    assert found.ids.tolist() == [3, 9]


@pytest.mark.parametrize(
    'value', ['person', 3, [[1, 2, 3]], (BOXES, [1]), (BOXES, [1, 1], [1]), [[1, 2, 3, 'x']]]
)
def test_found_boxes__refuses(value: object) -> None:
    with pytest.raises(UsageError, match=r'boxes: expected FoundBoxes, \(boxes, scores\)'):
        found_boxes(value)


def test_tally__what_cannot_be_used_is_counted_by_reason() -> None:
    tally = BoxTally()
    boxes = np.array(
        [
            [1, 1, 9, 9],
            [np.nan, 1, 9, 9],
            [1, 1, np.inf, 9],
            [5, 5, 5, 9],
            [60, 1, 90, 9],
            [-9, 1, 0, 9],
            [-9, 1, 3, 9],
            [2, 2, 9, 9],
        ]
    )
    scores, ids = np.array([0.5] * 7 + [0.9]), np.array([1, 2, 3, 4, 5, 6, 7, 1])
    used = tally.usable(FoundBoxes(boxes, scores, ids), FRAME)
    assert used.boxes.tolist() == [[-9, 1, 3, 9], [2, 2, 9, 9]]  # of identity 1 the better one
    assert used.ids.tolist() == [7, 1]
    assert tally.used == 2
    assert tally.lines() == [
        'boxes: 2 left out, since they are not finite numbers (first in frame 7)',
        'boxes: 1 left out, since it is without an area (first in frame 7)',
        'boxes: 2 left out, since they are outside of the frame (first in frame 7)',
        'boxes: 1 left out, since it is a second one of the same identity in a frame (first in '
        'frame 7)',
    ]
