"""Everything that has frames; nothing leaks, what cannot be read is said."""

from __future__ import annotations

import io
import math
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames import captures, containers, film_decoding
from jmpose_mm.video.frames.containers import VideoInfo
from jmpose_mm.video.frames.images import unreadable_kind
from jmpose_mm.video.frames.sources import ASSUMED_FPS, FrameSource, open_source
from jmpose_mm.video.records import Frame, Remarks

DATA = Path(__file__).resolve().parents[2].parent / 'shared' / 'data'
FILM = DATA / 'mmpose_posetrack18/videos/000001_mpiinew_test/000001_mpiinew_test.mp4'
FRAMES = DATA / 'mini_posetrack/images/val/060470979_bonn_test'
CONTAINERS = (b'moov', b'trak', b'mdia', b'minf', b'stbl')

Maker = Callable[..., Path]


def number_of(frame: Frame) -> int:
    """Which frame of a made video this is, by its brightness."""
    return round(float(frame.image[:, 60:].mean()) / 20)


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of an mp4 file: kind, where it starts and ends."""
    while start < end:
        size, kind = struct.unpack('>I4s', data[start : start + 8])
        yield kind, start, start + size
        if kind in CONTAINERS:
            yield from boxes(data, start + 8, start + size)
        start += size


def replace_box(path: Path, wanted: bytes, content: bytes) -> None:
    """Put other content into a box behind the frames, and correct the sizes around it."""
    data = path.read_bytes()
    found = list(boxes(data, 0, len(data)))
    ((_, start, end),) = [box for box in found if box[0] == wanted]
    grown = len(content) - (end - start - 8)
    data = data[: start + 8] + content + data[end:]
    for kind, first, last in found:
        if first <= start and end <= last and (kind == wanted or kind in CONTAINERS):
            size = struct.pack('>I', last - first + grown)
            data = data[:first] + size + data[first + 4 :]
    path.write_bytes(data)


def rotate(path: Path) -> None:
    """Have a video shown a quarter turn clockwise, as a phone held upright records it."""
    data = path.read_bytes()
    start = data.index(b'tkhd') + 4 + 40
    turn = struct.pack('>9i', 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:start] + turn + data[start + len(turn) :])


def test_video__frames_times_and_what_is_known_before(make_video: Maker) -> None:
    path = make_video(fps=10)
    source = open_source(path)
    assert (source.name, source.fps, source.length, source.size) == (str(path), 10, 12, (96, 64))
    frames = list(source)
    assert [frame.index for frame in frames] == [number_of(frame) for frame in frames]
    assert len(frames) == 12
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(12) / 10)
    assert {frame.name for frame in frames} == {''}
    assert source.problems == []
    assert [frame.index for frame in source] == list(range(12))  # once more


def test_video__span(make_video: Maker) -> None:
    source = open_source(str(make_video(fps=10)), start='0.3s', end=11, stride=3)
    assert source.length == 3
    assert source.playback_fps == pytest.approx(10 / 3)
    frames = list(source)
    assert [number_of(frame) for frame in frames] == [3, 6, 9]
    assert [frame.time for frame in frames] == pytest.approx([0.3, 0.6, 0.9])
    assert source.problems == []
    with pytest.raises(UsageError, match='none of its 12 frames lies between start and end'):
        open_source(make_video(), start=12)


def test_video__a_phone_held_upright(make_video: Maker) -> None:
    path = make_video()
    rotate(path)
    source = open_source(path)
    assert source.size == (64, 96)
    frame = list(source)[6]
    assert frame.image.shape == (96, 64, 3)
    # The bright right half is below after a quarter turn clockwise.
    assert frame.image[60:].mean() > 100
    assert frame.image[:36].mean() < 20


def test_video__times_of_a_variable_rate(make_video: Maker) -> None:
    path = make_video(fps=10)
    data = path.read_bytes()
    ((_, start, end),) = [box for box in boxes(data, 0, len(data)) if box[0] == b'stts']
    _, entries, count, delta = struct.unpack('>4I', data[start + 8 : end])
    assert (entries, count) == (1, 12)
    # Six frames twice as fast, six half as fast again.
    replace_box(path, b'stts', struct.pack('>6I', 0, 2, 6, delta // 2, 6, 3 * delta // 2))
    source = open_source(path)
    frames = list(source)
    times = [0, 0.05, 0.1, 0.15, 0.2, 0.25, *np.arange(0.3, 1.2, 0.15)]
    np.testing.assert_allclose([frame.time for frame in frames], times, atol=1e-6)
    assert source.problems == []
    assert [number_of(frame) for frame in open_source(path, start='0.4s')] == [7, 8, 9, 10, 11]


def test_video__times_that_stand_still_go_on_at_the_nominal_rate() -> None:
    seen = VideoInfo((96, 64), 10.0, 5, 0.5, 500, 0.5, Fraction(1), False)
    numbering = film_decoding._Numbering(seen, 25.0)
    numbering.unit = 0.001
    found = []
    for number, shown in enumerate([500, 600, 0, None, 1100]):
        numbering.expect(number, SimpleNamespace(pts=shown, dts=None, size=1, is_discard=False))
        found.append(numbering.of(SimpleNamespace(pts=shown)))
    assert [index for index, _ in found] == list(range(5))
    assert [seconds for _, seconds in found] == pytest.approx([0, 0.1, 0.2, 0.3, 0.6])


@pytest.mark.parametrize(('name', 'code'), [('a.avi', 'MJPG'), ('a.mkv', 'mp4v')])
def test_video__cut_off(make_video: Maker, name: str, code: str) -> None:
    path = make_video(name, count=60, code=code)
    assert list(open_source(path))[-1].index == 59
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    source = open_source(path)
    count = len(list(source))
    assert 5 < count < 45
    (problem,) = source.problems
    assert problem.startswith(f'{path}: expected 60 frames (6.00 s), could read {count} (')
    assert problem.endswith('the file is damaged or incomplete')
    assert len(list(source)) == count
    assert source.problems == [problem]
    early = open_source(path, end=3)
    assert len(list(early)) == 3
    assert early.problems == []  # nobody wanted the rest


def test_video__of_nothing_but_garbage(make_video: Maker, tmp_path: Path) -> None:
    path = make_video()
    path.write_bytes(path.read_bytes()[:300])
    text = tmp_path / 'notes.txt'
    text.write_text('not a film')
    for file in (path, text):
        with pytest.raises(UsageError, match='expected a video, found something else'):
            open_source(file)


def test_video__frames_that_cannot_be_decoded(
    make_video: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video()
    real, seen = film_decoding._image, []

    def broken(frame: object, converter: object) -> np.ndarray | None:
        seen.append(None)
        return None if len(seen) == 4 else real(frame, converter)

    monkeypatch.setattr(film_decoding, '_image', broken)
    source = open_source(path)
    assert [frame.index for frame in source] == [0, 1, 2, *range(4, 12)]
    assert source.problems == [
        f'{path}: frame 3: expected an image, found something else; left out'
    ]


def test_video__behind_damage_the_numbers_go_on(make_video: Maker) -> None:
    path = make_video(count=40, code='MJPG', name='a.avi')
    whole = [frame.image for frame in open_source(path)]
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        entries = list(container.streams.video[0].index_entries)
    for number in (10, 11, 25):
        start = entries[number].pos + 8
        data[start : start + entries[number].size] = bytes(entries[number].size)
    path.write_bytes(data)
    source = open_source(path)
    frames = list(source)
    assert [frame.index for frame in frames] == [n for n in range(40) if n not in (10, 11, 25)]
    for frame in frames:
        np.testing.assert_array_equal(frame.image, whole[frame.index])
        assert frame.time == pytest.approx(frame.index / 10)
    assert source.problems == [f'{path}: 3 packets are damaged, 3 frames were left out']


def test_video__is_released_when_the_consumer_stops(
    make_video: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    real = containers.opened

    @contextmanager
    def watched(name: str) -> Iterator[Any]:
        try:
            with real(name) as found:
                yield found
        finally:
            closed.append(threading.current_thread().name)

    monkeypatch.setattr(film_decoding, 'opened', watched)
    source = open_source(make_video(count=40))
    for frame in source:
        if frame.index == 3:
            break
    with pytest.raises(KeyboardInterrupt):
        interrupted(source)
    assert closed == ['read-ahead'] * 2
    assert 'read-ahead' not in {thread.name for thread in threading.enumerate()}


def interrupted(source: FrameSource) -> None:
    for _ in source:
        raise KeyboardInterrupt


def encoded(path: Path, codec: str, times: list[float], **options: str) -> Path:
    """A film whose frame n is of brightness 4 n + 20, at these times."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 96, 64, 'yuv420p'
        stream.codec_context.time_base = unit = Fraction(1, 1000)
        for number, time in enumerate(times):
            image = np.full((64, 96, 3), 4 * number + 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format='bgr24')
            frame.pts, frame.time_base = round(time / unit), unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def shade(frame: Frame) -> int:
    return round((float(frame.image.mean()) - 17.3) / 4)  # the encoder darkens a little


