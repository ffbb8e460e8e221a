"""Smoothing of whole tracks, once all poses of a video are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jmpose_mm.functional.tracks.smoothing import smooth_gaussian, smooth_savitzky_golay
from jmpose_mm.video.poses.jitter_meter import JitterMeter
from jmpose_mm.video.records import PIXEL_DIGITS, FramePoses

__all__ = ['SMOOTHINGS', 'jitter_before_and_after', 'measured', 'smoothed']

SMOOTHINGS = {'savitzky-golay': smooth_savitzky_golay, 'gaussian': smooth_gaussian}


def jitter_before_and_after(
    before: Sequence[FramePoses], after: Sequence[FramePoses]
) -> tuple[JitterMeter, JitterMeter]:
    """How much the persons tremble in two versions of a video's poses."""
    meters = JitterMeter(), JitterMeter()
    for meter, some in zip(meters, (before, after), strict=True):
        for poses in some:
            meter.add(poses)
    return meters


def measured(poses: FramePoses) -> FramePoses:
    """The poses as the model gave them."""
    persons = tuple(p._replace(keypoints=p.measured, unsmoothed=None) for p in poses.persons)
    return poses._replace(persons=persons)


def _tracks(frames: Sequence[FramePoses]) -> dict[int, list[tuple[int, int]]]:
    """Identity to where its poses are: position of the frame, position in the frame."""
    found: dict[int, list[tuple[int, int]]] = {}
    for f, poses in enumerate(frames):
        for p, person in enumerate(poses.persons):
            found.setdefault(person.id, []).append((f, p))
    return found


def smoothed(frames: Sequence[FramePoses], method: str) -> list[FramePoses]:
    """The same frames with each person's keypoints smoothed over its whole track."""
    persons = [list(poses.persons) for poses in frames]
    for places in _tracks(frames).values():
        if len(places) < 3:
            continue
        keypoints = np.stack([persons[f][p].keypoints for f, p in places])
        scores = np.stack([persons[f][p].scores for f, p in places])
        times = np.array([frames[f].time for f, _ in places])
        for (f, p), points in zip(
            places, SMOOTHINGS[method](keypoints, times, scores), strict=True
        ):
            better, before = np.round(points, PIXEL_DIGITS), persons[f][p].keypoints
            persons[f][p] = persons[f][p]._replace(keypoints=better, unsmoothed=before)
    return [
        poses._replace(persons=tuple(some)) for poses, some in zip(frames, persons, strict=True)
    ]
