"""The two generations of PoseTrack JSON.

2017: one ``annolist`` for each video, scalars wrapped in lists of one, joints listed by their id.
2018 and 2021: ``images``, ``annotations`` and ``categories``, joints in the order that the category
names, one video (official) or many (merged, as mmpose reads them).

Two known differences from the official loader. Where an ignored region holds the first of two
points with one joint id, the official evaluator falls back on the second, here the joint is gone;
and numbers that are not finite are refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.functional.evaluation.posetrack_persons import MISSING_SCORE

from .posetrack_frames import NO_BOX, ErrorContext, Frame, PoseTrackFrames, frame_key, joint_order

__all__ = ['read_annolist', 'read_images']


def read_annolist(
    into: PoseTrackFrames,
    file: Path,
    content: dict[str, Any],
    videos: frozenset[str] | None = None,
) -> None:
    """Append the frames of a 2017 file.

    A person without points is kept: it makes its frame count. Of two points with one id the first
    counts; ids that are no joint are skipped.
    """
    persons: list[list[dict[str, Any]]] = []
    places: list[str] = []
    with ErrorContext(file, 'annolist') as place:
        for position, entry in enumerate(content['annolist']):
            place.at = at = f'annolist[{position}]'
            name = _scalar(entry['image'])['name']
            if videos is not None and frame_key(name)[0] not in videos:
                continue
            index = into.add_frame(Frame(name, file, None, _flags(entry)))
            for region in entry.get('ignore_regions') or []:
                ring = [(_scalar(point['x']), _scalar(point['y'])) for point in region['point']]
                into.add_region(index, ring)
            for number, person in enumerate(entry.get('annorect') or []):
                place.at = f'{at}.annorect[{number}]'
                points = _scalar(person.get('annopoints') or {}).get('point')
                track = _scalar(person.get('track_id'))
                into.add_person(index, _head_rectangle(person), track, points is not None)
                persons.append(points or [])
                places.append(place.at)
        names = into.joint_names
        into.joints.append(
            _block(lambda some: _joints_of_points(some, names), persons, places, place)
        )


def read_images(
    into: PoseTrackFrames,
    file: Path,
    content: dict[str, Any],
    only_first_video: bool = False,
    videos: frozenset[str] | None = None,
) -> None:
    """Append the frames of a 2018 or 2021 file.

    A joint is absent where x, y and the third value are all 0; the third value itself plays no
    role.
    """
    persons: list[dict[str, Any]] = []
    places: list[str] = []
    with ErrorContext(file, 'categories[0]') as place:
        listed = content['categories'][0]['keypoints']
        names = into.joint_names
        order = joint_order(listed, 'keypoints', names)
        index_of = _add_images(into, place, content['images'], only_first_video, videos)
        place.at = 'annotations'
        for number, person in enumerate(content.get('annotations') or []):
            place.at = f'annotations[{number}]'
            if person['image_id'] not in index_of:
                raise ValueError(f'image_id: expected the id of an image, got {person["image_id"]}')
            index = index_of[person['image_id']]
            if index is None:
                continue
            into.add_person(index, _head_box(person), person.get('track_id'))
            persons.append(person)
            places.append(place.at)

        def read(some: list[dict[str, Any]]) -> np.ndarray:
            return _joints_of_triples(some, order, len(listed), names)

        into.joints.append(_block(read, persons, places, place))


def _add_images(
    into: PoseTrackFrames,
    place: ErrorContext,
    images: list[dict[str, Any]],
    only_first_video: bool,
    videos: frozenset[str] | None,
) -> dict[int, int | None]:
    """Append the frames; returns the index of each image's, None for those left out."""
    index_of: dict[int, int | None] = {}
    first: str | None = None
    place.at = 'images'
    for position, image in enumerate(images):
        place.at = f'images[{position}]'
        video = frame_key(image['file_name'])[0]
        first = first or video
        index_of[image['id']] = None
        if (only_first_video and video != first) or (videos is not None and video not in videos):
            continue
        index = into.add_frame(Frame(image['file_name'], place.file, image['id'], _flags(image)))
        index_of[image['id']] = index
        for ring in _regions(image):
            into.add_region(index, ring)
    return index_of


def _block(
    read: Callable[[list[Any]], np.ndarray],
    persons: list[Any],
    places: list[str],
    place: ErrorContext,
) -> np.ndarray:
    """``read`` all persons at once, which is fast; after an error one by one, which finds it."""
    try:
        return read(persons)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        for place.at, person in zip(places, persons, strict=True):
            read([person])
        raise


