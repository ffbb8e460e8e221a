from __future__ import annotations

import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.joints import WHOLEBODY_PARTS, joint_places, wholebody_joints
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES


def test_joint_places__by_name_and_with_the_older_name_of_the_neck() -> None:
    order = joint_places(FILE_JOINT_NAMES, JOINT_NAMES, 'here')
    assert [FILE_JOINT_NAMES[place] for place in order] == list(JOINT_NAMES)
    fifteen = ['neck' if name == 'head_bottom' else name for name in JOINT_NAMES[::-1]]
    assert joint_places(fifteen, JOINT_NAMES, 'here').tolist() == list(range(14, -1, -1))


def test_joint_places__joints_that_are_not_wanted_stand_between() -> None:
    assert joint_places(['tail', 'paw', 'nose'], ['nose', 'tail'], 'here').tolist() == [2, 0]


def test_joint_places__only_posetracks_ears_may_be_missing() -> None:
    assert joint_places(JOINT_NAMES, FILE_JOINT_NAMES, 'here')[3:5].tolist() == [-1, -1]
    with pytest.raises(ValueError, match=r'here: expected the 2 joints .* without left_ear'):
        joint_places(['nose'], ['nose', 'left_ear'], 'here')
    with pytest.raises(ValueError, match='got 16 without nose, but with left_eye'):
        joint_places(['left_eye', *FILE_JOINT_NAMES[2:]], ('nose', *JOINT_NAMES[:5]), 'here')


def test_joint_places__a_joint_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UsageError, match='here: expected each joint once, got nose repeated'):
        joint_places(['nose', 'tail', 'nose'], ['nose'], 'here')
    # one that nobody wants may be
    assert joint_places(['tail', 'nose', 'tail'], ['nose'], 'here').tolist() == [1]
    # PoseTrack's other name for head_bottom is a joint of its own beside it
    names = ['neck', 'head_bottom']
    assert joint_places(names, ['head_bottom'], 'here').tolist() == [1]
    assert joint_places(names[:1], ['head_bottom'], 'here').tolist() == [0]


def test_wholebody_joints__are_133_in_mmposes_order() -> None:
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    meta = parse_pose_metainfo({'from_file': 'configs/_base_/datasets/coco_wholebody.py'})
    names = [meta['keypoint_id2name'][k] for k in range(133)]
    assert wholebody_joints(names[:17], list(WHOLEBODY_PARTS)) == names
