"""What is read and how it is divided: frames by name, statements, fields of images, ranges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jmpose_mm.apis.analysis.frames import APART, farthest
from jmpose_mm.apis.analysis.parts import divide
from jmpose_mm.apis.analysis.runs import image_fields, read_run, read_truth
from jmpose_mm.errors import UsageError
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES


def document(fields: list[dict[str, Any]], video: str = '000342_mpii', **top: Any) -> dict:
    """A frame for each entry of ``fields`` with one person who moves by a head size a frame."""
    images, annotations = [], []
    for number, more in enumerate(fields):
        images.append({'file_name': f'images/val/{video}/{number:06d}.jpg', 'id': number} | more)
        triples = [[10.0 + j + 30 * number, 20.0, 1.0] for j in range(17)]
        annotations.append(
            {
                'image_id': number,
                'track_id': 0,
                'keypoints': np.ravel(triples).tolist(),
                'scores': [0.5] * 17,
                'bbox_head': [0, 0, 30, 40],
            }
        )
    category = {'keypoints': list(FILE_JOINT_NAMES)}
    return {'images': images, 'annotations': annotations, 'categories': [category], **top}


def write(folder: Path, *documents: dict) -> Path:
    folder.mkdir()
    for number, content in enumerate(documents):
        (folder / f'{number}.json').write_text(json.dumps(content))
    return folder


def test_truth__has_no_crowds_as_the_metric(tmp_path: Path) -> None:
    content = document([{}, {}])
    content['annotations'].append({**content['annotations'][0], 'iscrowd': 1, 'track_id': 1})
    truth = read_truth(write(tmp_path / 'gt', content))
    assert truth.persons.frame.tolist() == [0, 1]
    assert len(truth.frames.persons.track_ids) == 2


def test_image_fields__true_or_false_words_and_lists(tmp_path: Path) -> None:
    fields = [
        {'dark': True, 'place': 'street', 'seen': ['fog', 'blur'], 'width': 9, 'rare': 'a'},
        {'dark': False, 'place': 'gym', 'seen': [], 'width': 8},
    ]
    found = image_fields(read_truth(write(tmp_path / 'gt', document(fields))))
    assert set(found) == {'dark', 'place', 'seen', 'file_name'}
    assert found['dark'] == [('yes',), ('no',)]
    assert found['place'] == [('street',), ('gym',)]
    assert found['seen'] == [('fog', 'blur'), ()]


def test_divide__takes_fields_that_sort_frames_into_kinds(tmp_path: Path) -> None:
    seen = [['fog'], ['fog', 'blur'], [], ['blur'], []]
    fields = [{'night': n > 2, 'same': True, 'vid_id': '7', 'seen': seen[n]} for n in range(5)]
    gt = write(tmp_path / 'gt', document(fields), document(fields, '000522_mpii'))
    divisions = {division.title: division for division in divide(read_truth(gt), 5)}
    assert list(divisions) == [
        'Videos',
        'Images by night',
        'Images by seen',
        'Size of the head',
        'Speed of motion',
    ]
    parts = {part.name: part.chosen.tolist() for part in divisions['Images by seen'].parts}
    assert parts == {
        'none': [False, False, True, False, True] * 2,
        'blur': [False, True, False, True, False] * 2,
        'fog': [True, True, False, False, False] * 2,
    }
    assert next(iter(parts)) == 'none'
    # A video's first frame has no speed; ten persons are too few for more than one range.
    (speed, unknown) = divisions['Speed of motion'].parts
    assert speed.chosen.tolist() == [False, True, True, True, True] * 2
    assert unknown.chosen.tolist() == [True, False, False, False, False] * 2
    assert [part.name for part in divisions['Size of the head'].parts] == ['30–30']


def test_divide__fields_that_name_videos_are_left_out(tmp_path: Path) -> None:
    first, second = [{'source': 'a'}] * 3, [{'source': 'b'}] * 3
    gt = write(tmp_path / 'gt', document(first), document(second, '000522_mpii'))
    titles = [division.title for division in divide(read_truth(gt), 5)]
    assert titles == ['Videos', 'Size of the head', 'Speed of motion']


def test_read_run__says_what_its_files_say(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / 'gt', document([{}] * 2)))
    info = {'boxes': 'a.json', 'score': 'keypoint', 'NMS': 'none'}
    for name, statement, expected in (
        ('dictionary', {'info': info}, ('a.json', 'keypoint', 'none', 'not stated')),
        ('text', {'info': 'made by hand'}, (*['not stated'] * 3, 'made by hand')),
        ('nothing', {}, ('not stated',) * 4),
    ):
        run = read_run(write(tmp_path / name, document([{}] * 2, **statement)), name, truth)
        assert tuple(run.protocol.values()) == expected
    other = document([{}] * 2, '000522_mpii', info=info | {'boxes': 'b.json'})
    both = write(tmp_path / 'both', document([{}] * 2, info=info), other)
    assert read_run(both, 'both', truth).protocol['boxes'] == 'a.json / b.json'


def test_read_run__frames_that_lack_are_named_and_others_left_out(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / 'gt', document([{}] * 3)))
    more = write(tmp_path / 'more', document([{}] * 5), document([{}], '000522_mpii'))
    assert read_run(more, 'more', truth).predictions.frame.tolist() == [0, 1, 2]
    less = write(tmp_path / 'less', document([{}] * 2))
    with pytest.raises(
        ValueError, match=r'less: .* found none for 1 of them, e.g. frame 2 of 0003'
    ):
        read_run(less, 'less', truth)
    with pytest.raises(ValueError, match=r'twice: .* several for frame 0 of 000342_mpii'):
        read_run(write(tmp_path / 'twice', *[document([{}] * 3)] * 2), 'twice', truth)


def test_read_run__says_what_decides_numbers_and_takes_no_empty_run(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / 'gt', document([{}, {}])))
    content = document([{}, {}])
    for person in content['annotations']:
        del person['scores']

    (first, *_) = read_run(write(tmp_path / 'a', content), 'a', truth).notes
    assert first.startswith('30 of 30 predicted joints have no score')
    with pytest.raises(UsageError, match='b: expected predicted persons, got none'):
        read_run(write(tmp_path / 'b', content | {'annotations': []}), 'b', truth)


def test_read_truth__without_persons_there_is_nothing_to_judge(tmp_path: Path) -> None:
    nobody = document([{}]) | {'annotations': []}
    with pytest.raises(ValueError, match='gt: expected annotated persons, got none'):
        read_truth(write(tmp_path / 'gt', nobody))


def test_farthest__largest_first_apart_in_time_and_ties_by_weight(tmp_path: Path) -> None:
    truth = read_truth(
        write(tmp_path / 'gt', document([{}] * 12), document([{}] * 2, '000522_mpii'))
    )
    values, weights = np.zeros(14), np.ones(14)
    values[[3, 4, 3 + APART, 12, 13]] = [0.8, 0.9, 0.7, np.nan, 0.7]
    assert farthest(values, weights, truth, 9) == [4, 13]
    values[4] = 0.1
    assert farthest(values, weights, truth, 9) == [3, 8, 13]
    weights[13] = 2
    assert farthest(values, weights, truth, 9) == [3, 13, 8]
    assert farthest(values, weights, truth, 1) == [3]
    assert farthest(values, weights, truth, 9, least=0.75) == [3]
