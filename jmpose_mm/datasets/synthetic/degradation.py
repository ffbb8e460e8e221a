"""Short bursts of strong degradation: which frame has which effects.

A burst lasts a few frames; between bursts the video is undegraded for at least two frames. So what
a degraded frame lacks is there one or two frames earlier or later, and only there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.datasets.synthetic.occluders import Occluder, draw_foreground, draw_occluder
from jmpose_mm.datasets.synthetic.scene import SUBFRAMES, Scene, frame_moment
from jmpose_mm.datasets.synthetic.settings import DEGRADATIONS, Settings

__all__ = ['Effects', 'plan_effects']

PATH_POINTS = 32


@dataclass(frozen=True)
class Effects:
    """Degradations of one frame.

    Attributes:
        severity: Strength by degradation: camera travel, disc radius and cover in person heights,
            gain, and height in pixels; empty for an undegraded frame. An occluder counts where it
            covers a person.
        exposure: Exposure time in frame intervals; 0 is an instant.
        path: (M, 2) the camera's way in pixels during the exposure, (0, 0) in its middle.
        radius: Radius of the defocus disc in pixels.
        gain: Factor on the light.
        reduction: Factor on the picture's sides before compression.
        occluder: Thing that passes in front, with its place.
    """

    severity: dict[str, float] = field(default_factory=dict)
    exposure: float = 0.0
    path: np.ndarray | None = None
    radius: float = 0.0
    gain: float = 1.0
    reduction: float = 1.0
    occluder: tuple[Occluder, float, float] | None = None

    def moments(self, frame: int, total: int) -> list[int]:
        """Moments that the exposure integrates; their middle is the frame's own moment."""
        reach = round(self.exposure * SUBFRAMES / 2)
        step = max(1, reach // 4)
        middle = frame_moment(frame)
        offsets = range(-(reach // step) * step, reach + 1, step)
        return [min(max(middle + offset, 0), total - 1) for offset in offsets]


class _World(NamedTuple):
    """What a burst is drawn from."""

    settings: Settings
    scene: Scene
    rng: np.random.Generator


def plan_effects(settings: Settings, scene: Scene, rng: np.random.Generator) -> list[Effects]:
    """One `Effects` per frame: bursts drawn from the settings' distributions."""
    plan = [Effects() for _ in range(settings.frames)]
    lengths = np.array(settings.burst_lengths) / sum(settings.burst_lengths)
    weights = np.array(settings.burst_kinds) / sum(settings.burst_kinds)
    # Never the first frame: every burst has an undegraded frame before it.
    start = int(rng.integers(1, settings.burst_gap[1] + 1))
    while start < settings.frames - 1:
        length = int(rng.choice(len(lengths), p=lengths)) + 1
        stop = min(start + length, settings.frames - 1)  # so that the last burst ends, too
        kinds = [str(rng.choice(DEGRADATIONS, p=weights))]
        if rng.random() < settings.second_kind:
            kinds.append(str(rng.choice(DEGRADATIONS, p=weights)))
        for kind in dict.fromkeys(kinds):
            _BURSTS[kind](plan, start, stop, _World(settings, scene, rng))
        start = stop + int(rng.integers(settings.burst_gap[0], settings.burst_gap[1] + 1))
    return plan


def _unit(scene: Scene, frame: int) -> float:
    """Median height of the persons in pixels: what strengths are relative to."""
    return float(np.median([person.height(frame_moment(frame)) for person in scene.persons]))


def _mark(effects: Effects, kind: str, strength: float, **changes: Any) -> Effects:
    return replace(effects, severity={**effects.severity, kind: round(strength, 4)}, **changes)


def _plan_motion_blur(plan: list[Effects], start: int, stop: int, world: _World) -> None:
    travel = world.rng.uniform(*world.settings.blur_travel)
    exposure = world.rng.uniform(*world.settings.blur_exposure)
    angle = world.rng.uniform(0, 2 * np.pi)
    for frame in range(start, stop):
        # A hand shakes on in about the direction in which it shook before.
        angle += world.rng.normal(0, 0.5)
        strength = travel * world.rng.uniform(0.85, 1.15)
        share = np.linspace(-1, 1, PATH_POINTS)
        bow = world.rng.normal(0, 0.35) * share**2
        along, aside = (
            np.array([np.cos(angle), np.sin(angle)]),
            np.array([-np.sin(angle), np.cos(angle)]),
        )
        path = (
            (share[:, None] * along + bow[:, None] * aside)
            * strength
            * _unit(world.scene, frame)
            / 2
        )
        plan[frame] = _mark(plan[frame], 'motion_blur', strength, exposure=exposure, path=path)


def _plan_defocus(plan: list[Effects], start: int, stop: int, world: _World) -> None:
    strength = world.rng.uniform(*world.settings.defocus_radius)
    for frame in range(start, stop):
        now = strength * world.rng.uniform(0.85, 1.15)
        plan[frame] = _mark(plan[frame], 'defocus', now, radius=now * _unit(world.scene, frame))


def _plan_low_light(plan: list[Effects], start: int, stop: int, world: _World) -> None:
    gain = world.rng.uniform(*world.settings.low_light_gain)
    for frame in range(start, stop):
        plan[frame] = _mark(plan[frame], 'low_light', gain, gain=gain)


def _plan_compression(plan: list[Effects], start: int, stop: int, world: _World) -> None:
    rows = world.rng.uniform(*world.settings.compression_height)
    for frame in range(start, stop):
        # So that a person is as many pixels high after it, whatever the picture's size.
        factor = min(1.0, rows / _unit(world.scene, frame))
        plan[frame] = _mark(plan[frame], 'compression', rows, reduction=factor)


def _plan_occluder(plan: list[Effects], start: int, stop: int, world: _World) -> None:
    """Something passes before one person; a frame earlier and later it is just beside it."""
    target = world.scene.persons[world.rng.integers(len(world.scene.persons))]
    middle = frame_moment((start + stop - 1) // 2)
    tall = target.height(middle)
    cover = world.rng.uniform(*world.settings.occluder_cover)
    length = stop - start
    width = tall * world.rng.uniform(0.45, 0.7)
    # Half a person's width plus half its own lie between the two extreme places and the person.
    step = (width + 0.55 * tall) / (length + 1) * world.rng.choice([-1.0, 1.0])
    if world.settings.lifelike:
        occluder, below = _foreground(target.image[middle, :17], cover * tall, width, step, world)
    else:
        occluder = draw_occluder((round(cover * tall), round(width)), abs(step), world.rng)
        below = world.rng.uniform(-0.4, 0.4) * max(0.0, 1 - cover) * tall
    for frame in range(max(start - 1, 0), min(stop + 1, len(plan))):
        points = target.image[frame_moment(frame), :17]
        x = points[:, 0].mean() + (frame - (start + stop - 1) / 2) * step
        y = (points[:, 1].min() + points[:, 1].max()) / 2 + below
        place = (occluder, float(x), float(y))
        if start <= frame < stop:
            plan[frame] = _mark(plan[frame], 'occluder', cover, occluder=place)
        # Another burst's occluder stays: a frame shows one.
        elif plan[frame].occluder is None:
            plan[frame] = replace(plan[frame], occluder=place)


def _foreground(
    points: np.ndarray, cover: float, width: float, step: float, world: _World
) -> tuple[Occluder, float]:
    """Something that reaches `cover` pixels over a person's feet or, hanging, under its crown.

    Returns:
        The thing, which goes on beyond the picture's border, and how far its middle is below that
        of the person's `points` (17, 2).
    """
    crown, feet = points[:, 1].min(), points[:, 1].max()
    hanging = bool(world.rng.random() < 0.2)
    beyond = 0.25 * world.settings.size[1]
    top = -beyond if hanging else feet - cover
    bottom = crown + cover if hanging else world.settings.size[1] + beyond
    shape = (round(bottom - top), round(width))
    occluder = draw_foreground(shape, abs(step), hanging, world.rng)
    return occluder, float((top + bottom) / 2 - (crown + feet) / 2)


_BURSTS = {
    'motion_blur': _plan_motion_blur,
    'defocus': _plan_defocus,
    'occluder': _plan_occluder,
    'low_light': _plan_low_light,
    'compression': _plan_compression,
}
