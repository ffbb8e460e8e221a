from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from jmpose_mm.datasets.degradations import compress, darken, defocus, integrate
from jmpose_mm.datasets.synthetic import PRESETS
from jmpose_mm.datasets.synthetic.degradation import Effects, plan_effects
from jmpose_mm.datasets.synthetic.scene import Scene, frame_moment

Stand = Callable[..., Scene]


def dot(x: int, y: int) -> np.ndarray:
    picture = np.zeros((9, 11, 3), np.float32)
    picture[y, x] = 90
    return picture


def test_integrate__a_moving_dot_leaves_a_trace_of_a_third_each() -> None:
    blurred = integrate([dot(2, 4), dot(3, 4), dot(4, 4)], None)
    expected = np.zeros((9, 11), np.float32)
    expected[4, 2:5] = 30
    np.testing.assert_array_equal(blurred[..., 1], expected)


def test_integrate__camera_path_shifts_each_sub_frame() -> None:
    # The dot goes right by 1 per sub-frame and the camera's path moves the picture down by 2.
    path = np.array([[0.0, -2.0], [0.0, 0.0], [0.0, 2.0]])
    blurred = integrate([dot(4, 4), dot(5, 4), dot(6, 4)], path)
    expected = np.zeros((9, 11), np.float32)
    expected[2, 4] = expected[4, 5] = expected[6, 6] = 30
    np.testing.assert_allclose(blurred[..., 0], expected, atol=1e-4)


def test_integrate__keeps_an_even_picture() -> None:
    even = np.full((9, 11, 3), 77, np.float32)
    path = np.array([[-3.3, 1.0], [2.5, -4.0]])
    np.testing.assert_allclose(integrate([even, even], path), even, rtol=1e-5)


