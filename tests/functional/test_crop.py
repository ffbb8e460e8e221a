from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.crop import (
    box_of_joints,
    clip_boxes,
    is_usable_box,
    outside_crop,
    warp_matrix,
    xywh_to_xyxy,
)

SIZE = (288, 384)


def transform(matrix: np.ndarray, point: tuple[float, float]) -> np.ndarray:
    return matrix[:, :2] @ np.asarray(point) + matrix[:, 2]


@pytest.mark.parametrize('rotation', [0.0, 30.0, -75.0, 180.0])
@pytest.mark.parametrize('size', [SIZE, (192, 256), (96, 96)])
def test_classic__equals_the_host(rotation: float, size: tuple[int, int]) -> None:
    from mmpose.structures.bbox import get_warp_matrix

    center, scale = np.array([311.5, 207.25]), np.array([240.0, 240.0 * size[1] / size[0]])
    ours = warp_matrix(center, scale, rotation, size, 'classic')
    theirs = get_warp_matrix(center, scale, rotation, output_size=size)
    # the host solves for the matrix in float32 coordinates
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-4)


@pytest.mark.parametrize('rotation', [0.0, 40.0])
@pytest.mark.parametrize(
    ('warp', 'middle', 'factor'),
    [('classic', (144.0, 192.0), 288 / 300), ('released', (143.5, 191.5), 287 / 299)],
)
def test_warp_matrix__centre_goes_to_the_middle_and_lengths_by_the_factor(
    rotation: float, warp: str, middle: tuple[float, float], factor: float
) -> None:
    center = (400.0, 250.0)
    matrix = warp_matrix(center, (300.0, 400.0), rotation, SIZE, warp)
    np.testing.assert_allclose(transform(matrix, center), middle, atol=1e-9)
    step = transform(matrix, (401.0, 250.0)) - transform(matrix, center)
    turn = np.deg2rad(rotation)
    np.testing.assert_allclose(step, factor * np.array([np.cos(turn), -np.sin(turn)]), atol=1e-9)


def test_released__box_corners_are_pixel_centres_of_the_crop() -> None:
    # a box 300 wide around 400 has its outer pixel centres at 400 -+ 149.5
    matrix = warp_matrix((400.0, 250.0), (300.0, 400.0), 0.0, SIZE, 'released')
    np.testing.assert_allclose(transform(matrix, (250.5, 250.0)), (0.0, 191.5), atol=1e-9)
    np.testing.assert_allclose(transform(matrix, (549.5, 250.0)), (287.0, 191.5), atol=1e-9)


@pytest.mark.parametrize('width', [100.0, 300.0, 1000.0])
def test_released__decoding_with_the_classic_inverse_is_off_as_stated(width: float) -> None:
    scale = np.array([width, width * 4 / 3])
    matrix = warp_matrix((400.0, 250.0), scale, 0.0, SIZE, 'released')

    def recovered(point: tuple[float, float]) -> np.ndarray:
        on_heatmap = transform(matrix, point) / 4
        return np.array([400.0, 250.0]) + (on_heatmap - np.array([36.0, 48.0])) * width / 72

    offset = recovered((400.0, 250.0)) - np.array([400.0, 250.0])
    np.testing.assert_allclose(offset, [-width / 576, -width / 576], atol=1e-9)
    # every pixel from the centre adds 287/288 s/(s-1) - 1, to first order 1/s - 1/288
    slope = recovered((401.0, 250.0)) - recovered((400.0, 250.0)) - np.array([1.0, 0.0])
    expected = 287 / 288 * width / (width - 1) - 1
    np.testing.assert_allclose(slope, [expected, 0.0], atol=1e-9)
    assert expected == pytest.approx(1 / width - 1 / 288, abs=1e-4)


def test_warp_matrix__names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"warp must be one of .* got 'other'"):
        warp_matrix((0.0, 0.0), (10.0, 10.0), 0.0, SIZE, 'other')
    with pytest.raises(ValueError, match='above 1 pixels for the released warp'):
        warp_matrix((0.0, 0.0), (1.0, 1.0), 0.0, SIZE, 'released')
    with pytest.raises(ValueError, match='finite box size'):
        warp_matrix((0.0, 0.0), (float('nan'), 1.0), 0.0, SIZE)


@pytest.mark.parametrize(
    ('point', 'outside'),
    [
        ((0.0, 0.0), False),
        ((288.0, 384.0), False),
        ((287.5, 10.0), False),
        ((-0.01, 5.0), True),
        ((5.0, -0.01), True),
        ((288.01, 5.0), True),
        ((5.0, 384.01), True),
        ((float('nan'), 5.0), True),
        ((5.0, float('inf')), True),
    ],
)
def test_outside_crop__released_test_with_inclusive_edges(
    point: tuple[float, float], outside: bool
) -> None:
    assert outside_crop(np.array([[point]]), SIZE).tolist() == [[outside]]


def test_clip_boxes__to_pixel_centres() -> None:
    boxes = xywh_to_xyxy(np.array([[-5.0, -6.0, 20.0, 30.0], [90.0, 40.0, 50.0, 50.0]]))
    expected = [[0.0, 0.0, 15.0, 24.0], [90.0, 40.0, 99.0, 49.0]]
    assert clip_boxes(boxes, 100, 50).tolist() == expected
    beyond = np.array([[100.0, 0.0, 130.0, 20.0], [-9.0, 0.0, -1.0, 20.0]])
    assert [is_usable_box(box) for box in clip_boxes(beyond, 100, 50)] == [False, False]


@pytest.mark.parametrize(
    ('box', 'usable'),
    [
        ((0.0, 0.0, 1.0, 1.0), True),
        ((0.0, 0.0, 0.0, 1.0), False),
        ((0.0, 5.0, 1.0, 5.0), False),
        ((9.0, 0.0, 1.0, 1.0), False),
        ((0.0, 9.0, 1.0, 1.0), False),
        ((0.0, 0.0, float('inf'), 1.0), False),
        ((float('nan'), 0.0, 1.0, 1.0), False),
    ],
)
def test_is_usable_box(box: tuple[float, ...], usable: bool) -> None:
    assert is_usable_box(np.array(box)) is usable


def test_box_of_joints__hand_calculation() -> None:
    # joints span 10..19 and 20..39, so 10 x 20 with the last pixel; 1.2 times that about (15, 30)
    joints = np.array([[10.0, 39.0], [19.0, 20.0], [12.0, 30.0]])
    np.testing.assert_allclose(box_of_joints(joints), [9.0, 18.0, 21.0, 42.0])
    with pytest.raises(ValueError, match='at least one labelled joint'):
        box_of_joints(np.zeros((0, 2)))
