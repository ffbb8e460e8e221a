"""Persons of COCO's layout as columns.

Axes: N persons, K joints of the file, J joints that are wanted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import cut
from jmpose_mm.formats.joints import WHOLEBODY_PARTS, joint_places
from jmpose_mm.formats.json_files import Place, numbers, read_id
from jmpose_mm.formats.persons import NO_BOX, Persons
from jmpose_mm.functional.crop import xywh_to_xyxy
from jmpose_mm.functional.evaluation.posetrack_persons import MISSING_SCORE

__all__ = ['Category', 'Reading', 'is_crowd', 'read_persons']

# How programs write that an annotation is one person.
_NO_CROWD = (None, 0, '', '0', 'false')
ANNOTATED = 2.0  # COCO's visibility of a joint that is in view


class Reading(NamedTuple):
    """Options for reading a file.

    Attributes:
        joint_names: (J,) what is wanted.
        videos: Keep only these, by the `video_key` of their folder; None keeps all.
        official: Read as the official evaluator does: of a merged file its first video, and
            persons of every category.
        entries: Keep the persons' own objects.
    """

    joint_names: tuple[str, ...]
    videos: frozenset[str] | None = None
    official: bool = False
    entries: bool = False


class Category(NamedTuple):
    """Categories that count as persons, and their joints.

    Attributes:
        ids: Categories that count; None takes every one.
        names: (K,) of the joints in the file's order.
        parts: Fields besides ``keypoints`` that hold the last of them, as COCO-WholeBody has.
    """

    ids: frozenset[int | str] | None
    names: tuple[str, ...]
    parts: tuple[str, ...] = ()


Kept = list[tuple[int, int, dict[str, Any]]]


def read_persons(kept: Kept, category: Category, reading: Reading, place: Place) -> Persons:
    """Persons as columns.

    Args:
        kept: Number in the file, index of the frame, and entry of each.
        category: Category with the names of the joints.
        reading: Wanted joints and options.
        place: Moved to the person that something is wrong with.

    Raises:
        ValueError: A value is misshapen.
    """
    places = joint_places(category.names, reading.joint_names, 'keypoints')
    keypoints = _keypoints(kept, category, place)
    scores = _scores(kept, len(category.names), place)
    rows = Persons.nobody(0)._replace(
        image=np.asarray([index for _, index, _ in kept], dtype=np.int64),
        # a placeholder that the file lacks is the last column, which is empty
        keypoints=_with_empty_joint(keypoints, 0)[:, places],
        scores=_with_empty_joint(scores, MISSING_SCORE)[:, places],
        listed=np.ones(len(kept), dtype=bool),
    )
    boxes, heads, tracks, identities = [], [], [], []
    for number, _, entry in kept:
        place.at = f'annotations[{number}]'
        boxes.append(_box(entry, 'bbox'))
        heads.append(_head_box(entry))
        tracks.append(_track(entry))
        identities.append(None if entry.get('id') is None else read_id(entry['id'], 'id'))
    return rows._replace(
        boxes=np.asarray(boxes, dtype=np.float64).reshape(-1, 4),
        boxed=np.asarray([box is not NO_BOX for box in boxes], dtype=bool),
        head_boxes=np.asarray(heads, dtype=np.float64).reshape(-1, 4),
        crowd=np.asarray([is_crowd(entry) for _, _, entry in kept], dtype=bool),
        track_ids=tracks,
        annotation_ids=identities,
        entries=[entry for _, _, entry in kept] if reading.entries else [],
    )


def is_crowd(entry: dict[str, Any]) -> bool:
    """Whether an annotation is a crowd instead of one person, however programs write that."""
    value = entry.get('iscrowd')
    value = (value or [None])[0] if isinstance(value, list) else value
    return (value.lower() if isinstance(value, str) else value) not in _NO_CROWD


def _with_empty_joint(values: NDArray[Any], fill: float) -> NDArray[Any]:
    empty = np.full((len(values), 1, *values.shape[2:]), fill)
    return np.concatenate([values, empty], axis=1)


def _keypoints(kept: Kept, category: Category, place: Place) -> NDArray[Any]:
    """(N, K, 3); a person without keypoints has none, fields of parts follow."""
    body = len(category.names) - sum(len(WHOLEBODY_PARTS[part]) for part in category.parts)
    sizes = {'keypoints': body} | {part: len(WHOLEBODY_PARTS[part]) for part in category.parts}
    columns = []
    for key, size in sizes.items():
        values = np.zeros((len(kept), size, 3))
        some = [row for row, (_, _, entry) in enumerate(kept) if _is_given(entry, key)]
        lists = [kept[row][2][key] for row in some]
        try:
            values[some] = _triples(lists, key, size)
        except (OverflowError, TypeError, ValueError):
            for row, one in zip(some, lists, strict=True):  # one by one, to find it
                place.at = f'annotations[{kept[row][0]}]'
                values[row] = _triples([one], key, size)[0]
        columns.append(values)
    return np.concatenate(columns, axis=1)


def _is_given(entry: dict[str, Any], key: str) -> bool:
    return entry.get(key) not in (None, [])


def _triples(lists: list[Any], key: str, size: int) -> NDArray[Any]:
    """(n, K, 3) of flat or nested lists; without a third number joints at (0, 0) are absent."""
    try:
        values = np.asarray(lists, dtype=np.float64)
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(
            f'{key}: expected {3 * size} numbers, got {cut(repr(lists[0]))}'
        ) from error
    values = values.reshape(len(lists), -1)
    if values.shape[1] == 3 * size or not lists:
        return values.reshape(len(lists), size, 3)
    if values.shape[1] != 2 * size:
        raise ValueError(f'{key}: expected {3 * size} numbers, got {values.shape[1]}')
    points = values.reshape(len(lists), size, 2)
    # Pairs have no visibility: (0, 0) is how such files write that a joint is absent.
    third = np.where((points != 0).any(axis=2, keepdims=True), ANNOTATED, 0.0)
    return np.concatenate([points, third], axis=2)


def _scores(kept: Kept, size: int, place: Place) -> NDArray[Any]:
    """(N, K) of the joints."""
    scores = np.full((len(kept), size), MISSING_SCORE)
    some = [row for row, (_, _, entry) in enumerate(kept) if _is_given(entry, 'scores')]
    for row in some:
        number, _, entry = kept[row]
        place.at = f'annotations[{number}]'
        scores[row] = numbers(entry['scores'], 'scores', size)
    return scores


def _box(entry: dict[str, Any], key: str) -> tuple[float, ...]:
    """xyxy of left, top, width, height; lists of zeros or of nulls say that there is none."""
    box = entry.get(key)
    if box in (None, [], [0, 0, 0, 0], [None] * 4):
        return NO_BOX
    return tuple(xywh_to_xyxy(numbers(box, key, 4)).tolist())


def _head_box(entry: dict[str, Any]) -> tuple[float, ...]:
    """xyxy of ``bbox_head`` (left, top, width, height), or ``head_box``, which is that already."""
    if entry.get('head_box') not in (None, []):
        return tuple(numbers(entry['head_box'], 'head_box', 4).tolist())
    box = entry.get('bbox_head')
    return (
        NO_BOX if box in (None, []) else tuple(xywh_to_xyxy(numbers(box, 'bbox_head', 4)).tolist())
    )


def _track(entry: dict[str, Any]) -> int | str | None:
    track = entry.get('track_id')
    return None if track in (None, '', []) else read_id(track, 'track_id')
