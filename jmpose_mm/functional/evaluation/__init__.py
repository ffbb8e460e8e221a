"""Evaluation of poses on arrays: PoseTrack AP and tracking, HiEve AP, PCK, errors."""
