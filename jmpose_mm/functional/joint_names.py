"""Joints of the data sets besides PoseTrack, in the order of their files."""

from __future__ import annotations

__all__ = ['HIEVE_JOINTS', 'SUB_JHMDB_JOINTS']

SUB_JHMDB_JOINTS = (
    'neck',
    'belly',
    'head',
    'right_shoulder',
    'left_shoulder',
    'right_hip',
    'left_hip',
    'right_elbow',
    'left_elbow',
    'right_knee',
    'left_knee',
    'right_wrist',
    'left_wrist',
    'right_ankle',
    'left_ankle',
)
HIEVE_JOINTS = (
    'nose',
    'chest',
    'right_shoulder',
    'right_elbow',
    'right_wrist',
    'left_shoulder',
    'left_elbow',
    'left_wrist',
    'right_hip',
    'right_knee',
    'right_ankle',
    'left_hip',
    'left_knee',
    'left_ankle',
)
