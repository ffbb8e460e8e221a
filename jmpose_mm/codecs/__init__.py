"""Keypoints to heatmaps and back."""

from jmpose_mm.codecs.released_heatmap import ReleasedHeatmap

__all__ = ['ReleasedHeatmap']