def _joints_of_points(persons: list[list[dict[str, Any]]], names: tuple[str, ...]) -> np.ndarray:
    """(N, J, 4) x, y, score, present of each person's points with ids."""
    points = list(chain.from_iterable(persons))
    owner = np.repeat(np.arange(len(persons)), [len(some) for some in persons])
    values = _point_values(points)
    joint = values[:, 0]
    known = np.flatnonzero((joint >= 0) & (joint < len(names)))
    rows = known[::-1]  # the first of two points with one id is written last and so wins
    table = np.zeros((len(persons), len(names), 4))
    place = owner[rows], joint[rows].astype(np.int64)
    table[(*place, slice(3))] = values[rows, 1:]
    table[(*place, 3)] = 1
    return _finite(table, names)


def _joints_of_triples(
    persons: list[dict[str, Any]], order: np.ndarray, count: int, names: tuple[str, ...]
) -> np.ndarray:
    """(N, J, 4) x, y, score, present of each person's flat list of ``count`` triples."""
    if not persons:
        return np.zeros((0, len(order), 4))
    missing = [MISSING_SCORE] * count
    keypoints = [person['keypoints'] for person in persons]
    scores = [person.get('scores') or missing for person in persons]
    tables = []
    for name, lists, size in (('keypoints', keypoints, 3 * count), ('scores', scores, count)):
        values = np.asarray(lists, dtype=np.float64).reshape(len(persons), -1)
        if values.shape[1] != size:
            raise ValueError(f'{name}: expected {size} numbers, got {values.shape[1]}')
        tables.append(values.reshape(len(persons), count, -1)[:, order])
    triples, score = tables
    present = (triples != 0).any(axis=2, keepdims=True)
    return _finite(np.concatenate([triples[..., :2], score, present], axis=2), names)


def _finite(table: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The same (N, J, 4) table if the numbers of all joints that are present are finite."""
    bad = np.argwhere(table[..., 3:].astype(bool) & ~np.isfinite(table[..., :3]))
    if len(bad):
        person, joint, column = bad[0]
        key, value = ('x', 'y', 'score')[column], table[person, joint, column]
        raise ValueError(f'{key} of {names[joint]}: expected a finite number, got {value}')
    return table


def _regions(image: dict[str, Any]) -> list[list[tuple[float, float]]]:
    """The corners of each ignored region."""
    x, y = (image.get(f'ignore_regions_{axis}') or [] for axis in 'xy')
    sizes = [len(ring) for ring in x], [len(ring) for ring in y]
    if sizes[0] != sizes[1]:
        raise ValueError(
            'ignore_regions_x and ignore_regions_y: expected lists of equal lengths, got '
            f'{sizes[0]} and {sizes[1]}'
        )
    return [list(zip(*ring, strict=True)) for ring in zip(x, y, strict=True)]


def _head_box(person: dict[str, Any]) -> tuple[float, ...]:
    box = person.get('bbox_head')
    if not box:
        return NO_BOX
    if len(box) != 4:
        raise ValueError(f'bbox_head: expected 4 numbers (x, y, width, height), got {box}')
    x, y, width, height = (float(value) for value in box)
    return x, y, x + width, y + height


def _head_rectangle(person: dict[str, Any]) -> tuple[float, ...]:
    if 'x1' not in person:
        return NO_BOX
    x1, y1, x2, y2 = person['x1'], person['y1'], person['x2'], person['y2']
    return float(_scalar(x1)), float(_scalar(y1)), float(_scalar(x2)), float(_scalar(y2))


def _flags(record: dict[str, Any]) -> dict[str, bool]:
    """The fields of a frame that are true or false, written ``true`` or ``[1]``."""
    flags = {}
    for name, value in record.items():
        if isinstance(value, bool) or (isinstance(value, list) and value in ([0], [1])):
            flags[name] = bool(_scalar(value))
    return flags


def _point_values(points: list[dict[str, Any]]) -> np.ndarray:
    """(Q, 4) id, x, y and score of points, each in a list of one or bare; None becomes NaN.

    One pass over the points: what takes time is to have them in the processor's cache.
    """
    none = [MISSING_SCORE]
    try:
        flat = [
            value
            for p in points
            for value in (p['id'][0], p['x'][0], p['y'][0], p.get('score', none)[0])
        ]
    except TypeError:  # bare numbers
        flat = [
            _scalar(value)
            for p in points
            for value in (p['id'], p['x'], p['y'], p.get('score', none))
        ]
    return np.asarray(flat, dtype=np.float64).reshape(-1, 4)


def _scalar(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value
