"""Renders one video: frames as JPEG files, and its PoseTrack18 annotation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from jmpose_mm.datasets.degradations import compress, darken, defocus, integrate
from jmpose_mm.datasets.synthetic.annotation import (
    CATEGORY,
    annotate_frame,
    image_number,
    noisy_detections,
    severity_tags,
)
from jmpose_mm.datasets.synthetic.degradation import Effects, plan_effects
from jmpose_mm.datasets.synthetic.occluders import paste
from jmpose_mm.datasets.synthetic.parts import Layer
from jmpose_mm.datasets.synthetic.rendering import OCCLUDER, draw_moment, hidden_by
from jmpose_mm.datasets.synthetic.scene import Person, Scene, draw_scene, frame_moment
from jmpose_mm.datasets.synthetic.settings import Settings

__all__ = ['VideoJob', 'render_video']

SPLITS = ('train', 'val')


@dataclass(frozen=True)
class VideoJob:
    """All that decides one video.

    Attributes:
        settings: Settings of the whole data set.
        seed: Random seed of the whole data set.
        split: 'train' or 'val'.
        index: Place of the video in its split, from 0.
        root: Folder to write below.
    """

    settings: Settings
    seed: int
    split: str
    index: int
    root: str

    @property
    def number(self) -> int:
        """Six-digit number; the splits do not share any."""
        # A half of the six digits for each split.
        return self.index + 1 + 500000 * SPLITS.index(self.split)

    @property
    def name(self) -> str:
        """Folder name in PoseTrack's manner; its validation videos end in `_test`."""
        return f'{self.number:06d}_synthetic_{"test" if self.split == "val" else "train"}'

    def generator(self) -> np.random.Generator:
        """A stream of its own, so that the order in which videos are made does not matter."""
        key = (SPLITS.index(self.split), self.index)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


def render_video(job: VideoJob) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write the frames and return the annotation document and the detections.

    Returns:
        The PoseTrack18 document (images, annotations, categories) and a flat list of detected
        boxes.
    """
    rng = job.generator()
    scene = draw_scene(job.settings, rng)
    plan = plan_effects(job.settings, scene, rng)
    folder = Path(job.root) / 'images' / job.split / job.name
    folder.mkdir(parents=True)
    hidden = []
    for frame, effects in enumerate(plan):
        picture, layer = _expose(scene, frame, effects, job.settings.size)
        moment = frame_moment(frame)
        hidden.append([hidden_by(layer, scene, moment, p) for p in range(len(scene.persons))])
        finished = _develop(picture, scene, effects, rng)
        file = folder / f'{frame:06d}.jpg'
        _write(file, finished, job.settings.jpeg_quality)
    return _document(job, scene, plan, hidden, rng)


def _write(file: Path, picture: np.ndarray, quality: int) -> None:
    """As JPEG; OpenCV's own writing says nothing of a full disk."""
    encoded = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    file.write_bytes(encoded.tobytes())


def _expose(
    scene: Scene, frame: int, effects: Effects, size: tuple[int, int]
) -> tuple[np.ndarray, Layer]:
    """The light that falls on the sensor, and the sharp layer of the middle of the exposure."""
    middle = None
    pictures = []
    moments = effects.moments(frame, len(scene.to_frame))
    for place, moment in enumerate(moments):
        layer = draw_moment(scene, moment, size)
        if effects.occluder is not None:
            paste(layer, *effects.occluder, OCCLUDER)
        pictures.append(layer.canvas)
        if place == len(moments) // 2:
            middle = layer
    if effects.exposure == 0:
        return pictures[0], middle
    return integrate(pictures, effects.path), middle


def _develop(
    picture: np.ndarray, scene: Scene, effects: Effects, rng: np.random.Generator
) -> np.ndarray:
    """Optics, sensor and compression: (H, W, 3) uint8."""
    if effects.radius:
        picture = defocus(picture, effects.radius)
    picture = picture * scene.tint
    noise = rng.standard_normal(picture.shape, np.float32) * np.float32(scene.noise)
    # Little light has noise of its own kind, in place of the sensor's usual one.
    if effects.gain != 1:
        picture = darken(picture, effects.gain, rng)
    else:
        picture = picture + noise
    if effects.reduction != 1:
        picture = compress(picture, effects.reduction)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def _document(
    job: VideoJob,
    scene: Scene,
    plan: list[Effects],
    hidden: list[list[list[str]]],
    rng: np.random.Generator,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    detections: list[dict[str, Any]] = []
    for frame, effects in enumerate(plan):
        entries, left_out = annotate_frame(scene, frame, hidden, effects.severity)
        image = _image_entry(job, frame, len(plan), left_out)
        image |= severity_tags(entries, effects.severity)
        for entry in entries:
            entry['image_id'] = image['id']
            entry['id'] = image['id'] * 100 + entry['track_id']
        images.append(image)
        annotations += entries
        detections += noisy_detections(image, entries, rng)
    return {'images': images, 'annotations': annotations, 'categories': [CATEGORY]}, detections


def _image_entry(job: VideoJob, frame: int, count: int, left_out: list[Person]) -> dict[str, Any]:
    width, height = job.settings.size
    number = image_number(job.number, frame)
    regions = [_outline(person.image[frame_moment(frame)], width, height) for person in left_out]
    return {
        'file_name': f'images/{job.split}/{job.name}/{frame:06d}.jpg',
        'id': number,
        'frame_id': number,
        'vid_id': f'{job.number:06d}',
        'nframes': count,
        'has_no_densepose': True,
        'is_labeled': True,
        'ignore_regions_x': [x for x, _ in regions],
        'ignore_regions_y': [y for _, y in regions],
        'width': width,
        'height': height,
    }


def _outline(points: np.ndarray, width: int, height: int) -> tuple[list[float], list[float]]:
    """Corners of the box around a person, clipped to the picture."""
    reach = 0.06 * np.ptp(points[:, 1])
    x0, y0 = np.clip(points.min(0) - reach, 0, (width, height))
    x1, y1 = np.clip(points.max(0) + reach, 0, (width, height))
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return [round(float(x), 3) for x, _ in corners], [round(float(y), 3) for _, y in corners]
