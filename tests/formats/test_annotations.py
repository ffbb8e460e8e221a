from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from posetrack_documents import image, person, point, posetrack17, posetrack18, rect, save

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotations import read_annotations, read_file
from jmpose_mm.formats.frame_names import frame_key
from jmpose_mm.formats.prediction_pairs import OFFICIAL
from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_NAMES, MISSING_SCORE


def test_rule_7__joint_is_absent_only_where_all_three_numbers_are_zero(tmp_path: Path) -> None:
    keypoints = [7.0, 8.0, 0.0] * 17
    keypoints[0:9] = [0, 0, 0, 0, 0, 1, -3, -4, 0]  # nose, head_bottom, head_top
    frame = image(0)
    content = posetrack18([frame], [person(frame['id'], keypoints=keypoints)])
    truth = read_annotations(save(tmp_path / 'a.json', content)).truth()
    present = dict(zip(JOINT_NAMES, truth.present[0].tolist(), strict=True))
    assert [name for name, there in present.items() if not there] == ['nose']
    assert truth.keypoints[0, JOINT_NAMES.index('head_top')].tolist() == [-3.0, -4.0]


def test_rule_7__invisible_points_of_the_2017_files_count(tmp_path: Path) -> None:
    content = posetrack17([rect(point(3, 1, 2, is_visible=0))])
    assert read_annotations(save(tmp_path / 'a.json', content)).truth().present[0, 3]


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
    predictions = read_annotations(
        save(tmp_path / 'a.json', posetrack17([rect(*points)]))
    ).predictions()
    assert np.flatnonzero(predictions.present).tolist() == [3]
    assert predictions.keypoints[0, 3].tolist() == [1.0, 2.0]
    assert predictions.scores[0, 3] == 0.5


def test_read_frames__joints_without_a_score_rank_last(tmp_path: Path) -> None:
    content = posetrack17([rect(point(3, 1, 2))])
    frame = image(0)
    newer = posetrack18([frame], [person(frame['id']), person(frame['id'], scores=[])])
    assert (
        read_annotations(save(tmp_path / 'a.json', content)).predictions().scores[0, 3]
        == MISSING_SCORE
    )
    scores = read_annotations(save(tmp_path / 'b.json', newer)).predictions().scores
    assert (scores == MISSING_SCORE).all()
    assert scores.shape == (2, 15)


def test_read_frames__person_without_points_keeps_its_frame(tmp_path: Path) -> None:
    empty = [rect() | {'annopoints': []}, rect() | {'annopoints': [{}]}]
    bare = {'track_id': [3]}
    frames = read_annotations(save(tmp_path / 'a.json', posetrack17(empty, [], [bare])))
    assert frames.persons.image.tolist() == [0, 0, 2]
    assert not frames.truth().present.any()
    assert np.isnan(frames.truth().head_size[2])


def test_read_frames__head_box_of_both_generations(tmp_path: Path) -> None:
    frame = image(0)
    older, newer = (
        posetrack17([rect(point(0, 1, 1))]),
        posetrack18([frame], [person(frame['id'], bbox_head=[100, 60, 30, 40])]),
    )
    assert read_annotations(save(tmp_path / 'a.json', older)).truth().head_size.tolist() == [30.0]
    assert read_annotations(save(tmp_path / 'b.json', newer)).truth().head_size.tolist() == [30.0]


def test_read_frames__ignored_regions_of_both_generations(tmp_path: Path) -> None:
    corners = [(1, 2), (30, 4), (5, 60)]
    older = posetrack17([], [])
    older['annolist'][1]['ignore_regions'] = [{'point': [{'x': [x], 'y': [y]} for x, y in corners]}]
    x, y = zip(*corners, strict=True)
    images = [image(0), image(1, ignore_regions_x=[x], ignore_regions_y=[y])]
    for name, content in (('a.json', older), ('b.json', posetrack18(images, []))):
        ignored = read_annotations(save(tmp_path / name, content)).ignored()
        assert ignored.frame.tolist() == [1]
        assert ignored.vertices.tolist() == [list(map(float, corner)) for corner in corners]


def test_read_frames__merged_file_and_its_first_video(tmp_path: Path) -> None:
    images = [image(0), image(0, '000777_bonn_train'), image(1)]
    people = [person(entry['id'], value) for value, entry in enumerate(images, start=1)]
    path = save(tmp_path / 'a.json', posetrack18(images, people[::-1]))
    merged = read_annotations(path)
    assert merged.persons.image.tolist() == [2, 1, 0]
    first = read_file(path, OFFICIAL)
    assert [frame_key(frame.name)[1] for frame in first.images] == [0, 1]
    assert first.truth().keypoints[:, 0, 0].tolist() == [3.0, 1.0]
    assert first.persons.image.tolist() == [1, 0]


