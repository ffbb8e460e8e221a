"""Annotations of any program as entries of one form.

Axes: K joints of the data set. Coordinates are image pixels.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.errors import cut
from jmpose_mm.formats.coco_persons import is_crowd
from jmpose_mm.formats.json_files import numbers, read_id
from jmpose_mm.functional.crop import box_of_joints, clip_boxes, is_usable_box, xywh_to_xyxy

__all__ = ['FileJoints', 'given_box', 'own_entry']

TRACKS = ('track_id', 'object_id', 'instance_id')
DIGITS = 3


class FileJoints(NamedTuple):
    """The joints of a file's category.

    Attributes:
        names: Names of the joints in the file.
        parts: Fields besides ``keypoints`` that hold the last of them, and how many each.
        places: (K,) index of each joint of the data set among them, -1 for none.
        binary: True where visibility is 0 or 1 in all of the file: labelled or not.
    """

    names: tuple[str, ...]
    parts: tuple[tuple[str, int], ...]
    places: tuple[int, ...]
    binary: bool = False


def own_entry(
    entry: dict[str, Any], joints: FileJoints, size: tuple[int, int] | None, counts: Counter[str]
) -> dict[str, Any] | None:
    """One annotation in the form that is written; None where nothing of it can be used.

    Args:
        entry: Annotation of the file.
        joints: Joints of its category.
        size: (W, H) of the image, if it is known.
        counts: Gets what was left out or mended, in words.

    Raises:
        ValueError: A value is misshapen.
    """
    points = _keypoints(entry, joints, counts)
    labelled = points[:, 2] > 0
    crowd = is_crowd(entry)
    if not labelled.any() and not crowd:
        counts['persons without labelled keypoints'] += 1
        return None
    box = _box(entry, points[labelled, :2], size, counts)
    if box is None:
        counts['persons without a usable box'] += 1
        return None
    found: dict[str, Any] = {
        'category_id': 1,
        'keypoints': np.round(points, DIGITS).ravel().tolist(),
        'num_keypoints': int(labelled.sum()),
        'bbox': np.round([*box[:2], *(box[2:] - box[:2])], DIGITS).tolist(),
        'area': round(float(np.prod(box[2:] - box[:2])), DIGITS),
        'iscrowd': int(crowd),
    }
    track = _track(entry)
    return found if track is None else {**found, 'track_id': track}


def _keypoints(entry: dict[str, Any], joints: FileJoints, counts: Counter[str]) -> np.ndarray:
    """(K, 3) with visibility 0, 1 or 2, and zeros where a joint is not labelled."""
    body = len(joints.names) - sum(count for _, count in joints.parts)
    fields = (('keypoints', body), *joints.parts)
    points = np.concatenate([_triples(entry.get(key), key, count) for key, count in fields])
    chosen = np.zeros((len(joints.places), 3))
    for target, place in enumerate(joints.places):
        if place >= 0:
            chosen[target] = points[place]
    finite = np.isfinite(chosen).all(axis=1)
    # Written this way, a visibility that is NaN counts as labelled, and the loss is said.
    counts['keypoints that are not finite'] += int((~finite & ~(chosen[:, 2] <= 0)).sum())
    chosen[~finite | (chosen[:, 2] <= 0)] = 0
    # Where 1 is the highest of a file it means labelled and visible, which is COCO's 2.
    chosen[:, 2] = np.minimum(np.ceil(chosen[:, 2] * (1 + joints.binary)), 2)
    return chosen


def _triples(values: Any, key: str, count: int) -> np.ndarray:
    """(K, 3) of flat or nested lists, with or without visibility."""
    if values in (None, []):
        return np.zeros((count, 3))
    try:
        array = np.asarray(values, dtype=np.float64).ravel()
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f'{key}: expected {3 * count} numbers, got {cut(repr(values))}') from error
    if len(array) == 3 * count:
        return array.reshape(count, 3)
    if len(array) != 2 * count:
        raise ValueError(
            f'{key}: expected {3 * count} numbers, of {count} joints, got {len(array)}'
        )
    points = array.reshape(count, 2)
    known = np.isfinite(points).all(axis=1) & (points != 0).any(axis=1)
    return np.column_stack([points, 2.0 * known])


def given_box(entry: dict[str, Any]) -> np.ndarray | None:
    """xyxy of an annotation's box as the file has it; None without one."""
    given = entry.get('bbox')
    if given in (None, [], [0, 0, 0, 0]):
        return None
    return np.asarray(xywh_to_xyxy(numbers(given, 'bbox', 4)))


def _box(
    entry: dict[str, Any],
    labelled: np.ndarray,
    size: tuple[int, int] | None,
    counts: Counter[str],
) -> np.ndarray | None:
    """xyxy of the box, else of the outline, else around the joints; clipped to the image."""
    box = given_box(entry)
    if box is not None and not is_usable_box(box):
        counts['boxes without extent, made anew'] += 1
        box = None
    if box is None:
        outline = _outline(entry.get('segmentation'))
        if outline is not None:
            counts['boxes made of outlines'] += 1
            box = np.concatenate([outline.min(axis=0), outline.max(axis=0)])
        elif len(labelled):
            counts['boxes made of joints'] += 1
            box = box_of_joints(labelled)
    if box is None:
        return None
    if size is not None:
        # `clip_boxes` ends at the last pixel's centre; own boxes may reach its far side.
        clipped = clip_boxes(box, size[0] + 1, size[1] + 1)
        counts['boxes clipped'] += not np.allclose(clipped, box)
        box = clipped
    return box if is_usable_box(box) else None


def _outline(segmentation: Any) -> np.ndarray | None:
    """(N, 2) corners of polygons; None for masks in other forms."""
    if not isinstance(segmentation, list) or not segmentation:
        return None
    try:
        rings = segmentation if isinstance(segmentation[0], list) else [segmentation]
        corners = np.concatenate([np.asarray(r, dtype=np.float64).reshape(-1, 2) for r in rings])
    except (TypeError, ValueError):
        return None
    return corners if len(corners) > 2 and np.isfinite(corners).all() else None


def _track(entry: dict[str, Any]) -> int | str | None:
    attributes = entry.get('attributes')
    for place in (entry, attributes if isinstance(attributes, dict) else {}):
        for key in TRACKS:
            if place.get(key) not in (None, '', []):
                return read_id(place[key], key)
    return None
