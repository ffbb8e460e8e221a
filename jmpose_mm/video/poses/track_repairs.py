"""Repairs of the poses of a whole video: identities joined, gaps filled, sides put right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from jmpose_mm.functional.joint_sides import mirror_pairs, name_without_side
from jmpose_mm.functional.tracks.repairs import (
    TrackEnds,
    fill_joints,
    joined_tracks,
    swapped_sides,
)
from jmpose_mm.functional.tracks.tracking import common_velocity
from jmpose_mm.video.records import PIXEL_DIGITS, SCORE_DIGITS, FramePoses, PersonPose
from jmpose_mm.visualization.skeleton import Skeleton

__all__ = [
    *('LONGEST_FILLED', 'fill_gaps', 'join_identities', 'limb_pairs', 'repair_swaps'),
    'tracks_by_identity',
]

LONGEST_FILLED = 0.5
"""Longest time in seconds over which poses are laid on a line."""

LIMBS = (('shoulder', 'elbow', 'wrist'), ('hip', 'knee', 'ankle'))
ENDING = 5  # frames that the velocity at an end of a track comes from


def tracks_by_identity(frames: Sequence[FramePoses]) -> dict[int, list[tuple[int, int]]]:
    """Identity to where its poses are: position of the frame, position in the frame."""
    found: dict[int, list[tuple[int, int]]] = {}
    for f, poses in enumerate(frames):
        for p, person in enumerate(poses.persons):
            found.setdefault(person.id, []).append((f, p))
    return found


def join_identities(
    frames: Sequence[FramePoses], gap: float
) -> tuple[list[FramePoses], dict[int, int]]:
    """The same frames with identities joined that went on after a gap; see :func:`joined_tracks`.

    Args:
        frames: All frames of a video.
        gap: Longest time in seconds.

    Returns:
        The frames, and each identity that was joined to the one that it has now.
    """
    tracks = {person: _persons(frames, places) for person, places in _tracks(frames).items()}
    ids = list(tracks)
    found = joined_tracks([_ends(*tracks[person]) for person in ids], gap)
    renamed: dict[int, int] = {}
    # In order of time, so that a chain of three pieces gets the identity of its first one.
    for later in sorted(found, key=lambda n: tracks[ids[n]][0][0]):
        before = ids[found[later]]
        renamed[ids[later]] = renamed.get(before, before)
    joined = [
        poses._replace(persons=tuple(p._replace(id=renamed.get(p.id, p.id)) for p in poses.persons))
        for poses in frames
    ]
    return joined, renamed


def limb_pairs(skeleton: Skeleton) -> list[list[tuple[int, int]]]:
    """Indices of the joints of arms and of legs on either side, as far as the skeleton has them."""
    joints = skeleton.joints
    pairs = [(name_without_side(joints[n]), (n, m)) for n, m in mirror_pairs(joints)]
    limbs = [[pair for part, pair in pairs if part in limb] for limb in LIMBS]
    return [limb for limb in limbs if limb]


def fill_gaps(frames: Sequence[FramePoses], skeleton: Skeleton) -> list[FramePoses]:
    """The same frames, with persons and joints laid on a line where they were not seen shortly.

    Short is up to :data:`LONGEST_FILLED`. What is filled has the lower score of both ends.
    """
    persons = [list(poses.persons) for poses in frames]
    for places in _tracks(frames).values():
        track = [(f, frames[f].persons[p]) for f, p in places]
        for (f, before), (g, after) in pairwise(track):
            if g - f > 1 and frames[g].time - frames[f].time <= LONGEST_FILLED:
                for h in range(f + 1, g):
                    span = frames[g].time - frames[f].time
                    share = (frames[h].time - frames[f].time) / span
                    persons[h].append(_between(before, after, share))
    filled = [
        poses._replace(persons=tuple(some)) for poses, some in zip(frames, persons, strict=True)
    ]
    for places in _tracks(filled).values():
        times, track = _persons(filled, places)
        points, scores = np.stack([p.keypoints for p in track]), np.stack([p.scores for p in track])
        better, better_scores = fill_joints(points, times, scores, gap=LONGEST_FILLED)
        for (f, p), one, person, score in zip(places, better, track, better_scores, strict=True):
            if not np.array_equal(score, person.scores):
                persons[f][p] = _changed(person, one, score)
    return [
        poses._replace(persons=tuple(some)) for poses, some in zip(frames, persons, strict=True)
    ]


def repair_swaps(frames: Sequence[FramePoses], skeleton: Skeleton) -> list[FramePoses]:
    """The same frames, with the sides of arms and legs put right; see :func:`swapped_sides`."""
    persons = [list(poses.persons) for poses in frames]
    limbs = limb_pairs(skeleton)
    for places in _tracks(frames).values():
        _, track = _persons(frames, places)
        size = float(np.median([max(p.box[2:] - p.box[:2]) for p in track]))
        points = np.stack([p.keypoints for p in track])
        for pairs in limbs:
            other = np.arange(len(skeleton.joints))
            for left, right in pairs:
                other[[left, right]] = right, left
            for n in np.flatnonzero(swapped_sides(points, pairs, size)).tolist():
                f, p = places[n]
                person = persons[f][p]
                persons[f][p] = _changed(person, person.keypoints[other], person.scores[other])
    return [
        poses._replace(persons=tuple(some)) for poses, some in zip(frames, persons, strict=True)
    ]


def _tracks(frames: Sequence[FramePoses]) -> dict[int, list[tuple[int, int]]]:
    """Tracks of those who have an identity."""
    return {person: places for person, places in tracks_by_identity(frames).items() if person > 0}


def _persons(
    frames: Sequence[FramePoses], places: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, list[PersonPose]]:
    """Times and poses of a track."""
    return np.array([frames[f].time for f, _ in places]), [frames[f].persons[p] for f, p in places]


def _ends(times: np.ndarray, track: Sequence[PersonPose]) -> TrackEnds:
    boxes = np.stack([person.box for person in track])
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    velocities = [
        common_velocity([(times[part], middles[part])])
        for part in (slice(0, ENDING), slice(-ENDING, None))
    ]
    return TrackEnds((times[0], times[-1]), boxes[[0, -1]], np.stack(velocities))


def _between(before: PersonPose, after: PersonPose, share: float) -> PersonPose:
    return PersonPose(
        before.id,
        np.round((1 - share) * before.box + share * after.box, PIXEL_DIGITS),
        min(before.box_score, after.box_score),
        np.round((1 - share) * before.keypoints + share * after.keypoints, PIXEL_DIGITS),
        np.minimum(before.scores, after.scores),
    )


def _changed(person: PersonPose, keypoints: np.ndarray, scores: np.ndarray) -> PersonPose:
    return person._replace(
        keypoints=np.round(keypoints, PIXEL_DIGITS),
        scores=np.round(scores, SCORE_DIGITS),
        # What the model gave stays with the pose, for those who measure it.
        unsmoothed=person.measured,
    )
