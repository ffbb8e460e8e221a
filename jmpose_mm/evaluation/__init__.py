"""Metrics: thin around the evaluators in `jmpose_mm.functional`."""

from jmpose_mm.evaluation.posetrack_ap_metric import PoseTrackAPMetric

__all__ = ['PoseTrackAPMetric']
