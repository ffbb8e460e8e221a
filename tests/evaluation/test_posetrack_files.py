from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from official_evaluations import AT_HAND

from jmpose_mm.evaluation.posetrack_files import read_frames, read_pair
from jmpose_mm.evaluation.posetrack_frames import frame_key, joint_order
from jmpose_mm.functional.evaluation.posetrack_ap import group_means, mean_over_joints, posetrack_ap
from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_NAMES, MISSING_SCORE

EARS = ['nose', 'head_bottom', 'head_top', 'left_ear', 'right_ear']
JOINTS_17 = EARS + [
    f'{side}_{part}'
    for part in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
    for side in ('left', 'right')
]


def numbers(values: list[float | None]) -> np.ndarray:
    return np.asarray([np.nan if value is None else value for value in values])


def with_mean(values: np.ndarray) -> np.ndarray:
    return np.append(values, mean_over_joints(values))


@pytest.mark.parametrize('folder', AT_HAND, ids=lambda folder: folder.name)
def test_read_pair__gives_the_official_numbers(folder: Path) -> None:
    expected = json.loads((folder / 'expected.json').read_text())
    truth, predictions = read_pair(folder / 'gt', folder / 'pred')
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
    assert len(set(truth.person_frames)) == expected['n_frames_after_cleanup']


# ---- hand-made files ----------------------------------------------------------------------------


def image(number: int, video: str = '000342_mpii_test', **fields: Any) -> dict[str, Any]:
    name = f'images/val/{video}/{number:06d}.jpg'
    return {'file_name': name, 'id': 1000 * len(video) + number, **fields}


def person(image_id: int, value: float = 5.0, **fields: Any) -> dict[str, Any]:
    keypoints = [value, value + 1, 1.0] * 17
    box = [0, 0, 30, 40]
    return {'image_id': image_id, 'keypoints': keypoints, 'bbox_head': box, 'track_id': 0} | fields


def posetrack18(images: list[dict], persons: list[dict]) -> dict[str, Any]:
    return {'images': images, 'annotations': persons, 'categories': [{'keypoints': JOINTS_17}]}


def point(joint: int | None, x: float, y: float, **fields: Any) -> dict[str, Any]:
    return {'id': [joint], 'x': [x], 'y': [y], **{key: [value] for key, value in fields.items()}}


def posetrack17(*frames: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        'annolist': [
            {'image': [{'name': f'images/x/000342_mpii/{i + 1:08d}.jpg'}], 'annorect': persons}
            for i, persons in enumerate(frames)
        ]
    }


def rect(*points: dict[str, Any], **fields: Any) -> dict[str, Any]:
    box = {'x1': [0], 'y1': [0], 'x2': [30], 'y2': [40]}
    return {'track_id': [0], **box, 'annopoints': [{'point': list(points)}], **fields}


def save(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding='utf-8')
    return path


def test_rule_5__frames_are_paired_by_position_not_by_name(tmp_path: Path) -> None:
    truth = posetrack17([rect(point(3, 10, 10))], [rect(point(3, 500, 500))])
    predictions = posetrack17(
        [rect(point(3, 10, 10, score=1))], [rect(point(3, 500, 500, score=1))]
    )
    predictions['annolist'][0]['image'] = {'name': 'quite/another/00000077.jpg'}
    save(tmp_path / 'gt' / 'a.json', truth)
    save(tmp_path / 'pred' / 'a.json', predictions)
    pair = read_pair(tmp_path / 'gt', tmp_path / 'pred')
    assert posetrack_ap(pair[0].truth(), pair[1].predictions()).num_correct[3] == 2
    predictions['annolist'].reverse()
    save(tmp_path / 'pred' / 'a.json', predictions)
    pair = read_pair(tmp_path / 'gt', tmp_path / 'pred')
    assert posetrack_ap(pair[0].truth(), pair[1].predictions()).num_correct[3] == 0


def test_rule_5__lengths_must_agree(tmp_path: Path) -> None:
    save(tmp_path / 'gt' / 'a.json', posetrack17([], []))
    for count in (1, 3):
        save(tmp_path / 'pred' / 'a.json', posetrack17(*[[]] * count))
        message = rf'pred.a\.json: expected 2 frames as in .*gt.a\.json, got {count}'
        with pytest.raises(ValueError, match=message):
            read_pair(tmp_path / 'gt', tmp_path / 'pred')


