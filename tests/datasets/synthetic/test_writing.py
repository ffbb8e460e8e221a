from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from jmpose_mm.datasets.synthetic import FACTORS, MANIFEST, PRESETS, make_synthetic, writing
from jmpose_mm.datasets.synthetic.settings import settings_from

ROOT = Path(__file__).parents[3]
REAL = ROOT.parent / 'shared/data/mini_posetrack/annotations'


def digest(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob('*'))
        if file.is_file()
    }


def read(data_set: Path, name: str) -> dict:
    return json.loads((data_set / 'annotations' / name).read_text())


def test_data_set__equal_seeds_give_equal_bytes_for_any_number_of_workers(
    data_set: Path, tmp_path: Path, small: dict
) -> None:
    make_synthetic(tmp_path / 'b', seed=3, **{**small, 'workers': 2})
    assert digest(tmp_path / 'b') == digest(data_set)


def test_data_set__seeds_and_splits_differ(data_set: Path, tmp_path: Path, small: dict) -> None:
    make_synthetic(tmp_path / 'b', seed=4, **small)
    mine, other = digest(data_set), digest(tmp_path / 'b')
    assert mine.keys() == other.keys()
    pictures = [name for name in mine if name.endswith('.jpg')]
    assert not {mine[name] for name in pictures} & {other[name] for name in pictures}
    by_split = [{mine[n] for n in pictures if f'images/{s}/' in n} for s in ('train', 'val')]
    assert not by_split[0] & by_split[1]


def test_data_set__layout_and_numbers(data_set: Path) -> None:
    for split, count in (('train', 2), ('val', 1)):
        merged = read(data_set, f'posetrack18_{split}.json')
        assert len(merged['images']) == 12 * count
        videos = sorted((data_set / 'annotations' / split).glob('*.json'))
        parts = [json.loads(file.read_text()) for file in videos]
        assert [image for part in parts for image in part['images']] == merged['images']
        assert [a for part in parts for a in part['annotations']] == merged['annotations']
        for image in merged['images']:
            _, kind, video, name = image['file_name'].split('/')
            assert kind == split
            assert image['id'] == int(f'9{image["vid_id"]}{int(name[:6]):04d}')
            assert video.startswith(image['vid_id'])
            picture = cv2.imread(str(data_set / image['file_name']))
            assert picture.shape == (image['height'], image['width'], 3) == (120, 160, 3)
        numbers = [annotation['id'] for annotation in merged['annotations']]
        assert len(set(numbers)) == len(numbers) > 0


def test_data_set__joints_lie_inside_and_degraded_follows_from_the_persons(data_set: Path) -> None:
    merged = read(data_set, 'posetrack18_train.json')
    for image in merged['images']:
        own = [a for a in merged['annotations'] if a['image_id'] == image['id']]
        names = {name for annotation in own for name in annotation['degradation']}
        assert image['degraded'] == bool(names)
        assert set(image['degradation']) == names
        factors = {name for annotation in own for name in annotation['factors']}
        assert {name for name in FACTORS if image[name]} == set(image['severity']) == factors
        assert names <= factors
        for annotation in own:
            points = np.array(annotation['keypoints']).reshape(17, 3)
            points = points[points[:, 2] > 0]
            assert len(points) == annotation['num_keypoints'] >= 4
            assert (points[:, :2] >= -0.5).all()
            assert (points[:, :2] < np.array([160, 120]) - 0.5 + 1e-3).all()


@pytest.mark.skipif(not REAL.is_dir(), reason='no real PoseTrack sample beside the repository')
def test_data_set__has_the_fields_of_real_annotations(data_set: Path) -> None:
    real = json.loads((REAL / 'posetrack18_val.json').read_text())
    mine = read(data_set, 'posetrack18_val.json')
    assert real['categories'] == mine['categories']
    image_extra = {'degraded', 'degradation', 'severity', *FACTORS}
    assert set(mine['images'][0]) == set(real['images'][0]) | image_extra
    person_extra = {'degradation', 'factors', 'occluded_by', 'keypoints_occluded_by'}
    assert set(mine['annotations'][0]) == set(real['annotations'][0]) | person_extra
    for key, value in real['annotations'][0].items():
        assert type(mine['annotations'][0][key]) is type(value), key
    name = 'posetrack18_val_human_detections.json'
    boxes = json.loads((REAL / name).read_text())
    assert {k: type(v) for k, v in read(data_set, name)[0].items()} == {
        k: type(v) for k, v in boxes[0].items()
    }