STEADY = [n / 25 for n in range(48)]


@pytest.mark.parametrize(
    ('name', 'codec', 'options'),
    [
        ('a.mp4', 'libx264', {'bf': '3', 'g': '8'}),
        ('a.mp4', 'libx264', {'bf': '2', 'g': '8', 'x264-params': 'open-gop=1:keyint=8'}),
        ('a.mkv', 'libx264', {'bf': '3', 'g': '8'}),
        ('a.ts', 'libx264', {'bf': '3', 'g': '8'}),
        ('a.webm', 'libvpx', {'g': '8'}),
        ('a.avi', 'mjpeg', {'strict': 'unofficial'}),
    ],
)
def test_video__a_later_start_gives_the_same_frames(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    path = encoded(tmp_path / name, codec, STEADY, **options)
    whole = list(open_source(path))
    assert [frame.index for frame in whole] == list(range(48))
    assert [shade(frame) for frame in whole] == list(range(48))
    for start in (1, 7, 8, 9, 30, 33, 47, '0.3s', '1.32s', '1.5s'):
        source = open_source(path, start=start)
        frames = list(source)
        first = start if isinstance(start, int) else math.ceil(25 * float(start[:-1]) - 1e-6)
        assert [frame.index for frame in frames] == list(range(first, 48)), start
        for frame in frames:
            assert frame.time == pytest.approx(whole[frame.index].time, abs=1e-6)
            np.testing.assert_array_equal(frame.image, whole[frame.index].image)
        assert source.problems == []


def test_video__a_late_start_decodes_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    real = film_decoding._decoded
    monkeypatch.setattr(
        film_decoding, '_decoded', lambda packet, damage: decoded.append(1) or real(packet, damage)
    )
    for name in ('a.mp4', 'a.mkv'):
        path = encoded(tmp_path / name, 'libx264', [n / 25 for n in range(200)], g='8', bf='0')
        decoded.clear()
        assert [frame.index for frame in open_source(path, start=190)] == list(range(190, 200))
        assert len(decoded) < 45


def test_video__the_rate_of_a_browsers_recording_is_measured(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    times = np.concatenate([[0], rng.choice([0.033, 0.034, 0.05, 0.1], 59).cumsum()])
    path = tmp_path / 'a.webm'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libvpx', rate=1000)
        stream.width, stream.height, stream.pix_fmt = 96, 64, 'yuv420p'
        stream.codec_context.time_base = unit = Fraction(1, 1000)
        for time in times:
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 96, 3), np.uint8), format='bgr24')
            frame.pts, frame.time_base = round(time * 1000), unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    source = open_source(path)
    assert source.fps == pytest.approx(59 / times[-1], rel=0.03)
    np.testing.assert_allclose([frame.time for frame in source], times, atol=0.002)
    assert source.problems == []