def test_rule_7__joint_is_absent_only_where_all_three_numbers_are_zero(tmp_path: Path) -> None:
    keypoints = [7.0, 8.0, 0.0] * 17
    keypoints[0:9] = [0, 0, 0, 0, 0, 1, -3, -4, 0]  # nose, head_bottom, head_top
    frame = image(0)
    content = posetrack18([frame], [person(frame['id'], keypoints=keypoints)])
    truth = read_frames(save(tmp_path / 'a.json', content)).truth()
    present = dict(zip(JOINT_NAMES, truth.present[0].tolist(), strict=True))
    assert [name for name, there in present.items() if not there] == ['nose']
    assert truth.keypoints[0, JOINT_NAMES.index('head_top')].tolist() == [-3.0, -4.0]


def test_rule_7__invisible_points_of_the_2017_files_count(tmp_path: Path) -> None:
    content = posetrack17([rect(point(3, 1, 2, is_visible=0))])
    assert read_frames(save(tmp_path / 'a.json', content)).truth().present[0, 3]


def test_read_frames__first_of_repeated_joints_wins_and_unknown_ids_are_skipped(
    tmp_path: Path,
) -> None:
    points = [
        point(3, 1, 2, score=0.5),
        point(3, 9, 9, score=0.9),
        point(15, 7, 7),
        point(None, 7, 7),
        point(-1, 6, 6),
    ]
    predictions = read_frames(save(tmp_path / 'a.json', posetrack17([rect(*points)]))).predictions()
    assert np.flatnonzero(predictions.present).tolist() == [3]
    assert predictions.keypoints[0, 3].tolist() == [1.0, 2.0]
    assert predictions.scores[0, 3] == 0.5


def test_read_frames__joints_without_a_score_rank_last(tmp_path: Path) -> None:
    content = posetrack17([rect(point(3, 1, 2))])
    frame = image(0)
    newer = posetrack18([frame], [person(frame['id']), person(frame['id'], scores=[])])
    assert (
        read_frames(save(tmp_path / 'a.json', content)).predictions().scores[0, 3] == MISSING_SCORE
    )
    scores = read_frames(save(tmp_path / 'b.json', newer)).predictions().scores
    assert (scores == MISSING_SCORE).all()
    assert scores.shape == (2, 15)


def test_read_frames__person_without_points_keeps_its_frame(tmp_path: Path) -> None:
    empty = [rect() | {'annopoints': []}, rect() | {'annopoints': [{}]}]
    bare = {'track_id': [3]}
    frames = read_frames(save(tmp_path / 'a.json', posetrack17(empty, [], [bare])))
    assert frames.person_frames == [0, 0, 2]
    assert not frames.truth().present.any()
    assert np.isnan(frames.truth().head_size[2])


def test_read_frames__head_box_of_both_generations(tmp_path: Path) -> None:
    frame = image(0)
    older, newer = (
        posetrack17([rect(point(0, 1, 1))]),
        posetrack18([frame], [person(frame['id'], bbox_head=[100, 60, 30, 40])]),
    )
    assert read_frames(save(tmp_path / 'a.json', older)).truth().head_size.tolist() == [30.0]
    assert read_frames(save(tmp_path / 'b.json', newer)).truth().head_size.tolist() == [30.0]


def test_read_frames__ignored_regions_of_both_generations(tmp_path: Path) -> None:
    corners = [(1, 2), (30, 4), (5, 60)]
    older = posetrack17([], [])
    older['annolist'][1]['ignore_regions'] = [{'point': [{'x': [x], 'y': [y]} for x, y in corners]}]
    x, y = zip(*corners, strict=True)
    images = [image(0), image(1, ignore_regions_x=[x], ignore_regions_y=[y])]
    for name, content in (('a.json', older), ('b.json', posetrack18(images, []))):
        ignored = read_frames(save(tmp_path / name, content)).ignored()
        assert ignored.frame.tolist() == [1]
        assert ignored.vertices.tolist() == [list(map(float, corner)) for corner in corners]


