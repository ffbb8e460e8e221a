"""Events of tracked boxes, by a calculation by hand."""

from __future__ import annotations

import numpy as np

from experiments.identities import track_events

HERE, NEAR, AWAY = (np.array([x, 0.0, x + 10.0, 10.0]) for x in (0.0, 2.0, 50.0))


def test_events__of_two_people_by_hand() -> None:
    # overlap of HERE and NEAR: 80 of 120; person 2 is never found, 9 is nobody
    truth = [{1: HERE, 2: AWAY}] * 3
    found = [{7: NEAR}, {8: HERE, 9: AWAY + 30}, {8: NEAR}]
    events = track_events(truth, found)
    names = ('objects', 'matches', 'switches', 'misses', 'false')
    assert [events[name] for name in names] == [6, 3, 1, 3, 1]


def test_events__a_pair_below_the_overlap_is_none() -> None:
    events = track_events([{1: HERE}], [{7: NEAR}], least=0.7)
    assert (events['misses'], events['false']) == (1, 1)