def test_read_frames__directory_in_order_of_names(tmp_path: Path) -> None:
    save(tmp_path / 'b.json', posetrack17([rect(point(0, 2, 2))]))
    save(tmp_path / 'a.json', posetrack17([], [rect(point(0, 1, 1))]))
    frames = read_annotations(tmp_path)
    assert [frame.source.name for frame in frames.images] == ['a.json', 'a.json', 'b.json']
    assert frames.persons.image.tolist() == [1, 2]


def test_read_frames__true_or_false_fields(tmp_path: Path) -> None:
    newer = posetrack18([image(0, degraded=True, nframes=1)], [])
    older = posetrack17([])
    older['annolist'][0] |= {'is_labeled': [0], 'imgnum': [7]}
    assert read_annotations(save(tmp_path / 'a.json', newer)).images[0].flags == {'degraded': True}
    assert read_annotations(save(tmp_path / 'b.json', older)).images[0].flags == {
        'is_labeled': False
    }


def broken(change) -> dict[str, Any]:
    frame = image(0)
    content = copy.deepcopy(posetrack18([frame], [person(frame['id'])]))
    change(content)
    return content


KEYS = "expected the key 'annolist' or 'images', got"
BROKEN_2018 = [
    (lambda c: c['images'][0].pop('file_name'), r"images\[0\]: .*the key 'file_name'"),
    (
        lambda c: c['images'][0].update(ignore_regions_x=[[1]]),
        r'ignore_regions_y: .* got 1 and nothing',
    ),
    (
        lambda c: c['images'][0].update(ignore_regions_x=[[1, 2]], ignore_regions_y=[[3, 4]]),
        r'images\[0\]: ignored region: expected at least 3 corners, got \[\(1, 3\), \(2, 4\)\]',
    ),
    (lambda c: c['annotations'][0]['keypoints'].pop(), r'\[0\]: keypoints: expected 51.*got 50'),
    (lambda c: c['annotations'][0].update(scores=[1]), r'annotations\[0\]: scores: expected 17'),
    (
        lambda c: c['annotations'][0].update(bbox_head=[1]),
        r'annotations\[0\]: bbox_head: .*4 numbers',
    ),
    (
        lambda c: c['annotations'][0].update(keypoints=[float('nan'), 1, 1] * 17),
        r'000000\.jpg: x of right_ankle: expected a finite number, got nan',
    ),
    (
        lambda c: c['annotations'][0].update(scores=[float('inf')] * 17),
        r'000000\.jpg: score of right_ankle: expected a finite number, got inf',
    ),
    (
        lambda c: c['annotations'][0].update(track_id=1.5),
        r'annotations\[0\]: track_id: expected a whole number or text, got 1\.5',
    ),
    (lambda c: c.update(images=None), r'a\.json: images: '),
    (lambda c: c.update(annotations=7), r'a\.json: annotations: '),
    (lambda c: c['categories'][0]['keypoints'].remove('nose'), 'got 16 without nose'),
]
BROKEN = [
    ({'people': []}, rf'a\.json: {KEYS} people'),
    ([], rf'a\.json: {KEYS} list'),
    *((broken(change), message) for change, message in BROKEN_2018),
    (posetrack17([{'x1': [1], 'annopoints': []}]), r"annolist\[0\]\.annorect\[0\]: .*the key 'y1'"),
    (posetrack17([rect({'id': [1], 'x': [2]})]), r"annolist\[0\]\.annorect\[0\]: .*the key 'y'"),
    (
        posetrack17([rect(point(0, 1, 1)), rect(point(2, 1, 1, score=float('nan')))]),
        r'00000001\.jpg: score of right_hip: expected a finite number, got nan',
    ),
    ({'annolist': None}, r'a\.json: annolist: '),
    ({'annolist': [{'annorect': []}]}, r"annolist\[0\]: .*the key 'image'"),
]


@pytest.mark.parametrize(('content', 'message'), BROKEN)
def test_read_frames__errors_name_file_and_key(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_annotations(save(tmp_path / 'a.json', content)).predictions()
    assert str(tmp_path / 'a.json') in str(caught.value)


def test_read_frames__no_file_and_no_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'found no file'):
        read_annotations(tmp_path / 'missing.json')
    with pytest.raises(ValueError, match=r'expected \*\.json files in the folder, got none'):
        read_annotations(tmp_path)
    (tmp_path / 'a.json').write_text('{"images": [')
    with pytest.raises(ValueError, match=r'a\.json: expected JSON'):
        read_annotations(tmp_path / 'a.json')


def test_coco__persons_without_keypoints_and_of_unknown_images(tmp_path: Path) -> None:
    frame = image(0)
    nobody = person(frame['id'])
    del nobody['keypoints']
    content = posetrack18([frame], [nobody, person(5), person(frame['id'], keypoints=[])])
    found = read_annotations(save(tmp_path / 'a.json', content))
    assert found.persons.image.tolist() == [0, 0]
    assert not found.persons.present.any()
    assert found.lost['persons of an unknown image'] == 1


