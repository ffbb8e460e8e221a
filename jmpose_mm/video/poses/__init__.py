"""Poses of tracked persons: the model taken apart, the sliding window, jitter."""
