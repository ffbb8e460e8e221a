"""One neck per method: from the features of all frames to those of the key frame."""

from jmpose_mm.models.necks.joint_motion_neck import JointMotionNeck

__all__ = ['JointMotionNeck']
