"""Motion of a person: joint angles as sums of sinusoids with parameters of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jmpose_mm.datasets.synthetic.kinematics import body_points
from jmpose_mm.datasets.synthetic.skeleton import POINTS, Body, Frames, Pose

__all__ = ['MOTIONS', 'move']

HALF_TURN = np.array([0.0, np.pi])


def move(
    kind: str, body: Body, times: np.ndarray, rng: np.random.Generator, planted: bool = False
) -> Frames:
    """The body over `times` (N,) in seconds, near the world's origin.

    A gait moves the body so that the foot on the ground stays where it is; if `planted`, so does
    every other motion but `jump`, whose feet slide apart together.

    Raises:
        ValueError: If `kind` is none of `MOTIONS`.
    """
    if kind not in MOTIONS:
        raise ValueError(f'kind: expected one of {sorted(MOTIONS)}, got {kind!r}')
    pose = MOTIONS[kind](times, rng)
    _fidget(pose, times, rng)
    pose = pose.limited(len(times))
    frames = body_points(body, pose)
    if kind in ('walk', 'run') or (planted and kind != 'jump'):
        frames.points[...] += _travel(frames.points, 0.35 if kind == 'run' else 0.0)[:, None]
    return frames


def _travel(points: np.ndarray, glide: float) -> np.ndarray:
    """(N, 3) way on the ground that keeps the lower foot still; `glide` adds a share of it."""
    feet = points[:, [POINTS['left_ankle'], POINTS['right_ankle']]]
    # The lower foot carries the body, so that the ground moves by as much as it does.
    standing = feet[:-1, :, 1].argmin(1)
    steps = -(feet[1:] - feet[:-1])[np.arange(len(feet) - 1), standing]
    steps[:, 1] = 0
    # Where the feet change, the way would jump; odd, so that the mean has a middle.
    width = min(9, len(steps) | 1)
    padded = np.pad(steps, ((width // 2, width // 2), (0, 0)), mode='edge')
    smooth = np.stack(
        [np.convolve(padded[:, axis], np.full(width, 1 / width), 'valid') for axis in range(3)], -1
    )
    return np.concatenate([np.zeros((1, 3)), np.cumsum(smooth[: len(steps)] * (1 + glide), 0)])


def _swing(
    times: np.ndarray, rng: np.random.Generator, rate: float, amplitude: float
) -> np.ndarray:
    """(N,) sum of three incommensurable sinusoids, standard deviation about 0.6 of `amplitude`."""
    total = np.zeros_like(times)
    for share, factor in ((0.7, 1.0), (0.35, 1.73), (0.2, 2.61)):
        frequency = rate * factor * rng.uniform(0.85, 1.15)
        total += share * np.sin(2 * np.pi * frequency * times + rng.uniform(0, 2 * np.pi))
    return amplitude * total


def _fidget(pose: Pose, times: np.ndarray, rng: np.random.Generator) -> None:
    """Small motions that nobody can help: head, spine, elbows."""
    pose.head_yaw = pose.head_yaw + rng.normal(0, 0.25) + _swing(times, rng, 0.3, 0.25)
    pose.head_pitch = pose.head_pitch + rng.normal(0.05, 0.1) + _swing(times, rng, 0.4, 0.08)
    pose.bend = pose.bend + _swing(times, rng, 0.4, 0.03)
    extra = np.stack([_swing(times, rng, 0.5, 0.06) for _ in range(2)], -1)
    pose.elbow_flexion = pose.elbow_flexion + extra


def _facing(rng: np.random.Generator) -> float:
    """A heading in radians: seen from the front more often than from behind."""
    return float(rng.normal(0, 0.7)) if rng.random() < 0.7 else float(rng.uniform(-np.pi, np.pi))


def _gait(times: np.ndarray, rng: np.random.Generator, running: bool) -> Pose:
    cadence = rng.uniform(1.25, 1.6) if running else rng.uniform(0.8, 1.1)
    reach = rng.uniform(0.5, 0.64) if running else rng.uniform(0.34, 0.48)
    phase = 2 * np.pi * cadence * times[:, None] + rng.uniform(0, 2 * np.pi) + HALF_TURN
    lift_knee = rng.uniform(0.75, 0.95) if running else rng.uniform(0.45, 0.6)
    bent_stance = 0.3 if running else 0.1
    # Two harmonics: a knee bends much in the swing and little in the stance.
    knee = bent_stance + lift_knee * (
        0.75 + np.cos(phase + 0.45) + 0.3 * np.cos(2 * phase + 0.9)
    ).clip(0)
    arms = rng.uniform(0.55, 0.8) if running else rng.uniform(0.3, 0.6)
    bent = rng.uniform(1.3, 1.7) if running else rng.uniform(0.2, 0.5)
    side = rng.choice([-1.0, 1.0])
    # Gaits go across the picture, not towards the camera.
    heading = side * rng.normal(np.pi / 2, 0.4) + _swing(times, rng, 0.15, 0.1)
    bounce = 0.05 * np.abs(np.sin(phase[:, 0] + 0.6)) if running else np.zeros_like(times)
    return Pose(
        heading=heading,
        lean=np.full_like(times, rng.uniform(0.12, 0.25) if running else rng.uniform(0.0, 0.09)),
        twist=0.12 * np.sin(phase[:, 0]),
        lift=bounce,
        hip_flexion=0.08 + (0.2 if running else 0.0) + reach * np.sin(phase),
        knee_flexion=knee,
        shoulder_flexion=-arms * np.sin(phase) + (-0.1 if running else 0.0),
        shoulder_abduction=np.full((1, 2), rng.uniform(0.1, 0.25)),
        elbow_flexion=bent - 0.25 * np.sin(phase),
    )


def _walk(times: np.ndarray, rng: np.random.Generator) -> Pose:
    return _gait(times, rng, running=False)


def _run(times: np.ndarray, rng: np.random.Generator) -> Pose:
    return _gait(times, rng, running=True)


def _wave(times: np.ndarray, rng: np.random.Generator) -> Pose:
    arm = rng.integers(0, 2)
    raised = np.zeros((1, 2))
    raised[0, arm] = 1
    beat = np.sin(2 * np.pi * rng.uniform(1.0, 1.9) * times + rng.uniform(0, 6))[:, None]
    sway = _swing(times, rng, 0.5, 0.12)
    return Pose(
        heading=_facing(rng) + sway,
        twist=_swing(times, rng, 0.5, 0.1),
        shoulder_abduction=0.18 + raised * (rng.uniform(1.1, 1.7) + 0.2 * beat),
        elbow_abduction=raised * (0.75 + 0.7 * beat),
        elbow_flexion=0.3 - 0.2 * raised + 0 * beat,
        hip_flexion=0.05 + 0.08 * np.stack([sway, -sway], -1),
        shoulder_flexion=0.1 + np.stack([_swing(times, rng, 0.6, 0.2) for _ in range(2)], -1),
    )


def _jump(times: np.ndarray, rng: np.random.Generator) -> Pose:
    """Jumping jacks: arms and legs open and close while the body leaves the ground."""
    angle = 2 * np.pi * rng.uniform(0.75, 1.1) * times + rng.uniform(0, 6)
    open_ = (0.5 - 0.5 * np.cos(angle))[:, None]
    crouch = np.cos(2 * angle + 0.6).clip(0)[:, None]
    return Pose(
        heading=_facing(rng) + 0 * times,
        lift=0.16 * np.sin(angle) ** 2,
        hip_abduction=0.05 + 0.42 * open_ + np.zeros((1, 2)),
        hip_flexion=0.32 * crouch + np.zeros((1, 2)),
        knee_flexion=0.1 + 0.6 * crouch + np.zeros((1, 2)),
        shoulder_abduction=0.15 + rng.uniform(1.7, 2.45) * open_ + np.zeros((1, 2)),
        elbow_abduction=0.3 * open_ + np.zeros((1, 2)),
    )


def _turn(times: np.ndarray, rng: np.random.Generator) -> Pose:
    """Turning on the spot while shifting from one leg to the other."""
    phase = 2 * np.pi * rng.uniform(0.8, 1.2) * times[:, None] + rng.uniform(0, 6) + HALF_TURN
    step = np.sin(phase).clip(0)
    rate = rng.choice([-1, 1]) * rng.uniform(0.9, 2.2)
    arms = np.stack([_swing(times, rng, 0.7, 0.5) for _ in range(2)], -1)
    return Pose(
        heading=rng.uniform(-np.pi, np.pi) + rate * times,
        hip_flexion=0.05 + 0.45 * step,
        knee_flexion=0.1 + 0.8 * step,
        shoulder_flexion=0.2 + arms,
        shoulder_abduction=0.35 + 0.3 * arms[:, ::-1],
        elbow_flexion=0.7 + 0.5 * arms,
    )


def _dance(times: np.ndarray, rng: np.random.Generator) -> Pose:
    rate = rng.uniform(0.5, 0.95)

    def pair(base: float, amplitude: float) -> np.ndarray:
        return base + np.stack([_swing(times, rng, rate, amplitude) for _ in range(2)], -1)

    return Pose(
        heading=_facing(rng) + _swing(times, rng, 0.4, 0.5),
        lean=0.08 + _swing(times, rng, rate, 0.12),
        bend=_swing(times, rng, rate, 0.15),
        twist=_swing(times, rng, rate, 0.25),
        hip_flexion=pair(0.3, 0.4),
        hip_abduction=pair(0.18, 0.16),
        knee_flexion=pair(0.5, 0.5),
        shoulder_flexion=pair(0.6, 0.9),
        shoulder_abduction=pair(0.8, 0.7),
        elbow_flexion=pair(1.0, 0.7),
    )


def _squat(times: np.ndarray, rng: np.random.Generator) -> Pose:
    depth = 0.5 - 0.5 * np.cos(2 * np.pi * rng.uniform(0.5, 0.8) * times + rng.uniform(0, 6))
    depth = depth[:, None] * rng.uniform(0.6, 1.0)
    return Pose(
        heading=_facing(rng) + _swing(times, rng, 0.3, 0.1),
        lean=0.08 + 0.5 * depth[:, 0],
        hip_flexion=0.05 + 1.2 * depth + np.zeros((1, 2)),
        knee_flexion=0.1 + 1.75 * depth + np.zeros((1, 2)),
        hip_abduction=np.full((1, 2), rng.uniform(0.15, 0.4)),
        shoulder_flexion=0.1 + 1.4 * depth + np.zeros((1, 2)),
        elbow_flexion=0.3 + 0.5 * depth + np.zeros((1, 2)),
    )


def _throw(times: np.ndarray, rng: np.random.Generator) -> Pose:
    """One arm swings over and forward, the trunk follows, a leg steps out."""
    arm = int(rng.integers(0, 2))
    angle = 2 * np.pi * rng.uniform(0.6, 0.95) * times + rng.uniform(0, 6)
    select = np.zeros((1, 2))
    select[0, arm] = 1
    swing = (0.75 + 1.6 * np.sin(angle) + 0.3 * np.sin(2 * angle))[:, None]
    step = np.sin(angle)[:, None]
    return Pose(
        heading=_facing(rng) + 0.25 * np.sin(angle),
        lean=0.1 + 0.15 * np.sin(angle + 0.5),
        twist=(1 - 2 * arm) * 0.4 * np.sin(angle + 0.4),
        shoulder_flexion=select * swing + (1 - select) * (0.5 - 0.5 * step),
        shoulder_abduction=0.3 + 0.4 * select + 0 * step,
        elbow_flexion=0.4 + select * (0.7 - 0.6 * step) + (1 - select) * 0.4,
        hip_flexion=0.15 + (1 - 2 * select) * 0.3 * step,
        knee_flexion=0.25 + 0.2 * (1 + (1 - 2 * select) * step),
    )


MOTIONS: dict[str, Callable[[np.ndarray, np.random.Generator], Pose]] = {
    'walk': _walk,
    'run': _run,
    'wave': _wave,
    'jump': _jump,
    'turn': _turn,
    'dance': _dance,
    'squat': _squat,
    'throw': _throw,
}
"""Motions by name; each takes times (N,) in seconds and a generator and returns a `Pose`."""
