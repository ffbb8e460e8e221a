"""``quality.json``: what speaks against the poses of a film, without labels.

Axes: T frames of a person, K joints, F frames of the film.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.functional.joint_sides import mirror_pairs
from jmpose_mm.functional.tracks.quality import (
    TrackSigns,
    gaps,
    suspicion,
    suspicions,
    track_signs,
    worth_labelling,
)
from jmpose_mm.functional.tracks.smoothing import LONGEST_GAP, jitter
from jmpose_mm.video.files.person_tracks import PersonTrack, person_tracks
from jmpose_mm.video.files.recordings import Recording
from jmpose_mm.visualization.skeleton import Skeleton
from jmpose_mm.whole_files import write_json

__all__ = ['pose_quality', 'write_quality']

LOW_SCORE, JUMP, BONE_CHANGE, OUTSIDE, DOUBLED = 0.3, 0.1, 0.4, 0.1, 0.3
MEANING = {
    'low_scores': f'frames with a score below {LOW_SCORE}',
    'jumps': f"frames further than {JUMP} of the box's larger side from where the frames around "
    'put the joint',
    'bones': f'frames in which its bones are more than {np.exp(BONE_CHANGE):.1f} times longer or '
    'shorter than in the frames around',
    'swapped': 'frames in which it has changed places with the joint of the other side',
    'missing': 'frames without a place',
    'outside': f"frames further than {OUTSIDE} of the box's larger side outside of the box",
    'doubled': "frames in which the pose lies on another person's, whose box is elsewhere",
    'gaps': 'frames between which the person is away, with the seconds that pass',
    'label_first': 'frames that are most likely wrong, half a second apart at least',
}
FRAMES = 20


class _Judged(NamedTuple):
    """A person, the signs (T, K) of its joints, and what they come to."""

    track: PersonTrack
    signs: TrackSigns
    suspicion: np.ndarray


def pose_quality(recording: Recording) -> dict[str, Any]:
    """The content of ``quality.json``."""
    skeleton = recording.header.skeleton
    pairs = mirror_pairs(skeleton.joints)
    judged = []
    for track in person_tracks(recording):
        where = track.times, track.boxes, skeleton.edges, pairs, track.doubled
        signs = track_signs(track.keypoints, track.scores, *where)
        judged.append(_Judged(track, signs, suspicion(signs) * skeleton.drawn))
    frames = [(poses.index, poses.time, poses.name) for poses in recording]
    return {
        'source': recording.header.source,
        'frames': len(frames),
        'meaning': dict(MEANING),
        'label_first': _label_first(judged, frames, skeleton.joints),
        'persons': [_person(one, frames, skeleton) for one in judged],
    }


def write_quality(recording: Recording, path: Path) -> None:
    """Write ``quality.json``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, pose_quality(recording))


def _label_first(
    judged: Sequence[_Judged], frames: Sequence[tuple[int, float, str]], joints: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Frames worth labelling; of each the person and the joint that are most suspicious."""
    highest = np.full(len(frames), -np.inf)
    of_whom = np.full(len(frames), -1)
    for number, one in enumerate(judged):
        # Means over the joints: one bad wrist is less worth a label than a lost person.
        means, rows = one.suspicion.mean(axis=1), one.track.rows
        better = means > highest[rows]
        of_whom[rows[better]], highest[rows[better]] = number, means[better]
    times = [time for _, time, _ in frames]
    found = []
    for row in worth_labelling(highest, times, FRAMES):
        if of_whom[row] < 0:
            break
        one = judged[of_whom[row]]
        t = int(np.searchsorted(one.track.rows, row))
        joint = int(one.suspicion[t].argmax())
        index, time, name = frames[row]
        entry = {'index': index, 'time': time, **({'name': name} if name else {})}
        found.append(
            entry
            | {'suspicion': round(float(highest[row]), 3), 'person': one.track.id}
            | {'joint': joints[joint], 'why': _why(one.signs, t, joint)}
        )
    return found


def _why(signs: TrackSigns, t: int, joint: int) -> str:
    """The sign that adds most."""
    parts = suspicions(signs)
    return max(parts, key=lambda name: float(parts[name][t, joint]))


def _person(
    one: _Judged, frames: Sequence[tuple[int, float, str]], skeleton: Skeleton
) -> dict[str, Any]:
    track, signs = one.track, one.signs
    step = float(np.median(np.diff(track.times))) if len(track.times) > 1 else np.inf
    indices = [frames[row][0] for row in track.rows]
    trembling = jitter(track.keypoints, track.times)
    # As the model gave them; the signs have 1 at most.
    scores = np.where(signs.scores > 0, track.scores, 0.0)
    return {
        'id': track.id,
        'frames': len(track.rows),
        'first': indices[0],
        'last': indices[-1],
        'mean_score': _rounded(scores[:, skeleton.drawn].mean()),
        'jitter': _rounded(trembling),
        'doubled': [indices[t] for t in np.flatnonzero(track.doubled > DOUBLED)],
        'gaps': [
            [indices[a], indices[b], _rounded(track.times[b] - track.times[a])]
            for a, b in gaps(track.times, LONGEST_GAP * step)
        ],
        'joints': {
            name: {
                'mean_score': _rounded(scores[:, k].mean()),
                'low_scores': int((signs.scores[:, k] < LOW_SCORE).sum()),
                'jumps': int((signs.jumps[:, k] > JUMP).sum()),
                'bones': int((signs.bones[:, k] > BONE_CHANGE).sum()),
                'swapped': int(signs.swapped[:, k].sum()),
                'outside': int((signs.outside[:, k] > OUTSIDE).sum()),
                'missing': int((~np.isfinite(track.keypoints[:, k]).all(axis=-1)).sum()),
            }
            for k, name in enumerate(skeleton.joints)
            if skeleton.drawn[k]  # not PoseTrack's ears, which nothing has learnt
        },
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None
