"""Whole folders: the official numbers, the rules of loading and of the two kits, tracking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from official_evaluations import AT_HAND, PERTURBED

from jmpose_mm.evaluation.poseval import FolderResult, evaluate_folders, format_table
from jmpose_mm.functional.evaluation.posetrack_ap import mean_over_joints
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES

perturbed = pytest.mark.skipif(not PERTURBED.is_dir(), reason=f'nothing at {PERTURBED}')
HIP = JOINT_NAMES.index('left_hip')


def numbers(values: Any) -> np.ndarray:
    return np.asarray([np.nan if value is None else value for value in values])


@pytest.mark.parametrize('folder', AT_HAND, ids=lambda folder: folder.name)
def test_json__holds_the_official_numbers(folder: Path) -> None:
    expected = json.loads((folder / 'expected.json').read_text())
    result = evaluate_folders(folder / 'gt', folder / 'pred')
    got = json.loads(json.dumps(result.as_json()))
    names = expected['joint_names'][:-1]
    assert list(got)[:6] == ['ap', 'groups', 'mean', 'n_gt', 'files', 'seconds']
    assert list(got['ap']) == list(got['n_gt']) == names
    values = numbers([*got['ap'].values(), got['mean']])
    np.testing.assert_allclose(values, numbers(expected['ap']), rtol=0, atol=1e-6)
    assert list(got['groups']) == list(expected['groups'])
    np.testing.assert_allclose(
        numbers(got['groups'].values()), numbers(expected['groups'].values()), rtol=0, atol=1e-6
    )
    assert list(got['n_gt'].values()) == expected['n_gt_joints']
    assert got['files'] == len(list((folder / 'gt').iterdir()))
    assert got['seconds'] > 0


@pytest.mark.parametrize(
    'folder', [f for f in AT_HAND if f != PERTURBED], ids=lambda folder: folder.name
)
def test_tracking__released_rules_give_the_official_numbers(folder: Path) -> None:
    expected = json.loads((folder / 'expected.json').read_text())['mot']
    result = evaluate_folders(folder / 'gt', folder / 'pred', mota='released')
    assert result.tracking is not None
    for values, key in zip(result.tracking, ('mota', 'motp', 'pre', 'rec'), strict=True):
        with_mean = np.append(values, mean_over_joints(values))
        np.testing.assert_allclose(with_mean, numbers(expected[key]), rtol=0, atol=1e-6)


@perturbed
def test_tracking__released_rules_stop_where_the_official_evaluator_does() -> None:
    folder = PERTURBED
    assert 'IndexError' in json.loads((folder / 'expected.json').read_text())['mot_error']
    with pytest.raises(ValueError, match=r'003418_mpii_test\.json: expected at least two frames'):
        evaluate_folders(folder / 'gt', folder / 'pred', mota='released')
    assert evaluate_folders(folder / 'gt', folder / 'pred', mota='fixed').tracking is not None


@perturbed
def test_kit_of_posetrack21__its_own_number_of_a_fixture() -> None:
    # measured with the kit itself; poseval says 78.232
    folder = PERTURBED
    result = evaluate_folders(folder / 'gt', folder / 'pred', kit='posetrack21')
    assert result.as_json()['mean'] == pytest.approx(78.206, abs=5e-4)


# ---- hand-made folders: one video, people with one joint each -----------------------------------


def older(*frames: list[tuple[float, ...]], **fields: Any) -> dict[str, Any]:
    """2017 form; a person is (x, y, score) of the left hip, or () for one without joints."""
    entries = []
    for number, people in enumerate(frames):
        persons = [
            {
                **{'track_id': [track], 'x1': [0], 'y1': [0], 'x2': [30], 'y2': [40]},
                'annopoints': [
                    {'point': [{'id': [HIP], 'x': [p[0]], 'y': [p[1]], 'score': [p[2]]}]}
                    for p in [person]
                    if p
                ],
            }
            for track, person in enumerate(people)
        ]
        image = [{'name': f'images/bonn/000342_mpii/{number + 1:08d}.jpg'}]
        entries.append({'image': image, 'annorect': persons, 'is_labeled': [1]} | fields)
    return {'annolist': entries}


def newer(*frames: list[tuple[float, ...]], video: str = '000342_mpii_test') -> dict[str, Any]:
    """The same in the 2018 form; a fourth number of a person is the third value of the joint."""
    images, annotations = [], []
    place = FILE_JOINT_NAMES.index('left_hip')
    for number, people in enumerate(frames):
        name = f'images/val/{video}/{number:06d}.jpg'
        images.append({'file_name': name, 'id': 700 + number, 'is_labeled': True})
        for track, person in enumerate(people):
            keypoints, scores = np.zeros((17, 3)), np.zeros(17)
            if person:
                keypoints[place] = *person[:2], person[3] if len(person) > 3 else 1
                scores[place] = person[2]
            annotations.append(
                {
                    'image_id': 700 + number,
                    'track_id': track,
                    'keypoints': keypoints.ravel().tolist(),
                    'scores': scores.tolist(),
                    'bbox_head': [0, 0, 30, 40],
                }
            )
    category = {'keypoints': list(FILE_JOINT_NAMES)}
    return {'images': images, 'annotations': annotations, 'categories': [category]}


def evaluate(folder: Path, truth: Any, predictions: Any, **arguments: Any) -> FolderResult:
    for side, content in (('gt', truth), ('pred', predictions)):
        (folder / side).mkdir(exist_ok=True)
        (folder / side / 'a.json').write_text(json.dumps(content))
    return evaluate_folders(folder / 'gt', folder / 'pred', **arguments)


def hip(result: FolderResult) -> tuple[float, int, int, int]:
    """AP, annotated, predicted and correct left hips."""
    ap = result.ap
    return ap.ap[HIP], ap.num_true[HIP], ap.num_predicted[HIP], ap.num_correct[HIP]


@pytest.mark.parametrize('form', [older, newer])
def test_generations__may_meet_and_agree(tmp_path: Path, form: Any) -> None:
    truth = [[(100, 100, 0), (300, 100, 0)], [(100, 100, 0)]]
    predictions = [[(103, 104, 0.4), (500, 100, 0.9)], [(100, 116, 0.7)]]
    result = evaluate(tmp_path, form(*truth), newer(*predictions))
    assert hip(result) == (pytest.approx(100 / 3 / 3), 3, 3, 1)
    assert hip(evaluate(tmp_path, form(*truth), older(*predictions))) == hip(result)


def test_is_labeled__plays_no_role_in_poseval(tmp_path: Path) -> None:
    truth = newer([(100, 100, 0)], [])
    truth['images'][0]['is_labeled'] = False
    predictions = newer([(100, 100, 1)], [(100, 100, 1)])
    assert hip(evaluate(tmp_path, truth, predictions)) == (100.0, 1, 1, 1)


@pytest.mark.parametrize('form', [older, newer])
def test_person_without_joints__keeps_the_frame(tmp_path: Path, form: Any) -> None:
    result = evaluate(tmp_path, form([(5, 5, 0)], [()]), form([(5, 5, 0.1)], [(5, 5, 0.9)]))
    assert hip(result) == (50.0, 1, 2, 1)


def test_predicted_joint_at_the_origin__is_one_if_its_third_value_is_not_zero(
    tmp_path: Path,
) -> None:
    truth = newer([(100, 100, 0)])
    assert hip(evaluate(tmp_path, truth, newer([(0, 0, 0.9, 0.5)])))[2] == 1
    assert hip(evaluate(tmp_path, truth, newer([(0, 0, 0.9, 0.0)])))[2] == 0


def test_merged_file__counts_with_its_first_video_only(tmp_path: Path) -> None:
    first, second = (
        newer([(100, 100, 1)], video=v) for v in ('000001_bonn_val', '000002_bonn_val')
    )
    for entry in (*second['images'], *second['annotations']):
        entry.update({key: 900 for key in ('id', 'image_id') if key in entry})
    merged = {key: first[key] + second[key] for key in ('images', 'annotations')}
    assert hip(evaluate(tmp_path, first | merged, first | merged))[1] == 1


def test_head_box__may_be_missing_where_nobody_is_predicted(tmp_path: Path) -> None:
    truth = newer([(100, 100, 0)], [(100, 100, 0)])
    del truth['annotations'][1]['bbox_head']
    assert hip(evaluate(tmp_path, truth, newer([(100, 100, 1)], [()]))) == (50.0, 2, 1, 1)
    message = r'gt.a\.json: images.*000001\.jpg: expected a head box'
    with pytest.raises(ValueError, match=message):
        evaluate(tmp_path, truth, newer([(100, 100, 1)], [(100, 100, 1)]))


def test_ignored_region__hides_a_person_without_head_box_from_the_check(tmp_path: Path) -> None:
    truth = newer([(100, 100, 0), (500, 500, 0)])
    del truth['annotations'][1]['bbox_head']
    truth['images'][0] |= {
        'ignore_regions_x': [[400, 600, 600, 400]],
        'ignore_regions_y': [[400, 400, 600, 600]],
    }
    predictions = newer([(100, 100, 0.5), (450, 450, 0.9)])
    assert hip(evaluate(tmp_path, truth, predictions)) == (100.0, 1, 1, 1)


def test_file_names_decide_which_videos_meet(tmp_path: Path) -> None:
    evaluate(tmp_path, newer([(100, 100, 0)]), newer([(100, 100, 1)]))
    (tmp_path / 'pred' / 'b.json').write_text('not even JSON')
    assert hip(evaluate_folders(tmp_path / 'gt', tmp_path / 'pred'))[0] == 100.0


def test_many_processes__give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for side, noise in (('gt', 0), ('pred', 10)):
        (tmp_path / side).mkdir()
        for video in range(4):
            frames = [[(*(100 * k + rng.normal(0, noise, 2)), k) for k in (1, 2)] for _ in range(3)]
            (tmp_path / side / f'{video}.json').write_text(json.dumps(newer(*frames)))
    alone = evaluate_folders(tmp_path / 'gt', tmp_path / 'pred', mota='fixed')
    monkeypatch.setattr('jmpose_mm.formats.prediction_pairs.BYTES_WORTH_A_PROCESS', 1)
    together = evaluate_folders(tmp_path / 'gt', tmp_path / 'pred', mota='fixed')
    for name in ('ap', 'tracking'):
        for one, other in zip(getattr(alone, name), getattr(together, name), strict=True):
            np.testing.assert_array_equal(one, other)
    assert 0 < alone.ap.ap[HIP] < 100
    (tmp_path / 'pred' / '2.json').unlink()
    with pytest.raises(ValueError, match=r'pred.2\.json: .*found no file'):
        evaluate_folders(tmp_path / 'gt', tmp_path / 'pred')


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of everything inside of a document."""
    if not isinstance(value, dict | list):
        return []
    found = []
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
        found += [(*path, key), *places(entry, (*path, key))]
    return found


