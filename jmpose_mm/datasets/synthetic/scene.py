"""Who stands where, and how the camera moves: everything of a video before pixels are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jmpose_mm.datasets.synthetic.appearance import Appearance
from jmpose_mm.datasets.synthetic.background import draw_background
from jmpose_mm.datasets.synthetic.motion import MOTIONS, move
from jmpose_mm.datasets.synthetic.settings import Settings
from jmpose_mm.datasets.synthetic.skeleton import POINTS, Body, Frames

__all__ = ['PAD', 'SUBFRAMES', 'Person', 'Scene', 'draw_scene', 'frame_moment']

SUBFRAMES = 16
"""Moments per frame interval."""

PAD = SUBFRAMES
"""Moments before the first frame and after the last one, for their exposures to reach into."""

MARGIN = 0.2
"""The background reaches that share of the frame beyond each border."""


def frame_moment(frame: int) -> int:
    """Index of the moment in the middle of a frame's exposure."""
    return PAD + frame * SUBFRAMES


@dataclass(frozen=True)
class Person:
    """One person over all moments (N) of a video, as the camera sees it.

    Attributes:
        body: Lengths in metres.
        appearance: Colours and textures.
        frames: Points and directions in the world frame.
        image: (N, P, 2) pixels.
        scale: (N,) pixels per metre at the pelvis.
    """

    body: Body
    appearance: Appearance
    frames: Frames
    image: np.ndarray
    scale: np.ndarray

    def depth(self, moment: int) -> float:
        """Distance from the camera plane in metres, larger is farther."""
        return -float(self.frames.points[moment, POINTS['pelvis'], 2])

    def height(self, moment: int) -> float:
        """Stature in pixels."""
        return float(self.body.stature * self.scale[moment])


@dataclass(frozen=True)
class Scene:
    """A video before rendering.

    Attributes:
        persons: Everybody.
        background: (H', W', 3) float32, wider than the frame by a margin.
        to_frame: (N, 2, 3) similarity from steady-camera pixels to each moment's pixels.
        origin: (2,) steady-camera pixel x, y of the background's first pixel.
        light: (2,) direction in the picture that light comes from, unit.
        tint: (3,) colour factor of the whole video.
        noise: Standard deviation of the sensor noise.
    """

    persons: list[Person]
    background: np.ndarray
    to_frame: np.ndarray
    origin: np.ndarray
    light: np.ndarray
    tint: np.ndarray
    noise: float


def draw_scene(settings: Settings, rng: np.random.Generator) -> Scene:
    """A random place with random people and camera motion."""
    width, height = settings.size
    moments = 2 * PAD + (settings.frames - 1) * SUBFRAMES + 1
    times = (np.arange(moments) - PAD) / (SUBFRAMES * settings.frame_rate)
    to_frame = _camera_path(settings, times, rng)
    # In pixels: the picture's longer side is some 47 degrees wide.
    focal = 1.15 * max(width, height)
    camera_height = rng.uniform(0.95, 1.45)
    count = int(rng.integers(settings.persons[0], settings.persons[1] + 1))
    sizes = rng.uniform(*settings.person_height, count) * height
    tallest = sizes.max()
    # The tallest person's feet come to lie a little above the lower border.
    horizon = height * rng.uniform(0.93, 0.98) - tallest * camera_height / 1.7
    persons = _place_persons(settings, times, sizes, focal, rng)
    view = (focal, camera_height, horizon, width / 2)
    seen = [_project(*person, view, to_frame) for person in persons]
    margin = np.array([MARGIN * width, MARGIN * height])
    shape = (round(height + 2 * margin[1]), round(width + 2 * margin[0]))
    background = draw_background(shape, horizon + margin[1], float(sizes.mean()), rng)
    angle = rng.uniform(-0.8, 0.8)
    return Scene(
        persons=seen,
        background=background,
        to_frame=to_frame,
        origin=-margin,
        light=np.array([np.sin(angle), -np.cos(angle)]),
        tint=rng.uniform(0.9, 1.08, 3).astype(np.float32) * np.float32(rng.uniform(0.85, 1.08)),
        noise=float(rng.uniform(1.5, 4.0)),
    )


