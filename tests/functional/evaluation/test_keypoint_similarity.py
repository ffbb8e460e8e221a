"""OKS-AP against COCO's own evaluator, and the pairing against an exhaustive search."""

from __future__ import annotations

import contextlib
import io
from itertools import permutations

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from jmpose_mm.functional.evaluation.keypoint_similarity import (
    keypoint_ap,
    keypoint_similarity,
    matched_persons,
)

JOINTS = 5
SIGMAS = np.array([0.03, 0.05, 0.08, 0.1, 0.06])


def scene(seed: int, frames: int = 12) -> list[tuple[np.ndarray, ...]]:
    """Truth, presence, areas, predictions and scores of each frame; some persons are not found."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(frames):
        persons = rng.integers(0, 4)
        true = rng.uniform(0, 200, (persons, JOINTS, 2))
        present = rng.random((persons, JOINTS)) < 0.8
        present[:, 0] = True
        areas = rng.uniform(400, 4000, persons)
        kept = true[rng.random(persons) < 0.8]
        noise = rng.normal(0, rng.choice([0.5, 3, 8]), kept.shape)
        wrong = rng.uniform(0, 200, (rng.integers(0, 3), JOINTS, 2))
        predicted = np.concatenate([kept + noise, wrong])
        found.append((true, present, areas, predicted, rng.random(len(predicted)).round(2)))
    return found


def official(frames: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, float]:
    """AP at the ten thresholds, and AR, by pycocotools."""
    truth, results = [], []
    for number, (true, present, areas, predicted, scores) in enumerate(frames, 1):
        for points, seen, area in zip(true, present, areas, strict=True):
            triples = np.column_stack([points, 2 * seen]).ravel().tolist()
            side = float(np.sqrt(area))
            truth.append(
                {'id': len(truth) + 1, 'image_id': number, 'category_id': 1, 'iscrowd': 0}
                | {'keypoints': triples, 'num_keypoints': int(seen.sum()), 'area': float(area)}
                | {'bbox': [0.0, 0.0, side, side]}
            )
        for points, score in zip(predicted, scores, strict=True):
            triples = np.column_stack([points, np.ones(JOINTS)]).ravel().tolist()
            result = {'image_id': number, 'category_id': 1, 'score': float(score)}
            results.append({**result, 'keypoints': triples})
    coco = COCO()
    coco.dataset = {
        'images': [{'id': k + 1} for k in range(len(frames))],
        'annotations': truth,
        'categories': [{'id': 1, 'name': 'animal'}],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        evaluator = COCOeval(coco, coco.loadRes(results), 'keypoints')
        evaluator.params.kpt_oks_sigmas = SIGMAS
        evaluator.evaluate()
        evaluator.accumulate()
    precision = evaluator.eval['precision'][:, :, 0, 0, 0]
    recall = evaluator.eval['recall'][:, 0, 0, 0]
    return 100 * precision.mean(axis=1), 100 * recall.mean()


@pytest.mark.parametrize('seed', [0, 1, 2, 3])
def test_ap__is_that_of_coco(seed: int) -> None:
    frames = scene(seed)
    similarities = [
        keypoint_similarity(predicted, true, present, areas, SIGMAS)
        for true, present, areas, predicted, _ in frames
    ]
    result = keypoint_ap(similarities, [scores for *_, scores in frames])
    ap, recall = official(frames)
    np.testing.assert_allclose(result.ap, ap, atol=1e-9)
    assert result.recall.mean() == pytest.approx(recall)
    assert 0 < ap.mean() < 100


def test_ap__without_truth_is_nan_and_without_predictions_zero() -> None:
    nobody = keypoint_ap([np.zeros((2, 0))], [np.ones(2)])
    assert np.isnan(nobody.ap).all()
    missed = keypoint_ap([np.zeros((0, 2))], [np.ones(0)])
    assert missed.ap.tolist() == [0.0] * 10


def test_matched_persons__have_the_greatest_sum() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        similarity = rng.random((4, 3)) * (rng.random((4, 3)) < 0.7)
        partners = matched_persons(similarity)
        best = max(similarity[list(rows), range(3)].sum() for rows in permutations(range(4), 3))
        got = sum(similarity[row, column] for column, row in enumerate(partners) if row >= 0)
        assert got == pytest.approx(best)
        taken = [row for row in partners if row >= 0]
        assert len(set(taken)) == len(taken)
