"""Box files: what detectors find, who they are, and how an interrupted run goes on."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import official_downloads as official
import pytest
from PIL import Image

from jmpose_mm.apis import person_boxes
from jmpose_mm.apis.person_boxes import make_boxes
from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.datasets.transforms import LoadClip
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.detections import read_detections
from jmpose_mm.host.mmcv_extension import MissingOperationError
from jmpose_mm.video.people.detectors import HogDetector, MMDetDetector

ROOT = Path(__file__).resolve().parents[2]
MINI = ROOT.parent / 'shared' / 'data' / 'mini_posetrack'


class Scripted:
    """Finds the same in every image: two boxes, and one below the threshold."""

    name = 'scripted'

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, image: np.ndarray) -> list[tuple[list[float], float]]:
        self.calls += 1
        return [([1.00049, 2, 30, 40], 0.2), ([5, 6, 20, 30], 0.75), ([0, 0, 9, 9], 0.04)]


class Dying(Scripted):
    """Is interrupted in the fifth image."""

    def __call__(self, image: np.ndarray) -> list[tuple[list[float], float]]:
        if self.calls == 4:
            raise KeyboardInterrupt
        return super().__call__(image)


@pytest.fixture
def download(tmp_path: Path) -> Path:
    return official.write_posetrack18(tmp_path / 'download')


def boxes_of(download: Path, detector: Any, **options: Any) -> dict[str, Any]:
    ann_file = download / 'annotations/val'
    return make_boxes(ann_file, download, download / 'boxes.json', detector, **options)


def test_make_boxes__has_what_all_readers_want(download: Path) -> None:
    counts = boxes_of(download, Scripted(), progress=False)
    assert counts == {'images': 6, 'missing_on_disk': 0, 'boxes': 12, 'detector': 'scripted'}
    entries = json.loads((download / 'boxes.json').read_text())
    common = {
        'image_id': 20005220000,
        'image_name': 'images/val/000522_bonn_test/000000.jpg',
        'category_id': 1,
        'nframes': 6,
        'frame_id': 0,
        'detector': 'scripted',
    }
    # best first, rounded
    assert entries[:2] == [
        common | {'bbox': [5, 6, 20, 30], 'score': 0.75},
        common | {'bbox': [1.0, 2, 30, 40], 'score': 0.2},
    ]
    found = read_detections(download / 'boxes.json')
    assert found.detectors == ('scripted',)
    for by_name in (False, True):
        assert len(read_detections(download / 'boxes.json', by_name).boxes) == 12
    data = PoseTrackClipDataset(
        data_root=str(download),
        ann_file='annotations/val',
        bbox_file=str(download / 'boxes.json'),
        bbox_score_threshold=0.3,
        test_mode=True,
    )
    assert len(data) == 6
    assert data.detectors == ('scripted',)
    assert data.get_data_info(0)['bbox'].tolist() == [[5, 6, 25, 36]]


def test_make_boxes__an_interrupted_run_goes_on_where_it_was(download: Path) -> None:
    expected = boxes_of(download, Scripted(), progress=False)
    whole = (download / 'boxes.json').read_bytes()
    (download / 'boxes.json').unlink()

    with pytest.raises(KeyboardInterrupt):
        boxes_of(download, Dying(), progress=False)
    assert not (download / 'boxes.json').exists()
    (unfinished,) = download.glob('.boxes.json*')
    unfinished.write_text(unfinished.read_text()[:-30])  # as if killed while writing the 4th
    detector = Scripted()
    assert boxes_of(download, detector, progress=False) == expected
    assert detector.calls == 3
    assert (download / 'boxes.json').read_bytes() == whole
    assert not list(download.glob('.boxes.json*'))


def test_make_boxes__other_settings_start_anew(download: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        boxes_of(download, Dying(), progress=False)
    detector = Scripted()
    counts = boxes_of(download, detector, progress=False, score_threshold=0.3)
    assert (detector.calls, counts['boxes']) == (6, 6)


def test_make_boxes__a_threshold_that_is_no_number_is_refused(download: Path) -> None:
    with pytest.raises(UsageError, match='score_threshold: expected a number, got nan'):
        boxes_of(download, Scripted(), progress=False, score_threshold=float('nan'))


def test_make_boxes__a_threshold_above_every_score_is_refused(download: Path) -> None:
    with pytest.raises(UsageError, match=r'score_threshold: expected a number up to 1.*got 50'):
        boxes_of(download, Scripted(), progress=False, score_threshold=50.0)
    assert not (download / 'boxes.json').exists()


def test_make_boxes__replaces_its_own_files_alone(download: Path) -> None:
    out = download / 'boxes.json'
    for _ in range(2):
        boxes_of(download, Scripted(), progress=False)
    # tasks of a labelling program, boxes of somebody else's detector
    for other in ([{'data': {'image': 'a.png'}}], [{'image_id': 1, 'bbox': [1, 2, 3, 4]}]):
        out.write_text(json.dumps(other))
        with pytest.raises(UsageError, match='no list of boxes made here'):
            boxes_of(download, Scripted(), progress=False)
        assert json.loads(out.read_text()) == other


def test_make_boxes__sees_pictures_upright_as_data_sets_do(download: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    for file in (download / 'images').rglob('*.jpg'):
        Image.new('RGB', (40, 90)).save(file, exif=exif)
    seen = []
    boxes_of(download, lambda image: seen.append(image.shape), progress=False)
    file = str(next((download / 'images').rglob('*.jpg')))
    assert set(seen) == {LoadClip()({'img_path': file})['ori_shape'] + (3,)} == {(40, 90, 3)}


def test_make_boxes__missing_frames_are_counted_and_no_frames_are_an_error(download: Path) -> None:
    folder = download / 'images/val/000522_bonn_test'
    (folder / '000002.jpg').unlink()
    counts = boxes_of(download, Scripted(), progress=False)
    assert (counts['missing_on_disk'], counts['boxes']) == (1, 10)
    (folder / '000003.jpg').write_bytes(b'cut')
    with pytest.raises(ValueError, match=r'000003\.jpg: expected an image'):
        boxes_of(download, Scripted(), progress=False)
    with pytest.raises(ValueError, match=r'elsewhere: expected the images that .* none of them'):
        make_boxes(
            download / 'annotations/val', download / 'elsewhere', download / 'c.json', Scripted()
        )
    assert not list(download.glob('*c.json*'))


def test_make_boxes__posetrack17s_own_files_have_names_and_no_ids(tmp_path: Path) -> None:
    root = official.write_posetrack17(tmp_path, matlab=False)
    make_boxes(root / 'annotations/val', root, root / 'boxes.json', Scripted(), progress=False)
    entry = json.loads((root / 'boxes.json').read_text())[0]
    assert 'image_id' not in entry
    assert entry['image_name'] == 'images/bonn_5sec/000522_bonn/00000001.jpg'


def test_hog__nothing_in_flat_images_of_any_size() -> None:
    detector = HogDetector()
    for height, width in ((160, 120), (128, 64), (127, 200), (200, 63), (1, 1)):
        assert detector(np.full((height, width, 3), 127, np.uint8)) == []


@pytest.mark.skipif(
    not MINI.is_dir(), reason='the real PoseTrack frames (mini_posetrack) are not here'
)
def test_hog__finds_people_in_a_real_frame() -> None:
    folder = MINI / 'images/val/060470979_bonn_test'
    image = cv2.imread(str(folder / '000000.jpg'))
    found = HogDetector()(image)
    assert found
    assert all(0.5 <= score < 1 for _, score in found)
    truth = json.loads((MINI / 'annotations/val/060470979_bonn_test.json').read_text())
    first = truth['images'][0]['id']
    heads = [p['bbox_head'] for p in truth['annotations'] if p['image_id'] == first]
    # the best box holds the middle of somebody's head
    (x, y, w, h), _ = max(found, key=lambda entry: entry[1])
    inside = [x < hx + hw / 2 < x + w and y < hy + hh / 2 < y + h for hx, hy, hw, hh in heads]
    assert any(inside)


class Found:
    """What mmdet's detectors return, of two people and a dog."""

    bboxes = np.array([[1, 2, 11, 22], [3, 4, 8, 9], [5, 5, 6, 7]], np.float32)
    scores = np.array([0.5, 0.75, 0.25], np.float32)
    labels = np.array([1, 0, 1])

    def cpu(self) -> Found:
        return self

    numpy = cpu


