from __future__ import annotations

import cv2
import numpy as np
import pytest

from jmpose_mm.visualization.drawing import draw_poses
from jmpose_mm.visualization.marks import (
    draw_boxes,
    draw_identities,
    draw_trails,
    identity_colour,
    overlay,
)

GREY = 110


def canvas(height: int = 120, width: int = 160) -> np.ndarray:
    return np.full((height, width, 3), GREY, dtype=np.uint8)


def ink(image: np.ndarray) -> np.ndarray:
    """(n, 2) x, y of what was drawn."""
    return np.argwhere((image != GREY).any(axis=-1))[:, ::-1]


def test_identity_colour__is_its_own_and_bright() -> None:
    colours = np.asarray([identity_colour(n) for n in range(1, 9)], dtype=float)
    distance = np.linalg.norm(colours[:, None] - colours[None], axis=-1)
    assert distance[~np.eye(8, dtype=bool)].min() > 25
    # Those of people who appear one after the other are easiest to tell apart.
    assert min(distance[i, i + 1] for i in range(7)) > 100
    assert colours.max(axis=1).min() == 255
    assert identity_colour(0) == (200, 200, 200)


def test_draw_boxes__frames_at_the_edges_in_the_colour_of_the_identity() -> None:
    image = canvas()
    drawn = draw_boxes(image, np.asarray([[20.0, 30.0, 100.0, 90.0]]), [3])
    assert (image == GREY).all()
    assert (drawn[30, 40:80] == identity_colour(3)).all()
    assert (drawn[50:70, 100] == identity_colour(3)).all()
    x, y = ink(drawn).T
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((20, 100, 30, 90), abs=2)
    assert (drawn[40:80, 30:90] == GREY).all()
    assert (draw_boxes(canvas(), np.empty((0, 4))) == GREY).all()
    assert (draw_boxes(canvas(), np.asarray([[20.0, 30, 100, 90]]))[30, 50] == 200).all()


def test_draw_identities__a_tag_above_its_place() -> None:
    drawn = draw_identities(canvas(), [2], np.asarray([[80.0, 60.0]]))
    x, y = ink(drawn).T
    assert x.mean() == pytest.approx(80, abs=1)
    assert 42 <= y.min()
    assert y.max() <= 60
    assert (drawn == identity_colour(2)).all(axis=-1).sum() > 60
    wide = ink(draw_identities(canvas(), [1234], np.asarray([[80.0, 60.0]])))
    assert np.ptp(wide[:, 0]) > 1.5 * np.ptp(x)


def test_draw_identities__numbers_differ() -> None:
    one, seven = (draw_identities(canvas(), [n], np.asarray([[80.0, 60.0]])) for n in (1, 7))
    dark = [(image.max(axis=-1) < 60) for image in (one, seven)]
    assert (dark[0] != dark[1]).sum() > 5


@pytest.mark.parametrize('place', [(-500, -500), (1e7, 1e7), (80, 3), (0, 60)])
def test_draw_identities__tags_stay_inside(place: tuple[float, float]) -> None:
    whole = draw_identities(canvas(), [5], np.asarray([[80.0, 60.0]]))
    drawn = draw_identities(canvas(), [5], np.asarray([place], dtype=float))
    assert len(ink(drawn)) == pytest.approx(len(ink(whole)), abs=8)


def test_draw_identities__nobody_nowhere_and_no_room() -> None:
    places = np.asarray([[80.0, 60.0], [np.nan, 60.0]])
    assert (draw_identities(canvas(), [0, 4], places) == GREY).all()
    tiny = np.full((10, 10, 3), GREY, dtype=np.uint8)
    assert (draw_identities(tiny, [4], np.asarray([[5.0, 5.0]])) == GREY).all()


def test_draw_trails__taper_into_the_past_and_break_where_nobody_was_seen() -> None:
    places = np.stack([np.linspace(10, 150, 15), np.full(15, 60.0)], axis=1)
    drawn = draw_trails(canvas(), {1: places})
    heights = (drawn != GREY).any(axis=-1).sum(axis=0)
    assert heights[12] < heights[140]
    assert heights[12] >= 1
    places[5] = np.nan
    broken = draw_trails(canvas(), {1: places})
    assert (broken[:, 54:66] == GREY).all()  # from the fifth to the seventh place
    assert (broken[60, 20:45] != GREY).any()
    assert (draw_trails(canvas(), {1: places[:0]}) == GREY).all()


def test_overlay__is_where_and_as_strong_as_the_map() -> None:
    values = np.zeros((2, 6, 8))
    values[0, 1, 2], values[1, 4, 6] = 1.0, 0.5
    image = canvas()
    laid = overlay(image, values, (40, 30, 120, 90))
    assert (image == GREY).all()
    change = np.abs(laid.astype(int) - GREY).sum(axis=-1)
    assert (change[:, :40] == 0).all()
    assert (change[90:] == 0).all()
    # Cells are 10 pixels wide; the middle of cell (1, 2) is 2.5 cells from the left edge.
    y, x = np.unravel_index(change[:70].argmax(), (70, 160))
    assert abs(x + 0.5 - (40 + 25)) <= 1
    assert abs(y + 0.5 - (30 + 15)) <= 1
    assert change[30 + 45, 40 + 65] > 20
    assert (overlay(image, np.zeros((6, 8))) == image).all()
    assert (overlay(image, values, strength=0.0) == image).all()


def test_overlay__covers_the_whole_image_by_default() -> None:
    laid = overlay(canvas(), np.ones((3, 4)), strength=1.0)
    top = cv2.applyColorMap(np.full((1, 1), 255, np.uint8), cv2.COLORMAP_TURBO)[0, 0]
    assert (laid[30:90, 40:120] == top).all()


def test_draw__on_the_image_itself_as_on_a_copy() -> None:
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    poses = np.random.default_rng(1).uniform(10, 110, (2, 17, 2))
    boxes, heads = np.array([[5.0, 5, 90, 100], [40, 30, 150, 110]]), poses[:, 0]
    copied = draw_identities(draw_poses(draw_boxes(image, boxes, [1, 2]), poses), [1, 2], heads)
    assert (copied != image).any()
    for drawn in (
        draw_boxes(image, boxes, [1, 2], copy=False),
        draw_poses(image, poses, copy=False),
        draw_identities(image, [1, 2], heads, copy=False),
    ):
        assert drawn is image
    np.testing.assert_array_equal(image, copied)
