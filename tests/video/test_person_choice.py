"""Who is wanted, and that the wanted ones do not change at whim."""

from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.people.identified_boxes import IdentifiedBoxes
from jmpose_mm.video.people.person_choice import PersonChoice, SteadyChoice
from jmpose_mm.video.people.tracker import PersonTracker
from jmpose_mm.video.records import Frame

SIZES = {1: 40.0, 2: 60.0, 3: 20.0}


def persons(*ids: int, **sizes: float) -> dict:
    wide = {**SIZES, **{int(name[1:]): size for name, size in sizes.items()}}
    return {n: (np.array([0.0, 0.0, wide[n], 2 * wide[n]]), 0.9) for n in ids}


def test_choice__the_largest_first_and_then_those_who_were_chosen() -> None:
    choice = SteadyChoice(PersonChoice(most=1))
    assert [*choice.of(persons(1, 2, 3))] == [2]
    assert [*choice.of(persons(1, 2, 3, _1=90))] == [2]  # somebody comes nearer
    assert [*choice.of(persons(1, 3))] == [1]  # not seen for a frame
    assert [*choice.of(persons(1, 2, 3))] == [2]
    assert choice.of({}) == {}


def test_choice__by_identity() -> None:
    choice = SteadyChoice(PersonChoice.parse(None, [3, 7], None))
    assert [*choice.of(persons(1, 2, 3))] == [3]
    assert choice.lines() == ['keep_ids: nobody has 7; identities are 1, 2, 3']
    everybody = SteadyChoice(PersonChoice())
    assert [*everybody.of(persons(1, 2))] == [1, 2]
    assert everybody.lines() == []


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        ((0, None, None), 'max_persons: expected at least 1, got 0'),
        ((None, [0, 2], None), 'keep_ids: expected identities, from 1 on'),
        ((None, None, 1.5), 'min_score: expected a number from 0 to 1'),
    ],
)
def test_choice__refuses_what_makes_no_sense(arguments: tuple, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        PersonChoice.parse(*arguments)


@pytest.mark.parametrize(('least', 'expected'), [(0.0, [1, 2]), (0.5, [2])])
def test_boxes__of_a_low_score_are_left_out(least: float, expected: list[int]) -> None:
    def source(frame: Frame) -> np.ndarray:
        return np.array([[0, 0, 10, 20, 0.4], [40, 0, 50, 20, 0.8]])

    tracker = PersonTracker([0.1])
    people = IdentifiedBoxes(source, tracker, 1, None, PersonChoice(least_score=least))
    found = people.of(Frame(0, 0.0, '', np.zeros((30, 60, 3), np.uint8)), 0)
    assert [round(box[0]) for box, _ in found.values()] == [{1: 0, 2: 40}[n] for n in expected]


@pytest.mark.parametrize(('labels', 'count'), [([1, 1], 0), ([1, 62], 1), (['person', 'dog'], 1)])
def test_boxes__of_several_labels_are_said(labels: list, count: int) -> None:
    def source(frame: Frame) -> dict:
        return {'boxes': [[0, 0, 10, 20], [40, 0, 50, 20]], 'labels': labels}

    people = IdentifiedBoxes(source, PersonTracker([0.1]), 1, None)
    assert len(people.of(Frame(0, 0.0, '', np.zeros((30, 60, 3), np.uint8)), 0)) == 2
    assert sum('were taken for people' in note for note in people.remarks(True).notes) == count


def test_boxes__that_begin_nobody_are_counted() -> None:
    def source(frame: Frame) -> np.ndarray:
        return np.array([[0, 0, 10, 20, 0.1], [40, 0, 50, 20, 0.8]])

    people = IdentifiedBoxes(source, PersonTracker([0.1]), 1, None)
    people.of(Frame(0, 0.0, '', np.zeros((30, 60, 3), np.uint8)), 0)
    said = 'boxes: 1 left out, since it is too unsure (below 0.3) for somebody new'
    assert people.remarks(True).notes == [f'{said} (first in frame 0)']


@pytest.mark.parametrize('interval', [1, 5, 25, 100, 500])
@pytest.mark.parametrize('poses', [False, True])
def test_tracker__who_stands_still_keeps_the_identity(interval: int, poses: bool) -> None:
    random = np.random.default_rng(0)
    joints = np.array([[70, 60], [60, 90], [80, 90], [62, 160], [78, 160]])
    tracker, ids = PersonTracker([0.05] * 5, max_age=max(30, 2 * interval)), set()
    for frame in range(0, 12 * interval, interval):
        boxes = np.array([[50, 50, 90, 170]]) + random.normal(0, 4, (1, 4))
        (found,) = tracker.update(frame, boxes, np.ones(1))
        ids.add(int(found))
        for later in range(frame, frame + interval, max(1, interval // 10)) if poses else ():
            tracker.observe(later, found, joints + random.normal(0, 2, (5, 2)), np.ones(5))
    assert ids == {1}
