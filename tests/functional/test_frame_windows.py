"""Windows by steps, places and time, against searches over all frames."""

from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.frame_sampling import support_frames
from jmpose_mm.functional.frame_windows import frame_step, frames_by_order, frames_in_time


def test_step__divides_every_difference() -> None:
    assert frame_step([4, 5, 8]) == 1
    assert frame_step([100, 110, 150]) == 10
    assert frame_step([40, 33]) == 1  # two frames tell nothing
    assert frame_step([]) == 1


@pytest.mark.parametrize('border', ['clamp', 'released'])
def test_order__is_number_where_nothing_is_missing(border: str) -> None:
    for key in range(8):
        window = support_frames(key, (-2, -1, 0, 1, 2), range(8), border)
        assert frames_by_order(key, (-2, -1, 0, 1, 2), range(8), border) == window
        # The law: numbers play no role but for their order.
        wide = [7 * k + k % 3 for k in range(8)]
        found = frames_by_order(wide[key], (-2, -1, 0, 1, 2), wide, border)
        assert found == tuple(wide[k] for k in window)


def test_time__takes_the_nearest_of_each_side() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        times = sorted(set(rng.integers(0, 1000, 12).tolist()))
        key = times[rng.integers(len(times))]
        offsets = (-0.1, -0.05, 0, 0.05, 0.1)
        found = frames_in_time(key, offsets, times, 1000)
        assert found[2] == key
        assert list(found) == sorted(found)
        for offset, number in zip(offsets, found, strict=True):
            side = [t for t in times if offset == 0 or (t - key) * offset >= 0]
            wanted = key + 1000 * offset
            assert abs(number - wanted) == min(abs(t - wanted) for t in side if offset or t == key)


def test_time__needs_a_rate_and_the_key() -> None:
    with pytest.raises(ValueError, match='rate: expected'):
        frames_in_time(0, (0,), [0], 0)
    with pytest.raises(ValueError, match='key frame 5'):
        frames_in_time(5, (0,), [0], 1)
