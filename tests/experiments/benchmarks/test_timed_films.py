"""What the benchmarks of films time: pictures, people who walk, and ways that do the same work."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from random_models import randomize

from experiments.benchmarks import film_files, infer
from experiments.benchmarks.film_files import VideoSize, in_turn, moving_pictures
from experiments.benchmarks.infer import streamed, walking_people
from jmpose_mm.models.layers.norm_folding import fold_batch_norm
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.poses.clip_model import ClipModel
from jmpose_mm.video.records import Remarks
from jmpose_mm.visualization.film import write_film

SIZE = VideoSize(frames=5, size=(96, 64), long_seconds=8, runs=2)


def test_moving_pictures__move_three_pixels_a_frame_under_grain() -> None:
    pictures = list(moving_pictures(SIZE))
    assert [picture.shape for picture in pictures] == [(64, 96, 3)] * 5
    assert np.array_equal(pictures, list(moving_pictures(SIZE)))
    for before, after in pairwise(pictures):
        difference = np.abs(after.astype(int) - np.roll(before, 3, axis=1)).max()
        assert 0 < difference < 8  # the grain; adding stops at white
        assert np.abs(after.astype(int) - before).mean() > 8


def test_film__has_every_picture_for_both_readers(tmp_path: Path) -> None:
    film = str(write_film(tmp_path / 'film.mp4', moving_pictures(SIZE), 25))
    capture, by_opencv = cv2.VideoCapture(film), 0
    while capture.read()[0]:
        by_opencv += 1
    ours = list(open_source(film).read(Remarks.none()))
    assert by_opencv == len(ours) == SIZE.frames


def test_in_turn__alternates_and_keeps_the_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def seconds(work: object) -> float:
        work()
        return float(len(called))

    monkeypatch.setattr(film_files, 'measure_seconds', seconds)
    found = in_turn(
        'reading',
        ('theirs', 'ours'),
        lambda: called.append('theirs'),
        lambda: called.append('ours'),
        2,
    )
    assert called == ['theirs', 'ours'] * 2
    assert (found.name, found.reference, found.ours) == ('reading', 'theirs', 'ours')
    assert (found.reference_seconds, found.our_seconds) == ([1.0, 3.0], [2.0, 4.0])


def test_start_in_the_middle__meets_the_frame_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[list[float]] = []

    class Watched:
        """A source that notes the times of the frames it gave."""

        def __init__(self, path: str, **options: object) -> None:
            self.source = open_source(path, **options)

        def read(self, remarks: Remarks):
            times.append([])
            for frame in self.source.read(remarks):
                times[-1].append(frame.time)
                yield frame

    monkeypatch.setattr(film_files, 'open_source', Watched)
    found = film_files.start_in_the_middle(tmp_path, SIZE)
    assert len(found.reference_seconds) == len(found.our_seconds) == SIZE.runs
    assert times == [[0.0, 1.0, 2.0, 3.0, 4.0], [4.0]] * SIZE.runs


def test_walking_people__keep_their_size_and_stay_in_the_picture() -> None:
    images, boxes = walking_people(4, 3)
    assert [image.shape for image in images] == [(360, 640, 3)] * 4
    assert [found.shape for found in boxes] == [(3, 4)] * 4
    sizes = [found[:, 2:] - found[:, :2] for found in boxes]
    assert np.array_equal(sizes, np.broadcast_to([100.0, 240.0], (4, 3, 2)))
    assert np.array_equal(boxes[3] - boxes[0], [[9.0, 0, 9, 0]] * 3)
    assert np.concatenate(boxes).min() >= 0
    assert (np.concatenate(boxes)[:, 2:] <= [640, 360]).all()


def test_ways__find_the_same_poses_of_people_who_stand() -> None:
    model = ClipModel('jm-pose_debug.py', None, 'cpu', flip_test=False)
    randomize(model.model)
    model.backbone = fold_batch_norm(model.model.backbone, torch.randn(1, 3, 128, 96))
    video, boxes = walking_people(3, 2)
    boxes = boxes[:1] * 3  # otherwise the engine crops each frame by its own box
    results = list(streamed(model, video, boxes))
    assert [frame for frame, _ in results] == [0, 1, 2]
    for key, found in results:
        _, scores = infer._window_at_a_time(model, video, boxes, key)
        assert list(found) == [1, 2]
        # Scores alone: where two peaks are nearly as high, the last bit decides between them.
        assert np.allclose([found[person][1] for person in (1, 2)], scores, rtol=1e-4, atol=1e-5)
        assert np.abs(scores[0] - scores[1]).max() > 1e-3
