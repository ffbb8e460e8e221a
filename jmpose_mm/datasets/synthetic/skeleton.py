"""An articulated body: segment lengths, joint limits and forward kinematics.

Body frame: x to the person's left, y up, z forward. World frame: x to the right of the picture, y up, z towards the
camera, metres. A person with heading 0 faces the camera; with heading +90 degrees it faces the picture's right.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ['BONES', 'JOINT_LIMITS', 'KEYPOINT_NAMES', 'POINTS', 'Body', 'Frames', 'Pose', 'body_points']

KEYPOINT_NAMES = (
    'nose head_bottom head_top left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist '
    'right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle'
).split()
"""PoseTrack18 order."""

POINTS = {
    name: index
    for index, name in enumerate(
        [*KEYPOINT_NAMES]
        + 'pelvis chest left_hand right_hand left_toe right_toe head_center neck'.split()
    )
}
"""Index of every point that `body_points` returns: the keypoints, then what only drawing needs."""

BONES = tuple(
    (f'{side}_{start}', f'{side}_{end}')
    for side in ('left', 'right')
    for start, end in (
        ('shoulder', 'elbow'),
        ('elbow', 'wrist'),
        ('hip', 'knee'),
        ('knee', 'ankle'),
    )
) + (('head_bottom', 'head_top'), ('left_hip', 'right_hip'), ('left_shoulder', 'right_shoulder'))
"""Pairs of points whose distance never changes."""

# Fractions of stature after Drillis and Contini, as tabulated by Winter; joint half-widths are those of joint centres.
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
    'neck': 0.052,
    'head': 0.132,
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
"""Radians. Zero is hanging straight down; flexion is forwards (a knee's backwards), abduction outwards."""


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
        spread = {name: float(np.clip(rng.normal(1, 0.04), 0.9, 1.1)) for name in SEGMENTS}
        spread['head'] *= (1.7 / stature) ** 0.5  # shorter people have relatively larger heads
        lengths = {name: stature * share * spread[name] for name, share in SEGMENTS.items()}
        return cls(stature, lengths, float(np.clip(rng.normal(1.05, 0.1), 0.88, 1.3)))


def _zeros() -> np.ndarray:
    return np.zeros(1)


@dataclass
class Pose:
    """Joint angles over N moments, radians; each field broadcasts to (N,), or to (N, 2) left and right.

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


def body_points(body: Body, pose: Pose) -> Frames:
    """Forward kinematics of all moments at once.

    The pelvis hangs so high that the lowest foot touches the ground (or is `lift` over it).
    """
    moments = len(pose.heading)
    pelvis_axes = _heading_axes(pose.heading)
    torso, head = _torso_axes(pelvis_axes, pose), None
    head = _head_axes(torso, pose)
    points = np.zeros((moments, len(POINTS), 3))
    length = body.lengths
    spine = torso[:, 1]
    points[:, POINTS['chest']] = spine * length['trunk']
    points[:, POINTS['neck']] = spine * (length['trunk'] + 0.2 * length['neck'])
    bottom = spine * length['trunk'] + 0.5 * (spine + head[:, 1]) * length['neck']
    points[:, POINTS['head_bottom']] = bottom
    points[:, POINTS['head_top']] = bottom + head[:, 1] * length['head']
    center = bottom + head[:, 1] * 0.5 * length['head'] + head[:, 2] * 0.08 * length['head']
    points[:, POINTS['head_center']] = center
    points[:, POINTS['nose']] = center + (0.46 * head[:, 2] - 0.08 * head[:, 1]) * length['head']
    for index, (side, sign) in enumerate((('left', 1.0), ('right', -1.0))):
        points[:, POINTS[f'{side}_ear']] = center + sign * 0.37 * length['head'] * head[:, 0]
        _add_arm(points, body, pose, torso, index, side, sign)
        _add_leg(points, body, pose, pelvis_axes, index, side, sign)
    _stand_on_ground(points, body, pose)
    return Frames(points, torso, head)


def _heading_axes(heading: np.ndarray) -> np.ndarray:
    sine, cosine, zero = np.sin(heading), np.cos(heading), np.zeros_like(heading)
    left = np.stack([cosine, zero, -sine], -1)
    up = np.stack([zero, zero + 1, zero], -1)
    forward = np.stack([sine, zero, cosine], -1)
    return np.stack([left, up, forward], 1)


def _torso_axes(axes: np.ndarray, pose: Pose) -> np.ndarray:
    left, up, forward = axes[:, 0], axes[:, 1], axes[:, 2]
    lean, bend, twist = (value[:, None] for value in (pose.lean, pose.bend, pose.twist))
    spine = (up * np.cos(lean) + forward * np.sin(lean)) * np.cos(bend) + left * np.sin(bend)
    across = left * np.cos(twist) - forward * np.sin(twist)
    across = across - spine * np.sum(across * spine, -1, keepdims=True)
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    return np.stack([across, spine, np.cross(across, spine)], 1)


def _head_axes(torso: np.ndarray, pose: Pose) -> np.ndarray:
    left, up, forward = torso[:, 0], torso[:, 1], torso[:, 2]
    yaw, pitch = pose.head_yaw[:, None], pose.head_pitch[:, None]
    ahead = forward * np.cos(yaw) + left * np.sin(yaw)
    top = up * np.cos(pitch) + ahead * np.sin(pitch)
    ahead = ahead * np.cos(pitch) - up * np.sin(pitch)
    return np.stack([np.cross(top, ahead), top, ahead], 1)


def _direction(axes: np.ndarray, flexion: np.ndarray, abduction: np.ndarray, sign: float) -> np.ndarray:
    """Unit vectors (N, 3): straight down at 0, 0."""
    parts = np.stack(
        [
            sign * np.sin(abduction) * np.cos(flexion),
            -np.cos(abduction) * np.cos(flexion),
            np.sin(flexion),
        ],
        -1,
    )
    return np.einsum('na,nad->nd', parts, axes)


def _add_arm(
    points: np.ndarray, body: Body, pose: Pose, torso: np.ndarray, index: int, side: str, sign: float
) -> None:
    length = body.lengths
    flexion, abduction = pose.shoulder_flexion[:, index], pose.shoulder_abduction[:, index]
    upper = _direction(torso, flexion, abduction, sign)
    lower = _direction(
        torso,
        flexion + pose.elbow_flexion[:, index],
        abduction + pose.elbow_abduction[:, index],
        sign,
    )
    shoulder = torso[:, 1] * length['trunk'] + sign * torso[:, 0] * length['shoulder_half']
    elbow = shoulder + upper * length['upper_arm']
    wrist = elbow + lower * length['forearm']
    points[:, POINTS[f'{side}_shoulder']] = shoulder
    points[:, POINTS[f'{side}_elbow']] = elbow
    points[:, POINTS[f'{side}_wrist']] = wrist
    points[:, POINTS[f'{side}_hand']] = wrist + lower * length['hand']


def _add_leg(
    points: np.ndarray, body: Body, pose: Pose, axes: np.ndarray, index: int, side: str, sign: float
) -> None:
    length = body.lengths
    flexion, abduction = pose.hip_flexion[:, index], pose.hip_abduction[:, index]
    shank = flexion - pose.knee_flexion[:, index]
    hip = sign * axes[:, 0] * length['hip_half']
    knee = hip + _direction(axes, flexion, abduction, sign) * length['thigh']
    ankle = knee + _direction(axes, shank, abduction, sign) * length['shank']
    # The sole stays flatter than a foot fixed at a right angle to the shank would.
    foot = _direction(axes, np.pi / 2 + 0.45 * shank - 0.12, 0.25 + 0 * abduction, sign)
    points[:, POINTS[f'{side}_hip']] = hip
    points[:, POINTS[f'{side}_knee']] = knee
    points[:, POINTS[f'{side}_ankle']] = ankle
    points[:, POINTS[f'{side}_toe']] = ankle + foot * length['foot']


def _stand_on_ground(points: np.ndarray, body: Body, pose: Pose) -> None:
    ankles = points[:, [POINTS['left_ankle'], POINTS['right_ankle']], 1]
    toes = points[:, [POINTS['left_toe'], POINTS['right_toe']], 1]
    sole = np.minimum(ankles - body.lengths['ankle_height'], toes - 0.016 * body.stature).min(1)
    points[..., 1] += (pose.lift - sole)[:, None]
    points[..., 0] += pose.ground[:, :1]
    points[..., 2] += pose.ground[:, 1:]