@pytest.mark.parametrize('codec', ['libsvtav1', 'libx265'])
def test_video__codecs_that_opencv_may_lack(tmp_path: Path, codec: str) -> None:
    options = {'x265-params': 'log-level=none'} if codec == 'libx265' else {}
    path = encoded(tmp_path / 'a.mp4', codec, STEADY, **options)
    assert [shade(frame) for frame in open_source(path)] == list(range(48))


def test_video__without_a_decoder_names_the_codec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encoded(tmp_path / 'a.mp4', 'libx264', STEADY[:3])
    monkeypatch.setattr(containers, 'MEASURED_PACKETS', 0)
    with pytest.raises(UsageError, match='a video that can be decoded; its codec is h264'):
        open_source(path)


def test_video__sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / 'a.mp4'), 'w') as container:
        stream = container.add_stream('aac', rate=16000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), 'fltp', 'mono')
        sound.rate = 16000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(
        UsageError, match=r'a\.mp4: expected a video, found a file without pictures'
    ):
        open_source(tmp_path / 'a.mp4')


def test_images__hidden_files_are_none(tmp_path: Path) -> None:
    write_images(tmp_path, ('IMG_1.png', 'IMG_2.png'))
    (tmp_path / '._IMG_1.png').write_bytes(b'\0\5\26\7')
    source = open_source(tmp_path)
    assert [(frame.index, Path(frame.name).name) for frame in source] == [
        (0, 'IMG_1.png'),
        (1, 'IMG_2.png'),
    ]
    assert source.problems == []