def stand_in(monkeypatch: pytest.MonkeyPatch, classes: tuple[str, ...], infer: Any) -> None:
    module = types.ModuleType('mmdet.apis')
    model = types.SimpleNamespace(dataset_meta={'classes': classes})
    module.init_detector = lambda config, checkpoint, device: model
    module.inference_detector = infer
    monkeypatch.setitem(sys.modules, 'mmdet.apis', module)


def test_mmdet__persons_alone_as_xywh_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    result = types.SimpleNamespace(pred_instances=Found())
    stand_in(monkeypatch, ('dog', 'person'), lambda model, image: result)
    detector = MMDetDetector('some/rtmdet_tiny.py', 'https://x/rtmdet-1.pth')
    assert detector.name == 'rtmdet_tiny (rtmdet-1.pth)'
    assert detector(np.zeros((8, 8, 3))) == [([1, 2, 10, 20], 0.5), ([5, 5, 1, 2], 0.25)]
    stand_in(monkeypatch, ('dog', 'cat'), None)
    with pytest.raises(UsageError, match=r"class person, got \['dog', 'cat'\]"):
        MMDetDetector('a.py', 'b.pth')


def test_mmdet__what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def infer(model: Any, image: Any) -> Any:
        raise MissingOperationError('mmcv has no compiled operation `nms`')

    stand_in(monkeypatch, ('person',), infer)
    with pytest.raises(UsageError, match=r'a \(b\.pth\): mmcv has no compiled operation `nms`'):
        MMDetDetector('a.py', 'b.pth')(np.zeros((8, 8, 3)))
    monkeypatch.setitem(sys.modules, 'mmdet.apis', None)
    with pytest.raises(
        UsageError, match=r'detector: a\.py needs mmdet, .* `mim install mmdet`'
    ) as told:
        MMDetDetector('a.py', 'b.pth')
    assert 'config' not in str(told.value)  # films have no such option


