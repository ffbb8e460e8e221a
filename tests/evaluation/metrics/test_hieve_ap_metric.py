from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jmpose_mm.functional.joint_names import HIEVE_JOINTS
from jmpose_mm.registry import METRICS

K = len(HIEVE_JOINTS)
BODY = np.stack([np.arange(K) % 5 * 8.0, np.arange(K) * 10.0], axis=1)
BODY[HIEVE_JOINTS.index('chest')] = BODY[HIEVE_JOINTS.index('nose')] + [0, 10]  # a head of 10


@pytest.fixture
def ann_file(tmp_path: Path) -> Path:
    """Two frames: one person alone, and the same with another so near that they are a crowd."""
    images = [{'file_name': f'4/{number:06d}.jpg', 'id': number} for number in range(2)]
    places = [(0, 0.0), (1, 0.0), (1, 6.0)]
    annotations = [
        {
            'id': index,
            'image_id': image,
            'keypoints': np.column_stack([BODY + np.array([x, 0]), np.full(K, 2)]).ravel().tolist(),
            'bbox': [x, 0, 40, 140],
        }
        for index, (image, x) in enumerate(places)
    ]
    path = tmp_path / 'hieve_val.json'
    category = {'id': 1, 'name': 'person', 'keypoints': list(HIEVE_JOINTS)}
    content = {'images': images, 'annotations': annotations, 'categories': [category]}
    path.write_text(json.dumps(content))
    return path


def build(ann_file: Path, **arguments: Any):
    """HieveAPMetric as a config builds it."""
    arguments = {'ann_file': str(ann_file), 'boxes': 'ground truth', **arguments}
    built = METRICS.build({'type': 'jmpose_mm.HieveAPMetric', **arguments})
    built.dataset_meta = {'keypoint_id2name': dict(enumerate(HIEVE_JOINTS))}
    return built


def evaluate(built, *predictions: tuple[int, float, float]) -> dict[str, float]:
    """Predictions are (frame, how far right of the first person, score)."""
    samples = [
        {
            'id': index,
            'img_id': frame,
            'img_path': f'data/hieve/images/4/{frame:06d}.jpg',
            'pred_instances': {
                'keypoints': BODY[None] + [x, 0],
                'keypoint_scores': np.full((1, K), score),
            },
            'gt_instances': {'bbox_scores': np.ones(1)},
        }
        for index, (frame, x, score) in enumerate(predictions)
    ]
    built.process({}, samples)
    return built.evaluate(len(samples))


def test_metric__three_distances_in_heads_and_their_mean(ann_file: Path) -> None:
    # 8 pixels are 0.8 heads: they count at 0.9 only. Two of three persons right there at most.
    result = evaluate(build(ann_file), (0, -8.0, 0.9), (1, 0.0, 0.5))
    assert result['hieve/AP@0.5'] == pytest.approx(100 * 1 / 2 * 1 / 3)
    assert result['hieve/AP@0.75'] == result['hieve/AP@0.5']
    assert result['hieve/AP@0.9'] == pytest.approx(100 * 2 / 3)
    assert result['hieve/AP@avg'] == pytest.approx(100 * (1 / 6 + 1 / 6 + 2 / 3) / 3)
    assert list(result) == [f'hieve/AP@{name}' for name in ('0.5', '0.75', '0.9', 'avg')]


def test_metric__weighted_frames_only_if_asked_and_it_says_whose_weights(ann_file: Path) -> None:
    built = build(ann_file, weighted=True)
    assert 'not public' in built._info()['w-AP']
    alone = evaluate(built, (0, 0.0, 0.9))
    crowd = evaluate(build(ann_file, weighted=True), (1, 0.0, 0.9))
    assert alone['hieve/AP@0.5'] == crowd['hieve/AP@0.5'] == pytest.approx(100 / 3)
    assert alone['hieve/w-AP@0.5'] < alone['hieve/AP@0.5'] < crowd['hieve/w-AP@0.5']
    # one joint of weight 2 among those of weight 2 and twice 2 exp(CI)
    index = np.log((100 / alone['hieve/w-AP@avg'] - 1) / 2)
    assert 0 < index < 2
    assert crowd['hieve/w-AP@avg'] == pytest.approx(100 * np.exp(index) / (1 + 2 * np.exp(index)))


def test_metric__predictions_are_written_with_its_joints(ann_file: Path, tmp_path: Path) -> None:
    evaluate(build(ann_file, out_dir=str(tmp_path / 'out')), (0, 0.0, 0.9))
    content = json.loads((tmp_path / 'out' / '4.json').read_text())
    assert content['categories'][0]['keypoints'] == list(HIEVE_JOINTS)
    triples = np.reshape(content['annotations'][0]['keypoints'], (K, 3))
    np.testing.assert_array_equal(triples[:, :2], BODY)
    older = json.loads((tmp_path / 'out' / 'posetrack17' / '4.json').read_text())
    assert len(older['annolist'][0]['annorect'][0]['annopoints'][0]['point']) == K


def test_metric__arguments_are_checked(ann_file: Path) -> None:
    with pytest.raises(ValueError, match='thresholds: expected positive'):
        build(ann_file, thresholds=[0.5, -1])
    with pytest.raises(ValueError, match='boxes: expected the source'):
        build(ann_file, boxes='')