def test_images__all_pages_of_a_tiff(tmp_path: Path) -> None:
    pages = [np.full((30, 41, 3), 20 * n, np.uint8) for n in range(5)]
    cv2.imwritemulti(str(tmp_path / 'a.tif'), pages)
    cv2.imwrite(str(tmp_path / 'b.tif'), pages[1])
    source = open_source(tmp_path, start=1)
    assert source.count == 6
    assert [(frame.index, int(frame.image.max())) for frame in source] == [
        *((n, 20 * n) for n in range(1, 5)),
        (5, 20),
    ]


def test_images__of_more_bits_are_read_by_what_they_use(tmp_path: Path) -> None:
    grey = np.linspace(0, 255, 30 * 40).astype(np.uint8).reshape(30, 40)
    for name, image in (
        ('0.png', grey),
        ('1.png', grey.astype(np.uint16) << 4),
        ('2.png', grey.astype(np.uint16) << 8),
    ):
        cv2.imwrite(str(tmp_path / name), image)
    cv2.imwrite(str(tmp_path / '3.tif'), grey.astype(np.float32) / 255)
    source = open_source(tmp_path)
    frames = list(source)
    assert len(frames) == 3
    for frame in frames:
        np.testing.assert_array_equal(frame.image, np.repeat(grey[..., None], 3, axis=2))
    assert [note.rpartition(': ')[2] for note in source.remarks.notes] == [
        'a picture of 16 bits that uses 12; read as one of 12 bits',
        'a picture of 16 bits that uses 16; read as one of 16 bits',
    ]
    assert len(source.problems) == 1


def test_arrays__are_copied_and_read_only() -> None:
    def reused() -> Iterator[np.ndarray]:
        image = np.zeros((5, 7, 3), np.uint8)
        for number in range(20):
            image[:] = number
            yield image

    frames = list(open_source(reused()))
    assert [int(frame.image.max()) for frame in frames] == list(range(20))
    with pytest.raises(ValueError, match='read-only'):
        frames[0].image[:] = 0
    assert len(list(open_source(np.zeros((5, 7, 3), np.uint8)))) == 1