def test_tool__says_counts_or_one_line(download: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        tool = str(ROOT / 'tools' / 'make_boxes.py')
        command = [sys.executable, tool, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=download)

    done = run('annotations/val', '.', 'boxes.json')
    assert done.returncode == 0, done.stderr
    assert 'images: 6' in done.stdout
    assert 'detector: opencv-hog-people' in done.stdout
    assert 'labelled persons: ' in done.stdout
    assert '6/6' in done.stderr  # the progress bar
    (download / 'annotations/val/000522_bonn_test.json').write_text('{')
    done = run('annotations/val', '.', 'other.json')
    assert done.returncode == 2
    assert done.stderr.startswith(
        'make_boxes.py: error: annotations/val/000522_bonn_test.json: expected JSON'
    )
    assert 'Traceback' not in done.stderr
    assert not (download / 'other.json').exists()


def test_names__are_public() -> None:
    assert sorted(person_boxes.__all__) == ['make_boxes']


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (['--device', 'cuda'], 'hog has none'),
        (['--weights-dir', 'x'], 'hog has none'),
        (['--detector', 'rtmdet-m', '--config', 'c.py', '--checkpoint', 'c.pth'], 'rtmdet-m'),
    ],
)
def test_make_boxes__options_without_effect_are_refused(
    options: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, 'argv', ['make_boxes.py', 'a.json', '.', 'b.json', *options])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / 'tools/make_boxes.py'))['main']()
    assert said in capsys.readouterr().err
