"""Smoothing and repair of whole tracks, once all poses of a video are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jmpose_mm.functional.tracks.smoothing import smooth_gaussian, smooth_savitzky_golay
from jmpose_mm.video.poses.jitter_meter import JitterMeter
from jmpose_mm.video.poses.track_repairs import fill_gaps, repair_swaps, tracks_by_identity
from jmpose_mm.video.records import PIXEL_DIGITS, FramePoses
from jmpose_mm.visualization.skeleton import Skeleton

__all__ = ['REPAIRS', 'SMOOTHINGS', 'jitter_before_and_after', 'measured', 'smoothed']

SMOOTHINGS = {'savitzky-golay': smooth_savitzky_golay, 'gaussian': smooth_gaussian}
REPAIRS = {'repair-swaps': repair_swaps, 'fill-gaps': fill_gaps}


def jitter_before_and_after(
    before: Sequence[FramePoses], after: Sequence[FramePoses]
) -> tuple[JitterMeter, JitterMeter]:
    """Jitter of the persons in two versions of a video's poses."""
    meters = JitterMeter(), JitterMeter()
    for meter, some in zip(meters, (before, after), strict=True):
        for poses in some:
            meter.add(poses)
    return meters


def measured(poses: FramePoses) -> FramePoses:
    """The poses as the model gave them."""
    persons = tuple(p._replace(keypoints=p.measured, unsmoothed=None) for p in poses.persons)
    return poses._replace(persons=persons)


def smoothed(frames: Sequence[FramePoses], method: str, skeleton: Skeleton) -> list[FramePoses]:
    """The same frames with each person's track smoothed, or repaired, as a whole.

    Args:
        frames: All frames of a video.
        method: A key of :data:`SMOOTHINGS` or of :data:`REPAIRS`.
        skeleton: Joints of the poses.
    """
    if method in REPAIRS:
        return REPAIRS[method](frames, skeleton)
    persons = [list(poses.persons) for poses in frames]
    for places in tracks_by_identity(frames).values():
        if len(places) < 3:
            continue
        keypoints = np.stack([persons[f][p].keypoints for f, p in places])
        scores = np.stack([persons[f][p].scores for f, p in places])
        times = np.array([frames[f].time for f, _ in places])
        for (f, p), points in zip(
            places, SMOOTHINGS[method](keypoints, times, scores), strict=True
        ):
            better, before = np.round(points, PIXEL_DIGITS), persons[f][p].measured
            persons[f][p] = persons[f][p]._replace(keypoints=better, unsmoothed=before)
    return [
        poses._replace(persons=tuple(some)) for poses, some in zip(frames, persons, strict=True)
    ]
