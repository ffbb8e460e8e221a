from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from official_evaluations import AT_HAND
from posetrack_documents import point, posetrack17, rect, save

from jmpose_mm.formats.prediction_pairs import read_pairs
from jmpose_mm.functional.evaluation.posetrack_ap import group_means, mean_over_joints, posetrack_ap


def numbers(values: list[float | None]) -> np.ndarray:
    return np.asarray([np.nan if value is None else value for value in values])


def with_mean(values: np.ndarray) -> np.ndarray:
    return np.append(values, mean_over_joints(values))


@pytest.mark.parametrize('folder', AT_HAND, ids=lambda folder: folder.name)
def test_read_pairs__gives_the_official_numbers(folder: Path) -> None:
    expected = json.loads((folder / 'expected.json').read_text())
    truth, predictions, *_ = read_pairs(folder / 'gt', folder / 'pred')
    result = posetrack_ap(truth.truth(), predictions.predictions(), truth.ignored())
    for key in ('ap', 'precision', 'recall'):
        official = numbers(expected[key])
        np.testing.assert_allclose(with_mean(getattr(result, key)), official, rtol=0, atol=1e-6)
    groups = group_means(result.ap) | {'Mean': mean_over_joints(result.ap)}
    assert list(groups) == list(expected['groups'])
    np.testing.assert_allclose(
        list(groups.values()), numbers(list(expected['groups'].values())), rtol=0, atol=1e-6
    )
    assert result.num_true.tolist() == expected['n_gt_joints']
    assert result.num_predicted.tolist() == expected['n_pred_joints']
    assert result.num_correct.tolist() == expected['n_true_positives']
    assert len(set(truth.persons.image.tolist())) == expected['n_frames_after_cleanup']


def correct(folder: Path) -> int:
    pairs = read_pairs(folder / 'gt', folder / 'pred')
    return int(posetrack_ap(pairs.truth.truth(), pairs.predictions.predictions()).num_correct[3])


def test_rule_5__frames_of_other_names_are_paired_by_place(tmp_path: Path) -> None:
    truth = posetrack17([rect(point(3, 10, 10))], [rect(point(3, 500, 500))])
    predictions = posetrack17(
        [rect(point(3, 10, 10, score=1))], [rect(point(3, 500, 500, score=1))]
    )
    predictions['annolist'][0]['image'] = {'name': 'quite/another/00000077.jpg'}
    save(tmp_path / 'gt' / 'a.json', truth)
    save(tmp_path / 'pred' / 'a.json', predictions)
    assert correct(tmp_path) == 2
    predictions['annolist'].reverse()
    save(tmp_path / 'pred' / 'a.json', predictions)
    assert correct(tmp_path) == 0
    (words,) = read_pairs(tmp_path / 'gt', tmp_path / 'pred').pairing
    assert words.startswith('frames paired by place')


def test_read_pairs__videos_behind_the_first_of_a_file_are_counted(tmp_path: Path) -> None:
    image = {'file_name': 'a/000001.jpg', 'id': 1}
    images = [image, image | {'id': 2}, image | {'id': 3, 'file_name': 'b/000001.jpg'}]
    images[1]['file_name'] = 'a/000002.jpg'
    content = {'images': images, 'annotations': [], 'categories': []}
    for folder in ('gt', 'pred'):
        save(tmp_path / folder / 'all.json', content)
    pairs = read_pairs(tmp_path / 'gt', tmp_path / 'pred')
    assert len(pairs.truth.images) == 2
    counts = [count for words, count in pairs.truth.lost.items() if 'second video' in words]
    assert counts == [1]


def test_read_pairs__frames_in_another_order_are_paired_by_name(tmp_path: Path) -> None:
    frames = [[rect(point(3, 10 * k, 10, score=1))] for k in range(1, 4)]
    save(tmp_path / 'gt' / 'a.json', posetrack17(*frames))
    predictions = posetrack17(*frames)
    predictions['annolist'] = [predictions['annolist'][k] for k in (1, 2, 0)]
    save(tmp_path / 'pred' / 'a.json', predictions)
    pairs = read_pairs(tmp_path / 'gt', tmp_path / 'pred')
    assert correct(tmp_path) == 3
    assert pairs.predictions.persons.image.tolist() == [0, 1, 2]
    names = [image.name for image in pairs.truth.images]
    assert [image.name for image in pairs.predictions.images] == names
    assert list(pairs.pairing) == [
        "frames in another order than the truth's, paired by their names"
    ]


def test_rule_5__lengths_must_agree(tmp_path: Path) -> None:
    save(tmp_path / 'gt' / 'a.json', posetrack17([], []))
    for count in (1, 3):
        save(tmp_path / 'pred' / 'a.json', posetrack17(*[[]] * count))
        message = rf'pred.a\.json: expected 2 frames as in .*gt.a\.json, got {count}'
        with pytest.raises(ValueError, match=message):
            read_pairs(tmp_path / 'gt', tmp_path / 'pred')


def test_read_pairs__missing_prediction_file_is_named(tmp_path: Path) -> None:
    save(tmp_path / 'gt' / 'a.json', posetrack17([]))
    save(tmp_path / 'pred' / 'b.json', posetrack17([]))
    with pytest.raises(ValueError, match=r'pred.a\.json: .*found no file'):
        read_pairs(tmp_path / 'gt', tmp_path / 'pred')


def test_read_pairs__track_ids(tmp_path: Path) -> None:
    twins = [rect(point(0, 1, 1, score=1)), rect(point(0, 2, 2, score=1))]
    save(tmp_path / 'gt' / 'a.json', posetrack17(twins))
    save(tmp_path / 'pred' / 'a.json', posetrack17(twins))
    with pytest.raises(ValueError, match=r'pred.a\.json: track_id in .* got 0 twice'):
        read_pairs(tmp_path / 'gt', tmp_path / 'pred')
    pair = read_pairs(tmp_path / 'gt', tmp_path / 'pred', unique_track_ids=False)
    assert len(pair[1].persons.image) == 2
    save(tmp_path / 'gt' / 'a.json', posetrack17([rect(track_id=[10000])]))
    with pytest.raises(ValueError, match=r'gt.a\.json: track_id .*less than 10000, got 10000'):
        read_pairs(tmp_path / 'gt', tmp_path / 'pred', unique_track_ids=False)
