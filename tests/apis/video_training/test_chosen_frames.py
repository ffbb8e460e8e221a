"""Frames to train on, and persons whom two models see differently, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.apis.video_training.chosen_frames import REACH, choose_frames, write_pictures
from jmpose_mm.apis.video_training.differences import largest_differences
from jmpose_mm.apis.video_training.pseudo_labels import FilmLabels
from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.records import FramePoses, PersonPose


def labels(certainty: list[float | None], true: int | None = None) -> FilmLabels:
    frames: dict = {i: [] if value is None else [{}] for i, value in enumerate(certainty)}
    if true is not None:
        frames[true] = [{'is_true': True}]
    known = {i: value for i, value in enumerate(certainty) if value is not None}
    return FilmLabels(frames, known, 0, 0)


def test_choice__is_the_surest_frame_of_each_span() -> None:
    # Eight frames with people: two of three are the long film's, in spans of two.
    long = labels([0.1, 0.5, 0.9, None, 0.2, 0.3, 0.8])
    assert choose_frames({'long': long, 'short': labels([0.4, 0.6])}, 4) == {
        'long': [1, 2, 6],
        'short': [1],
    }


def test_choice__has_every_frame_with_a_true_label_and_no_more_than_there_are() -> None:
    assert choose_frames({'film': labels([0.9, 0.1, 0.8, 0.2], true=3)}, 1)['film'] == [0, 3]
    assert choose_frames({'film': labels([0.9, 0.1])}, 50)['film'] == [0, 1]
    with pytest.raises(UsageError, match='found nobody'):
        choose_frames({'film': labels([None, None])}, 5)


def test_pictures__are_the_chosen_frames_and_their_neighbours(tmp_path: Path) -> None:
    film = [np.full((12, 16, 3), 20 * n, np.uint8) for n in range(12)]
    assert write_pictures(open_source(film), [0, 8], tmp_path) == (16, 12)
    names = sorted(int(file.stem) for file in tmp_path.glob('*.jpg'))
    assert names == [*range(REACH + 1), *range(8 - REACH, 8 + REACH + 1)]
    film[7] = np.zeros((8, 16, 3), np.uint8)
    with pytest.raises(UsageError, match='frames of one size'):
        write_pictures(open_source(film), [8], tmp_path / 'other')


def person(identity: int, shift: float, scores: list[float]) -> PersonPose:
    points = np.array([[10.0 + shift, 10], [20, 20]])
    return PersonPose(identity, np.array([0.0, 0, 50, 100]), 1.0, points, np.array(scores))


def film(shifts: dict[int, float], scores: list[float]) -> list[FramePoses]:
    return [
        FramePoses(i, i / 25, '', (99, 99), (person(1, shift, scores),))
        for i, shift in shifts.items()
    ]


def test_differences__are_the_largest_by_hand_each_far_from_the_others() -> None:
    still = dict.fromkeys(range(30), 0.0)
    moved = {**still, 3: 20.0, 5: 30.0, 25: 10.0}
    found = largest_differences(
        {'a': film(still, [1.0, 0.5])}, {'a': film(moved, [0.1, 0.2])}, count=2
    )
    assert [one.index for one in found] == [5, 25]
    # 30 pixels of a box of 100, by squared scores 1 and 0.25.
    assert found[0].size == pytest.approx(0.3 * 1 / 1.25)
    assert found[0].persons[1].keypoints[0, 0] == 40


def test_differences__of_other_persons_are_none() -> None:
    one = film({0: 0.0}, [1, 1])
    other = [one[0]._replace(persons=(person(2, 9.0, [1, 1]),))]
    assert largest_differences({'a': one}, {'a': other}, 3) == []
