from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from jmpose_mm.visualization import film
from jmpose_mm.visualization.film import Film, write_film


def frames(count: int = 5, height: int = 64, width: int = 96) -> Iterator[np.ndarray]:
    for number in range(count):
        yield np.full((height, width, 3), 40 * number, dtype=np.uint8)


def read(path: Path) -> list[np.ndarray]:
    reader, found = cv2.VideoCapture(str(path)), []
    while (frame := reader.read())[0]:
        found.append(frame[1])
    return found


def test_write_film__frames_come_back_in_order(tmp_path: Path) -> None:
    path = write_film(tmp_path / 'new' / 'a.mp4', frames(), 10)
    found = read(path)
    assert [frame.shape for frame in found] == [(64, 96, 3)] * 5
    assert [round(float(frame.mean()) / 40) for frame in found] == [0, 1, 2, 3, 4]
    assert [entry.name for entry in path.parent.iterdir()] == ['a.mp4']


def failing() -> Iterator[np.ndarray]:
    yield from frames(2)
    raise RuntimeError('the camera fell')


def test_write_film__failure_keeps_the_older_film_and_leaves_no_other(tmp_path: Path) -> None:
    path = write_film(tmp_path / 'a.mp4', frames(3))
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match='the camera fell'):
        write_film(path, failing())
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ['a.mp4']


def test_write_film__lost_frames_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, '_count_frames', lambda path: 3)
    with pytest.raises(OSError, match='expected a video of 5 frames, the encoder left 3'):
        write_film(tmp_path / 'a.mp4', frames())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('a.mp4', [], 'expected at least one, got none'),
        ('a.mp4', [np.zeros((64, 96), np.uint8)], r'frame 0: .*\(H, W, 3\), got uint8 of shape'),
        ('a.mp4', [*frames(2), *frames(1, 32)], r'frame 2: expected uint8 of shape \(64, 96, 3\)'),
        ('a.mp4', [frame / 255 for frame in frames(1)], 'frame 0: expected uint8 .* got float64'),
        ('a.avi', list(frames(1)), r'ends in \.mp4'),
    ],
)
def test_write_film__refusals(tmp_path: Path, name: str, content: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_film(tmp_path / name, content)
    assert not list(tmp_path.iterdir())


def test_write_film__odd_sizes_gain_a_line(tmp_path: Path) -> None:
    path = write_film(tmp_path / 'a.mp4', frames(3, 63, 95))
    assert [frame.shape for frame in read(path)] == [(64, 96, 3)] * 3
    # The edge goes on: no dark seam.
    assert abs(float(read(path)[2][63].mean()) - 80) < 4


@pytest.mark.parametrize('rate', [120.0127, 29.976234, 0.2, 1 / 3])
def test_film__takes_rates_that_the_encoder_refuses(tmp_path: Path, rate: float) -> None:
    path = write_film(tmp_path / 'a.mp4', frames(2), rate)
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(rate, abs=0.005)


def test_film__has_no_name_before_it_is_closed_and_can_be_played_then(tmp_path: Path) -> None:
    film = Film(tmp_path / 'a.mp4', 10)
    for frame in frames(3):
        film.add(frame)
    assert film.count == 3
    assert not (tmp_path / 'a.mp4').exists()
    film.close()
    film.discard()
    assert len(read(tmp_path / 'a.mp4')) == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ['a.mp4']
