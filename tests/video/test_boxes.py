"""Boxes of a video from files and from the frame itself."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.people.box_files import one_video_note
from jmpose_mm.video.people.boxes import box_source
from jmpose_mm.video.records import Frame

IMAGE = np.zeros((40, 60, 3), dtype=np.uint8)


def _frame(index: int, name: str = '') -> Frame:
    return Frame(index, index / 25, name, IMAGE)


def test_whole_frame__is_the_outline():
    found = box_source('whole')(_frame(0))
    assert found.boxes.tolist() == [[0, 0, 59, 39]]
    assert found.ids is None


def test_hog__small_and_empty_frames_have_nobody():
    found = box_source('hog')(_frame(0))
    assert found.boxes.shape == (0, 4)
    assert found.scores.shape == (0,)


def test_json__by_name_and_by_number(tmp_path):
    path = tmp_path / 'boxes.json'
    entries = [
        {'image_name': 'images/a/000003.jpg', 'bbox': [1, 2, 10, 20], 'score': 0.9},
        {'image_name': 'images/a/000004.jpg', 'bbox': [5, 5, 10, 10], 'score': 0.2},
    ]
    path.write_text(json.dumps([{'category_id': 1, **entry} for entry in entries]))
    source = box_source(str(path))
    assert source(_frame(0, 'folder/000003.jpg')).boxes.tolist() == [[1, 2, 11, 22]]
    assert source(_frame(3)).boxes.tolist() == [[1, 2, 11, 22]]
    assert source(_frame(3, 'other.jpg')).boxes.shape == (0, 4)
    assert box_source(str(path), 0.5)(_frame(4)).boxes.shape == (0, 4)
    assert source(_frame(4)).scores.tolist() == [0.2]


def test_json__coco_results_by_image_id(tmp_path):
    path = tmp_path / 'results.json'
    path.write_text(json.dumps([{'image_id': 3, 'bbox': [1, 2, 10, 20], 'score': 0.9}]))
    source = box_source(str(path))
    assert source(_frame(3)).boxes.tolist() == [[1, 2, 11, 22]]
    assert source(_frame(3, 'folder/000007.jpg')).boxes.tolist() == [[1, 2, 11, 22]]
    assert source(_frame(2)).boxes.shape == (0, 4)
    path.write_text(json.dumps([{'image_id': 3, 'bbox': [1, 2, 10, 20]}]))
    with pytest.raises(ValueError, match="expected the key 'score'"):
        box_source(str(path))


def test_json__of_several_videos(tmp_path):
    path = tmp_path / 'truth.json'
    names = ('images/val/a/000003.jpg', 'images/val/b/000003.jpg')
    images = [{'id': n, 'file_name': name} for n, name in enumerate(names)]
    annotations = [{'image_id': n, 'bbox': [n, 0, 10, 10]} for n in (0, 1, 1)]
    path.write_text(json.dumps({'images': images, 'annotations': annotations}))
    source = box_source(str(path))
    assert source(_frame(0, '/elsewhere/a/000003.jpg')).boxes.tolist() == [[0, 0, 10, 10]]
    assert source(_frame(0, 'b/000003.jpg')).boxes.tolist() == [[1, 0, 11, 10]] * 2
    assert source(_frame(0, 'b/000003.jpg')).scores.tolist() == [1, 1]
    assert source(_frame(0, 'b/000004.jpg')).boxes.shape == (0, 4)
    for frame in (_frame(0, 'c/000003.jpg'), _frame(3)):
        with pytest.raises(UsageError, match=r'found those of 2, and 0 of them are'):
            source(frame)


def test_mot__frames_from_one_and_identities(tmp_path):
    path = tmp_path / 'gt.txt'
    path.write_text('1,7,10,20,30,40,1,1,1\n1,8,0,0,5,5\n\n3,7,11,20,30,40,0.5\n')
    source = box_source(str(path))
    found = source(_frame(0))
    assert source(_frame(0, 'folder/frame.jpg')).boxes.tolist() == found.boxes.tolist()
    assert found.boxes.tolist() == [[10, 20, 40, 60], [0, 0, 5, 5]]
    assert found.ids.tolist() == [7, 8]
    assert source(_frame(1)).boxes.shape == (0, 4)
    assert source(_frame(2)).scores.tolist() == [0.5]
    path.write_text('1,-1,10,20,30,40,0.9\n')
    assert box_source(str(path))(_frame(0)).ids is None


@pytest.mark.parametrize('line', ['1,2,3', 'frame,id,x,y,w,h', '1,2,x,4,5,6'])
def test_mot__bad_line_is_named(line, tmp_path):
    (tmp_path / 'gt.txt').write_text(f'1,1,0,0,5,5\n{line}\n')
    with pytest.raises(ValueError, match=r'gt\.txt, line 2: expected frame,id'):
        box_source(str(tmp_path / 'gt.txt'))


@pytest.mark.parametrize('spec', ['gone.json', 'mmdet:only-config', 'yolo'])
def test_box_source__unknown(spec):
    with pytest.raises(UsageError, match=r'(boxes|detector): expected'):
        box_source(spec)


def test_box_source__folder(tmp_path):
    with pytest.raises(UsageError, match='boxes: expected a file of boxes, got the folder '):
        box_source(tmp_path)


def _film(tmp_path, entries, count=5, name='walk.mp4'):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps([{'score': 0.9, **entry} for entry in entries]), encoding='utf-8')
    film = box_source(path).for_film(SimpleNamespace(name=name, count=count))
    return [film.of(_frame(n)).boxes.tolist() for n in range(count)], film


@pytest.mark.parametrize('key', ['image_id', 'image_name'])
def test_film__boxes_counted_from_one_are_shifted_and_it_is_said(tmp_path, key):
    names = [n if key == 'image_id' else f'walk/{n:06d}.jpg' for n in range(1, 6)]
    entries = [{key: name, 'bbox': [n, 0, 5, 5]} for n, name in enumerate(names)]
    found, film = _film(tmp_path, entries)
    assert found == [[[n, 0, n + 5, 5]] for n in range(5)]
    assert film.remarks(True) == ([], ['boxes.json: its frames are counted from 1, taken as such'])
    found, film = _film(tmp_path, entries[:3])  # may be of frames 1 to 3
    assert found[:2] == [[], [[0, 0, 5, 5]]]
    assert 'its first frame is number 1' in film.remarks(True).notes[0]


def test_film__boxes_of_other_frames_are_a_problem(tmp_path):
    _, film = _film(tmp_path, [{'image_id': 900 + n, 'bbox': [0, 0, 5, 5]} for n in range(3)])
    (problem,) = film.remarks(True).problems
    assert problem.startswith('boxes.json: none of its 3 boxes belongs to a frame of walk.mp4')
    entries = [{'image_id': n, 'bbox': [0, 0, 5, 5]} for n in (0, 2, 77)]
    _, film = _film(tmp_path, entries)
    assert film.remarks(True) == ([], ['boxes.json: 1 of 3 boxes belong to no frame of walk.mp4'])
    assert film.remarks(False) == ([], [])
    entries = [{'image_id': n, 'bbox': [0, 0, 5, 5]} for n in (0, *range(80, 90))]
    _, film = _film(tmp_path, entries)
    (problem,) = film.remarks(True).problems
    assert problem.startswith('boxes.json: only 1 of its 11 boxes belong to a frame of walk.mp4')
    assert film.remarks(False) == ([], [])  # the rest of the film may have them
    _, film = _film(tmp_path, entries[:10])
    assert film.remarks(True).problems == []
    # boxes of other videos are not expected to belong to this one
    entries = [
        {'image_name': f'{video}/{n}.jpg', 'bbox': [0, 0, 5, 5]}
        for video, count in (('walk', 1), ('run', 40))
        for n in range(count)
    ]
    assert _film(tmp_path, entries)[1].remarks(True) == ([], [])
    _, film = _film(tmp_path, [])
    assert film.remarks(True).notes == ['boxes.json: there are no boxes of persons in it']


def test_film__what_is_left_out_of_a_file_is_said(tmp_path):
    entries = [{'image_id': 0, 'bbox': [0, 0, 5, 5], 'category_id': kind} for kind in (1, 1, 3)]
    found, film = _film(tmp_path, entries, 1)
    assert found == [[[0, 0, 5, 5]]]
    assert film.remarks(True).notes == [
        'boxes.json: boxes listed twice, which are left out: 1',
        'boxes.json: boxes of another category than 1, which are left out: 1',
    ]


def test_film__boxes_as_corners_are_said(tmp_path):
    corners = [[40, 10, 50, 30], [42, 9, 52, 29], [30, 8, 42, 35]]
    entries = [{'image_id': n, 'bbox': box} for n, box in enumerate(corners)]
    (note,) = _film(tmp_path, entries, 3)[1].remarks(True).notes
    assert 'boxes.json: ' in note
    assert 'looks like left, top, right, bottom: 3 of 3' in note
    for right in ([{**entry, 'bbox': [5, 6, 7, 8]} for entry in entries], entries[:2]):
        assert _film(tmp_path, right, 3)[1].remarks(True) == ([], [])


def test_mot__numbers_and_identities_from_zero(tmp_path):
    path = tmp_path / 'det.txt'
    path.write_text('0,0,1,2,30,40,1\n1,0,1,2,30,40,1\n1,1,5,2,30,40,1\n', encoding='utf-8')
    film = box_source(path).for_film(SimpleNamespace(name='a.mp4', count=2))
    assert film.of(_frame(0)).ids.tolist() == [1]
    assert film.of(_frame(1)).ids.tolist() == [1, 2]
    assert 'counted from 0' in film.remarks(True).notes[0]
    path.write_text('1,3,1,2,30,40,1\n1,-1,9,2,30,40,1\n', encoding='utf-8')
    film = box_source(path).for_film(SimpleNamespace(name='a.mp4', count=2))
    assert film.of(_frame(0)).ids is None
    assert 'some boxes have no identity' in film.remarks(True).notes[0]


@pytest.mark.parametrize('line', ['1e400,1,1,2,3,4', '1,nan,1,2,3,4', 'inf,1,1,2,3,4'])
def test_mot__endless_numbers_are_named(tmp_path, line):
    (tmp_path / 'gt.txt').write_text(line, encoding='utf-8')
    with pytest.raises(ValueError, match=r'gt\.txt, line 1: expected frame,id'):
        box_source(tmp_path / 'gt.txt')


def test_one_video_note__of_several_films_alone(tmp_path):
    path = tmp_path / 'boxes.txt'
    path.write_text('1,1,5,5,20,30,0.9\n')
    boxes = box_source(str(path))
    said = 'note: boxes.txt has the boxes of one video, and 3 films get them'
    assert one_video_note(boxes, 3) == said
    assert one_video_note(boxes, 1) == ''
    assert one_video_note(box_source('whole'), 3) == ''
