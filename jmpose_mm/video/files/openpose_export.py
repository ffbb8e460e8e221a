"""OpenPose's JSON, a file for every frame, in the order of its BODY_25 or COCO model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from jmpose_mm.video.files.recordings import Recording
from jmpose_mm.video.records import SCORE_DIGITS, PersonPose
from jmpose_mm.whole_files import whole_folder

__all__ = ['BODY_25', 'COCO_18', 'write_openpose']

# OpenPose's BODY_25, by the joints that stand for each; where there are two, their middle.
BODY_25: tuple[tuple[str, ...], ...] = (
    ('nose',),
    ('neck', 'head_bottom'),
    ('right_shoulder',),
    ('right_elbow',),
    ('right_wrist',),
    ('left_shoulder',),
    ('left_elbow',),
    ('left_wrist',),
    ('left_hip+right_hip',),
    ('right_hip',),
    ('right_knee',),
    ('right_ankle',),
    ('left_hip',),
    ('left_knee',),
    ('left_ankle',),
    ('right_eye',),
    ('left_eye',),
    ('right_ear',),
    ('left_ear',),
    *(((),) * 6),
)
# OpenPose's COCO order has no middle of the hips and no feet.
COCO_18 = (*BODY_25[:8], *BODY_25[9:19])


def write_openpose(
    recording: Recording, path: Path, order: tuple[tuple[str, ...], ...] = BODY_25
) -> None:
    """A folder with OpenPose's JSON, a file for every frame; absent joints are 0.

    Args:
        recording: Poses to write.
        path: The folder.
        order: Names that can stand for each joint.
    """
    joints = recording.header.skeleton.joints
    name = Path(recording.header.source).stem or 'video'
    with whole_folder(path) as folder:
        for poses in recording:
            people = [
                {
                    'person_id': [person.id],
                    'pose_keypoints_2d': _triples(person, joints, order),
                    'face_keypoints_2d': [],
                    'hand_left_keypoints_2d': [],
                    'hand_right_keypoints_2d': [],
                    'pose_keypoints_3d': [],
                }
                for person in poses.persons
            ]
            file = folder / f'{name}_{poses.index:012d}_keypoints.json'
            file.write_text(json.dumps({'version': 1.3, 'people': people}), encoding='utf-8')


def _triples(
    person: PersonPose, joints: tuple[str, ...], order: tuple[tuple[str, ...], ...]
) -> list[float]:
    """x, y and score of each joint of an order."""
    known = {
        joint: (*point, score)
        for joint, point, score in zip(joints, person.keypoints, person.scores, strict=True)
        # OpenPose writes 0, 0, 0 for what it does not see.
        if np.isfinite(point).all() and score > 0
    }
    for pair in ('left_hip+right_hip', 'left_shoulder+right_shoulder'):
        first, second = pair.split('+')
        if first in known and second in known:
            known[pair] = tuple(np.mean([known[first], known[second]], axis=0))
    values: list[float] = []
    for names in order:
        wanted = (*names, 'left_shoulder+right_shoulder') if 'neck' in names else names
        triple = next((known[name] for name in wanted if name in known), (0.0, 0.0, 0.0))
        values.extend(round(float(value), SCORE_DIGITS) for value in triple)
    return values
