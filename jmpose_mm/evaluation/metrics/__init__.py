"""Metrics that mmengine runs: thin around the mathematics in `jmpose_mm.functional`."""

from .posetrack_ap_metric import PoseTrackAPMetric

__all__ = ['PoseTrackAPMetric']
