from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from jmpose_mm.visualization import film
from jmpose_mm.visualization.film import Film, write_film
from jmpose_mm.visualization.film_sound import FilmSound


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


def test_film__plays_everywhere(tmp_path: Path) -> None:
    path = write_film(tmp_path / 'a.mp4', frames(4), 10)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.codec_tag) == ('h264', 'yuv420p', 'avc1')
        assert (context.colorspace, context.color_range) == (1, 1)  # BT.709, limited
    data = path.read_bytes()
    assert data.index(b'moov') < data.index(b'mdat')  # fast start
    assert film.is_drawn_film(path)
    assert not film.is_drawn_film(tmp_path)


def test_film__shows_each_frame_at_its_time(tmp_path: Path) -> None:
    times = [7 + n / 30 for n in range(6)] + [7.2 + n / 5 for n in range(1, 6)]
    made = Film(tmp_path / 'a.mp4', 12)
    for number, time in enumerate(times):
        made.add(np.full((64, 96, 3), 20 * number, np.uint8), time)
    made.close()
    with av.open(str(made.path)) as container:
        found = [frame.time for frame in container.decode(video=0)]
        np.testing.assert_allclose(found, np.array(times) - 7, atol=1e-4)
        seconds = container.duration / av.time_base
        assert times[-1] - 7 < seconds < times[-1] - 7 + 0.25


def test_film__frames_at_one_time_are_kept(tmp_path: Path) -> None:
    made = Film(tmp_path / 'a.mp4')
    for image, time in zip(frames(4), (0, 0, 0.1, 0.05), strict=True):
        made.add(image, time)
    made.close()
    assert len(read(made.path)) == 4


@pytest.mark.parametrize('codec', film.CODECS)
def test_film__codecs_and_colours(tmp_path: Path, codec: str) -> None:
    made = Film(tmp_path / 'a.mp4', 10, codec, quality=18)
    for shade in (40, 200, 250):
        made.add(np.full((64, 96, 3), (30, 60, shade), np.uint8))
    made.close()
    with av.open(str(made.path)) as container:
        assert codec in ('h264', container.streams.video[0].codec_context.codec.name) or (
            codec == 'av1'
        )
        images = [frame.to_ndarray(format='bgr24') for frame in container.decode(video=0)]
    np.testing.assert_allclose(
        [image.mean(axis=(0, 1)) for image in images],
        [(30, 60, 40), (30, 60, 200), (30, 60, 250)],
        atol=6,
    )
    with pytest.raises(ValueError, match='codec: expected one of h264'):
        Film(tmp_path / 'b.mp4', codec='mpeg4')
    with pytest.raises(ValueError, match=r'quality: expected 0 \(best\) to 51 for h264, got -3'):
        Film(tmp_path / 'b.mp4', quality=-3)


@pytest.mark.parametrize(
    ('size', 'shown'), [((8448, 64), (4096, 32)), ((64, 5000), (52, 4096)), ((97, 65), (98, 66))]
)
def test_film__is_no_larger_than_players_take(tmp_path: Path, size, shown) -> None:
    made = Film(tmp_path / 'a.mp4')
    made.add(np.zeros((size[1], size[0], 3), np.uint8))
    made.close()
    assert made.size == shown
    assert read(made.path)[0].shape == (shown[1], shown[0], 3)


@pytest.mark.parametrize('rate', [0, float('nan')])
def test_film__an_unknown_rate_is_a_usual_one(tmp_path: Path, rate: float) -> None:
    path = write_film(tmp_path / 'a.mp4', frames(5), rate)
    with av.open(str(path)) as container:
        assert container.duration / av.time_base == pytest.approx(0.2, abs=0.01)
    for wrong in (-1, float('inf')):
        with pytest.raises(ValueError, match='frames_per_second: expected 0 or more'):
            write_film(tmp_path / 'b.mp4', frames(5), wrong)


def with_sound(path: Path, codec: str, begin: int = 0) -> Path:
    """Two seconds of pictures and of a tone that begins after one second; sound from a sample."""
    with av.open(str(path), 'w') as container:
        shown = container.add_stream('libx264', rate=25)
        shown.width, shown.height, shown.pix_fmt = 96, 64, 'yuv420p'
        heard = container.add_stream(codec, rate=16000)
        for image in frames(5):
            for _ in range(10):
                container.mux(shown.encode(av.VideoFrame.from_ndarray(image, format='bgr24')))
        container.mux(shown.encode())
        time = np.arange(32000)
        tone = (20000 * np.sin(time / 5) * (time >= 16000)).astype(np.int16)
        for start in range(begin, 32000, 1000):
            sound = av.AudioFrame.from_ndarray(tone[None, start : start + 1000], 's16', 'mono')
            sound.rate, sound.pts = 16000, start
            container.mux(heard.encode(sound))
        container.mux(heard.encode())
    return path


def loud_from(path: Path) -> float:
    with av.open(str(path)) as container:
        for sound in container.decode(audio=0):
            if np.abs(sound.to_ndarray().astype(float)).max() > 0.1:
                return sound.time
    return -1.0


@pytest.mark.parametrize(('name', 'codec'), [('a.mp4', 'aac'), ('a.mov', 'pcm_s16le')])
@pytest.mark.parametrize('start', [0.0, 0.6])
def test_film__has_the_sound_of_its_source(
    tmp_path: Path, name: str, codec: str, start: float
) -> None:
    source = with_sound(tmp_path / name, codec)
    made = Film(tmp_path / 'film.mp4', sound=FilmSound(source))
    for number in range(round(start * 25), 40):
        made.add(np.zeros((64, 96, 3), np.uint8), number / 25)
    made.close()
    assert loud_from(made.path) == pytest.approx(1 - start, abs=0.1)
    with av.open(str(made.path)) as container:
        assert container.streams.audio[0].codec_context.name == 'aac'
        seconds = float(container.streams.audio[0].duration * container.streams.audio[0].time_base)
    assert seconds == pytest.approx(40 / 25 - start, abs=0.15)


@pytest.mark.parametrize(('name', 'codec'), [('a.mkv', 'aac'), ('a.mkv', 'pcm_s16le')])
def test_film__sound_that_begins_late_stays_late(tmp_path: Path, name: str, codec: str) -> None:
    source = with_sound(tmp_path / name, codec, begin=16000)
    made = Film(tmp_path / 'film.mp4', sound=FilmSound(source))
    for number in range(40):
        made.add(np.zeros((64, 96, 3), np.uint8), number / 25)
    made.close()
    assert loud_from(made.path) == pytest.approx(1, abs=0.1)


def test_film__sound_that_is_not_there_ends_nothing(tmp_path: Path) -> None:
    sound = FilmSound(write_film(tmp_path / 'silent.mp4', frames(3)))
    made = Film(tmp_path / 'film.mp4', sound=sound)
    for image in frames(3):
        made.add(image)
    made.close()
    assert len(read(made.path)) == 3
    assert 'no more sound' in sound.problem


@pytest.mark.parametrize('rate', [120.0127, 29.976234, 0.2, 1 / 3])
def test_film__takes_rates_that_the_encoder_refuses(tmp_path: Path, rate: float) -> None:
    path = write_film(tmp_path / 'a.mp4', frames(2), rate)
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(rate, abs=0.02)


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


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='this system does not fork')
def test_film__survives_a_collection_in_a_forked_process(tmp_path: Path) -> None:
    gc.disable()  # what the film leaves is still there when the process forks
    try:
        write_film(tmp_path / 'film.mp4', [np.zeros((64, 64, 3), np.uint8)] * 30)
        child = os.fork()
        if child == 0:
            gc.collect()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        gc.enable()
