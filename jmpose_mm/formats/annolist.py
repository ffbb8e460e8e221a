"""The layout of PoseTrack17 and HiEve: one ``annolist`` a video, scalars in lists of one.

Joints are listed with their id; those that are not annotated are not listed. PoseTrack numbers its
15 joints and gives the boxes of heads, HiEve its 14 and the boxes of bodies.

Of two points with one id the first counts, and ids that are no joint are skipped, as the official
evaluator does; both are counted. Where an ignored region holds the first of two points, the
official evaluator falls back on the second; here the joint is gone.

Axes: N persons, Q points, K joints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import UsageError, cut
from jmpose_mm.formats.annolist_persons import (
    CORNERS,
    AnnolistPerson,
    Point,
    decode_persons,
    pack_points,
    unpack_points,
)
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.frame_names import frame_name, posix_name, video_key
from jmpose_mm.formats.json_files import Place, field, place_in, single_value
from jmpose_mm.formats.persons import NO_BOX, Image, Persons
from jmpose_mm.functional.evaluation.posetrack_persons import (
    FILE_JOINT_NAMES,
    JOINT_NAMES,
    MISSING_SCORE,
)
from jmpose_mm.functional.joint_names import HIEVE_JOINTS

__all__ = ['annolist_joints', 'read_annolist', 'read_fast']

_ANYTHING = msgspec.json.Decoder()


class Rows(NamedTuple):
    """The persons of a file, still apart: one entry each, the points of all behind each other."""

    image: list[int]
    boxes: list[tuple[float, ...]]
    track_ids: list[int | str | None]
    listed: list[bool]
    counts: list[int]
    packed: bytearray


def read_fast(frames: list[dict[str, msgspec.Raw]]) -> list[dict[str, Any]]:
    """The frames of an ``annolist``, whose ``annorect`` stay text that `read_annolist` takes.

    Raises:
        msgspec.MsgspecError: It is unusual; it may still be readable by other means.
    """
    return [
        {key: raw if key == 'annorect' else _ANYTHING.decode(raw) for key, raw in frame.items()}
        for frame in frames
    ]


def annolist_joints(joint_names: tuple[str, ...] | None) -> tuple[str, ...]:
    """The joints that ids number in the files of the data set that has these joints.

    Raises:
        UsageError: There is no such data set in this layout.
    """
    if joint_names is None or set(joint_names) <= set(FILE_JOINT_NAMES):
        return JOINT_NAMES
    if set(joint_names) <= set(HIEVE_JOINTS):
        return HIEVE_JOINTS
    raise UsageError("expected the key 'images' for this data set, got 'annolist'")


def read_annolist(
    file: Path,
    frames: list[dict[str, Any]],
    joint_names: tuple[str, ...],
    videos: frozenset[str] | None = None,
) -> AnnotationTables:
    """Read the frames of a file.

    A person without points is kept: it makes its frame count in evaluation.

    Args:
        file: For messages.
        frames: The content of ``annolist``.
        joint_names: (K,) what is wanted; joints that the layout lacks are absent.
        videos: Keep only these, by the `video_key` of their folder.
    """
    tables = AnnotationTables(joint_names)
    rows = Rows([], [], [], [], [], bytearray())
    with place_in(file, 'annolist') as place:
        if not isinstance(frames, list):
            raise ValueError(f'expected a list, got {cut(repr(frames))}')
        for position, entry in enumerate(frames):
            place.at = f'annolist[{position}]'
            image = _image(file, entry)
            if videos is not None and video_key(str(frame_name(image.name).folder)) not in videos:
                continue
            tables.images.append(image)
            for region in entry.get('ignore_regions') or []:
                _add_region(tables, region)
            _add_persons(rows, entry.get('annorect'), len(tables.images) - 1, place)
    numbered = annolist_joints(joint_names)
    keypoints, scores = _joints(rows, tables, numbered)
    boxes = np.asarray(rows.boxes, dtype=np.float64).reshape(-1, 4)
    none = np.full_like(boxes, np.nan)
    # PoseTrack's corners are those of the head, HiEve's those of the body.
    of_heads = numbered == JOINT_NAMES
    tables.persons = Persons(
        np.asarray(rows.image, dtype=np.int64),
        keypoints,
        scores,
        none if of_heads else boxes,
        ~np.isnan(none if of_heads else boxes).all(axis=1),
        boxes if of_heads else none,
        np.asarray(rows.listed, dtype=bool),
        np.zeros(len(boxes), dtype=bool),
        rows.track_ids,
        [None] * len(boxes),  # the layout has no ids of annotations
        [],
    )
    return tables


def _image(file: Path, entry: dict[str, Any]) -> Image:
    image = single_value(field(entry, 'image', list, dict))  # predictions have it without the list
    name = field(image, 'name', str)
    if not name:
        raise ValueError("image: expected a name, got ''")
    sides = [image.get(key) or 0 for key in ('width', 'height') if key in image]
    whole = all(isinstance(side, int | float) and side > 0 and side % 1 == 0 for side in sides)
    size = (int(sides[0]), int(sides[1])) if whole and len(sides) == 2 else None
    fields = {k: v for k, v in entry.items() if k not in ('image', 'annorect', 'ignore_regions')}
    fields |= {k: v for k, v in image.items() if k not in ('name', 'width', 'height')}
    return Image(posix_name(name), file, None, size, fields)


def _add_region(tables: AnnotationTables, region: dict[str, Any]) -> None:
    points = region.get('point') or []
    ring = [(single_value(point['x']), single_value(point['y'])) for point in points]
    tables.add_region(len(tables.images) - 1, ring)


def _add_persons(rows: Rows, listed: Any, image: int, place: Place) -> None:
    """Append the persons of a frame."""
    where = place.at
    joints: list[Point] = []
    for number, person in enumerate(decode_persons(listed, place)):
        container = person.annopoints
        if isinstance(container, list):
            container = container[0] if container else None
        points = None if container is None else container.point
        rows.image.append(image)
        try:
            rows.boxes.append(_corners(person))
        except KeyError:
            place.at = f'{where}.annorect[{number}]'
            raise
        rows.track_ids.append(None if person.track_id is None else person.track_id[0])
        # The official loader removes a person without a list, and keeps one with an empty list.
        rows.listed.append(points is not None)
        rows.counts.append(len(points or ()))
        joints += points or ()
    rows.packed.extend(pack_points(joints))  # now, while they are in the processor's cache


def _corners(person: AnnolistPerson) -> tuple[float, ...]:
    x1, y1, x2, y2 = person.x1, person.y1, person.x2, person.y2
    if x1 is None:
        return NO_BOX
    if y1 is None or x2 is None or y2 is None:
        raise KeyError(next(key for key in CORNERS if getattr(person, key) is None))
    return x1[0], y1[0], x2[0], y2[0]


def _joints(
    rows: Rows, tables: AnnotationTables, numbered: tuple[str, ...]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Keypoints (N, K, 3) and scores (N, K) of the persons' points."""
    count = len(tables.joint_names)
    keypoints = np.zeros((len(rows.counts), count, 3))
    scores = np.full((len(rows.counts), count), MISSING_SCORE)
    points = unpack_points(rows.packed)
    owner = np.repeat(np.arange(len(rows.counts)), rows.counts)
    # A null has become NaN, which is no whole number: the comparison below finds it.
    with np.errstate(invalid='ignore'):
        joint = points[0].astype(np.int64)
    known = (joint == points[0]) & (joint >= 0) & (joint < len(numbered))
    tables.lost['points of unknown joints'] += int((~known).sum())
    if not known.all():
        owner, joint, points = owner[known], joint[known], points[:, known]
    key = owner * len(numbered) + joint
    # Ids usually ascend, and then none can be there twice: no sort is needed.
    if (key[1:] <= key[:-1]).any():
        # Of equal keys `unique` gives the first, which is the one that counts officially.
        _, first = np.unique(key, return_index=True)
        tables.lost['joints listed twice'] += len(key) - len(first)
        owner, joint, points = owner[first], joint[first], points[:, first]
    column = {name: place for place, name in enumerate(tables.joint_names)}
    places = np.asarray([column.get(name, -1) for name in numbered])[joint]
    if (places < 0).any():
        wanted = places >= 0
        owner, places, points = owner[wanted], places[wanted], points[:, wanted]
    at = owner * count + places
    keypoints.reshape(-1, 3)[at] = np.column_stack([*points[1:3], np.ones(len(at))])
    scores.reshape(-1)[at] = points[3]
    return keypoints, scores
