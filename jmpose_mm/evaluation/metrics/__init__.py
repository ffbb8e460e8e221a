"""Metrics that mmengine runs: thin around the mathematics in `jmpose_mm.functional`."""

from .hieve_ap_metric import HieveAPMetric
from .keypoint_metric import KeypointMetric
from .posetrack_ap_metric import PoseTrackAPMetric
from .sub_jhmdb_pck_metric import SubJhmdbPCKMetric

__all__ = ['HieveAPMetric', 'KeypointMetric', 'PoseTrackAPMetric', 'SubJhmdbPCKMetric']
