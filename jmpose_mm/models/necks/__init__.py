"""One neck per method: from the features of all frames to those of the key frame."""

from jmpose_mm.models.necks.dual_consecutive_neck import DualConsecutiveNeck
from jmpose_mm.models.necks.feature_alignment_neck import FeatureAlignmentNeck
from jmpose_mm.models.necks.joint_aggregation_neck import JointAggregationNeck
from jmpose_mm.models.necks.joint_motion_neck import JointMotionNeck
from jmpose_mm.models.necks.pose_warping_neck import PoseWarpingNeck
from jmpose_mm.models.necks.temporal_difference_neck import TemporalDifferenceNeck

__all__ = [
    'DualConsecutiveNeck',
    'FeatureAlignmentNeck',
    'JointAggregationNeck',
    'JointMotionNeck',
    'PoseWarpingNeck',
    'TemporalDifferenceNeck',
]