def _camera_path(settings: Settings, times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, 2, 3) similarities: slow pan, zoom and roll, and hand-held shake."""
    width, height = settings.size
    span = max(times[-1] - times[0], 1e-6)
    ramp = (times - times.mean()) / span

    def shake(amplitude: float) -> np.ndarray:
        total = np.zeros_like(times)
        for frequency in (1.1, 2.7, 5.3):
            total += np.sin(
                2 * np.pi * frequency * times * rng.uniform(0.8, 1.2) + rng.uniform(0, 6)
            )
        return amplitude * total / 2

    moving = rng.random() < 0.6
    pan = rng.normal(0, 0.035) * width * moving
    x = pan * ramp + shake(settings.camera_shake * width)
    y = rng.normal(0, 0.008) * height * moving * ramp + shake(settings.camera_shake * width)
    zoom = np.exp(rng.normal(0, 0.04) * moving * ramp + shake(0.003))
    roll = rng.normal(0, 0.012) + shake(0.004)
    cosine, sine = zoom * np.cos(roll), zoom * np.sin(roll)
    center = np.array([width / 2, height / 2])
    matrix = np.zeros((len(times), 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1] = cosine, -sine
    matrix[:, 1, 0], matrix[:, 1, 1] = sine, cosine
    matrix[:, :, 2] = center - matrix[:, :, :2] @ center + np.stack([x, y], -1)
    return matrix


def _place_persons(
    settings: Settings, times: np.ndarray, sizes: np.ndarray, focal: float, rng: np.random.Generator
) -> list[tuple[Body, Appearance, Frames]]:
    """People in the world: at one moment of the video each is at a chosen place in the picture."""
    width = settings.size[0]
    names = list(MOTIONS)
    weights = np.array([0.24, 0.14, 0.13, 0.1, 0.1, 0.13, 0.08, 0.08])
    together = int(rng.integers(len(times) // 4, 3 * len(times) // 4 + 1))
    columns: list[float] = []
    persons = []
    for index, size in enumerate(sizes):
        crosses = index > 0 and rng.random() < settings.crossing
        columns.append(_choose_column(columns, crosses, rng))
        kind = str(
            rng.choice(['walk', 'run'] if crosses else names, p=None if crosses else weights)
        )
        body = Body.draw(rng)
        frames = move(kind, body, times, rng, settings.lifelike)
        depth = focal * 1.7 / size
        anchor = frames.points[together, POINTS['pelvis']]
        shift = np.array([(columns[-1] - 0.5) * width * depth / focal, 0.0, -depth]) - anchor * (
            1,
            0,
            1,
        )
        frames.points[...] += shift
        persons.append((body, Appearance.draw(rng, settings.lifelike), frames))
    return persons


def _choose_column(taken: list[float], crosses: bool, rng: np.random.Generator) -> float:
    """A place as a share of the width: close to the last person's, or away from everybody."""
    if crosses:
        return float(np.clip(taken[-1] + rng.normal(0, 0.06), 0.12, 0.88))
    candidates = rng.uniform(0.14, 0.86, 6)
    if not taken:
        return float(0.25 + 0.5 * rng.random())
    return float(max(candidates, key=lambda c: min(abs(c - t) for t in taken)))


def _project(
    body: Body,
    appearance: Appearance,
    frames: Frames,
    view: tuple[float, float, float, float],
    to_frame: np.ndarray,
) -> Person:
    focal, camera_height, horizon, center = view
    depth = np.maximum(-frames.points[..., 2], 0.5)
    steady = np.stack(
        [
            center + focal * frames.points[..., 0] / depth,
            horizon + focal * (camera_height - frames.points[..., 1]) / depth,
        ],
        -1,
    )
    image = np.einsum('nij,npj->npi', to_frame[:, :, :2], steady) + to_frame[:, None, :, 2]
    zoom = np.linalg.norm(to_frame[:, :, 0], axis=1)
    scale = zoom * focal / depth[:, POINTS['pelvis']]
    return Person(body, appearance, frames, image, scale)
