"""Tracks over time: matching boxes and poses, smoothing."""