@pytest.mark.parametrize('names', [True, False])
def test_coco__flat_and_nested_keypoints_with_and_without_visibility(
    tmp_path: Path, names: bool
) -> None:
    frame = image(0)
    flat = person(frame['id'])['keypoints']
    flat[3:6] = 0, 0, 0
    triples = np.reshape(flat, (17, 3))
    forms = [flat, triples.tolist(), triples[:, :2].ravel().tolist(), triples[:, :2].tolist()]
    content = posetrack18([frame], [person(frame['id'], keypoints=form) for form in forms])
    if not names:
        del content['categories']
    persons = read_annotations(save(tmp_path / 'a.json', content)).persons
    for keypoints in persons.keypoints[1:]:
        np.testing.assert_array_equal(keypoints[:, :2], persons.keypoints[0, :, :2])
    assert (persons.present == persons.present[0]).all()
    assert persons.present[0].sum() == 14


def test_coco__ids_are_numbers_or_text(tmp_path: Path) -> None:
    images = [image(0) | {'id': '3'}, image(1) | {'id': 4.0}, image(2) | {'id': 'walk'}]
    people = [person(3), person('4'), person('walk'), person('4.5')]
    found = read_annotations(save(tmp_path / 'a.json', posetrack18(images, people)))
    assert found.image_ids == [3, 4, 'walk']
    assert found.persons.image.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ('size', 'expected'),
    [
        ((160.0, 120), (160, 120)),
        (('160', 120), (160, 120)),
        ((None, None), None),
        ((0, 0), None),
        ((160.5, 120), None),
        ((-160, 120), None),
        (([], 'wide'), None),
    ],
)
def test_coco__sizes_that_say_nothing_are_unknown(
    tmp_path: Path, size: tuple, expected: tuple | None
) -> None:
    content = posetrack18([image(0, width=size[0], height=size[1])], [])
    found = read_annotations(save(tmp_path / 'a.json', content))
    assert found.images[0].size == expected
    assert found.odd['images of unknown size'] == (expected is None)


def test_coco__the_category_with_the_wanted_joints(tmp_path: Path) -> None:
    frame = image(0)
    ball = {'image_id': frame['id'], 'category_id': 5, 'keypoints': [1, 1, 2]}
    content = posetrack18([frame], [person(frame['id']) | {'category_id': 2}, ball])
    content['categories'] = [
        {'id': 5, 'name': 'ball', 'keypoints': ['centre']},
        content['categories'][0] | {'id': 2},
    ]
    found = read_annotations(save(tmp_path / 'a.json', content))
    assert len(found.persons.image) == 1
    assert found.odd['persons of another category'] == 1


def test_coco__head_boxes_of_both_names(tmp_path: Path) -> None:
    frame = image(0)
    people = [person(frame['id'], bbox_head=[10, 20, 3, 4]), person(frame['id'], bbox_head=None)]
    people[1]['head_box'] = [10, 20, 13, 24]
    found = read_annotations(save(tmp_path / 'a.json', posetrack18([frame], people)))
    assert found.persons.head_boxes.tolist() == [[10, 20, 13, 24]] * 2


def test_coco__crowds_are_taken_out_on_demand(tmp_path: Path) -> None:
    frame = image(0)
    people = [person(frame['id'], iscrowd=flag) for flag in (0, 1, False, True)]
    found = read_annotations(save(tmp_path / 'a.json', posetrack18([frame], people)))
    assert found.persons.crowd.tolist() == [False, True, False, True]
    kept = found.without_crowds()
    assert len(kept.persons.image) == 2
    assert kept.odd['persons crowd'] == 2
    assert len(found.persons.image) == 4


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16', 'utf-16-le'])
def test_encodings__of_windows_programs(tmp_path: Path, encoding: str) -> None:
    content = posetrack18([image(0)], [])
    (tmp_path / 'a.json').write_text(json.dumps(content), encoding=encoding)
    assert len(read_annotations(tmp_path / 'a.json').images) == 1


def test_info__stays_data(tmp_path: Path) -> None:
    info = {'boxes': 'a.json', 'score': {'rule': 'keypoint'}}
    content = posetrack18([image(0, degradation=['blur'])], []) | {'info': info}
    found = read_annotations(save(tmp_path / 'a.json', content))
    assert found.infos == [info]
    assert found.images[0].fields == {'degradation': ['blur']}


def test_frame_keys__a_long_name_without_number_names_its_file_in_short(tmp_path: Path) -> None:
    frame = {**image(0), 'file_name': f'images/{"A" * 200_000}.jpg'}
    file = save(tmp_path / 'a.json', posetrack18([frame], [person(frame['id'])]))
    with pytest.raises(UsageError, match='expected a frame number in the file name') as error:
        read_annotations(file).frame_keys()
    assert str(error.value).startswith(f'{file}: ')
    assert len(str(error.value)) < 300 + len(str(file))
