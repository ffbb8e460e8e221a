"""A few true labels: read from a file, and put in place of what a teacher says of the same persons.

Axes: P persons that the teacher found, T true ones, K joints. Coordinates are image pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.frame_names import frame_name
from jmpose_mm.formats.json_files import read_json
from jmpose_mm.functional.arrays import BoolArray, FloatArray
from jmpose_mm.functional.crop import box_of_joints
from jmpose_mm.functional.evaluation.keypoint_similarity import (
    keypoint_similarity,
    matched_persons,
)
from jmpose_mm.functional.tracks.tracking import box_iou
from jmpose_mm.video.records import FramePoses, PersonPose

__all__ = ['TruePerson', 'matched_truth', 'read_true_labels']

LEAST_OVERLAP = 0.3
"""IoU of boxes, or OKS, above which a true person is the one that the teacher found."""


class TruePerson(NamedTuple):
    """A person as somebody has labelled it.

    Attributes:
        keypoints: (K, 2); what is not labelled is of no meaning.
        present: (K,) whether a joint is labelled.
        box: (4,) xyxy.
    """

    keypoints: FloatArray
    present: BoolArray
    box: FloatArray


def read_true_labels(
    file: str | Path, joints: Sequence[str], videos: Iterable[str]
) -> dict[str, dict[int, list[TruePerson]]]:
    """Labels of some frames of films.

    Args:
        file: COCO keypoints or PoseTrack18. An image is named ``VIDEO/000012.jpg``: the film's name
            without its suffix, and the number of the frame, from 0.
        joints: Names of the teacher's joints. What the file does not have stays the teacher's.
        videos: Names of the films.

    Returns:
        True persons by film and frame.

    Raises:
        UsageError: The file cannot be read, is of other joints, or has a label of no film.
    """
    taken = _known_joints(file, joints)
    tables = read_annotations(str(file), taken).without_crowds()
    places = [list(joints).index(name) for name in taken]
    known = list(videos)
    found: dict[str, dict[int, list[TruePerson]]] = {}
    persons = tables.persons
    for row, image in enumerate(persons.image.tolist()):
        name = tables.images[image].name
        video, number = PurePosixPath(name).parent.name, frame_name(name).number
        if video not in known and len(known) == 1 and not video:
            video = known[0]
        if video not in known or number is None:
            raise UsageError(
                f'{file}: expected images VIDEO/NUMBER.jpg of the films ({listed(known, 3)}), got '
                f'{name}'
            )
        own = np.zeros((len(joints), 3))
        own[places] = np.where(np.isfinite(persons.keypoints[row]), persons.keypoints[row], 0)
        points, present = own[:, :2], own[:, 2] > 0
        if not present.any():
            continue
        box = persons.boxes[row] if persons.boxed[row] else box_of_joints(points[present])
        found.setdefault(video, {}).setdefault(number, []).append(TruePerson(points, present, box))
    if not found:
        raise UsageError(f'{file}: expected labelled persons, found none')
    return found


def _known_joints(file: str | Path, joints: Sequence[str]) -> tuple[str, ...]:
    """Those of the teacher's joints that a file in COCO's layout names; all where it names none."""
    content = read_json(Path(file))
    categories = content.get('categories') if isinstance(content, dict) else None
    named = {
        str(name)
        for category in categories or ()
        if isinstance(category, dict)
        for name in category.get('keypoints') or ()
    }
    known = tuple(name for name in joints if name in named)
    if named and not known:
        raise UsageError(
            f'{file}: expected some of the joints {listed(joints, 4)}, got '
            f'{listed(sorted(named), 4)}'
        )
    return known or tuple(joints)


def matched_truth(
    frames: Sequence[FramePoses],
    truth: Mapping[int, Sequence[TruePerson]],
    sigmas: Sequence[float],
) -> tuple[list[FramePoses], dict[tuple[int, int], BoolArray], tuple[int, int]]:
    """The teacher's frames with true persons in place of its own.

    Pairs are those of the greatest similarity: OKS, or the IoU of the boxes where that is more,
    so that a pose that is all wrong finds its person too.

    Args:
        frames: The teacher's poses.
        truth: True persons by the frame's index.
        sigmas: (K,) of OKS.

    Returns:
        The frames; which joints (K,) are true by (position of the frame, identity); and how many
        true persons were matched, and added.
    """
    made, true = list(frames), dict[tuple[int, int], BoolArray]()
    matched = added = 0
    following = 1 + max((p.id for poses in frames for p in poses.persons), default=0)
    for place, poses in enumerate(frames):
        persons = list(poses.persons)
        real = truth.get(poses.index, ())
        for one, partner in zip(real, _partners(persons, real, sigmas), strict=True):
            if partner < 0:
                persons.append(_new_person(following, one))
                true[place, following] = one.present
                following, added = following + 1, added + 1
            else:
                own = persons[partner]
                points = np.where(one.present[:, None], one.keypoints, own.keypoints)
                persons[partner] = own._replace(keypoints=points, box=one.box.astype(float))
                true[place, own.id] = one.present
                matched += 1
        made[place] = poses._replace(persons=tuple(persons))
    return made, true, (matched, added)


def _partners(
    persons: Sequence[PersonPose], real: Sequence[TruePerson], sigmas: Sequence[float]
) -> list[int]:
    """For each true person the teacher's, or -1."""
    if not persons or not real:
        return [-1] * len(real)
    boxes = np.stack([one.box for one in real]).astype(float)
    similar = keypoint_similarity(
        np.stack([person.keypoints for person in persons]),
        np.stack([one.keypoints for one in real]),
        np.stack([one.present for one in real]),
        np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1.0),
        sigmas,
    )
    overlap = box_iou(np.stack([person.box for person in persons]).astype(float), boxes)
    best = np.maximum(similar, overlap)
    return [int(row) for row in matched_persons(np.where(best >= LEAST_OVERLAP, best, 0.0))]


def _new_person(identity: int, one: TruePerson) -> PersonPose:
    """A person whom the teacher did not find; joints without a label have no weight."""
    points = np.where(one.present[:, None], one.keypoints, one.keypoints[one.present].mean(axis=0))
    return PersonPose(identity, one.box.astype(float), 1.0, points, np.zeros(len(points)))
