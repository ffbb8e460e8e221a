from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import savgol_filter

from jmpose_mm.functional.tracks.smoothing import jitter, smooth_gaussian, smooth_savitzky_golay

Smoother = Callable[..., np.ndarray]
SMOOTHERS = [smooth_savitzky_golay, smooth_gaussian]
EVEN = np.arange(60) / 25
UNEVEN = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.06, 60))


def noise(frames: int = 60, joints: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (frames, joints, 2))


@pytest.mark.parametrize(('window', 'order'), [(5, 1), (7, 2), (9, 3), (3, 2)])
def test_savitzky_golay__is_scipys_at_even_times(window: int, order: int) -> None:
    ours = smooth_savitzky_golay(noise(), EVEN, window=window, order=order)
    expected = savgol_filter(noise(), window, order, axis=0, mode='interp')
    np.testing.assert_allclose(ours, expected, atol=1e-9)


@pytest.mark.parametrize('sigma', [0.7, 1.0, 2.0])
def test_gaussian__is_the_weighted_mean_away_from_the_ends(sigma: float) -> None:
    ours = smooth_gaussian(noise(), EVEN, sigma=sigma)
    radius = int(np.ceil(4 * sigma))
    expected = gaussian_filter1d(noise(), sigma, axis=0, radius=radius)
    np.testing.assert_allclose(ours[radius:-radius], expected[radius:-radius], atol=1e-9)


def test_gaussian__end_by_hand() -> None:
    # At the first sample: the line through 0, 1, 5 at 0, 1, 2 with weights 1, e, e^4 (e < 1).
    e = np.exp(-0.5)
    weights = np.diag([1, e, e**4])
    design = np.array([[1, 0], [1, 1], [1, 2]])
    line = np.linalg.solve(design.T @ weights @ design, design.T @ weights @ [0, 1, 5])
    points = np.array([0.0, 1.0, 5.0])[:, None, None] * [1, 2]
    ours = smooth_gaussian(points, np.arange(3), sigma=1)
    np.testing.assert_allclose(ours[0, 0], line[0] * np.array([1, 2]))


@pytest.mark.parametrize('smooth', SMOOTHERS)
@pytest.mark.parametrize('times', [EVEN, UNEVEN])
@pytest.mark.parametrize('frames', [1, 2, 3, 5, 60])
def test_straight_lines__pass_unchanged(smooth: Smoother, times: np.ndarray, frames: int) -> None:
    times = times[:frames]
    weights = np.random.default_rng(2).uniform(0, 1, (frames, 2))
    moving = np.array([3.0, -4.0]) + times[:, None] * [100.0, -250.0]
    points = np.stack([moving, np.full((frames, 2), 777.0)], axis=1)
    for scores in (None, weights):
        np.testing.assert_allclose(smooth(points, times, scores), points, atol=1e-8)


def test_savitzky_golay__parabolas_pass_unchanged_at_uneven_times() -> None:
    points = np.stack([UNEVEN**2, 5 - 3 * UNEVEN**2], axis=1)[:, None] * 100
    np.testing.assert_allclose(smooth_savitzky_golay(points, UNEVEN), points, atol=1e-8)
    assert np.abs(smooth_gaussian(points, UNEVEN) - points).max() > 0.1


@pytest.mark.parametrize('smooth', SMOOTHERS)
@pytest.mark.parametrize('times', [EVEN, UNEVEN])
def test_noise__falls_in_variance_and_jitter(smooth: Smoother, times: np.ndarray) -> None:
    smooth_noise = smooth(noise(), times)
    assert smooth_noise.var() < 0.6 * noise().var()
    assert jitter(smooth_noise, times) < 0.5 * jitter(noise(), times)


@pytest.mark.parametrize('smooth', SMOOTHERS)
def test_smoothing__is_linear_and_the_same_backwards_and_at_any_rate(smooth: Smoother) -> None:
    a, b = noise(seed=1), noise(seed=2)
    together = smooth(2 * a - b, UNEVEN)
    np.testing.assert_allclose(together, 2 * smooth(a, UNEVEN) - smooth(b, UNEVEN), atol=1e-8)
    np.testing.assert_allclose(smooth(a[::-1], -UNEVEN[::-1])[::-1], smooth(a, UNEVEN), atol=1e-8)
    np.testing.assert_allclose(smooth(a, 7 + 30 * UNEVEN), smooth(a, UNEVEN), atol=1e-8)


@pytest.mark.parametrize('smooth', SMOOTHERS)
def test_gaps__split_a_track(smooth: Smoother) -> None:
    # 20 samples, a gap of 3 steps, 20 samples; a gap of 2 steps does not split
    for gap, splits in ((3, True), (2, False)):
        times = np.concatenate([np.arange(20), np.arange(20) + 19 + gap]) / 25
        points = noise(40)
        apart = np.concatenate([smooth(half, EVEN[:20]) for half in np.split(points, 2)])
        assert np.allclose(smooth(points, times), apart, atol=1e-8) is splits


