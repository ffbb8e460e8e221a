"""The two generations of PoseTrack JSON.

2017: one ``annolist`` for each video, scalars wrapped in lists of one, joints listed by their id.
    2018 and 2021:
``images``, ``annotations`` and ``categories``, joints in the order that the category names, one
video (official) or many (merged, as mmpose reads them).

The one known difference from the official loader: where an ignored region holds the first of two
points with one joint id, the official evaluator falls back on the second; here the joint is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.functional.posetrack_persons import JOINT_NAMES, MISSING_SCORE

from .posetrack_frames import Frame, PoseTrackFrames, frame_key, joint_order

__all__ = ['read_annolist', 'read_images']

NO_BOX = (float('nan'),) * 4


def read_annolist(into: PoseTrackFrames, file: Path, content: dict[str, Any]) -> None:
    """Append the frames of a 2017 file.

    A person without points is kept: it makes its frame count. Of two points with one id the first
    counts; ids that are no joint are skipped.
    """
    for position, entry in enumerate(content['annolist']):
        where = f'{file}: annolist[{position}]'
        with _naming(where):
            image = entry['image']
            name = (image[0] if isinstance(image, list) else image)['name']
            index = into.add_frame(Frame(name, file, None, _flags(entry)))
            for region in entry.get('ignore_regions') or []:
                ring = [(_scalar(point['x']), _scalar(point['y'])) for point in region['point']]
                into.add_region(index, ring)
        for number, person in enumerate(entry.get('annorect') or []):
            with _naming(f'{where}.annorect[{number}]'):
                box = NO_BOX
                if 'x1' in person:
                    box = tuple(float(_scalar(person[key])) for key in ('x1', 'y1', 'x2', 'y2'))
                track = _scalar(person['track_id']) if 'track_id' in person else None
                into.add_person(index, _joints_of_points(_points(person)), box, track)


def read_images(
    into: PoseTrackFrames, file: Path, content: dict[str, Any], only_first_video: bool
) -> None:
    """Append the frames of a 2018 or 2021 file, of all its videos or of the first.

    A joint is absent where x, y and the third value are all 0; the third value itself plays no
    role.
    """
    with _naming(f'{file}: categories[0]'):
        names = content['categories'][0]['keypoints']
    order = joint_order(names, f'{file}: categories[0].keypoints')
    index_of: dict[int, int | None] = {}
    first: str | None = None
    for position, image in enumerate(content['images']):
        with _naming(f'{file}: images[{position}]'):
            video = frame_key(image['file_name'])[0]
            first = first or video
            index_of[image['id']] = None
            if only_first_video and video != first:
                continue
            index = into.add_frame(Frame(image['file_name'], file, image['id'], _flags(image)))
            index_of[image['id']] = index
            for ring in _regions(image):
                into.add_region(index, ring)
    for number, person in enumerate(content.get('annotations') or []):
        with _naming(f'{file}: annotations[{number}]'):
            if person['image_id'] not in index_of:
                raise ValueError(f'image_id: expected the id of an image, got {person["image_id"]}')
            index = index_of[person['image_id']]
            if index is None:
                continue
            joints = _joints_of_triples(person, order, len(names))
            into.add_person(index, joints, _head_box(person), person.get('track_id'))


def _joints_of_points(points: list[dict[str, Any]]) -> np.ndarray:
    """(J, 4) x, y, score, present of a list of points with ids."""
    joints = np.zeros((len(JOINT_NAMES), 4))
    for point in points:
        joint = _scalar(point['id'])
        if joint is None or not 0 <= joint < len(joints) or joints[joint, 3]:
            continue
        score = _scalar(point['score']) if 'score' in point else MISSING_SCORE
        joints[joint] = _scalar(point['x']), _scalar(point['y']), score, 1
    return joints


def _joints_of_triples(person: dict[str, Any], order: np.ndarray, count: int) -> np.ndarray:
    """(J, 4) x, y, score, present of a flat list of ``count`` triples."""
    values = np.asarray(person['keypoints'], dtype=np.float64)
    if values.size != 3 * count:
        raise ValueError(f'keypoints: expected {3 * count} numbers, got {values.size}')
    values = values.reshape(count, 3)[order]
    scores = person.get('scores') or [MISSING_SCORE] * count
    if len(scores) != count:
        raise ValueError(f'scores: expected {count} numbers or none, got {len(scores)}')
    present = (values != 0).any(axis=1)
    return np.column_stack([values[:, :2], np.asarray(scores, dtype=np.float64)[order], present])


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


def _points(person: dict[str, Any]) -> list[dict[str, Any]]:
    containers = person.get('annopoints') or [{}]
    first = containers[0] if isinstance(containers, list) else containers
    return first.get('point') or []


def _flags(record: dict[str, Any]) -> dict[str, bool]:
    """The fields of a frame that are true or false, written ``true`` or ``[1]``."""
    flags = {}
    for name, value in record.items():
        if isinstance(value, bool) or (isinstance(value, list) and value in ([0], [1])):
            flags[name] = bool(_scalar(value))
    return flags


def _scalar(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Put the place in the file in front of whatever goes wrong inside."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f'{where}: expected the key {error}, found none') from error
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f'{where}: {error}') from error
