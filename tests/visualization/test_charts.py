"""Charts: what is drawn grows and turns with the numbers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from jmpose_mm.visualization.charts import GAIN, LOSS, ONE_RUN, TWO_RUNS, Chart, save_chart


def chart(**changes) -> Chart:
    plain = {
        'title': 'Videos',
        'number': 'AP',
        'parts': ['all', 'first', 'second'],
        'counts': [60, 20, 40],
        'runs': {'one': np.asarray([50.0, 80.0, 40.0])},
    }
    return Chart(**(plain | changes))


def pixels(picture: np.ndarray, colour: str, opaque: float = 1.0) -> np.ndarray:
    """Where the picture has a colour, laid over white."""
    rgb = np.asarray(to_rgb(colour)) * opaque + 1 - opaque
    return (np.abs(picture[..., ::-1] / 255 - rgb) < 0.02).all(axis=-1)


def drawn(path: Path, one: Chart) -> np.ndarray:
    return cv2.imread(str(save_chart(path / 'chart.png', one)))


def test_bars__are_as_long_as_their_numbers(tmp_path: Path) -> None:
    blue = pixels(drawn(tmp_path, chart()), ONE_RUN[0])
    lengths = np.sort(blue.sum(axis=1))[::-1]
    first, second = lengths[0], lengths[lengths < 0.75 * lengths[0]][0]
    assert first / second == pytest.approx(2, rel=0.02)
    assert [file.name for file in tmp_path.iterdir()] == ['chart.png']


@pytest.mark.parametrize('whole', [True, False])
def test_rows__stand_evenly_but_for_a_whole(whole: bool, tmp_path: Path) -> None:
    before = np.asarray([50.0, 60.0, 40.0])
    one = chart(runs={'one': before, 'two': before + 20}, whole=whole)
    lines = pixels(drawn(tmp_path, one), GAIN, 0.45).sum(axis=1) > 20
    first, second, third = np.flatnonzero(np.diff(lines.astype(int)) == 1)
    assert (second - first) / (third - second) == pytest.approx(1.5 if whole else 1, rel=0.1)


def test_bars__of_few_are_pale_and_missing_numbers_have_none(tmp_path: Path) -> None:
    full = pixels(drawn(tmp_path, chart()), ONE_RUN[0]).sum()
    few = drawn(tmp_path, chart(counts=[60, 20, 3]))
    assert pixels(few, ONE_RUN[0]).sum() == pytest.approx(full * 2 / 3, rel=0.1)
    values = np.asarray([50.0, 80.0, np.nan])
    missing = drawn(tmp_path, chart(runs={'one': values}, counts=[60, 20, 0]))
    assert pixels(missing, ONE_RUN[0]).sum() == pytest.approx(full * 2 / 3, rel=0.1)


@pytest.mark.parametrize(('change', 'seen', 'unseen'), [(20, GAIN, LOSS), (-20, LOSS, GAIN)])
def test_dumbbells__have_the_colour_of_the_change(tmp_path, change, seen, unseen) -> None:
    before = np.asarray([50.0, 60.0, 40.0])
    picture = drawn(tmp_path, chart(runs={'one': before, 'two': before + change}))
    assert pixels(picture, seen, 0.45).sum() > 1000
    assert pixels(picture, unseen, 0.45).sum() < 50
    assert pixels(picture, TWO_RUNS[1]).sum() > 100


def test_ranges__rise_with_the_numbers(tmp_path: Path) -> None:
    values = np.asarray([50.0, 20.0, 80.0])
    picture = drawn(tmp_path, chart(ranges='speed', runs={'one': values}))
    rows, columns = np.nonzero(pixels(picture, ONE_RUN[0]))
    body = rows > 0.2 * len(picture)  # below the legend
    rows, columns = rows[body], columns[body]
    # 20 is the lowest and leftmost point, 80 the highest and rightmost one.
    assert columns[rows.argmax()] < 0.2 * picture.shape[1]
    assert columns[rows.argmin()] > 0.8 * picture.shape[1]


def test_names__are_no_formulas(tmp_path: Path) -> None:
    odd = {'_hidden $x_': np.asarray([1.0, 2.0, 3.0]), r'$\frac': np.asarray([1.0, 2.0, 3.0])}
    for ranges in ('', 'speed'):
        picture = drawn(tmp_path, chart(runs=odd, parts=['$', '_{', '$_$'], ranges=ranges))
        assert (picture < 128).any()


def test_numbers_and_parts__must_agree(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'Videos': .* each of 3 parts .*, got 2 for 'one'"):
        save_chart(tmp_path / 'a.png', chart(runs={'one': np.zeros(2)}))
    with pytest.raises(ValueError, match='at least one'):
        save_chart(tmp_path / 'a.png', chart(parts=[], counts=[], runs={'one': np.zeros(0)}))
    assert list(tmp_path.iterdir()) == []
