"""The one estimator: backbone on every frame, neck, head."""

from jmpose_mm.models.pose_estimators.video_topdown_estimator import VideoTopdownEstimator

__all__ = ['VideoTopdownEstimator']
