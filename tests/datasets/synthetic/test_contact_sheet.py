from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from jmpose_mm.datasets.synthetic.contact_sheet import (
    GAP,
    HEAD,
    TILE,
    TITLE,
    _typical_person,
    _window,
    write_contact_sheet,
)
from jmpose_mm.errors import UsageError


def person(number: int, video: str, hidden: int, *factors: str) -> tuple[dict, dict]:
    """A person of 15 joints in the third of five frames, and these by number."""
    images = {
        number + t: {
            'id': number + t,
            'vid_id': video,
            'degraded': False,
            'severity': {name: number / 1000 for name in factors},
        }
        for t in range(-2, 3)
    }
    reasons = ['self'] * hidden + [''] * (17 - hidden)
    entry = {'image_id': number, 'factors': list(factors), 'num_keypoints': 15}
    return {**entry, 'keypoints_occluded_by': reasons}, images


def test_choice__is_of_median_severity_alone_and_if_possible_of_another_video() -> None:
    made = [
        person(10, 'a', 0, 'defocus'),
        person(20, 'b', 0, 'defocus'),
        person(90, 'c', 0, 'defocus'),
        person(30, 'd', 0, 'defocus', 'occluder'),
        person(40, 'd', 0),
        person(50, 'e', 6, 'self_occlusion'),
        person(60, 'e', 7, 'self_occlusion'),
        person(70, 'e', 9, 'self_occlusion'),
    ]
    persons = [entry for entry, _ in made]
    images = {number: image for _, near in made for number, image in near.items()}
    for factor, used, number in (
        ('defocus', set(), 20),
        ('defocus', {'b'}, 10),
        ('defocus', {'a', 'b', 'c'}, 20),
        ('self_occlusion', {'e'}, 60),
        ('clean', set(), 40),
    ):
        assert _typical_person(persons, images, factor, used)['image_id'] == number
    assert _typical_person(persons, images, 'low_light', set()) is None
    images[41]['degraded'] = True
    assert _typical_person(persons, images, 'clean', set()) is None


@pytest.mark.parametrize('box', [[100.0, 60.0, 50.0, 120.0], [-30.0, 100.0, 60.0, 200.0]])
def test_window__holds_the_box_and_stays_in_the_image(box: list[float]) -> None:
    matrix = _window(box, 320, 240)
    corners = (np.array([[0, 0], TILE]) - matrix[:, 2]) / matrix[0, 0]
    assert (corners[0] >= -1e-6).all()
    assert (corners[1] <= np.array([320, 240]) + 1e-6).all()
    x, y, width, height = box
    low, high = np.maximum([x, y], 0), np.minimum([x + width, y + height], [320, 240])
    assert (corners[0] <= low + 1e-6).all()
    assert (corners[1] >= high - 1e-6).all()


def test_sheet__shows_the_frames(data_set: Path, tmp_path: Path) -> None:
    file = write_contact_sheet(data_set, tmp_path / 'sheet.jpg', 'train')
    sheet = cv2.imread(str(file))
    rows, rest = divmod(sheet.shape[0] - HEAD, TITLE + TILE[1])
    assert rest == 0
    assert 2 <= rows <= 8
    assert sheet.shape[1] == GAP + 6 * (TILE[0] + GAP)
    left = 2 * (TILE[0] + GAP) + GAP
    clean = [sheet[HEAD + TITLE :, x : x + TILE[0]][: TILE[1]] for x in (left, 2 * left - GAP)]
    assert clean[0].std() > 15
    assert np.abs(clean[0].astype(float) - clean[1]).mean() > 1


def test_sheet__is_a_jpeg_by_its_name_too(data_set: Path, tmp_path: Path) -> None:
    for name in ('sheet.png', 'sheet'):
        with pytest.raises(UsageError, match=r'contact_sheet: expected a name that ends in \.jpg'):
            write_contact_sheet(data_set, tmp_path / name, 'train')


def test_sheet__nothing_to_show_is_an_error(tmp_path: Path) -> None:
    (tmp_path / 'annotations').mkdir()
    empty = {'images': [], 'annotations': []}
    (tmp_path / 'annotations/posetrack18_val.json').write_text(json.dumps(empty))
    with pytest.raises(ValueError, match='expected val frames with one factor alone, found none'):
        write_contact_sheet(tmp_path, tmp_path / 'sheet.jpg')
    assert not (tmp_path / 'sheet.jpg').exists()
