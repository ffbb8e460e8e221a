"""A run that goes on after an interruption writes what an uninterrupted one writes, bit for bit."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from jmpose_mm.apis import VideoPoseInferencer
from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.video_inference import VideoOutputs, infer_video

LENGTH = 14
FRAMES = [
    np.random.default_rng(n).integers(0, 255, (120, 160, 3), dtype=np.uint8) for n in range(LENGTH)
]


def walkers(frame):
    """Two persons whose boxes are no round numbers; nobody is there in some frames."""
    if 5 <= frame.index < 8:
        return None
    x = 2.123456 * frame.index
    boxes = np.array([[10 + x, 20, 50 + x, 110], [110 - x, 10, 150 - x, 100]])
    return boxes[: 1 + frame.index // 3], np.full(min(2, 1 + frame.index // 3), 0.87654321)


def detections(path: Path) -> Path:
    """Boxes of a film in MOTChallenge form, some of which cannot be used."""
    rows = [
        f'{n + 1},{p},{10.037 + 40 * p + n},20,40,90,0.9' for n in range(LENGTH) for p in (1, 2)
    ]
    path.write_text('\n'.join([*rows, '3,7,900,900,10,10,1', '40,7,1,1,10,10,1']), encoding='utf-8')
    return path


WAYS = {
    'detector': {'boxes': walkers},
    'tracks': {'boxes': walkers, 'detect_every': 3},
    'smoothed': {'boxes': walkers, 'one_euro': {'beta': 1.0}},
    'file': {'boxes': 'boxes.txt'},
    'offline': {'boxes': walkers},
    'few at a time': {'boxes': walkers, 'engine': {'batch_size': 2}},
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    detections(tmp_path / 'boxes.txt')

    def run(way: str, out: str, resume: bool = False, film: bool = False, **span):
        torch.manual_seed(0)
        inferencer = VideoPoseInferencer('dcpose_debug.py', None, 'cpu', **WAYS[way])
        smoothing = 'gaussian' if way == 'offline' else None
        outputs = VideoOutputs(film=film, smoothing=smoothing)
        infer_video(inferencer, open_source(FRAMES, **span), out, outputs, None, resume)
        return {file.name: file.read_bytes() for file in Path(out).iterdir()}

    return run


def killed_after(count: int, whole: bytes, out: Path) -> None:
    """What a run leaves that is killed while it writes the next frame."""
    lines = whole.splitlines(keepends=True)
    out.mkdir(exist_ok=True)
    left = b''.join(lines[: count + 1]) + lines[count + 1][:50]
    (out / '.poses.unfinished.json').write_bytes(left)


@pytest.mark.parametrize('way', WAYS)
def test_resume__same_bytes(way, run, tmp_path):
    whole = run(way, 'whole')
    assert whole['poses.json'].count(b'"index"') == LENGTH
    for count in (1, 6, 9, 13):
        out = tmp_path / f'after {count}'
        killed_after(count, whole['poses.json'], out)
        assert run(way, out, resume=True) == whole, count
    assert run(way, 'whole', resume=True) == whole  # with nothing left to do


def test_resume__same_film(run, tmp_path):
    whole = run('smoothed', 'whole', film=True)
    killed_after(6, whole['poses.json'], tmp_path / 'out')
    (tmp_path / 'out/.film.unfinished.mp4').write_bytes(b'left by the killed run')
    assert run('smoothed', 'out', resume=True, film=True) == whole
    assert cv2.VideoCapture(str(tmp_path / 'out/film.mp4')).get(cv2.CAP_PROP_FRAME_COUNT) == LENGTH


def test_resume__computes_no_more_than_it_needs(run, tmp_path, monkeypatch):
    from jmpose_mm.video.poses.clip_model import ClipModel

    passes = []
    inner = ClipModel.features
    monkeypatch.setattr(
        ClipModel, 'features', lambda self, crops: passes.append(len(crops)) or inner(self, crops)
    )
    whole = run('few at a time', 'whole')
    everything = sum(passes)
    killed_after(13, whole['poses.json'], tmp_path / 'out')
    passes.clear()
    run('few at a time', 'out', resume=True)
    assert 0 < sum(passes) <= everything - 10


def test_rerun__is_refused_and_a_shorter_one_too(run):
    whole = run('detector', 'out')
    for span in ({}, {'end': 5}):
        with pytest.raises(UsageError, match='holds the poses of a finished run'):
            run('detector', 'out', **span)
    with pytest.raises(UsageError, match=r'end: expected'):
        run('detector', 'out', resume=True, end=5)
    assert {f.name: f.read_bytes() for f in Path('out').iterdir()} == whole
