from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from jmpose_mm.visualization.comparison import (
    BACKGROUND,
    Panel,
    Row,
    comparison_picture,
    save_picture,
    side_by_side,
)
from jmpose_mm.visualization.drawing import draw_poses
from jmpose_mm.visualization.person_windows import person_window
from jmpose_mm.visualization.skeleton import Skeleton

COLUMNS = ('single frame', 'JM-Pose', 'truth')


def pose(x: float = 100, y: float = 80) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(0, 40, (1, 17, 2)) + np.array([x, y])


def row(**changes) -> Row:
    image = np.full((200, 300, 3), 90, dtype=np.uint8)
    panels = [Panel(pose(), caption=f'error {i}') for i in range(3)]
    return Row(**({'title': 'video, frame 7', 'image': image, 'panels': panels} | changes))


def test_comparison_picture__one_cell_for_each_panel() -> None:
    small = comparison_picture(COLUMNS, [row()], (120, 160))
    taller = comparison_picture(COLUMNS, [row()] * 3, (120, 160))
    wider = comparison_picture(('a', *COLUMNS), [row(panels=[Panel(pose())] * 4)], (120, 160))
    assert wider.shape[1] - small.shape[1] == 120 + 10
    assert (taller.shape[0] - small.shape[0]) % 2 == 0
    assert taller.shape[0] - small.shape[0] >= 2 * 160
    # The image's grey fills exactly three cells of each row, less what is drawn on it.
    grey = (taller == 90).all(axis=-1).sum()
    assert 0.6 < grey / (9 * 120 * 160) < 1


def test_comparison_picture__captions_and_titles_do_not_touch_the_pictures() -> None:
    bare = row(panels=[Panel(pose())] * 3, title='')
    loud = row(
        panels=[Panel(pose(), caption='mean error 1234.5 px ' * 9)] * 3, title='very long ' * 40
    )
    quiet_picture, loud_picture = (
        comparison_picture(columns, [one], (120, 160))
        for columns, one in (((' ',) * 3, bare), (('a long column title ' * 5,) * 3, loud))
    )
    changed = np.argwhere((quiet_picture != loud_picture).any(axis=-1))
    assert len(changed) > 1000
    assert (quiet_picture[tuple(changed.T)] == BACKGROUND).all()


def test_comparison_picture__panels_are_cut_out_and_enlarged() -> None:
    image = np.full((200, 300, 3), 90, dtype=np.uint8)
    image[90:110, 140:160] = 255
    window = (130.0, 80.0, 40.0, 40.0)
    nobody = [Panel(np.empty((0, 17, 2)))] * 3
    picture = comparison_picture(
        COLUMNS, [row(image=image, panels=nobody, window=window)], (160, 160)
    )
    white = (picture == 255).all(axis=-1)
    # A 20 px square at a scale of 4, less its soft edge, three times.
    assert abs(white.sum() - 3 * 80**2) < 3 * 4 * 80 * 3


def test_comparison_picture__window_is_moved_into_the_image() -> None:
    near_corner = [Panel(pose(0, 0))] * 3
    picture = comparison_picture(('', '', ''), [row(panels=near_corner, title='')], (100, 100))
    cell = picture[54:154, 10:110]  # below two lines of titles and one of the row's
    assert not (cell == BACKGROUND).all(axis=-1).any()


def test_comparison_picture__errors_are_joined_to_the_truth() -> None:
    truth = pose()
    wrong = truth.copy()
    wrong[0, 9] += [-30, 20]
    known = np.ones((1, 17), dtype=bool)
    panels = [Panel(wrong), Panel(truth), Panel(truth)]
    plain = comparison_picture(COLUMNS, [row(panels=panels, window=(80, 60, 100, 100))])
    marked = comparison_picture(
        COLUMNS, [row(panels=panels, window=(80, 60, 100, 100), truth=truth, known=known)]
    )
    body = np.argwhere((plain != marked).any(axis=-1)[:-30])  # without the legend
    assert len(body) > 50
    assert body[:, 1].max() < 330  # in the first of three panels only


def test_comparison_picture__number_of_panels_is_checked() -> None:
    with pytest.raises(ValueError, match="'video, frame 7': expected 2 panels, got 3"):
        comparison_picture(COLUMNS[:2], [row()])
    with pytest.raises(ValueError, match='rows: expected at least one'):
        comparison_picture(COLUMNS, [])


def test_person_window__holds_its_joints_with_a_margin_in_the_shape_asked_for() -> None:
    points = np.asarray([[[10.0, 20.0], [50.0, 100.0], [999.0, 999.0]]])
    x, y, width, height = person_window(points, np.asarray([[1, 1, 0]]), aspect=0.75, margin=0.25)
    assert height == pytest.approx(80 + 2 * 0.25 * 80)
    assert width == pytest.approx(0.75 * height)
    assert (x + width / 2, y + height / 2) == pytest.approx((30, 60))
    wide = person_window(points, np.asarray([[1, 1, 0]]), aspect=0.1, margin=0.0)
    assert wide[2:] == pytest.approx((40, 400))
    with pytest.raises(ValueError, match='at least one joint'):
        person_window(points, np.zeros((1, 3)), aspect=1)


@pytest.mark.parametrize('shape', [(101, 151), (100, 150)])
def test_side_by_side__even_sizes_and_equal_heights(shape: tuple[int, int]) -> None:
    first, second = (
        np.full((*shape, 3), 50, np.uint8),
        np.full((shape[0] * 2, 77, 3), 200, np.uint8),
    )
    joined = side_by_side([first, second], ['a', 'b'])
    assert joined.shape[0] % 2 == joined.shape[1] % 2 == 0
    np.testing.assert_array_equal(joined[20 : 20 + shape[0], : shape[1]], first)
    assert abs(int((joined == 200).all(axis=-1).sum()) - shape[0] * 38) <= 3 * shape[0]
    with pytest.raises(ValueError, match='expected one for each of 2 images, got 1'):
        side_by_side([first, second], ['a'])


def test_save_picture__round_trip_and_nothing_left_over(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    path = save_picture(tmp_path / 'new' / 'a.png', image)
    np.testing.assert_array_equal(cv2.imread(str(path)), image)
    assert [found.name for found in path.parent.iterdir()] == ['a.png']


def test_comparison__of_other_joints_has_their_own_lines():
    skeleton = Skeleton(('nose', 'tail', 'left_ear'), ((0, 1), (0, 2)))
    points = np.array([[[60.0, 60], [180, 200], [90, 50]]])
    image = np.zeros((240, 240, 3), np.uint8)
    row = Row('frame', image, [Panel(points.tolist())], window=(0, 0, 240, 240))
    picture = comparison_picture(['model'], [row], (240, 240), skeleton=skeleton)
    wanted = draw_poses(image, points, skeleton=skeleton)
    assert cv2.matchTemplate(picture, wanted, cv2.TM_SQDIFF).min() == 0
    whole = Row('frame', image, [Panel(points)])
    assert comparison_picture(['model'], [whole], skeleton=skeleton).any()