def test_exposure__is_centred_on_the_frame() -> None:
    effects = Effects(exposure=1.5)
    moments = effects.moments(3, 1000)
    assert moments[len(moments) // 2] == frame_moment(3)
    assert moments[0] + moments[-1] == 2 * frame_moment(3)
    assert moments[-1] - moments[0] == pytest.approx(1.5 * 16, abs=2)
    assert Effects().moments(3, 1000) == [frame_moment(3)]


def test_defocus__spreads_a_dot_over_a_disc_and_keeps_the_light() -> None:
    picture = np.zeros((41, 41, 3), np.float32)
    picture[20, 20] = 1000
    blurred = defocus(picture, 6.0)[..., 0]
    assert blurred.sum() == pytest.approx(1000, rel=1e-4)
    assert (blurred > 0.5 * blurred.max()).sum() == pytest.approx(np.pi * 36, rel=0.05)
    assert blurred[20, 20 + 5] == pytest.approx(blurred[20, 20], rel=1e-4)
    assert blurred[20, 20 + 8] == pytest.approx(0, abs=1e-9)


def test_darken__scales_the_light_and_loses_fine_detail() -> None:
    rng = np.random.default_rng(0)
    pattern = np.zeros((64, 64, 3), np.float32)
    pattern[::4] = pattern[1::4] = 1
    picture = 90 + 20 * pattern

    def kept(gain: float) -> float:
        return float(np.corrcoef(darken(picture, gain, rng).ravel(), pattern.ravel())[0, 1])

    assert darken(picture, 0.2, rng).mean() == pytest.approx(4 + 0.2 * 100, abs=2)
    assert kept(1.0) > 0.8
    assert kept(0.1) < 0.4


def test_compress__loses_what_is_finer_than_the_reduced_pixels() -> None:
    picture = np.zeros((64, 64, 3), np.float32)
    picture[:, ::2] = 200
    assert compress(picture, 0.125).std() < 0.05 * picture.std()


def run_lengths(flags: list[bool]) -> list[int]:
    return [len(run) for run in ''.join('x' if flag else ' ' for flag in flags).split()]


@pytest.mark.parametrize('preset', sorted(PRESETS))
def test_bursts__are_short_and_have_clean_neighbours(stand: Stand, preset: str) -> None:
    settings = replace(PRESETS[preset], frames=200)
    plan = plan_effects(settings, stand((0, 4, 0), frames=200), np.random.default_rng(3))
    flags = [bool(effects.severity) for effects in plan]
    lengths = run_lengths(flags)
    assert set(lengths) == {1, 2, 3}
    for frame in np.flatnonzero(flags):
        assert not all(flags[max(0, frame - 2) : frame + 3]), frame
    assert (0.25 if preset != 'hard' else 0.4) < np.mean(flags) < 0.55
    assert not flags[0]
    assert not flags[-1]


@pytest.mark.parametrize('frames', range(1, 12))
def test_bursts__end_before_the_video_does(stand: Stand, frames: int) -> None:
    settings = replace(PRESETS['hard'], frames=frames)
    scene = stand((0, 4, 0), frames=frames)
    for seed in range(20):
        plan = plan_effects(settings, scene, np.random.default_rng(seed))
        assert len(plan) == frames
        assert not plan[0].severity
        assert not plan[-1].severity


def test_bursts__all_kinds_occur_within_their_ranges(stand: Stand) -> None:
    settings = replace(PRESETS['demo'], frames=400)
    scene = stand((0, 4, 0), frames=400)
    plan = plan_effects(settings, scene, np.random.default_rng(3))
    seen = {name for effects in plan for name in effects.severity}
    assert seen == {'motion_blur', 'defocus', 'occluder', 'low_light', 'compression'}
    low, high = settings.low_light_gain
    gains = [e.severity['low_light'] for e in plan if 'low_light' in e.severity]
    assert low <= min(gains) < max(gains) <= high
    height = scene.persons[0].height(frame_moment(0))
    for effects in plan:
        if 'defocus' in effects.severity:
            assert effects.radius == pytest.approx(effects.severity['defocus'] * height, rel=1e-3)
        if effects.path is not None:
            travel = np.linalg.norm(effects.path[-1] - effects.path[0])
            assert travel == pytest.approx(effects.severity['motion_blur'] * height, rel=1e-3)


@pytest.mark.parametrize('preset', ['demo', 'study'])
def test_bursts__an_occluder_is_on_its_person_only_during_the_burst(
    stand: Stand, preset: str
) -> None:
    settings = replace(
        PRESETS[preset], frames=120, burst_kinds=(0.0, 0.0, 1.0, 0.0, 0.0), burst_gap=(6, 9)
    )
    scene = stand((0, 4, 0), frames=120)
    plan = plan_effects(settings, scene, np.random.default_rng(3))
    center = scene.persons[0].image[frame_moment(0), :17, 0].mean()
    beside = []
    for effects in plan:
        if effects.occluder is not None:
            occluder, x, _ = effects.occluder
            distance = abs(x - center) / occluder.alpha.shape[1]
            assert (distance < 0.55) or not effects.severity
            beside.append(not effects.severity)
    assert any(beside)
    assert not all(beside)


def test_bursts__a_lifelike_occluder_stands_or_hangs_and_covers_what_it_states(
    stand: Stand,
) -> None:
    settings = replace(
        PRESETS['study'], frames=200, size=(200, 200), burst_kinds=(0.0, 0.0, 1.0, 0.0, 0.0)
    )
    scene = stand((0, 4, 0), frames=200)
    plan = plan_effects(settings, scene, np.random.default_rng(3))
    person = scene.persons[0]
    y = person.image[frame_moment(0), :17, 1]
    standing = []
    for effects in plan:
        if 'occluder' in effects.severity:
            occluder, _, middle = effects.occluder
            cover = effects.severity['occluder'] * person.height(frame_moment(0))
            top, bottom = (middle + sign * occluder.alpha.shape[0] / 2 for sign in (-1, 1))
            standing.append(top != pytest.approx(-50, abs=1))
            if standing[-1]:
                assert top == pytest.approx(y.max() - cover, abs=1)
                assert bottom > 200
            else:
                assert bottom == pytest.approx(y.min() + cover, abs=1)
    assert len(standing) > 50
    assert 0.6 < np.mean(standing) < 0.95
