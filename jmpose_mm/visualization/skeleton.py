"""Skeletons: joints, and the lines that are drawn between them.

Axes: K joints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES

__all__ = ['Skeleton', 'posetrack_skeleton', 'skeleton_of']

LIMBS = (
    ('head_top', 'nose'),
    ('nose', 'head_bottom'),
    ('head_bottom', 'right_shoulder'),
    ('right_shoulder', 'right_elbow'),
    ('right_elbow', 'right_wrist'),
    ('right_shoulder', 'right_hip'),
    ('right_hip', 'right_knee'),
    ('right_knee', 'right_ankle'),
    ('head_bottom', 'left_shoulder'),
    ('left_shoulder', 'left_elbow'),
    ('left_elbow', 'left_wrist'),
    ('left_shoulder', 'left_hip'),
    ('left_hip', 'left_knee'),
    ('left_knee', 'left_ankle'),
    ('right_hip', 'left_hip'),
)


class Skeleton(NamedTuple):
    """The joints of a person, an animal or a thing, and the lines between them.

    Attributes:
        joints: Names of the K joints.
        edges: Pairs of their indices that a line joins.
        category: Word for what has the joints.

    Example:
        >>> Skeleton(('nose', 'tail', 'ear'), ((0, 1),)).drawn.tolist()
        [True, True, True]
    """

    joints: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    category: str = 'person'

    def as_json(self) -> dict[str, Any]:
        """The same as a dict; people need no category."""
        content = self._asdict()
        return content if self.category != 'person' else {k: content[k] for k in self._fields[:2]}

    @property
    def drawn(self) -> np.ndarray:
        """(K,) which joints are drawn: all but PoseTrack's ears, which nobody annotates."""
        placeholders = ('left_ear', 'right_ear') if self.joints == FILE_JOINT_NAMES else ()
        return np.asarray([name not in placeholders for name in self.joints], dtype=bool)


def posetrack_skeleton(joints: tuple[str, ...] = FILE_JOINT_NAMES) -> Skeleton:
    """PoseTrack's, for its joints in any order."""
    edges = [(joints.index(first), joints.index(second)) for first, second in LIMBS]
    return Skeleton(joints, tuple(edges))


def skeleton_of(dataset_meta: Mapping[str, Any]) -> Skeleton:
    """The skeleton of a data set, from what mmpose knows about it.

    PoseTrack's joints get the lines of this package: mmpose joins the ears, which nobody annotates.

    Args:
        dataset_meta: With ``keypoint_id2name`` and ``skeleton_links``, as a model carries it, and
            perhaps ``category``, what has these joints.

    Example:
        >>> skeleton_of({'keypoint_id2name': {0: 'nose', 1: 'tail'}, 'skeleton_links': [(0, 1)]})
        Skeleton(joints=('nose', 'tail'), edges=((0, 1),), category='person')
    """
    names = dataset_meta['keypoint_id2name']
    joints = tuple(names[index] for index in range(len(names)))
    if joints in (FILE_JOINT_NAMES, JOINT_NAMES):
        return posetrack_skeleton(joints)
    edges = dataset_meta['skeleton_links']
    lines = tuple((int(first), int(second)) for first, second in edges)
    return Skeleton(joints, lines, str(dataset_meta.get('category', 'person')))
