"""The heatmap head."""

from jmpose_mm.models.heads.video_pose_head import VideoPoseHead

__all__ = ['VideoPoseHead']
