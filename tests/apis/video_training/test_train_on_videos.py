"""The command on three small films: what it makes, that it goes on, what it refuses."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from jmpose_mm import VideoPoseInferencer, load_config
from jmpose_mm.apis import train_and_test as api
from jmpose_mm.apis.video_training import student_training
from jmpose_mm.apis.video_training.command import train_by_command
from jmpose_mm.engine.configs import find_config
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import MODELS
from jmpose_mm.visualization import write_film

TEACHER = 'single-frame_resnet18_1xb16_synthetic-128x96.py'
FRAMES = 8
OPTIONS = {'detector': 'whole', 'method': 'jm_pose', 'device': 'cpu', 'iterations': 2, 'frames': 9}


def digests(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob('*') if file.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.fixture(scope='module')
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three films, weights of a teacher, and one labelled frame."""
    root = tmp_path_factory.mktemp('given')
    (root / 'films').mkdir()
    for number in range(3):
        rng = np.random.default_rng(number)
        ground = cv2.resize(rng.integers(0, 255, (9, 7, 3), dtype=np.uint8), (96, 128))
        frames = [np.roll(ground, 2 * step, axis=1) for step in range(FRAMES)]
        write_film(root / f'films/film{number}.mp4', frames)
    torch.manual_seed(0)
    weights = MODELS.build(load_config(TEACHER).model).state_dict()
    torch.save({'state_dict': weights, 'meta': {}}, root / 'teacher.pth')
    joints = ['nose', 'left_wrist', 'right_wrist']
    person = {'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [0, 0, 96, 128]}
    person['keypoints'] = [30.0, 20, 2, 60, 70, 2, 20, 80, 1]
    content = {
        'images': [{'id': 1, 'file_name': 'film1/000003.jpg'}],
        'annotations': [person],
        'categories': [{'id': 1, 'name': 'person', 'keypoints': joints}],
    }
    (root / 'labels.json').write_text(json.dumps(content))
    return root


def run(given: Path, work: Path, **options: Any) -> str:
    films = [str(given / 'films'), TEACHER, str(given / 'teacher.pth')]
    labels = str(given / 'labels.json')
    return train_by_command(films, work_dir=str(work), **{'labels': labels, **OPTIONS, **options})


@pytest.fixture(scope='module')
def made(given: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command makes of them."""
    work = tmp_path_factory.mktemp('made') / 'work'
    before = digests(given)
    said = run(given, work)
    assert digests(given) == before
    assert str(work / 'report.html') in said
    return work


def test_command__makes_labels_of_all_films_and_takes_the_true_ones(made: Path) -> None:
    content = json.loads((made / 'annotations/train.json').read_text())
    names = [image['file_name'] for image in content['images']]
    assert {name.partition('/')[0] for name in names} == {'film0', 'film1', 'film2'}
    assert len(names) in (9, 10)
    (true,) = (entry for entry in content['annotations'] if entry.get('is_true'))
    image = next(i for i in content['images'] if i['id'] == true['image_id'])
    assert image['file_name'] == 'film1/000003.jpg'
    points = np.reshape(true['keypoints'], (-1, 3))[:, :2]
    joints = content['categories'][0]['keypoints']
    assert points[joints.index('left_wrist')].tolist() == [60, 70]
    for name in names:
        assert (made / 'images' / name).is_file()


def test_command__starts_the_student_as_its_teacher(made: Path, given: Path) -> None:
    (weights,) = made.glob('student-*.pth')
    student = torch.load(weights)['state_dict']
    teacher = torch.load(given / 'teacher.pth')['state_dict']
    frozen = {name: value for name, value in teacher.items() if name.startswith('backbone.')}
    assert len(frozen) > 50
    for name, value in frozen.items():
        torch.testing.assert_close(student[name], value)
    torch.testing.assert_close(
        student['neck.heatmap_layer.weight'], teacher['head.final_layer.weight']
    )


def test_command__student_runs_on_films_and_in_a_test(made: Path, given: Path) -> None:
    (weights,) = made.glob('student-*.pth')
    config = made / 'configs/jm_pose.py'
    inferencer = VideoPoseInferencer(config, weights, device='cpu', boxes='whole')
    poses = list(inferencer(given / 'films/film0.mp4'))
    assert len(poses) == FRAMES
    assert poses[0].persons[0].keypoints.shape == (17, 2)
    cfg = load_config(str(config), ['test_dataloader.num_workers=0', 'log_level=ERROR'])
    metrics = api.test(cfg, str(weights), device='cpu')
    assert 'keypoints/PCK@0.2' in metrics


def test_command__trains_on_degraded_key_frames_by_certainty(made: Path) -> None:
    pipeline = load_config(str(made / 'configs/jm_pose.py')).train_dataloader.dataset.pipeline
    types = [step['type'].removeprefix('jmpose_mm.') for step in pipeline]
    order = ['TopdownClipAffine', 'DegradeFrames', 'GenerateTarget', 'WeighKeypoints']
    assert [name for name in types if name in order] == order


def test_page__is_one_file_that_shows_samples_and_differences(made: Path) -> None:
    page = (made / 'report.html').read_text()
    assert page.count('data:image/jpeg;base64,') >= 3
    assert 'src="http' not in page
    assert '1 matched, 0 added' in page
    assert '__' not in page.replace(str(made), '')


def test_second_run__makes_nothing_and_a_lost_step_is_made_again(
    made: Path, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests(made)
    page = made / 'report.html'

    def forbidden(*args: object, **options: object) -> None:
        raise AssertionError('made again')

    with monkeypatch.context() as patch:
        for name in ('make_poses', 'train', 'write_student_data'):
            patch.setattr(student_training, name, forbidden)
        run(given, made)
        assert digests(made) == before
        page.unlink()
        run(given, made)
    assert page.is_file()


def test_interrupted__goes_on_after_the_steps_that_are_finished(
    made: Path, given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a kill during the training leaves it: its last checkpoint is there, nothing after it.
    work = tmp_path / 'work'
    shutil.copytree(made, work)
    record = json.loads((work / 'few_labels.json').read_text())
    assert list(record['steps']) == ['poses', 'data', 'training', 'student', 'page']
    record['steps'] = {name: record['steps'][name] for name in ('poses', 'data')}
    (work / 'few_labels.json').write_text(json.dumps(record))
    (first,) = work.glob('student-*.pth')
    kept = first.read_bytes()
    first.unlink()

    def stopped(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(student_training, 'make_poses', stopped)
    with pytest.raises(KeyboardInterrupt):  # of the student's poses: the teacher's stand
        run(given, work)
    (second,) = work.glob('student-*.pth')
    again, before = (torch.load(io.BytesIO(b))['state_dict'] for b in (second.read_bytes(), kept))
    torch.testing.assert_close(again, before)


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'method': 'other'}, 'method: expected one of'),
        ({'degraded': 2.0}, 'degraded: expected a share'),
        ({'frames': 0}, 'frames: expected at least 1'),
        ({'lost': -1.0}, 'lost: expected seconds above 0'),
        ({'min_score': 3.0}, 'min_score: expected a number from 0 to 1'),
        ({'start': ['jm-pose_debug.py', 'no.pth']}, 'model of single frames'),
        ({'start': ['vitpose-s']}, 'joints of the teacher'),
        ({'model': 'rtmpose-m'}, 'expected no CONFIG beside a name'),
    ],
)
def test_usage__is_checked_before_anything_is_written(
    options: dict[str, Any], said: str, given: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        run(given, tmp_path / 'work', **options)
    assert not (tmp_path / 'work').exists()


def test_folder__of_other_things_or_another_work_is_refused(given: Path, made: Path) -> None:
    before = digests(given)
    with pytest.raises(UsageError, match='expected a new folder, found'):
        run(given, given)
    with pytest.raises(UsageError, match='expected the same frames as in the run that began it'):
        run(given, made, frames=4)
    config = made.parent / 'teacher.py'
    films = [str(given / 'films'), str(config), str(given / 'teacher.pth')]
    options = {'work_dir': str(made), 'labels': str(given / 'labels.json'), **OPTIONS}
    base = f'_base_ = {find_config(TEACHER)!r}\n'
    config.write_text(base)
    assert train_by_command(films, **options)  # the same in another file
    config.write_text(f'{base}model = dict(test_cfg=dict(output_heatmaps=True))\n')
    with pytest.raises(UsageError, match='expected the same configs as in the run that began it'):
        train_by_command(films, **options)
    assert digests(given) == before


def test_tool__takes_the_options_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(__file__).parents[3] / 'tools/train_on_videos.py'
    spec = importlib.util.spec_from_file_location('train_on_videos', path)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    seen: dict[str, Any] = {}
    run_it: Callable[..., str] = lambda **options: seen.update(options) or 'done'  # noqa: E731
    monkeypatch.setattr('jmpose_mm.apis.video_training.command.train_by_command', run_it)
    words = ['a.mp4', 'b.mp4', '--model', 'hrnet-w32', '--work-dir', 'out', '--labels', 'x.json']
    monkeypatch.setattr('sys.argv', ['train_on_videos.py', *words])
    assert tool.main() == 0
    assert seen['input'] == ['a.mp4', 'b.mp4']
    assert (seen['model'], seen['labels'], seen['agree']) == ('hrnet-w32', 'x.json', True)
