from __future__ import annotations

import math

import numpy as np
import pytest

from jmpose_mm.functional.tracks.one_euro_filter import OneEuroFilter

TIMES = np.cumsum(np.random.default_rng(1).uniform(0.01, 0.09, 400))


def filtered(points: np.ndarray, times: np.ndarray, size: float = 100.0, **kwargs: float):
    """(T, K, 2) of one joint or more."""
    track = OneEuroFilter(**kwargs)
    return np.stack([track(point, t, size) for point, t in zip(points, times, strict=True)])


def paper(values: list[float], rate: float, f: float, beta: float, fd: float) -> list[float]:
    """Algorithm 1 of the paper for a number, line by line."""

    def alpha(cutoff: float) -> float:
        return 1 / (1 + 1 / (2 * math.pi * cutoff) * rate)

    out, speed = [values[0]], 0.0
    for x in values[1:]:
        dx = (x - out[-1]) * rate
        speed = alpha(fd) * dx + (1 - alpha(fd)) * speed
        a = alpha(f + beta * abs(speed))
        out.append(a * x + (1 - a) * out[-1])
    return out


def test_filter__is_the_papers_along_an_axis() -> None:
    values = np.random.default_rng(0).normal(0, 5, 50).cumsum()
    points = np.stack([values, np.full(50, 7.0)], axis=1)[:, None]
    ours = filtered(points, np.arange(50) / 25, size=40, min_cutoff=1.5, beta=3)
    expected = paper(values.tolist(), 25, 1.5, 3 / 40, 1.0)
    np.testing.assert_allclose(ours[:, 0, 0], expected, atol=1e-9)
    np.testing.assert_allclose(ours[:, 0, 1], 7)


def test_filter__second_sample_by_hand() -> None:
    # 2 pi f dt = 1 for f = 1 / (2 pi): both gains are 1/2 at rest. A step of (3, 4) px in 1 s has
    # a smoothed speed of 2.5 px/s, 0.25 sizes/s; beta = 4 / (2 pi) doubles the cutoff: gain 2/3.
    unit = 1 / (2 * math.pi)
    track = OneEuroFilter(min_cutoff=unit, beta=4 * unit, derivative_cutoff=unit)
    track(np.zeros((1, 2)), 0.0, 10)
    np.testing.assert_allclose(track(np.array([[3.0, 4.0]]), 1.0, 10), [[2, 8 / 3]])


def test_constants__pass_unchanged_at_any_times() -> None:
    points = np.broadcast_to(np.array([[3.0, -4.0], [1e4, 0.5]]), (400, 2, 2))
    np.testing.assert_allclose(filtered(points, TIMES), points, rtol=1e-12)


def test_noise__falls() -> None:
    noise = np.random.default_rng(2).normal(0, 1, (400, 3, 2))
    assert filtered(noise, np.arange(400) / 25, min_cutoff=1, beta=0).var() < 0.2 * noise.var()
    assert filtered(noise, np.arange(400) / 25).var() < 0.7 * noise.var()


@pytest.mark.parametrize('speed', [10.0, 100.0, 1000.0])
@pytest.mark.parametrize('beta', [1.0, 20.0])
def test_ramp__lag_is_bounded(speed: float, beta: float) -> None:
    times = np.arange(400) / 30
    points = (speed * times)[:, None, None] * np.array([0.6, 0.8])
    lag = np.linalg.norm(points - filtered(points, times, beta=beta), axis=-1)[-1, 0]
    # steady state: lag = speed / (2 pi f) px, where the speed that sets f contains the lag itself
    measured = speed + lag * 30
    assert lag == pytest.approx(speed / (2 * math.pi * (1 + beta * measured / 100)), rel=1e-4)
    assert lag < 100 / (2 * math.pi * beta)


def test_ramp__lag_is_bounded_at_irregular_times() -> None:
    points = np.stack([200 * TIMES, -100 * TIMES], axis=1)[:, None]
    lag = np.linalg.norm(points - filtered(points, TIMES, beta=5), axis=-1)
    # the speed is known after some samples only
    assert 0 < lag[15:].max() < 100 / (2 * math.pi * 5)


def test_picture__turned_and_scaled_gives_the_same() -> None:
    points = np.random.default_rng(3).normal(0, 5, (60, 4, 2)).cumsum(axis=0)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    expected = 3 * filtered(points, TIMES[:60], 50) @ turn.T
    np.testing.assert_allclose(filtered(3 * points @ turn.T, TIMES[:60], 150), expected)


def test_missing_joint__stays_missing_and_goes_on_where_it_was() -> None:
    times = np.arange(6) / 10
    points = np.random.default_rng(4).normal(0, 9, (6, 2, 2))
    points[2:4, 1] = points[0, 0] = np.nan
    ours = filtered(points, times)
    assert np.isnan(ours).any(axis=-1).tolist() == np.isnan(points).any(axis=-1).tolist()
    # each joint for itself, at the times that it is seen
    for joint, rows in ((0, [1, 2, 3, 4, 5]), (1, [0, 1, 4, 5])):
        alone = filtered(points[rows, joint : joint + 1], times[rows])
        np.testing.assert_allclose(ours[rows, joint], alone[:, 0])


def test_inputs__are_not_changed() -> None:
    track, first, second = OneEuroFilter(), np.zeros((1, 2)), np.ones((1, 2))
    before = track(first, 0.0, 10)
    track(second, 1.0, 10)
    assert (first.tolist(), second.tolist(), before.tolist()) == ([[0, 0]], [[1, 1]], [[0, 0]])


def test_errors__name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r'two cutoffs above 0 .* got 0, 1.0, 20.0'):
        OneEuroFilter(min_cutoff=0)
    with pytest.raises(ValueError, match=r'beta of at least 0, got 1.0, 1.0, -1'):
        OneEuroFilter(beta=-1)
    track = OneEuroFilter()
    track(np.zeros((1, 2)), 2.0, 10)
    with pytest.raises(ValueError, match=r'a time after 2.0 and a size above 0, got 2.0 and 10'):
        track(np.zeros((1, 2)), 2.0, 10)
    with pytest.raises(ValueError, match=r'got 3.0 and 0'):
        track(np.zeros((1, 2)), 3.0, 0)