@pytest.mark.parametrize('form', [older, newer])
@pytest.mark.parametrize('side', [0, 1])
def test_whatever_is_spoilt__is_named_with_its_file(tmp_path: Path, form: Any, side: int) -> None:
    rng = np.random.default_rng(side)
    odd = [None, 'x', '', [], {}, -1, 1.5, True, [None], [[]], float('nan'), [1, 2], 10**30]
    refused: list[str] = []
    for _ in range(120):
        documents = [form([(9, 9, 0.5), (90, 9, 0.5)], [(9, 9, 0.5)]) for _ in range(2)]
        found = places(documents[side])
        *path, last = found[rng.integers(len(found))]
        parent = documents[side]
        for key in path:
            parent = parent[key]
        if rng.random() < 0.2:
            del parent[last]
        else:
            parent[last] = odd[rng.integers(len(odd))]
        try:
            evaluate(tmp_path, *documents, kit='posetrack21', mota='released')
        except ValueError as error:  # anything else would fail the test
            refused.append(str(error))
    assert 40 < len(refused) < 120
    assert [line for line in refused if str(tmp_path) not in line or '\n' in line] == []


# ---- the kit of PoseTrack21 ---------------------------------------------------------------------


def test_kit_of_posetrack21__takes_labelled_frames(tmp_path: Path) -> None:
    truth = newer([(100, 100, 0)], [(100, 100, 0)], [])
    truth['images'][1]['is_labeled'] = False
    predictions = newer([(100, 100, 0.5)], [(100, 100, 0.6)], [(100, 100, 0.9)])
    assert hip(evaluate(tmp_path, truth, predictions)) == (100.0, 2, 2, 2)
    # the second frame is gone; the third, labelled but empty, makes its prediction false
    result = evaluate(tmp_path, truth, predictions, kit='posetrack21')
    assert hip(result) == (50.0, 1, 2, 1)
    del truth['images'][2]['is_labeled']
    with pytest.raises(ValueError, match=r"gt.a\.json: .*000002\.jpg: expected the key 'is_label"):
        evaluate(tmp_path, truth, predictions, kit='posetrack21')