def test_addresses__are_named_without_passwords(
    monkeypatch: pytest.MonkeyPatch, make_video: Maker
) -> None:
    path, real = make_video(), av.open
    monkeypatch.setattr(containers.av, 'open', lambda name, timeout=None: real(str(path)))
    source = open_source('http://anna:geheim@host/walk.mp4?token=geheim')
    assert source.name == 'http://host/walk.mp4?token=***'
    assert len(list(source)) == 12
    monkeypatch.setattr(containers.av, 'open', lambda name, timeout=None: real('gone.mp4'))
    with pytest.raises(UsageError) as raised:
        open_source('http://anna:geheim@host/walk.mp4')
    assert 'geheim' not in str(raised.value)


def write_images(folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((30, 41, 3), 20 * number, dtype=np.uint8))


NAMES = ('7.png', '9.png', '10.png', '100.png')


@pytest.mark.parametrize('how', ['folder', 'pattern', 'stdin', 'list'])
def test_images__in_natural_order_with_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    folder = tmp_path / 'frames'
    write_images(folder, NAMES)
    (folder / 'notes.txt').write_text('x')
    paths = [folder / name for name in NAMES]
    monkeypatch.setattr('sys.stdin', io.StringIO('\n'.join(map(str, paths)) + '\n\n'))
    given = {'folder': folder, 'pattern': f'{folder}/*', 'stdin': '-', 'list': paths}[how]
    source = open_source(given, stride=2)
    assert (source.length, source.size, source.fps) == (2, (41, 30), None)
    assert source.playback_fps == ASSUMED_FPS / 2
    frames = list(source)
    assert [frame.name for frame in frames] == [str(paths[0]), str(paths[2])]
    assert [(frame.index, frame.time) for frame in frames] == [(0, 0), (2, 2 / ASSUMED_FPS)]
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 40]


def test_images__rate_and_one_alone(tmp_path: Path) -> None:
    write_images(tmp_path, ('b.png', 'a.png'))
    source = open_source(tmp_path, fps=2)
    assert [(Path(frame.name).name, frame.time) for frame in source] == [
        ('a.png', 0),
        ('b.png', 0.5),
    ]
    assert (source.fps, source.playback_fps) == (2, 2)
    assert [frame.index for frame in open_source(tmp_path / 'a.png')] == [0]
    with pytest.raises(UsageError, match='fps: expected a positive number, got 0'):
        open_source(tmp_path, fps=0)


def test_images__unreadable_ones_are_named_and_left_out(tmp_path: Path) -> None:
    write_images(tmp_path, NAMES)
    (tmp_path / '9.png').write_bytes(b'not a picture')
    source = open_source(tmp_path)
    assert [frame.index for frame in source] == [0, 2, 3]
    assert source.problems == [
        f'{tmp_path / "9.png"}: expected an image, found something else; left out'
    ]
    for name in NAMES:
        (tmp_path / name).write_bytes(b'x')
    source = open_source(tmp_path)
    assert list(source) == []
    assert len(source.problems) == 5
    assert source.problems[-1] == f'{tmp_path}: no frame could be read'


