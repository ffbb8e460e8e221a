"""The whole path of every data set: download, conversion, boxes, one epoch, official number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import official_downloads as official
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from jmpose_mm.apis.person_boxes import make_boxes
from jmpose_mm.apis.train_and_test import train
from jmpose_mm.datasets.conversion import convert_dataset
from jmpose_mm.engine.configs import load_config
from jmpose_mm.evaluation.poseval import evaluate_folders
from jmpose_mm.registry import DATASETS, METRICS

ROOT = Path(__file__).resolve().parents[2]
SMALLER = {'(288, 384)': (64, 96), '(72, 96)': (16, 24)}


class Case(NamedTuple):
    """What is converted, which configs read it, and the number that they give."""

    format: str
    write: Callable[[Path], Path]
    datasets: str
    neck: str
    joints: int
    number: str
    options: dict[str, Any] = {}


CASES = {
    'posetrack17': Case(
        'posetrack17',
        lambda root: official.write_posetrack17(root, matlab=True),
        'posetrack17-clips',
        'jm-pose',
        17,
        'posetrack/AP',
    ),
    'posetrack18': Case(
        'posetrack18',
        official.write_posetrack18,
        'posetrack18-clips',
        'jm-pose',
        17,
        'posetrack/AP',
    ),
    'posetrack21': Case(
        'posetrack21',
        official.write_posetrack21,
        'posetrack21-clips',
        'jm-pose',
        17,
        'posetrack/AP',
    ),
    'sub-jhmdb': Case(
        'sub-jhmdb',
        official.write_sub_jhmdb,
        'sub-jhmdb-clips',
        'fami-pose',
        15,
        'sub-jhmdb/PCK@0.2_box_Mean',
    ),
    'hieve': Case(
        'hieve',
        official.write_hieve,
        'hieve-clips',
        'tdmi',
        14,
        'hieve/AP@avg',
        {'val_videos': ['3']},
    ),
}


class TwoPeople:
    """Finds the people that the downloads show."""

    name = 'two people'

    def __call__(self, image: np.ndarray) -> list[tuple[list[float], float]]:
        return [([12.0, 10.0, 30.0, 54.0], 0.9), ([48.0, 10.0, 30.0, 54.0], 0.8)]


@pytest.fixture(scope='module', params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A converted download and the config of a small model on it."""
    case, root = CASES[request.param], tmp_path_factory.mktemp(request.param)
    case.write(root / 'download')
    convert_dataset(case.format, root / 'download', root / 'out', progress=False, **case.options)
    return case, config_of(case, root)


def config_of(case: Case, root: Path) -> Config:
    """The data config as it is, but for its folder and small pictures, with a ResNet-18 model."""
    bases = ('default_runtime', 'models/video_resnet18', f'necks/{case.neck}')
    bases += (f'datasets/{case.datasets}', 'schedules/adamw-20e')
    lines = [
        f'_base_ = {[f"{ROOT}/configs/_base_/{base}.py" for base in bases]}',
        f'model = dict(neck=dict(**_base_.neck, num_keypoints={case.joints}),',
        f'    head=dict(**_base_.head, out_channels={case.joints}, decoder=_base_.codec))',
    ]
    (root / 'config.py').write_text('\n'.join(lines))
    options = ['train_cfg.max_epochs=1', 'default_hooks.checkpoint.interval=-1']
    options.append('allow_random_frozen=True')
    for loader in ('train', 'val', 'test'):
        options += [f'{loader}_dataloader.{key}' for key in ('num_workers=0', 'batch_size=4')]
        options.append(f'{loader}_dataloader.persistent_workers=False')
    options.append('train_dataloader.dataset.indices=4')
    cfg = load_config(str(root / 'config.py'), options, work_dir=str(root / 'work'))
    return Config(
        replaced(cfg.to_dict(), cfg.data_root, f'{root}/out/'), filename=str(root / 'config.py')
    )


def replaced(value: Any, folder: str, other: str) -> Any:
    """The same with another data folder and smaller pictures, wherever they are."""
    if isinstance(value, dict):
        return {key: replaced(entry, folder, other) for key, entry in value.items()}
    if isinstance(value, str):
        return value.replace(folder, other)
    if isinstance(value, list | tuple):
        smaller = SMALLER.get(str(tuple(value)))
        return smaller or type(value)(replaced(v, folder, other) for v in value)
    return value


