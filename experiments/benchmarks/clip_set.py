"""A made-up data set of large photograph-like frames, to time loaders with."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import trange

from jmpose_mm.formats.coco_writing import write_coco

__all__ = ['ClipSet', 'write_clip_set']

ANN_FILE = 'annotations.json'
QUALITY = 90  # of the JPEG files
GRAIN = 5.0  # standard deviation of a sensor's noise, in grey values


class ClipSet(NamedTuple):
    """Size of the set.

    Attributes:
        videos: Number of videos.
        frames: In each video.
        people: In each frame.
        size: Width and height of a frame in pixels.
    """

    videos: int
    frames: int
    people: int = 4
    size: tuple[int, int] = (1920, 1080)


def write_clip_set(folder: str | Path, what: ClipSet, seed: int = 0) -> None:
    """Write ``annotations.json`` and ``images/`` in PoseTrack18's layout.

    Frames have structure at every scale, as photographs do, and noise, so that JPEG has as much to
    do; people are boxes and joints alone. Equal seeds give equal files.
    """
    rng = np.random.default_rng(seed)
    width, height = what.size
    images, persons = [], []
    grain = rng.normal(0, GRAIN, (height, width, 3)).astype(np.float32)
    for video in range(what.videos):
        name = f'images/{video:06d}_made_up'
        Path(folder, name).mkdir(parents=True)
        scene = _scene(what.size, rng)
        for frame in trange(what.frames, desc=f'writing {name}', leave=False, disable=None):
            picture = np.roll(scene, 3 * frame, axis=1)
            picture = picture + np.roll(grain, rng.integers(1, height), axis=0)
            file = f'{name}/{frame:06d}.jpg'
            quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
            pixels = picture.clip(0, 255).astype(np.uint8)
            Path(folder, file).write_bytes(cv2.imencode('.jpg', pixels, quality)[1].tobytes())
            identity = len(images)
            images.append({'id': identity, 'file_name': file, 'width': width, 'height': height})
            for track in range(what.people):
                persons.append(_person(len(persons), identity, track, what, rng))
    document = {'images': images, 'annotations': persons}
    write_coco(Path(folder, ANN_FILE), [document], [{'id': 1, 'name': 'person'}])


def _scene(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Blobs of all sizes, the larger the stronger, (H, W, 3) about 128."""
    width, height = size
    scene = np.full((height, width, 3), 128, np.float32)
    cell = max(size) // 4
    while cell >= 2:
        coarse = rng.normal(0, 1, (height // cell + 2, width // cell + 2, 3))
        large = cv2.resize(coarse.astype(np.float32), None, fx=cell, fy=cell)
        scene += 4 * np.log2(cell) * large[:height, :width]
        cell //= 2
    return scene


def _person(
    identity: int, image: int, track: int, what: ClipSet, rng: np.random.Generator
) -> dict[str, object]:
    """Somebody a third to two thirds of the picture high, all joints labelled."""
    width, height = what.size
    tall = height * rng.uniform(1 / 3, 2 / 3)
    wide = 0.45 * tall
    left = rng.uniform(0, width - wide)
    top = rng.uniform(0, height - tall)
    joints = rng.uniform((left, top), (left + wide, top + tall), (17, 2))
    labelled = np.concatenate([joints, np.ones((17, 1))], axis=1)
    return {
        'id': identity,
        'image_id': image,
        'category_id': 1,
        'track_id': track,
        'iscrowd': 0,
        'bbox': [left, top, wide, tall],
        'area': wide * tall,
        'num_keypoints': len(joints),
        'keypoints': labelled.ravel().tolist(),
    }
