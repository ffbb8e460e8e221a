"""Ways to train without labels, compared: films need no truth, figures are right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments.few_labels.arms import ARMS, SCALE
from experiments.few_labels.films import Films
from experiments.few_labels.seed_arms import SeedArms
from experiments.few_labels.table import results_table, share_of_ceiling
from experiments.few_labels.targets import targets_error
from experiments.study.set_up import Study
from jmpose_mm import load_config
from jmpose_mm.datasets.synthetic import make_synthetic
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import MODELS

TEACHER = 'single-frame_resnet18_1xb16_synthetic-128x96.py'


def test_films__are_labelled_with_the_truth_deleted(tmp_path: Path) -> None:
    tiny = {'videos_train': 1, 'videos_val': 0, 'frames': 4, 'size': (96, 72), 'persons': (1, 1)}
    make_synthetic(tmp_path / 'data', workers=1, progress=False, **tiny)
    cfg = load_config(TEACHER)
    torch.manual_seed(0)
    weights = MODELS.build(cfg.model).state_dict()
    torch.save({'state_dict': weights, 'meta': {}}, tmp_path / 'teacher.pth')
    truth = tmp_path / 'data/annotations'
    for file in (truth / 'posetrack18_train.json', *(truth / 'train').glob('*.json')):
        file.unlink()
    films = Films(tmp_path / 'data', tmp_path / 'films', cfg, str(tmp_path / 'teacher.pth'))
    made = json.loads(films.labels(agree=True, count=0).read_text())
    assert 1 <= len(made['annotations']) <= 8
    assert len(made['annotations'][0]['keypoint_weights']) == 17
    with pytest.raises(FileNotFoundError):
        films.labels(agree=True, count=1)


def test_second_round__needs_the_first_ones_student(tmp_path: Path) -> None:
    (arm,) = (arm for arm in ARMS if arm.name == 'second_round')
    arms = SeedArms(Study(tmp_path, SCALE), tmp_path / 'films', 1)
    with pytest.raises(UsageError, match=r'student of quarter_3 of seed 1.*--only quarter_3'):
        arms._labels(arm)


def row(name: str, degraded: float, seed: int = 0) -> dict[str, Any]:
    ap = {'all': 50.0, 'degraded': degraded, 'not_degraded': 60.0}
    return {'name': name, 'title': name, 'seed': seed, 'tested': {b: {'ap': ap} for b in BOXES}}


BOXES = ('truth', 'noisy')


def test_share__is_the_gain_over_the_teacher_by_that_of_the_ceiling() -> None:
    rows = [row('teacher', 40), row('ceiling', 56), row('plain', 44), row('plain', 80, seed=1)]
    assert share_of_ceiling(rows[2], rows) == pytest.approx(0.25)
    assert share_of_ceiling(rows[0], rows) is None
    assert share_of_ceiling(rows[3], rows) is None  # nothing of its seed to compare with
    longer = [row('ceiling_3', 60) | {'passes': 3}, row('half_3', 50) | {'passes': 3}]
    assert share_of_ceiling(longer[1], [*rows, *longer]) == pytest.approx(0.5)
    lines = results_table(rows).splitlines()
    assert lines[4].split('|')[1:9] == [
        *(' plain ', ' 2 ', ' 50.0 ± 0.0 ', ' 62.0 ± 25.5 ', ' 60.0 ± 0.0 ', ' 50.0 ± 0.0 '),
        *(' 62.0 ± 25.5 ', ' 60.0 ± 0.0 '),
    ]
    assert lines[4].split('|')[9].strip() == '25 %'


def test_table__has_a_row_more_where_a_mean_with_the_teacher_was_tested() -> None:
    own = row('plain', 44)
    rows = [row('teacher', 40), row('ceiling', 56), own | {'ensemble': row('', 48)['tested']}]
    lines = [line.split('|') for line in results_table(rows).splitlines()]
    assert len(lines) == 2 + 4
    assert lines[4][1].strip() == 'plain'
    assert lines[5][1].strip() == 'plain, mean with the teacher'
    assert (lines[4][9].strip(), lines[5][9].strip()) == ('25 %', '50 %')


def test_targets_error__by_hand(tmp_path: Path) -> None:
    # Two joints of a box of 100 pixels: 10 pixels off with weight 1, 30 with 0.5; one frame more,
    # which is degraded, 20 off with weight 0.25, and a person that has no target.
    def document(name: str, offsets: list[list[float]], weights: list[list[float]]) -> Path:
        images = [{'id': i, 'file_name': f'v/{i}.jpg', 'degraded': i == 1} for i in range(2)]
        persons = [
            {
                'image_id': i,
                'bbox': [0.0, 0, 50, 100],
                'keypoints': np.column_stack([np.array(x), [0, 0], [1, 1]]).ravel().tolist(),
                'keypoint_weights': some,
            }
            for i, (x, some) in enumerate(zip(offsets, weights, strict=True))
        ]
        away = {**persons[0], 'bbox': [500.0, 0, 50, 100]}
        more = [away] if name == 'true' else []
        file = tmp_path / f'{name}.json'
        file.write_text(json.dumps({'images': images, 'annotations': [*persons, *more]}))
        return file

    labels = document('made', [[10, 30], [20, 20]], [[1, 0.5], [0.25, 0]])
    truth = document('true', [[0, 0], [0, 0]], [[1, 1], [1, 1]])
    found = targets_error(labels, truth)
    assert found['all'] == pytest.approx((10 + 15 + 5) / 1.75 / 100, abs=1e-4)
    assert found['degraded'] == pytest.approx(0.2)
    assert (found['weight'], found['weight_degraded']) == (pytest.approx(1.75 / 4, abs=1e-4), 0.125)
