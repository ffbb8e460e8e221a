"""Forward kinematics: from joint angles to points in the world."""

from __future__ import annotations

import numpy as np

from jmpose_mm.datasets.synthetic.skeleton import POINTS, Body, Frames, Pose

__all__ = ['body_points']


def body_points(body: Body, pose: Pose) -> Frames:
    """Forward kinematics of all moments at once.

    The pelvis hangs so high that the lowest foot touches the ground (or is `lift` over it).
    """
    moments = len(pose.heading)
    pelvis_axes = _heading_axes(pose.heading)
    torso = _torso_axes(pelvis_axes, pose)
    head = _head_axes(torso, pose)
    points = np.zeros((moments, len(POINTS), 3))
    length = body.lengths
    spine = torso[:, 1]
    points[:, POINTS['chest']] = spine * length['trunk']
    points[:, POINTS['neck']] = spine * (length['trunk'] + 0.2 * length['neck'])
    bottom = spine * length['trunk'] + 0.5 * (spine + head[:, 1]) * length['neck']
    points[:, POINTS['head_bottom']] = bottom
    points[:, POINTS['head_top']] = bottom + head[:, 1] * length['head']
    # The chin lies over head_bottom, which is the top of the neck, and before it.
    center = bottom + head[:, 1] * 0.55 * length['head'] + head[:, 2] * 0.08 * length['head']
    points[:, POINTS['head_center']] = center
    points[:, POINTS['nose']] = center + (0.42 * head[:, 2] - 0.07 * head[:, 1]) * length['head']
    for index, (side, sign) in enumerate((('left', 1.0), ('right', -1.0))):
        points[:, POINTS[f'{side}_ear']] = center + sign * 0.34 * length['head'] * head[:, 0]
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


def _direction(
    axes: np.ndarray, flexion: np.ndarray, abduction: np.ndarray, sign: float
) -> np.ndarray:
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
    points: np.ndarray,
    body: Body,
    pose: Pose,
    torso: np.ndarray,
    index: int,
    side: str,
    sign: float,
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