def test_images__of_phones_are_upright(tmp_path: Path) -> None:
    path = tmp_path / 'a.jpg'
    image = np.zeros((40, 60, 3), dtype=np.uint8)
    image[:, 30:] = 255
    data = cv2.imencode('.jpg', image)[1].tobytes()
    # Orientation 6 in the smallest EXIF block: to be turned a quarter clockwise.
    exif = b'Exif\0\0MM\0*' + struct.pack('>IHHHIHHI', 8, 1, 0x0112, 3, 1, 6, 0, 0)
    path.write_bytes(data[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + data[2:])
    (frame,) = open_source(path)
    assert frame.image.shape == (60, 40, 3)
    assert frame.image[35:].mean() > 250
    assert frame.image[:25].mean() < 5


@pytest.mark.parametrize('kind', ['list', 'array', 'generator'])
def test_arrays__as_they_are(kind: str) -> None:
    images = np.stack([np.full((5, 7, 3), n, dtype=np.uint8) for n in range(6)])
    given = {'list': list(images), 'array': images, 'generator': iter(images)}[kind]
    source = open_source(given, start=1, stride=2, fps=50)
    if kind != 'generator':
        assert (source.length, source.size) == (3, (7, 5))
    frames = list(source)
    assert [int(frame.image.max()) for frame in frames] == [1, 3, 5]
    assert [frame.time for frame in frames] == pytest.approx([0.02, 0.06, 0.1])
    with pytest.raises(UsageError, match=r'frame 0: expected a uint8 array \(H, W, 3\), got float'):
        open_source([np.zeros((5, 7, 3))])


@pytest.mark.parametrize('given', [1, '1'])
def test_camera__by_its_number(
    given: int | str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    more: dict[int, float] = {}

    class Camera:
        open = 0

        def __init__(self, what: int) -> None:
            assert what == 1
            Camera.open += 1
            self.left = 5

        def isOpened(self) -> bool:
            return True

        def get(self, key: int) -> float:
            return {cv2.CAP_PROP_FRAME_WIDTH: 8, cv2.CAP_PROP_FRAME_HEIGHT: 6, **more}.get(key, 0)

        def set(self, key: int, value: float) -> None: ...

        def grab(self) -> bool:
            self.left -= 1
            return self.left >= 0

        def retrieve(self) -> tuple[bool, np.ndarray]:
            return True, np.zeros((6, 8, 3), dtype=np.uint8)

        def release(self) -> None:
            Camera.open -= 1

    monkeypatch.setattr(captures.cv2, 'VideoCapture', Camera)
    source = open_source(given, end=3)
    assert (source.name, source.length, source.size, source.fps) == ('camera 1', 3, (8, 6), None)
    times = [frame.time for frame in source]
    assert times[0] == 0
    assert times == sorted(times)
    assert len(times) == 3
    assert source.problems == []
    endless = open_source(given)
    assert endless.length is None
    assert len(list(endless)) == 5
    assert endless.problems == ['camera 1: stopped after 5 frames']
    assert Camera.open == 0
    assert endless.is_live
    assert open_source(given, fps=12).fps == 12  # it does not say its own
    more[cv2.CAP_PROP_FPS] = 30
    with pytest.raises(UsageError, match='fps: expected none for camera 1, which says its times'):
        open_source(given, fps=12)


def test_open_source__what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'walk\.mp4: expected a video file, a folder or pattern'):
        open_source(tmp_path / 'walk.mp4')
    with pytest.raises(UsageError, match=r'expected images \(\.bmp, .*found none'):
        open_source(tmp_path)
    with pytest.raises(UsageError, match=r'expected images .*found none'):
        open_source(f'{tmp_path}/*.jpg')
    with pytest.raises(UsageError, match='camera 93: cannot be opened'):
        open_source(93)


def test_frame_source__decodes_ahead_but_not_all(make_video: Maker) -> None:
    source: FrameSource = open_source(make_video(count=60))
    decoded = []
    inner = source._decoded

    def counted(remarks: Remarks) -> Iterator[Frame]:
        for frame in inner(remarks):
            decoded.append(frame.index)
            yield frame

    source._decoded = counted  # type: ignore[method-assign]
    frames = iter(source)
    next(frames)
    for _ in range(200):
        if len(decoded) == 9:
            break
        threading.Event().wait(0.01)
    threading.Event().wait(0.05)
    assert len(decoded) == 9  # the one that came and eight more
    frames.close()


@pytest.mark.skipif(not FILM.is_file(), reason='the real video (mmpose_posetrack18) is not here')
def test_real_video__shows_its_frames() -> None:
    source = open_source(FILM)
    assert (source.size, source.length) == ((1280, 720), 5)
    frames = list(source)
    assert source.problems == []
    images = list(open_source(FILM.parent))
    assert len(images) == len(frames) == 5
    for film, image in zip(frames, images, strict=True):
        assert cv2.PSNR(film.image, image.image) > 28


@pytest.mark.skipif(not FRAMES.is_dir(), reason='the real frames (mini_posetrack) are not here')
def test_real_frames__all_come() -> None:
    source = open_source(FRAMES)
    assert (source.size, source.length) == ((960, 540), 41)
    assert [Path(frame.name).stem for frame in source] == [f'{n:06d}' for n in range(41)]


@pytest.mark.parametrize(
    ('name', 'left', 'said'),
    [
        ('clip.mp4', 'films', ['not taken are 1 films beside them']),
        ('IMG_2.HEIC', 'pictures', ['not taken are 1 pictures beside them']),
        ('._clip.mp4', '', []),
        ('boxes.json', '', []),
    ],
)
def test_images__what_lies_beside_them_is_said(
    tmp_path: Path, name: str, left: str, said: list[str]
) -> None:
    cv2.imwrite(str(tmp_path / '1.ppm'), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / name).touch()
    for source in (tmp_path, f'{tmp_path}/*'):
        opened = open_source(source)
        assert len(list(opened)) == 1
        assert [note.partition('; ')[2].rpartition(',')[0] for note in opened.remarks.notes] == said


@pytest.mark.parametrize('suffix', ['webp', 'png'])
def test_images__of_an_animation_the_first_comes_and_that_is_said(
    tmp_path: Path, suffix: str
) -> None:
    image = pytest.importorskip('PIL.Image')
    pictures = [image.fromarray(np.full((8, 8, 3), 50 * n, np.uint8)) for n in range(3)]
    for count in (1, 3):
        name = str(tmp_path / f'{count}.{suffix}')
        pictures[0].save(name, save_all=count > 1, append_images=pictures[1:count])
        source = open_source(name)
        assert len(list(source)) == 1
        assert any('an animation' in note for note in source.remarks.notes) is (count > 1)


def test_video__a_guessed_length_refuses_no_start(tmp_path: Path) -> None:
    times = [n / 5 for n in range(205)] + [41 + n / 30 for n in range(400)]
    with av.open(str(tmp_path / 'a.mkv'), 'w') as container:
        shown = container.add_stream('mpeg4', rate=25)
        shown.width, shown.height, shown.pix_fmt = 16, 16, 'yuv420p'
        shown.codec_context.time_base = Fraction(1, 1000)
        for time in times:
            picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format='bgr24')
            picture.pts, picture.time_base = round(1000 * time), Fraction(1, 1000)
            container.mux(shown.encode(picture))
        container.mux(shown.encode())
    source = open_source(tmp_path / 'a.mkv')
    assert source.fps == pytest.approx(5)  # the beginning's
    assert source.count is not None
    assert source.count < 500
    last = [frame.index for frame in open_source(tmp_path / 'a.mkv', start=600)]
    assert last == [600, 601, 602, 603, 604]
    beyond = open_source(tmp_path / 'a.mkv', start=700)
    assert list(beyond) == []
    assert 'no frame could be read' in beyond.problems[0]


def test_arrays__pictures_of_pil_keep_their_colours() -> None:
    image = pytest.importorskip('PIL.Image')
    red = image.fromarray(np.full((4, 6, 3), (200, 100, 0), np.uint8))
    for picture in (red, red.convert('RGBA')):
        (frame,) = open_source([picture])
        assert frame.image.shape == (4, 6, 3)
        assert frame.image[0, 0].tolist() == [0, 100, 200]
    with pytest.raises(UsageError, match=r'frame 0: expected an array, got a\.png; give paths as'):
        list(open_source(iter(['a.png'])))


def test_unreadable_kind__says_what_is_in_the_place(tmp_path):
    (tmp_path / '1.jpg').symlink_to('1.jpg')
    (tmp_path / '2.jpg').symlink_to(tmp_path / 'gone.jpg')
    (tmp_path / '3.jpg').touch()
    (tmp_path / '4.jpg').write_bytes(b'text')
    found = [unreadable_kind(str(tmp_path / f'{n}.jpg')) for n in (1, 2, 3, 4, 5)]
    leads = 'a link that leads nowhere'
    missing = 'something unreadable (No such file or directory)'
    assert found == [leads, leads, 'an empty file', 'something else', missing]
