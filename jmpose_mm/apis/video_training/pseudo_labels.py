"""Poses of a teacher as annotations, each joint weighed by how sure it is.

Axes: T frames of a track, K joints. Coordinates are image pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.apis.video_training.true_labels import TruePerson, matched_truth
from jmpose_mm.functional.arrays import FloatArray
from jmpose_mm.functional.tracks.certainty import agreed_track, joint_certainty
from jmpose_mm.video.poses.track_repairs import tracks_by_identity
from jmpose_mm.video.records import FramePoses, PersonPose

__all__ = ['FilmLabels', 'film_labels', 'full_score', 'labels_document']

TRUE_WEIGHT = 1.0
"""What a true joint counts: as one that the teacher is quite sure of, twice as much as its usual
ones. Four times that was worse (docs/few_labels.md)."""
SURE, LEAST_WEIGHT = 0.5, 0.01
"""Certainty from which a joint is written as seen (2), not as labelled alone (1); weight below
which it is none."""
FULL = 0.9
"""Quantile of a teacher's scores that counts as being sure: models differ in their heights."""
DIGITS = 3


class FilmLabels(NamedTuple):
    """Labels of one film.

    Attributes:
        frames: Entries of persons in COCO's form, without ids, by the frame's index. Beyond COCO's
            keys they have ``keypoint_weights`` (K), ``motion`` (dx, dy, pixels to the next frame),
            and ``is_true`` where a person was labelled by hand.
        certainty: Mean weight of a frame's joints, by its index.
        matched: Number of true persons that replaced one of the teacher's.
        added: Number of true persons whom the teacher had not found.
    """

    frames: dict[int, list[dict[str, Any]]]
    certainty: dict[int, float]
    matched: int
    added: int


class _Track(NamedTuple):
    """One person's poses, and which joints are true (T, K)."""

    places: list[int]
    persons: list[PersonPose]
    true: np.ndarray


def full_score(films: Iterable[Sequence[FramePoses]]) -> float:
    """The score that a teacher gives where it is sure: a quantile of all scores in its films."""
    scores = [p.scores for frames in films for poses in frames for p in poses.persons]
    return float(np.quantile(np.concatenate(scores), FULL)) if scores else 1.0


def film_labels(
    frames: Sequence[FramePoses],
    sigmas: Sequence[float],
    full: float,
    truth: Mapping[int, Sequence[TruePerson]] | None = None,
    agree: bool = True,
) -> FilmLabels:
    """Labels of every person that a teacher has found in a film.

    Args:
        frames: The teacher's poses, in order.
        sigmas: (K,) of OKS, by which true persons are matched with the teacher's.
        full: Score from which the teacher counts as sure, see :func:`full_score`.
        truth: True persons by the frame's index; they replace the teacher's, weigh
            `TRUE_WEIGHT`, and speak for the frames around them.
        agree: Let frames before and after speak where the teacher is not sure, see
            :func:`agreed_track`.
    """
    replaced, true, counts = matched_truth(frames, truth or {}, sigmas)
    by_frame: dict[int, list[dict[str, Any]]] = {poses.index: [] for poses in replaced}
    for identity, places in tracks_by_identity(replaced).items():
        persons = [replaced[f].persons[p] for f, p in places]
        nothing = np.zeros(len(sigmas), dtype=bool)
        fixed = np.stack([true.get((f, identity), nothing) for f, _ in places])
        times = np.array([replaced[f].time for f, _ in places])
        for (f, _), entry in zip(places, _entries(persons, fixed, times, full, agree), strict=True):
            by_frame[replaced[f].index].append(entry)
    certainty = {
        index: float(np.mean([entry['keypoint_weights'] for entry in entries]))
        for index, entries in by_frame.items()
        if entries
    }
    return FilmLabels(by_frame, certainty, *counts)


def _entries(
    persons: Sequence[PersonPose], fixed: np.ndarray, times: FloatArray, full: float, agree: bool
) -> list[dict[str, Any]]:
    """The entries of a track."""
    points = np.stack([person.keypoints for person in persons]).astype(float)
    boxes = np.stack([person.box for person in persons]).astype(float)
    sizes = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(axis=1), 1.0)
    scores = np.stack([person.scores for person in persons]) / max(full, 1e-6)
    certainty = np.where(fixed, 1.0, joint_certainty(points, scores, times, sizes))
    targets = points
    if agree:
        mixed, certainty = agreed_track(points, certainty, times)
        targets = np.where(fixed[..., None], points, mixed)
    weights = np.where(fixed, TRUE_WEIGHT, np.clip(certainty, 0, 1) ** 2)
    motion = _motion(targets, certainty)
    return [
        _entry(person, *values, bool(true.any()))
        for person, *values, true in zip(
            persons, targets, certainty, weights, motion, fixed, strict=True
        )
    ]


def _motion(points: FloatArray, certainty: FloatArray) -> FloatArray:
    """(T, 2) how far a person goes to the next sample, as its surest joints tell."""
    if len(points) < 2:
        return np.zeros((len(points), 2))
    shares = certainty**2 + 1e-6
    middle = (shares[..., None] * np.gradient(points, axis=0)).sum(axis=1)
    return np.asarray(middle / shares.sum(axis=1, keepdims=True))


def _entry(
    person: PersonPose,
    points: FloatArray,
    certainty: FloatArray,
    weights: FloatArray,
    motion: FloatArray,
    is_true: bool,
) -> dict[str, Any]:
    seen = np.where(weights < LEAST_WEIGHT, 0.0, np.where(certainty >= SURE, 2.0, 1.0))
    points = np.where(seen[:, None] > 0, points, 0.0)
    left, top, right, bottom = (float(side) for side in person.box)
    entry = {
        'category_id': 1,
        'track_id': int(person.id),
        'bbox': [round(v, DIGITS) for v in (left, top, right - left, bottom - top)],
        'area': round((right - left) * (bottom - top), DIGITS),
        'keypoints': np.round(np.column_stack([points, seen]), DIGITS).ravel().tolist(),
        'num_keypoints': int((seen > 0).sum()),
        'iscrowd': 0,
        'keypoint_weights': np.round(weights, DIGITS).tolist(),
        'motion': np.round(motion, DIGITS).tolist(),
    }
    return entry | ({'is_true': True} if is_true else {})


def labels_document(
    films: Mapping[str, FilmLabels],
    chosen: Mapping[str, Sequence[int]],
    joints: Sequence[str],
    names: Mapping[str, Mapping[int, str]] | None = None,
    sizes: Mapping[str, tuple[int, int]] | None = None,
) -> dict[str, Any]:
    """Labels of several films in COCO's form, as PoseTrack18 has it.

    Args:
        films: Labels by the name of the video.
        chosen: Indices of the frames that are taken, by the name of the video.
        joints: K names of the joints.
        names: File name of a frame's image by its index; without, ``VIDEO/000012.jpg``.
        sizes: (W, H) of a video's pictures in pixels, where they are known.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for video, labels in films.items():
        for index in sorted(chosen[video]):
            name = names[video][index] if names else f'{video}/{index:06d}.jpg'
            image: dict[str, Any] = {'id': len(images) + 1, 'file_name': name, 'vid_id': video}
            if sizes and video in sizes:
                image |= {'width': sizes[video][0], 'height': sizes[video][1]}
            images.append(image)
            for entry in labels.frames[index]:
                own = {'id': len(annotations) + 1, 'image_id': image['id']}
                annotations.append(own | entry)
    category = {'id': 1, 'name': 'person', 'supercategory': 'person', 'keypoints': list(joints)}
    return {'images': images, 'annotations': annotations, 'categories': [category]}
