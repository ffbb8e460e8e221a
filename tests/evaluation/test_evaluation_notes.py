from __future__ import annotations

from pathlib import Path

import pytest
from posetrack_documents import image, person, point, posetrack17, posetrack18, rect, save

from jmpose_mm.evaluation.poseval import evaluate_folders


def notes(root: Path, truth: dict, predictions: dict) -> str:
    save(root / 'gt' / 'a.json', truth)
    save(root / 'pred' / 'a.json', predictions)
    return '\n'.join(evaluate_folders(root / 'gt', root / 'pred').notes)


def test_notes__nothing_to_say(tmp_path: Path) -> None:
    truth = posetrack17([rect(point(3, 1, 1), point(4, 5, 5))])
    found = posetrack17([rect(point(3, 1, 1.5, score=0.9), point(4, 5, 5, score=0.8))])
    assert notes(tmp_path, truth, found) == ''


def test_notes__scores_that_are_missing_or_equal(tmp_path: Path) -> None:
    truth = posetrack17([rect(point(3, 1, 1), point(4, 5, 5))])
    found = posetrack17([rect(point(3, 1, 2, score=0.9), point(4, 5, 5))])
    assert notes(tmp_path, truth, found).startswith('1 of 2 predicted joints have no score')
    found = posetrack17([rect(point(3, 1, 2), point(4, 5, 5))])
    assert 'all predicted joints have one score' in notes(tmp_path, truth, found)


def test_notes__why_the_truth_as_prediction_is_not_100(tmp_path: Path) -> None:
    twin = point(3, 100, 100)
    people = [rect(point(3, 1, 1)), rect(twin, track_id=[1]), rect(twin, track_id=[2])]
    people.append(rect(point(3, 300, 1), x2=[0], y2=[0], track_id=[3]))
    content = posetrack17(people)
    text = notes(tmp_path, content, content)
    assert 'the predictions are the ground truth itself: AP ' in text
    assert 'annotated nowhere, which officially counts as AP 0: right_ankle' in text
    assert '1 persons have a head of size 0' in text
    assert '1 persons lie exactly on another one' in text


def test_notes__files_without_persons_and_losses(tmp_path: Path) -> None:
    frame = image(0)
    truth = posetrack18([frame], [person(frame['id'])])
    save(tmp_path / 'gt' / 'b.json', truth)
    save(tmp_path / 'pred' / 'b.json', posetrack18([frame], []))
    found = posetrack18([frame], [person(frame['id'], 7.0, scores=[0.5] * 17), person(99)])
    text = notes(tmp_path, truth, found)
    assert '1 of 2 prediction files have no persons: b.json' in text
    assert 'predictions: 1 persons of an unknown image' in text


def test_notes__prediction_files_of_no_truth(tmp_path: Path) -> None:
    truth = posetrack17([rect(point(3, 1, 1), point(4, 5, 5))])
    found = posetrack17([rect(point(3, 1, 1.5, score=0.9), point(4, 5, 5, score=0.8))])
    save(tmp_path / 'pred' / 'other.json', found)
    assert notes(tmp_path, truth, found) == (
        '1 prediction files have no ground truth of their name and do not count: other.json'
    )


def test_notes__predictions_of_another_image_size(tmp_path: Path) -> None:
    truth = posetrack17([rect(point(3, 100, 50), point(4, 500, 250))])
    apart = [point(3, 400, 200, score=0.9), point(4, 2000, 1000, score=0.8)]
    # 2000 lies beyond 500 + 400, 400 does not
    assert notes(tmp_path, truth, posetrack17([rect(*apart)])) == ''
    apart[0] = point(3, 1000, 40, score=0.9)
    assert notes(tmp_path, truth, posetrack17([rect(*apart)])) == (
        '2 of 2 predicted joints lie far from all annotated ones: are they in pixels of another '
        'image size?'
    )


def test_notes__x_and_y_of_predictions_exchanged(tmp_path: Path) -> None:
    places = [(40 * k, 20 * k) for k in range(1, 15)]
    truth = posetrack17([rect(*(point(k, x, y) for k, (x, y) in enumerate(places)))])
    found = [point(k, x + 1, y, score=k / 20) for k, (x, y) in enumerate(places)]
    assert notes(tmp_path, truth, posetrack17([rect(*found[:-1])])) == ''
    found = [point(k, y, x, score=k / 20) for k, (x, y) in enumerate(places)]
    assert notes(tmp_path, truth, posetrack17([rect(*found)])) == ''  # of too few joints
    two = posetrack17([rect(*found), rect(*found, track_id=[1])])
    assert notes(tmp_path, truth, two) == (
        '16 of 28 predicted joints lie beyond all annotated ones, and 0 would if x and y changed '
        'places: is y before x?'
    )


def test_notes__heads_of_size_0(tmp_path: Path) -> None:
    truth = posetrack17([rect(point(3, 1, 1), point(4, 5, 5), x2=[0], y2=[0])])
    found = posetrack17([rect(point(3, 1, 1.5, score=0.9), point(4, 5, 5, score=0.8))])
    assert notes(tmp_path, truth, found).startswith('1 persons have a head of size 0')


def test_notes__nobody_is_predicted_at_all(tmp_path: Path) -> None:
    truth = posetrack17([rect(point(3, 1, 1))])
    with pytest.raises(ValueError, match=r'pred: expected predicted persons, got none in any'):
        notes(tmp_path, truth, posetrack17([]))


@pytest.mark.parametrize(('empty', 'is_told'), [(1, False), (2, True), (4, True)])
def test_notes__half_of_the_frames_have_no_prediction(
    tmp_path: Path, empty: int, is_told: bool
) -> None:
    """Of two frames with predictions and some without any."""
    frames = [image(number) for number in range(2 + empty)]
    truth = posetrack18(frames, [person(frame['id']) for frame in frames])
    scores = {'scores': [0.5] * 16 + [0.6]}
    found = posetrack18(frames, [person(frame['id'], 7.0, **scores) for frame in frames[:2]])
    text = notes(tmp_path, truth, found)
    assert (f'only 2 of {2 + empty} frames with annotated persons have' in text) == is_told
