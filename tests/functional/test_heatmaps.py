from __future__ import annotations

import pytest
import torch

from jmpose_mm.functional.heatmaps import heatmap_accuracy, heatmap_peaks, peak_weighted_mean


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


def test_peak_weighted_mean__follows_the_surer_model_of_each_joint():
    first, second = _peaked_at((3, 4), (5, 6)), _peaked_at((30, 4), (5, 6))
    first[0, 0] *= 0.9
    second[0, 0] *= 0.1
    mean = peak_weighted_mean(first, second)
    assert mean[0, 0, 4, 3].item() == pytest.approx(0.9 * 0.9)
    assert mean[0, 0, 4, 30].item() == pytest.approx(0.1 * 0.1)
    torch.testing.assert_close(mean[0, 1], first[0, 1])  # both agree
    torch.testing.assert_close(peak_weighted_mean(second, first), mean)


def test_peak_weighted_mean__of_maps_without_a_positive_value_is_plain():
    first, second = -torch.ones(1, 1, 2, 2), -3 * torch.ones(1, 1, 2, 2)
    torch.testing.assert_close(peak_weighted_mean(first, second), -2 * torch.ones(1, 1, 2, 2))
