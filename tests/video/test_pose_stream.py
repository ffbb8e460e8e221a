"""No film leaves anything for the next one, and nobody can change what is kept."""

from __future__ import annotations

import copy
import pickle
import threading
import warnings

import numpy as np
import pytest
import torch

from jmpose_mm.apis import VideoPoseInferencer
from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames.sources import open_source

A, B = (
    [
        np.random.default_rng(seed + n).integers(0, 255, (120, wide, 3), dtype=np.uint8)
        for n in range(10)
    ]
    for seed, wide in ((0, 160), (100, 200))
)


def walkers(frame):
    x = 2.0 * frame.index
    return np.array([[10 + x, 20, 50 + x, 110], [110 - x, 10, 150 - x, 100]])


@pytest.fixture(scope='module')
def inferencer() -> VideoPoseInferencer:
    torch.manual_seed(0)
    one_euro = {'beta': 1.0}
    return VideoPoseInferencer('dcpose_debug.py', None, 'cpu', walkers, 3, one_euro)


def plain(stream) -> list:
    return [
        (f.index, f.size, [(p.id, p.box.tolist(), p.keypoints.tolist()) for p in f.persons])
        for f in stream
    ]


@pytest.fixture(scope='module')
def fresh(inferencer) -> list:
    return plain(copy.deepcopy(inferencer)(B))


def failing(frame):
    if frame.index == 6:
        raise RuntimeError('no more')
    return walkers(frame)


def test_stream__a_film_that_was_left_or_failed_leaves_nothing(inferencer, fresh) -> None:
    stream = inferencer(A)
    next(stream)
    assert plain(inferencer(B)) == fresh  # while the other one is open
    stream.close()
    assert list(stream) == []
    inferencer.boxes = failing
    with pytest.raises(RuntimeError, match='no more'):
        list(inferencer(A))
    inferencer.boxes = walkers
    assert plain(inferencer(B)) == fresh


def test_stream__films_at_the_same_time(inferencer, fresh) -> None:
    taken = [[], []]
    for pair in zip(inferencer(B), inferencer(B), strict=True):
        for kept, poses in zip(taken, pair, strict=True):
            kept.append(poses)
    assert plain(taken[0]) == plain(taken[1]) == fresh
    found = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: plain(inferencer(B))}))
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1] == fresh


def test_stream__what_is_handed_out_may_be_changed(inferencer, fresh) -> None:
    found = []
    for poses in inferencer(B):
        found.extend(plain([poses]))
        for person in poses.persons:
            person.box[:], person.keypoints[:], person.scores[:] = 0, -1, 0
    assert found == fresh


def drawing(frame):
    frame.image[:] = 0  # a copy
    return walkers(frame)


def test_stream__a_detector_may_draw_into_its_picture(inferencer, fresh) -> None:
    other = copy.copy(inferencer)
    other.boxes = drawing
    assert plain(other(B)) == fresh


def test_inferencer__pickles(inferencer, fresh) -> None:
    assert plain(pickle.loads(pickle.dumps(inferencer))(B)) == fresh


def test_stream__warns_at_its_end_of_what_is_missing(inferencer, tmp_path) -> None:
    (tmp_path / '0.png').write_bytes(b'no picture')
    stream = inferencer(tmp_path)
    with pytest.warns(UserWarning, match='no frame could be read'):
        assert list(stream) == []
    assert stream.problems[-1] == f'{tmp_path}: no frame could be read'
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        list(inferencer(A[:3]))


@pytest.mark.parametrize(
    ('fps', 'stride', 'every', 'hidden', 'count'),
    [(240, 1, 1, range(2, 10), 1), (5, 1, 1, range(2, 10), 2), (25, 40, 1, (), 1)],
)
def test_stream__lost_is_a_time(inferencer, fps, stride, every, hidden, count) -> None:
    other = copy.copy(inferencer)
    other.detect_every = every
    other.boxes = lambda frame: None if frame.index in hidden else [[10, 20, 50, 110]]
    pictures = [A[0]] * (12 if stride == 1 else 200)
    found = other.stream(open_source(pictures, fps=fps, stride=stride))
    assert len({person.id for poses in found for person in poses.persons}) == count


def test_inferencer__identities_of_a_file_and_intervals_exclude_each_other(tmp_path) -> None:
    (tmp_path / 'a.txt').write_text('1,1,2,3,40,50,1\n', encoding='utf-8')
    with pytest.raises(UsageError, match='detect_every: expected 1 for boxes that bring identit'):
        VideoPoseInferencer('dcpose_debug.py', None, 'cpu', tmp_path / 'a.txt', 5)