def test_read_frames__merged_file_and_its_first_video(tmp_path: Path) -> None:
    images = [image(0), image(0, '000777_bonn_train'), image(1)]
    people = [person(entry['id'], value) for value, entry in enumerate(images, start=1)]
    path = save(tmp_path / 'a.json', posetrack18(images, people[::-1]))
    merged = read_frames(path)
    assert merged.person_frames == [2, 1, 0]
    first = read_frames(path, only_first_video=True)
    assert [frame_key(frame.name)[1] for frame in first.frames] == [0, 1]
    assert first.truth().keypoints[:, 0, 0].tolist() == [3.0, 1.0]
    assert first.person_frames == [1, 0]


def test_read_frames__directory_in_order_of_names(tmp_path: Path) -> None:
    save(tmp_path / 'b.json', posetrack17([rect(point(0, 2, 2))]))
    save(tmp_path / 'a.json', posetrack17([], [rect(point(0, 1, 1))]))
    frames = read_frames(tmp_path)
    assert [frame.source.name for frame in frames.frames] == ['a.json', 'a.json', 'b.json']
    assert frames.person_frames == [1, 2]


def test_read_frames__true_or_false_fields(tmp_path: Path) -> None:
    newer = posetrack18([image(0, degraded=True, nframes=1)], [])
    older = posetrack17([])
    older['annolist'][0] |= {'is_labeled': [0], 'imgnum': [7]}
    assert read_frames(save(tmp_path / 'a.json', newer)).frames[0].flags == {'degraded': True}
    assert read_frames(save(tmp_path / 'b.json', older)).frames[0].flags == {'is_labeled': False}


def broken(change) -> dict[str, Any]:
    frame = image(0)
    content = copy.deepcopy(posetrack18([frame], [person(frame['id'])]))
    change(content)
    return content


KEYS = "expected the key 'annolist' or 'images', got"
BROKEN_2018 = [
    (lambda c: c.pop('categories'), r"categories\[0\]: .*the key 'categories'"),
    (lambda c: c['images'][0].pop('file_name'), r"images\[0\]: .*the key 'file_name'"),
    (lambda c: c['images'][0].update(ignore_regions_x=[[1]]), r'ignore_regions_y: .* \[1\] and'),
    (
        lambda c: c['images'][0].update(ignore_regions_x=[[1, 2]], ignore_regions_y=[[3, 4]]),
        r'images\[0\]: ignored region: expected at least 3 corners, got \[\(1, 3\), \(2, 4\)\]',
    ),
    (lambda c: c['annotations'][0].pop('keypoints'), r"annotations\[0\]: .*the key 'keypoints'"),
    (lambda c: c['annotations'][0]['keypoints'].pop(), r'\[0\]: keypoints: expected 51.*got 50'),
    (lambda c: c['annotations'][0].update(scores=[1]), r'annotations\[0\]: scores: expected 17'),
    (lambda c: c['annotations'][0].update(image_id=5), r'annotations\[0\]: image_id: .*got 5'),
    (
        lambda c: c['annotations'][0].update(bbox_head=[1]),
        r'annotations\[0\]: bbox_head: .*4 numbers',
    ),
    (
        lambda c: c['annotations'][0].update(keypoints=[float('nan'), 1, 1] * 17),
        r'annotations\[0\]: x of right_ankle: expected a finite number, got nan',
    ),
    (
        lambda c: c['annotations'][0].update(scores=[float('inf')] * 17),
        r'annotations\[0\]: score of right_ankle: expected a finite number, got inf',
    ),
    (
        lambda c: c['annotations'][0].update(track_id='first'),
        r"annotations\[0\]: track_id: expected a whole number, got 'first'",
    ),
    (lambda c: c.update(images=None), r'a\.json: images: '),
    (lambda c: c.update(annotations=7), r'a\.json: annotations: '),
    (lambda c: c['categories'][0]['keypoints'].remove('nose'), r"got 16 without \['nose'\]"),
]
BROKEN = [
    ({'people': []}, rf"a\.json: {KEYS} \['people'\]"),
    ([], rf'a\.json: {KEYS} list'),
    *((broken(change), message) for change, message in BROKEN_2018),
    (posetrack17([{'x1': [1], 'annopoints': []}]), r"annolist\[0\]\.annorect\[0\]: .*the key 'y1'"),
    (posetrack17([rect({'id': [1], 'x': [2]})]), r"annolist\[0\]\.annorect\[0\]: .*the key 'y'"),
    (
        posetrack17([rect(point(0, 1, 1)), rect(point(2, 1, 1, score=float('nan')))]),
        r'annolist\[0\]\.annorect\[1\]: score of right_hip: expected a finite number, got nan',
    ),
    ({'annolist': None}, r'a\.json: annolist: '),
    ({'annolist': [{'annorect': []}]}, r"annolist\[0\]: .*the key 'image'"),
]


