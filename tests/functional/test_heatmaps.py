from __future__ import annotations

import pytest
import torch

from jmpose_mm.functional.heatmaps import heatmap_accuracy, heatmap_peaks


def _peaked_at(*points: tuple[int, int], size=(20, 40)) -> torch.Tensor:
    heatmaps = torch.zeros(1, len(points), *size)
    for k, (x, y) in enumerate(points):
        heatmaps[0, k, y, x] = 1
    return heatmaps


def test_heatmap_peaks__are_x_and_y():
    assert heatmap_peaks(_peaked_at((39, 0), (3, 19))).tolist() == [[[39.0, 0.0], [3.0, 19.0]]]


def test_heatmap_accuracy__counts_labelled_keypoints_within_the_distance():
    target = _peaked_at((10, 10), (10, 10), (10, 10), (10, 10))
    # 1/40 of a width off: hit. 1/20 of a height off: not below 0.05. Far off. Far off, unlabelled.
    predicted = _peaked_at((11, 10), (10, 11), (30, 10), (0, 0))
    weights = torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    assert heatmap_accuracy(predicted, target, weights).item() == pytest.approx(1 / 3)


def test_heatmap_accuracy__nothing_labelled():
    heatmaps = _peaked_at((1, 1))
    assert heatmap_accuracy(heatmaps, heatmaps, torch.zeros(1, 1)).item() == 0