def test_one_epoch__ends_with_the_official_number(case: tuple[Case, Config]) -> None:
    case, cfg = case
    data = cfg.val_dataloader.dataset
    if data.bbox_file:
        annotations = Path(data.data_root) / data.ann_file
        images = Path(data.data_root) / data.get('data_prefix', {}).get('img', '')
        make_boxes(annotations, images, data.bbox_file, TwoPeople(), progress=False)
    runner = train(cfg)
    assert runner.iter == 1
    assert 0 <= runner.message_hub.get_scalar(f'val/{case.number}').current() <= 100
    (text,) = [file.read_text() for file in Path(cfg.work_dir).rglob('*.log')]
    # the boxes are named with the number
    file = Path(data.bbox_file or '').name
    shown = f'{file} (two people), score >= ' if file else 'ground truth'
    assert f', boxes: {shown}' in text
    if data.bbox_file:
        assert f'boxes: {data.bbox_file} (two people)' in text


def evaluated(cfg: Config, number: str, noise: Callable[[int], Any], **changes: Any) -> float:
    """The number that the annotations themselves get as predictions, moved by some pixels."""
    init_default_scope('mmpose')
    data = DATASETS.build({**cfg.val_dataloader.dataset, 'bbox_file': None})
    metric = METRICS.build({**cfg.val_evaluator, **changes})
    metric.dataset_meta = data.metainfo
    for index in range(len(data)):
        sample = data[index]['data_samples']
        truth = sample.gt_instances
        sample = {**sample.to_dict(), **sample.metainfo}
        # a joint that nobody annotated counts as wrong, in the end of the ranking here
        sample['pred_instances'] = {
            'keypoints': np.asarray(truth.keypoints, dtype=np.float64) + noise(index),
            'keypoint_scores': np.where(truth.keypoints_visible > 0, 0.9 - index / 1e3, 0.01),
        }
        metric.process({}, [sample])
    return metric.evaluate(len(data))[number]


def test_truth_as_prediction__is_perfect_and_other_places_are_not(
    case: tuple[Case, Config],
) -> None:
    case, cfg = case
    assert evaluated(cfg, case.number, lambda _: 0.0) == pytest.approx(100)
    # less than a third of a head, and more than a person
    assert evaluated(cfg, case.number, lambda _: 1.0) == pytest.approx(100)
    assert evaluated(cfg, case.number, lambda _: 40.0) == 0


@pytest.mark.parametrize('case', [name for name in CASES if 'posetrack' in name], indirect=True)
def test_written_predictions__get_the_same_number_from_the_official_files(
    case: tuple[Case, Config], tmp_path: Path
) -> None:
    case, cfg = case
    noise = np.random.default_rng(0).normal(0, 4, (99, 1, 17, 2))
    number = evaluated(cfg, case.number, lambda index: noise[index], out_dir=str(tmp_path))
    assert 5 < number < 95
    truth = Path(cfg.val_dataloader.dataset.data_root) / 'annotations/val'
    official_number = evaluate_folders(truth, tmp_path).as_json()['mean']
    assert official_number == pytest.approx(number, abs=1e-9)


@pytest.mark.parametrize('case', ['posetrack18'], indirect=True)
def test_videos__restrict_samples_and_ground_truth_alike(case: tuple[Case, Config]) -> None:
    case, cfg = case
    cfg = Config(cfg.to_dict())
    # two videos
    cfg.val_dataloader.dataset.ann_file = 'annotations/posetrack18_train.json'
    cfg.val_evaluator.ann_file = str(
        Path(cfg.val_dataloader.dataset.data_root) / 'annotations/train'
    )
    assert evaluated(cfg, case.number, lambda _: 0.0) == pytest.approx(100)
    cfg.val_dataloader.dataset.videos = ['000342_mpii']
    halved = evaluated(cfg, case.number, lambda _: 0.0)
    assert halved == pytest.approx(50)
    assert evaluated(cfg, case.number, lambda _: 0.0, videos=['000342_mpii_train']) == (
        pytest.approx(100)
    )