def test_manifest__counts_what_is_there(data_set: Path) -> None:
    manifest = json.loads((data_set / MANIFEST).read_text())
    merged = read(data_set, 'posetrack18_train.json')
    assert manifest['counts']['train'] == {
        'videos': 2,
        'images': 24,
        'annotations': len(merged['annotations']),
        'degraded_images': sum(image['degraded'] for image in merged['images']),
    }
    assert manifest['settings']['size'] == [160, 120]


def test_digest__is_that_of_version_settings_and_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, '_render', lambda *_: {})
    made = iter(range(9))

    def digest_of(preset: str = 'study', seed: int = 0, **settings: object) -> str:
        return make_synthetic(tmp_path / str(next(made)), preset, seed, **settings)['digest']

    reference = digest_of()
    assert len(reference) == 64
    different = {**PRESETS['study'].to_dict(), 'videos_train': 1}
    assert digest_of('demo', **PRESETS['study'].to_dict()) == reference
    assert len({reference, digest_of(seed=1), digest_of(**different)}) == 3
    monkeypatch.setattr(writing, 'GENERATOR_VERSION', writing.GENERATOR_VERSION + 1)
    assert digest_of() != reference


def test_make__same_settings_are_reused_and_others_refused(tmp_path: Path, small: dict) -> None:
    out = tmp_path / 'a'
    small.update(videos_train=1, videos_val=0, frames=2)
    first = make_synthetic(out, seed=1, **small)
    stamp = (out / MANIFEST).stat().st_mtime_ns
    assert make_synthetic(out, seed=1, **small) == first
    assert (out / MANIFEST).stat().st_mtime_ns == stamp
    with pytest.raises(FileExistsError, match=r'expected the same settings.*overwrite'):
        make_synthetic(out, seed=2, **small)
    assert make_synthetic(out, seed=2, overwrite=True, **small)['seed'] == 2
    assert json.loads((out / MANIFEST).read_text())['seed'] == 2
    assert [path.name for path in tmp_path.iterdir()] == ['a']


def test_make__a_data_set_that_lost_files_is_said_and_made_whole(
    tmp_path: Path, small: dict
) -> None:
    out = tmp_path / 'a'
    small.update(videos_train=1, videos_val=0, frames=2)
    make_synthetic(out, seed=1, **small)
    whole = digest(out)
    picture = next(out.rglob('*.jpg'))
    picture.unlink()
    with pytest.warns(UserWarning, match=f'expected a whole data set.*{picture.name}'):
        make_synthetic(out, seed=1, **small)
    make_synthetic(out, seed=1, overwrite=True, **small)
    assert digest(out) == whole


def test_make__overwriting_keeps_what_was_not_rendered(tmp_path: Path, small: dict) -> None:
    out = tmp_path / 'a'
    small.update(videos_train=1, videos_val=0, frames=2)
    make_synthetic(out, seed=1, **small)
    rendered = digest(out).keys()
    for name in ('annotations/train/own.json', 'images/train/own/000000.jpg', 'notes.txt'):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text('own')
    make_synthetic(out, seed=np.int64(2), overwrite=True, **small)
    after = digest(out)
    assert {
        name for name in after if (out / name).read_bytes() == b'own'
    } == after.keys() - rendered
    assert len(after) == len(rendered) + 3


def test_make__foreign_folder_is_never_overwritten(tmp_path: Path, small: dict) -> None:
    (tmp_path / 'thesis.tex').write_text('x')
    with pytest.raises(FileExistsError, match='found something else'):
        make_synthetic(tmp_path, overwrite=True, **small)
    assert [path.name for path in tmp_path.iterdir()] == ['thesis.tex']


@pytest.mark.parametrize('key', ['digest', 'counts'])
def test_make__a_damaged_manifest_is_none(data_set: Path, small: dict, key: str) -> None:
    file = data_set / 'synthetic.json'
    whole = file.read_text()
    manifest = json.loads(whole)
    for damaged in ({**manifest, key: 3.5}, {k: v for k, v in manifest.items() if k != key}):
        file.write_text(json.dumps(damaged))
        try:
            with pytest.raises(FileExistsError, match='found something else'):
                make_synthetic(data_set, **small)
        finally:
            file.write_text(whole)


