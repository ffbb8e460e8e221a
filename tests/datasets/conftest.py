"""Three small videos of flat frames: the colour of a frame tells which one it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

SIZE = (64, 48)
# folder -> numbers of its frames; the second has a gap, the third is a single frame
VIDEOS = {
    '000001_bonn_train': (0, 1, 2, 3, 4, 5, 6),
    '000002_mpii_train': (0, 1, 4, 5),
    '000003_mpii_train': (0,),
}


def colour_of(video: int, number: int) -> int:
    """Grey value of a frame, far enough from the others to survive JPEG."""
    return 10 + 60 * video + 6 * number


def a_person(identity: int, image_id: int, **changes: object) -> dict:
    """A person whose joints 5 to 16 are labelled, in a box that lies inside of the image."""
    keypoints = [[0.0, 0.0, 0]] * 5 + [[20.0 + k, 10.0 + k, 1] for k in range(12)]
    return {
        'id': identity,
        'image_id': image_id,
        'category_id': 1,
        'track_id': 3,
        'bbox': [16.0, 8.0, 20.0, 18.0],
        'keypoints': [value for joint in keypoints for value in joint],
        **changes,
    }


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A data root with the frames in ``images/train``."""
    for video, (folder, numbers) in enumerate(VIDEOS.items()):
        directory = tmp_path / 'images' / 'train' / folder
        directory.mkdir(parents=True)
        for number in numbers:
            frame = np.full((SIZE[1], SIZE[0], 3), colour_of(video, number), np.uint8)
            assert cv2.imwrite(str(directory / f'{number:06d}.jpg'), frame)
    return tmp_path


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Writes any content as JSON and returns the file's path."""

    def to_file(content: object, name: str = 'annotations.json') -> str:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
        return str(tmp_path / name)

    return to_file


@pytest.fixture
def coco(videos: Path) -> dict:
    """One person in each frame, in PoseTrack18's layout with image sizes; ids count from 10."""
    images, persons = [], []
    for folder, numbers in VIDEOS.items():
        for number in numbers:
            identity = 10 + len(images)
            images.append(
                {
                    'id': identity,
                    'file_name': f'images/train/{folder}/{number:06d}.jpg',
                    'width': SIZE[0],
                    'height': SIZE[1],
                    'degraded': False,
                }
            )
            persons.append(a_person(100 + identity, identity))
    return {'images': images, 'annotations': persons, 'categories': []}


@pytest.fixture
def person() -> Callable[..., dict]:
    return a_person


@pytest.fixture
def colour() -> Callable[[int, int], int]:
    return colour_of