@pytest.mark.parametrize('x', [0.0, -3.0])
def test_kit_of_posetrack21__joints_need_positive_coordinates(tmp_path: Path, x: float) -> None:
    truth, predictions = newer([(x, 50, 0), (400, 50, 0)]), newer([(x, 50, 1), (400, 50, 1)])
    assert hip(evaluate(tmp_path, truth, predictions)) == (100.0, 2, 2, 2)
    assert hip(evaluate(tmp_path, truth, predictions, kit='posetrack21')) == (100.0, 1, 1, 1)


def test_kit_of_posetrack21__joint_that_is_nowhere_annotated_has_zero(tmp_path: Path) -> None:
    truth, predictions = newer([()]), newer([(100, 100, 1)])
    assert np.isnan(hip(evaluate(tmp_path, truth, predictions))[0])
    result = evaluate(tmp_path, truth, predictions, kit='posetrack21')
    assert hip(result) == (0.0, 0, 1, 0)
    assert result.ap.recall[HIP] == 0.0


def test_kit_of_posetrack21__image_ids_must_agree_where_regions_are_ignored(
    tmp_path: Path,
) -> None:
    truth, predictions = newer([(100, 100, 0)]), newer([(100, 100, 1)])
    predictions['images'][0]['id'] = predictions['annotations'][0]['image_id'] = 3
    assert hip(evaluate(tmp_path, truth, predictions, kit='posetrack21'))[0] == 100.0
    truth['images'][0] |= {
        'ignore_regions_x': [[400, 600, 600]],
        'ignore_regions_y': [[400, 400, 600]],
    }
    assert hip(evaluate(tmp_path, truth, predictions))[0] == 100.0
    with pytest.raises(ValueError, match=r'pred.a\.json: .*: id: expected 700 .*, got 3'):
        evaluate(tmp_path, truth, predictions, kit='posetrack21')


