"""Smoothing and repair of whole tracks, once all poses of a video are known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.tracks.one_euro_filter import OneEuroFilter
from jmpose_mm.functional.tracks.smoothing import smooth_gaussian, smooth_savitzky_golay
from jmpose_mm.video.people.person_choice import PersonChoice, SteadyChoice
from jmpose_mm.video.poses.jitter_meter import JitterMeter
from jmpose_mm.video.poses.track_repairs import (
    fill_gaps,
    join_identities,
    limb_pairs,
    repair_swaps,
    tracks_by_identity,
)
from jmpose_mm.video.records import PIXEL_DIGITS, FramePoses
from jmpose_mm.visualization.skeleton import Skeleton

__all__ = [
    *('ONE_EURO', 'REPAIRS', 'SMOOTHINGS', 'OneEuroTracks'),
    *('check_steps', 'jitter_before_and_after', 'joined', 'measured', 'smoothed'),
]

ONE_EURO = 'one-euro'

SMOOTHINGS = {'savitzky-golay': smooth_savitzky_golay, 'gaussian': smooth_gaussian}
REPAIRS = {'repair-swaps': repair_swaps, 'fill-gaps': fill_gaps}


def check_steps(steps: Sequence[str], skeleton: Skeleton) -> None:
    """Raise `UsageError` for a step that does not exist, or cannot do anything to these joints."""
    known = (*SMOOTHINGS, *REPAIRS, ONE_EURO)
    for step in steps:
        if step not in known:
            raise UsageError(f'smoothing: expected one of {", ".join(known)}, got {step!r}')
    if 'repair-swaps' in steps and not limb_pairs(skeleton):
        raise UsageError(
            'smoothing: repair-swaps needs left and right joints of arms or legs, called like '
            f'left_knee, the poses have {", ".join(skeleton.joints)}'
        )


class OneEuroTracks:
    """A filter for each person of a film, frame after frame.

    Args:
        settings: Arguments of :class:`OneEuroFilter`.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings, self._filters = settings, dict[int, OneEuroFilter]()

    def __call__(self, poses: FramePoses) -> FramePoses:
        """The next frame, smoothed by its time and the size of each person."""
        made = []
        for person in poses.persons:
            if person.id not in self._filters:
                self._filters[person.id] = OneEuroFilter(**self._settings)
            size = max(float(max(person.box[2:] - person.box[:2])), 1.0)
            smooth = self._filters[person.id](person.keypoints, poses.time, size)
            smooth = np.round(smooth, PIXEL_DIGITS)
            made.append(person._replace(keypoints=smooth, unsmoothed=person.measured))
        return poses._replace(persons=tuple(made))

    def keep(self, living: Collection[int]) -> None:
        """Forget whoever else is gone."""
        self._filters = {p: one for p, one in self._filters.items() if p in living}


def jitter_before_and_after(
    before: Sequence[FramePoses], after: Sequence[FramePoses]
) -> tuple[JitterMeter, JitterMeter]:
    """Jitter of the persons in two versions of a video's poses."""
    meters = JitterMeter(), JitterMeter()
    for meter, some in zip(meters, (before, after), strict=True):
        for poses in some:
            meter.add(poses)
    return meters


def joined(
    frames: Sequence[FramePoses], gap: float, choice: PersonChoice
) -> tuple[list[FramePoses], list[str]]:
    """The same frames with identities joined, of the persons who are wanted then.

    Args:
        frames: All frames of a video.
        gap: Longest time in seconds.
        choice: Persons who are wanted, where it is of identities.

    Returns:
        The frames, and lines on what was done.
    """
    made, renamed = join_identities(frames, gap)
    pairs = ', '.join(f'{later} is {earlier}' for later, earlier in renamed.items())
    notes = [f'identities joined over at most {gap:g} s: {pairs or "none"}']
    if choice.ids is not None:
        steady = SteadyChoice(choice)
        made = list(map(steady.of_poses, made))
        notes += steady.lines()
    return made, notes


def measured(poses: FramePoses) -> FramePoses:
    """The poses as the model gave them."""
    persons = tuple(p._replace(keypoints=p.measured, unsmoothed=None) for p in poses.persons)
    return poses._replace(persons=persons)


def smoothed(frames: Sequence[FramePoses], method: str, skeleton: Skeleton) -> list[FramePoses]:
    """The same frames with each person's track smoothed, or repaired, as a whole.

    Args:
        frames: All frames of a video.
        method: A key of :data:`SMOOTHINGS` or of :data:`REPAIRS`, or ``'one-euro'``.
        skeleton: Joints of the poses.
    """
    if method in REPAIRS:
        return REPAIRS[method](frames, skeleton)
    if method == ONE_EURO:
        return list(map(OneEuroTracks({}), frames))
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