@pytest.mark.parametrize(('content', 'message'), BROKEN)
def test_read_frames__errors_name_file_and_key(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_frames(save(tmp_path / 'a.json', content))
    assert str(tmp_path / 'a.json') in str(caught.value)


def test_read_frames__no_file_and_no_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'found no file'):
        read_frames(tmp_path / 'missing.json')
    with pytest.raises(ValueError, match=r'expected \*\.json files, got none'):
        read_frames(tmp_path)
    (tmp_path / 'a.json').write_text('{"images": [')
    with pytest.raises(ValueError, match=r'a\.json: expected JSON'):
        read_frames(tmp_path / 'a.json')


def test_read_pair__missing_prediction_file_is_named(tmp_path: Path) -> None:
    save(tmp_path / 'gt' / 'a.json', posetrack17([]))
    with pytest.raises(ValueError, match=r'pred.a\.json: .*found no file'):
        read_pair(tmp_path / 'gt', tmp_path / 'pred')


def test_read_pair__track_ids(tmp_path: Path) -> None:
    twins = [rect(point(0, 1, 1, score=1)), rect(point(0, 2, 2, score=1))]
    save(tmp_path / 'gt' / 'a.json', posetrack17(twins))
    save(tmp_path / 'pred' / 'a.json', posetrack17(twins))
    with pytest.raises(ValueError, match=r'pred.a\.json: track_id in .* got 0 twice'):
        read_pair(tmp_path / 'gt', tmp_path / 'pred')
    pair = read_pair(tmp_path / 'gt', tmp_path / 'pred', unique_track_ids=False)
    assert len(pair[1].person_frames) == 2
    save(tmp_path / 'gt' / 'a.json', posetrack17([rect(track_id=[10000])]))
    with pytest.raises(ValueError, match=r'gt.a\.json: track_id .*less than 10000, got 10000'):
        read_pair(tmp_path / 'gt', tmp_path / 'pred', unique_track_ids=False)


@pytest.mark.parametrize(
    ('name', 'key'),
    [
        ('images/val/000342_mpii_test/000007.jpg', ('000342_mpii', 7)),
        ('images/bonn_5sec/000342_mpii/00000007.jpg', ('000342_mpii', 7)),
        ('mpii/000342_mpiinew_relpath_5sec/00000007.jpg', ('000342_mpiinew', 7)),
        ('C:\\data\\000342_bonn\\06115_crop.jpg', ('000342_bonn', 6115)),
        ('images/val/street_2/000010.png', ('street_2', 10)),
        ('000342_mpiix/1.jpg', ('000342_mpiix', 1)),
    ],
)
def test_frame_key__video_and_number(name: str, key: tuple[str, int]) -> None:
    assert frame_key(name) == key


def test_frame_key__name_without_number() -> None:
    with pytest.raises(ValueError, match=r"'video/first\.jpg': expected a frame number"):
        frame_key('video/first.jpg')


def test_joint_order__by_name_and_with_the_older_name_of_the_neck() -> None:
    order = joint_order(JOINTS_17, 'here')
    assert [JOINTS_17[place] for place in order] == list(JOINT_NAMES)
    fifteen = ['neck' if name == 'head_bottom' else name for name in JOINT_NAMES[::-1]]
    assert joint_order(fifteen, 'here').tolist() == list(range(14, -1, -1))