# ---- tracking and the table ---------------------------------------------------------------------


@pytest.mark.parametrize('side', ['gt', 'pred'])
def test_tracking__needs_a_track_id_for_everybody_with_joints(tmp_path: Path, side: str) -> None:
    files = {'gt': newer([(9, 9, 0)], [(9, 9, 0)]), 'pred': newer([(9, 9, 1), ()], [(9, 9, 1)])}
    del files['pred']['annotations'][1]['track_id']  # nobody's
    assert evaluate(tmp_path, *files.values(), mota='fixed').tracking.mota[HIP] == 100.0
    del files[side]['annotations'][-1]['track_id']
    assert evaluate(tmp_path, *files.values()).tracking is None
    with pytest.raises(ValueError, match=rf'{side}.a\.json: .*000001\.jpg: expected a track_id'):
        evaluate(tmp_path, *files.values(), mota='fixed')


def test_tracking__frames_without_annotated_person_are_left_out(tmp_path: Path) -> None:
    files = newer([(9, 9, 0)], [], [(9, 9, 0)]), newer([(9, 9, 1)], [(9, 9, 1)], [(9, 9, 1)])
    assert evaluate(tmp_path, *files, mota='fixed').tracking.precision[HIP] == 100.0
    # and are no last frame either
    files = newer([(9, 9, 0)], [(9, 9, 0)], []), newer([(9, 9, 1)], [(90, 9, 1)], [])
    assert evaluate(tmp_path, *files, mota='released').tracking.precision[HIP] == 100.0


def test_tracking__a_person_without_a_list_of_joints_is_nobody(tmp_path: Path) -> None:
    # The forms differ here in the official evaluator: a 2018 person always has a list.
    frames = [(9, 9, 0)], [()], [(9, 9, 0)]
    predictions = [(9, 9, 1)], [(9, 9, 1)], [(9, 9, 1)]
    recall = {
        form: evaluate(tmp_path, form(*frames), form(*predictions), mota='released').tracking.recall
        for form in (older, newer)
    }
    assert (recall[older][HIP], recall[newer][HIP]) == (50.0, 100.0)


def test_table__has_the_official_columns_and_every_joint(tmp_path: Path) -> None:
    truth, predictions = older([(9, 9, 0)], [(9, 9, 0)]), older([(9, 9, 1)], [(90, 90, 0.5)])
    predictions['info'] = {'boxes': 'ground truth'}
    lines = format_table(evaluate(tmp_path, truth, predictions, mota='fixed')).splitlines()
    assert 'rules: poseval' in lines[0]
    assert 'boxes: ground truth' in lines[0]
    columns = [cell.strip() for cell in lines[1].rstrip('\\').split('&')]
    assert columns == ['', 'Head', 'Shou', 'Elb', 'Wri', 'Hip', 'Knee', 'Ankl', 'Total']
    row = [cell.strip() for cell in lines[2].rstrip(' \\').split('&')]
    assert row == ['AP', '0.0', '0.0', '0.0', '0.0', '25.0', '0.0', '0.0', '3.3']
    assert [line.split()[0] for line in lines[-15:]] == [
        'neck' if name == 'head_bottom' else name for name in JOINT_NAMES
    ]
    assert lines[-15 + HIP].split() == ['left_hip', '50.00', '2', '2', '1']
    assert any(line.startswith('MOTA') and ' 0.0 ' in line for line in lines)


def test_folder_without_annotated_persons__is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'gt: expected annotated persons, got none'):
        evaluate(tmp_path, newer([], []), newer([(9, 9, 1)], []))
