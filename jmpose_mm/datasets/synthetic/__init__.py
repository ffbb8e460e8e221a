"""Rendered people in PoseTrack18 layout."""
