"""KeypointMetric: numbers by hand, whatever boxes, joint order and frames without labels."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jmpose_mm.apis.metrics_file import write_predictions_into
from jmpose_mm.errors import UsageError
from jmpose_mm.evaluation.metrics.keypoint_metric import KeypointMetric
from jmpose_mm.evaluation.metrics.sub_jhmdb_pck_metric import SubJhmdbPCKMetric
from jmpose_mm.formats.annotations import read_annotations

NAMES = ('nose', 'back', 'tail')
META = {'keypoint_id2name': dict(enumerate(NAMES)), 'sigmas': np.full(3, 0.1)}
META |= {'skeleton_links': [(0, 1)], 'dataset_name': 'mouse'}
POINTS = np.array([[10.0, 50.0], [50.0, 50.0], [90.0, 50.0]])
BOX = np.array([0.0, 30.0, 100.0, 70.0])


def sample(
    number: int, moved: float = 0.0, labelled: tuple[int, ...] = (1, 1, 1), video: str = 'run'
) -> dict[str, Any]:
    """A sample with its own truth, predicted so many pixels to the right."""
    truth = {'keypoints': POINTS[None], 'keypoints_visible': np.array([labelled], float)}
    truth |= {'bboxes': BOX[None], 'bbox_scores': np.ones(1), 'bbox_scales': np.array([[100, 40]])}
    found = {
        'keypoints': POINTS[None] + np.array([moved, 0]),
        'keypoint_scores': np.full((1, 3), 0.5),
    }
    path = f'images/{video}/{number:06d}.png'
    return {'id': number, 'img_id': number, 'img_path': path} | {
        'gt_instances': truth,
        'pred_instances': found,
    }


def evaluated(samples: list[dict[str, Any]], **options: Any) -> dict[str, float]:
    metric = KeypointMetric(boxes='ground truth', **options)
    metric.dataset_meta = META
    metric.process(None, samples)
    return {k.removeprefix('keypoints/'): v for k, v in metric.evaluate(len(samples)).items()}


def test_numbers__by_hand() -> None:
    # Longer side 100: 4 pixels are right everywhere, 15 at 0.2 alone, 30 nowhere.
    samples = [sample(1, 4), sample(2, 15, (1, 1, 0)), sample(3, 30, (1, 0, 0), 'sit')]
    numbers = evaluated(samples)
    assert numbers['PCK@0.05'] == pytest.approx(100 * 3 / 6)
    assert numbers['PCK@0.2'] == pytest.approx(100 * 5 / 6)
    assert numbers['PCK@0.2_nose'] == pytest.approx(100 * 2 / 3)
    assert numbers['PCK@0.2_tail'] == 100
    assert numbers['error_px'] == pytest.approx((3 * 4 + 2 * 15 + 30) / 6)
    assert numbers['error_lengths'] == pytest.approx((3 * 4 + 2 * 15 + 30) / 600)
    # exp(-d² / (2 (2 σ)² A)) with A = 0.53 · 100 · 40: 0.910, 0.266 and 0.005
    assert numbers['AP50'] == pytest.approx(100 * 34 / 101)  # recall reaches a third
    assert numbers['AP'] == pytest.approx(0.9 * 100 * 34 / 101)


def test_size__of_a_bone() -> None:
    samples = [sample(1, 5), sample(2, 5, (1, 1, 0))]
    numbers = evaluated(samples, size=('back', 'tail'), thresholds=(0.1, 0.125, 0.2))
    # A bone of 40 pixels; the second sample has none and is left out.
    assert numbers['PCK@0.1'] == 0
    assert numbers['PCK@0.125'] == 100
    assert numbers['error_lengths'] == pytest.approx(0.125)
    assert numbers['error_px'] == pytest.approx(5)
    assert evaluated(samples, size=('back', 'tail'), comparison='<')['PCK@0.1'] == 0
    assert evaluated(samples, size=('back', 'tail'), thresholds=0.125)['PCK@0.125'] == 100


def test_numbers__ids_may_be_numbers_and_words() -> None:
    samples = [sample(k) | {'img_id': image, 'id': own} for k, image, own in IDS]
    assert evaluated(samples)['PCK@0.05'] == 100


IDS = [(1, 3, 'f'), (2, 'x', 7), (3, 3, 1)]


def test_numbers__two_data_sets_may_share_their_ids() -> None:
    # Each is predicted where the other one stands, in its other image.
    one, other = sample(1, 200, video='a') | {'img_id': 7}, sample(2, -200, video='b')
    for name in ('keypoints', 'bboxes'):
        other['gt_instances'][name] = other['gt_instances'][name] + 200
    other['pred_instances']['keypoints'] = POINTS[None]
    one['pred_instances']['keypoints'] = other['gt_instances']['keypoints']
    assert evaluated([one, other | {'img_id': 7}])['AP'] == 0


def test_tables__videos_of_one_name_are_told_apart(tmp_path: Path) -> None:
    samples = [sample(1, 0, video='cage1/cam'), sample(2, 30, video='cage2/cam')]
    evaluated(samples, out_dir=str(tmp_path))
    written = json.loads((tmp_path / 'predictions.json').read_text())
    shares = {video: row['PCK@0.2'] for video, row in written['videos'].items()}
    assert shares == {'cage1/cam': 100, 'cage2/cam': 0}
    # ids of the data set, so that other programs find the images
    assert [image['id'] for image in written['images']] == [1, 2]
    evaluated([sample(7)], out_dir=str(tmp_path))
    written = json.loads((tmp_path / 'predictions.json').read_text())
    assert written['annotations'][0]['image_id'] == written['images'][0]['id'] == 7


def test_predictions__replace_those_of_earlier_runs_alone(tmp_path: Path) -> None:
    file = tmp_path / 'predictions.json'
    file.write_text('{"images": []}')
    with pytest.raises(UsageError, match=r'predictions\.json is there and holds no predictions'):
        evaluated([sample(1)], out_dir=str(tmp_path))
    assert file.read_text() == '{"images": []}'


def annotated(tmp_path: Path, change: Any = None) -> Any:
    """A data set of two frames with two persons each, and a file that lists joints backwards."""
    content: dict[str, Any] = {'images': [], 'annotations': []}
    order = [2, 1, 0]
    for frame in (1, 2):
        content['images'].append({'id': frame, 'file_name': f'run/{frame:06d}.png'})
        for k in (0, 1):
            triples = np.column_stack([np.add(POINTS, [0, 200 * k]), np.full(3, 2)])[order]
            box = [0, 30 + 200 * k, 100, 40]
            number = len(content['annotations']) + 1
            content['annotations'].append(
                {'id': number, 'image_id': frame, 'category_id': 4, 'bbox': box}
                | {'keypoints': triples.ravel().tolist()}
            )
    kind = {'id': 4, 'name': 'mouse', 'keypoints': [NAMES[k] for k in order]}
    content['categories'] = [kind, {'id': 9, 'name': 'ball'}]
    if change:
        change(content)
    file = tmp_path / 'val.json'
    file.write_text(json.dumps(content))
    return SimpleNamespace(truth=lambda: read_annotations(file, NAMES).without_crowds())


def detected(number: int, frame: int, below: float, moved: float, score: float) -> dict[str, Any]:
    """A sample of a detected box: no labels of its own."""
    found = {
        'keypoints': POINTS[None] + np.array([moved, below]),
        'keypoint_scores': np.full((1, 3), 0.5),
    }
    truth = {'keypoints': np.zeros((1, 3, 2)), 'keypoints_visible': np.ones((1, 3))}
    truth |= {'bboxes': BOX[None], 'bbox_scores': np.full(1, score)}
    truth['bbox_scales'] = np.array([[100, 40]])
    path = f'images/run/{frame:06d}.png'
    return {'id': number, 'img_id': frame, 'img_path': path} | {
        'gt_instances': truth,
        'pred_instances': found,
    }


def test_detected_boxes__are_judged_by_everybody_who_is_annotated(tmp_path: Path) -> None:
    samples = [detected(1, 1, 0, 2, 0.9), detected(2, 1, 200, 2, 0.8), detected(3, 2, 200, 2, 0.7)]
    samples.append(detected(4, 2, 900, 0, 0.6))  # far off: nobody's
    metric = KeypointMetric(boxes='mine')
    metric.dataset_meta = META
    metric.take_truth(annotated(tmp_path))
    metric.process(None, samples)
    numbers = metric.evaluate(4)
    # Three of four persons are found, each joint 2 pixels off.
    assert numbers['keypoints/PCK@0.2'] == pytest.approx(75)
    assert numbers['keypoints/error_px'] == pytest.approx(2)
    assert numbers['keypoints/AR'] == pytest.approx(75)
    assert numbers['keypoints/AP'] == pytest.approx(100 * 76 / 101)


def test_crowds_areas_and_missing_boxes__change_nothing(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        first = content['annotations'][0]
        content['annotations'].append({**first, 'id': 99, 'iscrowd': 1})
        for person in content['annotations']:
            person['area'] = 0

    values = []
    for edit in (None, change):
        metric = KeypointMetric(boxes='mine')
        metric.dataset_meta = META
        metric.take_truth(annotated(tmp_path, edit))
        metric.process(None, [detected(1, 1, 0, 2, 0.9), detected(2, 2, 0, 9, 0.8)])
        values.append(metric.evaluate(2))
    assert values[0] == values[1]


def test_without_labels__predictions_are_written(tmp_path: Path) -> None:
    unlabelled = annotated(tmp_path, lambda content: content.pop('annotations'))
    with pytest.raises(UsageError, match='out_dir: expected a folder'):
        KeypointMetric().take_truth(unlabelled)
    metric = KeypointMetric(out_dir=str(tmp_path / 'made'))
    metric.dataset_meta = META
    metric.take_truth(unlabelled)
    metric.process(None, [detected(1, 1, 0, 2, 0.5)])
    assert metric.evaluate(1) == {}
    (person,) = json.loads((tmp_path / 'made/predictions.json').read_text())['annotations']
    assert person['keypoints'][:3] == [12.0, 50.0, 0.5]
    assert person['score'] == 0.25


def test_every_metric__writes_predictions(tmp_path: Path) -> None:
    metric = SubJhmdbPCKMetric()
    names = list(SubJhmdbPCKMetric.__init__.__globals__['SUB_JHMDB_JOINTS'])
    meta = {'keypoint_id2name': dict(enumerate(names)), 'dataset_name': 'jhmdb'}
    evaluator = SimpleNamespace(metrics=[metric], dataset_meta=meta)
    write_predictions_into(str(tmp_path / 'made'), evaluator)
    points = np.ones((1, 15, 2))
    one = sample(1)
    one['pred_instances'] = {'keypoints': points, 'keypoint_scores': np.ones((1, 15))}
    writer = evaluator.metrics[1]
    writer.process(None, [one])
    assert writer.evaluate(1) == {}
    content = json.loads((tmp_path / 'made/predictions.json').read_text())
    assert content['categories'][0]['keypoints'] == names


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'size': 'head'}, "size: expected 'box' or the two ends"),
        ({'size': ('nose', 'nose')}, "size: expected 'box' or the two ends"),
        ({'thresholds': ()}, 'thresholds: expected positive'),
        ({'comparison': '=='}, 'comparison: expected one of'),
    ],
)
def test_arguments__are_checked(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        KeypointMetric(**options)


def test_bone__of_unknown_joints() -> None:
    with pytest.raises(UsageError, match='size: expected two of nose, back, tail'):
        evaluated([sample(1)], size=('nose', 'ear'))
