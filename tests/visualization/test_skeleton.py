from __future__ import annotations

import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES
from jmpose_mm.visualization.skeleton import Skeleton, posetrack_skeleton, skeleton_of

CHAIN = {
    'dataset_name': 'chain',
    'paper_info': {},
    'keypoint_info': {
        index: dict(name=name, id=index, color=[0, 0, 0], type='', swap='')
        for index, name in enumerate(('top', 'middle', 'end'))
    },
    'skeleton_info': {
        0: dict(link=('middle', 'top'), id=0, color=[0, 0, 0]),
        1: dict(link=('end', 'middle'), id=1, color=[0, 0, 0]),
    },
    'joint_weights': [1.0] * 3,
    'sigmas': [0.1] * 3,
}


@pytest.mark.parametrize('names', [JOINT_NAMES, FILE_JOINT_NAMES])
def test_posetrack_skeleton__joins_the_joints_that_count(names: tuple[str, ...]) -> None:
    skeleton = posetrack_skeleton(names)
    assert {name for name, drawn in zip(names, skeleton.drawn, strict=True) if drawn} == set(
        JOINT_NAMES
    )
    # A tree of 15 joints and the line between the hips, which closes one circle.
    assert len(skeleton.edges) == 15
    pairs = {frozenset((names[a], names[b])) for a, b in skeleton.edges}
    assert frozenset(('left_knee', 'left_ankle')) in pairs
    mirrored = {
        frozenset(
            n.replace('left', '?').replace('right', 'left').replace('?', 'right') for n in pair
        )
        for pair in pairs
    }
    assert mirrored == pairs


def test_skeleton_of__takes_the_lines_of_the_data_set() -> None:
    skeleton = skeleton_of(parse_pose_metainfo(CHAIN))
    assert skeleton == Skeleton(('top', 'middle', 'end'), ((1, 0), (2, 1)))
    assert skeleton.drawn.all()


def test_skeleton_of__posetrack_without_its_ears() -> None:
    skeleton = skeleton_of(parse_pose_metainfo(PoseTrackClipDataset.METAINFO))
    assert skeleton == posetrack_skeleton(FILE_JOINT_NAMES)
    ears = [name.endswith('ear') for name in FILE_JOINT_NAMES]
    np.testing.assert_array_equal(skeleton.drawn, ~np.asarray(ears))
