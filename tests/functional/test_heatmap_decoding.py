"""Decoding against mmpose where the two agree, and by hand where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from mmpose.codecs import MSRAHeatmap

from jmpose_mm.codecs import ReleasedHeatmap
from jmpose_mm.functional.heatmap_decoding import (
    dark,
    decode_heatmaps,
    heatmap_maxima,
    quarter_offset,
)
from jmpose_mm.registry import KEYPOINT_CODECS


def _gaussians(centres: list[tuple[float, float]], size=(24, 32), sigma=2.0) -> np.ndarray:
    """One map (H, W) = ``size`` for each centre (x, y)."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.stack(
        [np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2)) for x, y in centres]
    )


CENTRES = [(10.3, 8.8), (15.0, 12.0), (20.45, 17.6), (7.51, 9.2)]


@pytest.mark.parametrize(('decoding', 'unbiased'), [('quarter-offset', False), ('dark', True)])
def test_decode__interior_peaks_as_mmpose(decoding, unbiased):
    maps = _gaussians(CENTRES) + 0.02 * np.random.default_rng(0).random((4, 24, 32))
    theirs = MSRAHeatmap((32, 24), (32, 24), 2, unbiased=unbiased)
    expected, scores = theirs.decode(maps.astype(np.float32))
    keypoints, values = decode_heatmaps(maps, decoding)
    np.testing.assert_allclose(keypoints, expected[0], atol=2e-3)
    np.testing.assert_allclose(values, scores[0], rtol=1e-6)


def test_dark__finds_the_centre_of_a_gaussian_between_pixels():
    keypoints, _ = decode_heatmaps(_gaussians(CENTRES), 'dark')
    np.testing.assert_allclose(keypoints, CENTRES, atol=0.02)


def test_quarter_offset__by_hand():
    maps = np.zeros((2, 9, 9))
    maps[0, 4, 4], maps[0, 4, 5], maps[0, 3, 4] = 1, 0.5, 0.4  # right and up
    maps[1, 4, 4] = 1  # equal neighbours
    peaks, _ = heatmap_maxima(maps)
    assert quarter_offset(maps, peaks).tolist() == [[4.25, 3.75], [4, 4]]


@pytest.mark.parametrize(
    ('peak', 'moves'),
    [((1, 4), False), ((2, 4), True), ((7, 4), True), ((8, 4), False), ((4, 1), False)],
)
def test_quarter_offset__near_a_border_both_axes_stay(peak, moves):
    maps = _gaussians([(peak[0] + 0.2, peak[1] + 0.2)], size=(9, 9))
    peaks, _ = heatmap_maxima(maps)
    assert peaks[0].tolist() == list(peak)
    moved = quarter_offset(maps, peaks)[0] - peaks[0]
    assert moved.tolist() == ([0.25, 0.25] if moves else [0, 0])


@pytest.mark.parametrize(('peak', 'moves'), [((1, 4), False), ((2, 4), True), ((7, 4), False)])
def test_dark__near_a_border_peaks_stay(peak, moves):
    maps = _gaussians([(peak[0] + 0.2, peak[1] + 0.2)], size=(9, 9), sigma=1.0)
    peaks, _ = heatmap_maxima(maps)
    assert (not np.array_equal(dark(maps, peaks, 3), peaks)) == moves


@pytest.mark.parametrize('decoding', ['quarter-offset', 'dark'])
def test_decode__maps_without_a_positive_value_read_zero(decoding):
    maps = np.stack((-_gaussians([(5, 5)])[0] - 1, np.zeros((24, 32))))
    keypoints, scores = decode_heatmaps(maps, decoding)
    assert keypoints.tolist() == [[0, 0], [0, 0]]
    assert scores.tolist() == [maps[0].max(), 0]


def test_dark__flat_map_stays():
    flat = np.ones((1, 9, 9))
    assert np.isfinite(dark(flat, np.array([[4.0, 4.0]]), 3)).all()


def test_released_heatmap__rounded_targets_whatever_the_decoding():
    plain = MSRAHeatmap((96, 128), (24, 32), 2)
    keypoints = np.array([[[41.3, 62.9], [3.0, 5.0]]])
    for decoding in ('quarter-offset', 'dark'):
        codec = KEYPOINT_CODECS.build(
            {
                'type': 'jmpose_mm.ReleasedHeatmap',
                'input_size': (96, 128),
                'heatmap_size': (24, 32),
                'sigma': 2,
                'decoding': decoding,
            }
        )
        encoded = codec.encode(keypoints)
        np.testing.assert_array_equal(encoded['heatmaps'], plain.encode(keypoints)['heatmaps'])
        decoded, scores = codec.decode(encoded['heatmaps'])
        assert np.abs(decoded - keypoints).max() < 4 * 0.75
        assert scores.shape == (1, 2)
    with pytest.raises(ValueError, match='decoding: expected'):
        decode_heatmaps(encoded['heatmaps'], 'argmax')


@pytest.mark.parametrize('sigma', [0, -2.0, float('nan')])
def test_released_heatmap__targets_have_a_width(sigma):
    with pytest.raises(ValueError, match='sigma: expected more than 0 heatmap pixels'):
        ReleasedHeatmap((96, 128), (24, 32), sigma)
