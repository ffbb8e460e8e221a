"""An articulated body: points, segment lengths, joint limits and angles.

Body frame: x to the person's left, y up, z forward. World frame: x to the right of the picture, y
up, z towards the camera, metres. A person with heading 0 faces the camera; with heading +90 degrees
it faces the picture's right.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ['BONES', 'JOINT_LIMITS', 'KEYPOINT_NAMES', 'POINTS', 'Body', 'Frames', 'Pose']

KEYPOINT_NAMES = (
    'nose head_bottom head_top left_ear right_ear left_shoulder right_shoulder left_elbow '
    'right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle '
    'right_ankle'
).split()
"""PoseTrack18 order."""

DRAWN_POINTS = 'pelvis chest left_hand right_hand left_toe right_toe head_center neck'.split()

POINTS = {name: index for index, name in enumerate((*KEYPOINT_NAMES, *DRAWN_POINTS))}
"""Index of every point of a body: the keypoints, then what only drawing needs."""

BONES = (
    *(
        (f'{side}_{start}', f'{side}_{end}')
        for side in ('left', 'right')
        for start, end in (
            ('shoulder', 'elbow'),
            ('elbow', 'wrist'),
            ('hip', 'knee'),
            ('knee', 'ankle'),
        )
    ),
    ('head_bottom', 'head_top'),
    ('left_hip', 'right_hip'),
    ('left_shoulder', 'right_shoulder'),
)
"""Pairs of points whose distance never changes."""

# Fractions of stature after Drillis and Contini, as tabulated by Winter; joint half-widths are
# those of joint centres.
SEGMENTS = {
    'upper_arm': 0.180,
    'forearm': 0.146,
    'hand': 0.065,
    'thigh': 0.245,
    'shank': 0.246,
    'foot': 0.105,
    'ankle_height': 0.039,
    'trunk': 0.288,
    'shoulder_half': 0.108,
    'hip_half': 0.062,
    'neck': 0.042,
    'head': 0.143,
}

JOINT_LIMITS = {
    'hip_flexion': (-0.5, 1.9),
    'hip_abduction': (-0.3, 0.9),
    'knee_flexion': (0.0, 2.3),
    'shoulder_flexion': (-0.9, 2.9),
    'shoulder_abduction': (-0.2, 2.8),
    'elbow_flexion': (0.0, 2.5),
    'elbow_abduction': (-1.6, 1.6),
}
"""Radians. Zero hangs straight down; flexion is forwards (a knee's back), abduction outwards."""


@dataclass(frozen=True)
class Body:
    """Segment lengths of one person in metres.

    Attributes:
        stature: Height standing straight.
        lengths: Length by segment name, the same on both sides.
        girth: Factor on all drawn widths.
    """

    stature: float
    lengths: dict[str, float]
    girth: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Body:
        """A random adult or child: proportions vary by some 4 percent around the tabulated mean."""
        stature = float(np.clip(rng.normal(1.7, 0.11), 1.3, 2.0))
        # Clipped, so that nobody has limbs that no person has.
        spread = {name: float(np.clip(rng.normal(1, 0.04), 0.9, 1.1)) for name in SEGMENTS}
        spread['head'] *= (1.7 / stature) ** 0.5  # shorter people have relatively larger heads
        lengths = {name: stature * share * spread[name] for name, share in SEGMENTS.items()}
        return cls(stature, lengths, float(np.clip(rng.normal(1.05, 0.1), 0.88, 1.3)))


def _zeros() -> np.ndarray:
    return np.zeros(1)


@dataclass
class Pose:
    """Angles over N moments, radians; each field broadcasts to (N,) or, left and right, (N, 2).

    Attributes:
        ground: (N, 2) place on the ground, world x and z in metres.
        lift: (N,) height of the lowest foot over the ground in metres.
    """

    heading: np.ndarray = field(default_factory=_zeros)
    lean: np.ndarray = field(default_factory=_zeros)
    bend: np.ndarray = field(default_factory=_zeros)
    twist: np.ndarray = field(default_factory=_zeros)
    head_yaw: np.ndarray = field(default_factory=_zeros)
    head_pitch: np.ndarray = field(default_factory=_zeros)
    lift: np.ndarray = field(default_factory=_zeros)
    ground: np.ndarray = field(default_factory=lambda: np.zeros((1, 2)))
    hip_flexion: np.ndarray = field(default_factory=lambda: np.zeros((1, 2)))
    hip_abduction: np.ndarray = field(default_factory=lambda: np.full((1, 2), 0.05))
    knee_flexion: np.ndarray = field(default_factory=lambda: np.full((1, 2), 0.08))
    shoulder_flexion: np.ndarray = field(default_factory=lambda: np.zeros((1, 2)))
    shoulder_abduction: np.ndarray = field(default_factory=lambda: np.full((1, 2), 0.15))
    elbow_flexion: np.ndarray = field(default_factory=lambda: np.full((1, 2), 0.25))
    elbow_abduction: np.ndarray = field(default_factory=lambda: np.zeros((1, 2)))

    def limited(self, moments: int) -> Pose:
        """The same pose, broadcast to `moments` rows and held within `JOINT_LIMITS`."""
        values = {}
        for name, value in vars(self).items():
            two = name == 'ground' or name in JOINT_LIMITS
            shape = (moments, 2) if two else (moments,)
            values[name] = np.broadcast_to(np.asarray(value, float), shape).copy()
            if name in JOINT_LIMITS:
                values[name] = np.clip(values[name], *JOINT_LIMITS[name])
        return Pose(**values)


@dataclass(frozen=True)
class Frames:
    """Points and directions of a body over N moments, in the world frame.

    Attributes:
        points: (N, P, 3) metres, indexed by `POINTS`.
        torso: (N, 3, 3) unit rows left, up, forward of the chest.
        head: (N, 3, 3) unit rows left, up, forward of the head.
    """

    points: np.ndarray
    torso: np.ndarray
    head: np.ndarray