@pytest.mark.parametrize('smooth', SMOOTHERS)
def test_missing_joint__stays_missing_and_splits_where_two_samples_lack(smooth: Smoother) -> None:
    points = noise(joints=2)
    points[10:12, 0] = np.nan
    points[30, 0, 1] = np.nan  # half a joint is none
    ours = smooth(points, EVEN)
    assert np.isnan(smooth(points[10:12], EVEN[:2])[:, 0]).all()
    np.testing.assert_array_equal(ours[10:12, 0], np.full((2, 2), np.nan))
    np.testing.assert_array_equal(ours[30, 0], points[30, 0])
    kept = np.r_[12:30, 31:60]
    np.testing.assert_allclose(ours[:10, :1], smooth(points[:10, :1], EVEN[:10]), atol=1e-8)
    np.testing.assert_allclose(ours[kept, :1], smooth(points[kept, :1], EVEN[kept]), atol=1e-8)
    np.testing.assert_allclose(ours[:, 1:], smooth(points[:, 1:], EVEN), atol=1e-8)


@pytest.mark.parametrize('smooth', SMOOTHERS)
def test_scores__make_a_wrong_joint_harmless(smooth: Smoother) -> None:
    points, scores = np.zeros((15, 1, 2)), np.ones((15, 1))
    points[7], scores[7] = 40.0, 0.0
    plain, aware = smooth(points, EVEN[:15]), smooth(points, EVEN[:15], scores)
    assert np.abs(aware).max() < 0.2 * np.abs(plain).max()
    np.testing.assert_allclose(smooth(points, EVEN[:15], 0.5 * np.ones((15, 1))), plain, atol=1e-8)


def test_jitter__hand_calculation() -> None:
    # x: 0, 1, 4 has the second difference 2; y: 0, 0, 1.5 has 1.5; length 2.5
    points = np.array([[[0.0, 0.0]], [[1.0, 0.0]], [[4.0, 1.5]]])
    assert jitter(points, np.arange(3) / 30) == pytest.approx(2.5)
    # two joints at rest besides: a third
    still = np.concatenate([points, np.zeros((3, 2, 2))], axis=1)
    assert jitter(still, np.arange(3) / 30) == pytest.approx(2.5 / 3)


def test_jitter__straight_motion_has_none_and_parabolas_the_same_at_any_times() -> None:
    line = UNEVEN[:, None, None] * [30.0, -40.0]
    assert jitter(line, UNEVEN) == pytest.approx(0, abs=1e-9)
    # 3 t^2 has the acceleration 6 px per step squared
    steps = UNEVEN / np.median(np.diff(UNEVEN))
    parabola = 3 * steps[:, None, None] ** 2 * [1.0, 0.0]
    assert jitter(parabola, UNEVEN) == pytest.approx(6)


def test_jitter__leaves_out_what_is_missing_and_gaps() -> None:
    points = np.zeros((8, 1, 2))
    points[4:] = 100.0
    times = np.array([0, 1, 2, 3, 6, 7, 8, 9.0])
    assert jitter(points, times) == 0  # the jump is in the gap
    assert jitter(points, np.arange(8)) == pytest.approx(2 * np.hypot(100, 100) / 6)
    points[3] = np.nan
    assert jitter(points, np.arange(8)) == 0
    assert np.isnan(jitter(points[:2], np.arange(2)))
    assert np.isnan(jitter(points[1:5], np.arange(4)))


def test_errors__name_what_is_wrong() -> None:
    points = noise(5)
    with pytest.raises(ValueError, match=r'odd window .* got 6 and 2'):
        smooth_savitzky_golay(points, EVEN[:5], window=6)
    with pytest.raises(ValueError, match=r'got 3 and 3'):
        smooth_savitzky_golay(points, EVEN[:5], window=3, order=3)
    with pytest.raises(ValueError, match='sigma: expected a number above 0, got 0'):
        smooth_gaussian(points, EVEN[:5], sigma=0)
    with pytest.raises(ValueError, match=r'scores: expected shape \(5, 3\), got \(5,\)'):
        smooth_gaussian(points, EVEN[:5], np.ones(5))
    for function in (*SMOOTHERS, jitter, partial(smooth_gaussian, sigma=2)):
        with pytest.raises(ValueError, match=r'\(T, K, 2\) and \(T,\), got \(5, 3, 2\) and \(4,\)'):
            function(points, EVEN[:4])
        with pytest.raises(ValueError, match='times: expected strictly ascending'):
            function(points, np.array([0, 1, 1, 2, 3]))