@pytest.mark.parametrize('error', [OSError('disk full'), KeyboardInterrupt()])
def test_make__failure_leaves_nothing(
    tmp_path: Path, small: dict, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    render = writing.render_video

    def fail_late(job: writing.VideoJob) -> object:
        if job.index == 1:
            raise error
        return render(job)

    monkeypatch.setattr(writing, 'render_video', fail_late)
    with pytest.raises(type(error)):
        make_synthetic(tmp_path / 'a', **small)
    assert list(tmp_path.iterdir()) == []


def test_make__failed_overwrite_keeps_the_old_one(
    tmp_path: Path, small: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.update(videos_train=1, videos_val=0, frames=2)
    make_synthetic(tmp_path / 'a', seed=1, **small)
    before = digest(tmp_path / 'a')

    def fail(job: writing.VideoJob) -> object:
        raise OSError('disk full')

    monkeypatch.setattr(writing, 'render_video', fail)
    with pytest.raises(OSError, match='disk full'):
        make_synthetic(tmp_path / 'a', seed=2, overwrite=True, **small)
    assert digest(tmp_path / 'a') == before
    assert [path.name for path in tmp_path.iterdir()] == ['a']


def test_make__failed_renaming_puts_the_old_one_back(
    tmp_path: Path, small: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.update(videos_train=1, videos_val=0, frames=2)
    make_synthetic(tmp_path / 'a', seed=1, **small)
    before = digest(tmp_path / 'a')
    rename = Path.rename

    def fail_for_the_new(self: Path, target: Path) -> Path:
        if self.suffix == '.part':
            raise OSError('disk gone')
        return rename(self, target)

    monkeypatch.setattr(Path, 'rename', fail_for_the_new)
    with pytest.raises(OSError, match='disk gone'):
        make_synthetic(tmp_path / 'a', seed=2, overwrite=True, **small)
    assert digest(tmp_path / 'a') == before
    assert [path.name for path in tmp_path.iterdir()] == ['a']


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'preset': 'huge'}, r"preset: expected one of \['demo', 'hard', 'study'\], got 'huge'"),
        ({'frames': 0}, 'frames: expected an integer from 1 to 9999, got 0'),
        ({'frames': 2.5}, 'frames: expected an integer .* got 2.5'),
        ({'size': (320, 20)}, r'size: expected sides of at least 64 pixels, got \(320, 20\)'),
        ({'size': 320}, r'size: expected \(width, height\) in whole pixels, got 320'),
        ({'videos_train': 0, 'videos_val': 0}, 'expected at least one video'),
        ({'seed': -1}, 'seed: expected an integer of at least 0, got -1'),
        ({'workers': 0}, 'workers: expected an integer of at least 1, got 0'),
        ({'persons': (3, 1)}, r'persons: expected 1 <= least <= largest <= 12, got \(3, 1\)'),
        ({'burst_gap': (1, 4)}, r'burst_gap: expected 2 <= least'),
        ({'burst_kinds': (1.0,)}, 'burst_kinds: expected 5 weights'),
        ({'burst_lengths': (0.0,)}, 'burst_lengths: expected weights >= 0 with a positive sum'),
        ({'lifelike': 1}, 'lifelike: expected True or False, got 1'),
        ({'colour': 'red'}, "colour: expected a setting out of .* got 'colour'"),
    ],
)
def test_make__bad_arguments_are_named(tmp_path: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_synthetic(tmp_path / 'a', **arguments)
    assert list(tmp_path.iterdir()) == []


def test_presets__the_longer_ones_have_the_promised_counts() -> None:
    for name in ('study', 'hard'):
        preset = PRESETS[name]
        assert (preset.videos_train, preset.videos_val, preset.frames) == (120, 40, 40)
    assert settings_from('hard', size=[96, 64]).size == (96, 64)


def test_presets__demo_keeps_the_pictures_that_results_were_measured_on() -> None:
    assert not PRESETS['demo'].lifelike
    assert PRESETS['study'].lifelike
    assert PRESETS['hard'].lifelike


def test_command__makes_a_data_set_and_explains_a_bad_one(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / 'tools/make_synthetic.py'), str(tmp_path / 'a')]
    options = '--videos-train 1 --videos-val 1 --frames 9 --size 96x64 --workers 1 --seed 5'.split()
    options += ['--contact-sheet', str(tmp_path / 'sheet.jpg')]
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)['val']['images'] == 9
    assert (
        json.loads(done.stdout)['digest']
        == json.loads((tmp_path / 'a' / MANIFEST).read_text())['digest']
    )
    assert cv2.imread(str(tmp_path / 'sheet.jpg')) is not None
    assert 'frame/s' in done.stderr
    again = subprocess.run([*command, '--frames', '0'], capture_output=True, text=True, cwd=ROOT)
    assert again.returncode == 2
    assert 'frames: expected an integer from 1 to 9999, got 0' in again.stderr
