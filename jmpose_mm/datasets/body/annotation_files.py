"""PoseTrack annotation and detection files of every generation, read into one neutral form.

Axes: K = 17 keypoints in PoseTrack18 order. Coordinates are image pixels, boxes xyxy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.datasets.body.json_values import (
    Place,
    field_of,
    numbers_of,
    read_json,
    scalar_of,
)
from jmpose_mm.functional.crop import box_of_joints, xywh_to_xyxy
from jmpose_mm.functional.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES

__all__ = [
    'AnnotationSet',
    'Image',
    'Person',
    'read_annotations',
    'read_detections',
]

_ORDER = np.asarray([FILE_JOINT_NAMES.index(name) for name in JOINT_NAMES])


class Image(NamedTuple):
    """One annotated image; ``size`` is (width, height) where the file tells it."""

    image_id: int
    file_name: str
    size: tuple[int, int] | None


class Person(NamedTuple):
    """One annotated person; ``keypoints`` (K, 3) x, y, visibility; ``box`` (4,) or None."""

    annotation_id: int
    image_id: int
    keypoints: np.ndarray
    box: np.ndarray | None
    is_crowd: bool
    track_id: int | None
    raw: dict[str, Any]


@dataclass
class AnnotationSet:
    """What annotation files hold: images by id, persons, and what was odd in them, counted.

    ``has_image_ids`` is false where the file has none and images were numbered on reading.
    """

    images: dict[int, Image] = field(default_factory=dict)
    persons: list[Person] = field(default_factory=list)
    odd: Counter[str] = field(default_factory=Counter)
    has_image_ids: bool = True


def read_annotations(path: str | Path) -> AnnotationSet:
    """Read one file, merged or of one video, or every ``*.json`` of a directory.

    Known layouts: ``images`` and ``annotations`` (PoseTrack18, PoseTrack21, and PoseTrack17 in COCO
    form), and ``annolist`` (PoseTrack17), whose persons get a box around their joints as the COCO
    form has it.

    Raises:
        ValueError: With the file and the key, where something is missing or misshapen.
    """
    if not str(path):
        raise ValueError('ann_file: expected an annotation file or a directory of them, got none')
    path = Path(path)
    files = sorted(path.glob('*.json')) if path.is_dir() else [path]
    if not files:
        raise ValueError(f'{path}: expected *.json files in the directory, found none')
    annotations = AnnotationSet()
    for file in files:
        content = read_json(file)
        if not isinstance(content, dict) or not {'images', 'annolist'} & set(content):
            raise ValueError(f"{file}: expected an object with key 'images' or 'annolist'")
        with Place(file):
            if 'annolist' in content:
                _read_annolist(annotations, field_of(content, 'annolist', list))
            else:
                _read_images(annotations, content)
    return annotations


def read_detections(path: str | Path, by_name: bool = False) -> list[dict[str, Any]]:
    """Read a list of detected boxes.

    Args:
        path: A JSON file.
        by_name: Take images by ``image_name`` even where there is an ``image_id``.

    Returns:
        One dict for each person box, in file order: ``image`` (an id or a file name), ``box`` (4,)
        xyxy, ``score``. Other categories than 1, person, are left out.

    Raises:
        ValueError: With the file, the entry and the key.
    """
    path = Path(path)
    content = read_json(path)
    if not isinstance(content, list):
        raise ValueError(f'{path}: expected a list of detections, got {type(content).__name__}')
    boxes = []
    for index, entry in enumerate(content):
        with Place(path, f'[{index}]'):
            if not isinstance(entry, dict):
                raise ValueError(f'expected an object, got {entry!r}')
            if entry.get('category_id', 1) != 1:
                continue
            key = 'image_name' if by_name or 'image_id' not in entry else 'image_id'
            boxes.append(
                {
                    'image': field_of(entry, key, int, str),
                    'box': xywh_to_xyxy(numbers_of(entry['bbox'], 'bbox', 4)),
                    'score': float(field_of(entry, 'score', int, float)),
                }
            )
    return boxes


def _places(content: dict[str, Any]) -> list[int]:
    """Where each keypoint of the file belongs among the K, by the names that the file gives.

    A file in COCO's order has as many keypoints: only their names tell it from PoseTrack's.
    """
    categories = content.get('categories') or [{}]
    names = categories[0].get('keypoints') or FILE_JOINT_NAMES
    if not set(JOINT_NAMES) <= set(names) <= set(FILE_JOINT_NAMES):
        raise ValueError(
            "categories[0], key 'keypoints': expected PoseTrack's joint names, got "
            f'{sorted(set(names) - set(FILE_JOINT_NAMES))} besides and no '
            f'{sorted(set(JOINT_NAMES) - set(names))}'
        )
    return [FILE_JOINT_NAMES.index(name) for name in names]


def _read_images(into: AnnotationSet, content: dict[str, Any]) -> None:
    places = _places(content)
    for index, image in enumerate(field_of(content, 'images', list)):
        with Place(Path('images'), f'[{index}]'):
            name = field_of(image, 'file_name', str)
            size = None
            if {'width', 'height'} <= image.keys():
                size = (field_of(image, 'width', int), field_of(image, 'height', int))
            record = Image(field_of(image, 'id', int), name, size)
        other = into.images.setdefault(record.image_id, record)
        if other.file_name != record.file_name:
            raise ValueError(
                f'images[{index}], key id: expected an id of its own, {record.image_id} is that of '
                f'{other.file_name} too'
            )
    seen = {person.annotation_id for person in into.persons}
    for index, person in enumerate(field_of(content, 'annotations', list)):
        with Place(Path('annotations'), f'[{index}]'):
            record = _coco_person(person, places)
        if record.image_id not in into.images:
            into.odd['of an unknown image'] += 1
        elif record.annotation_id in seen:
            into.odd['with the id of another'] += 1
        elif person.get('category_id', 1) != 1:
            into.odd['of another category'] += 1
        else:
            seen.add(record.annotation_id)
            into.persons.append(record)


def _coco_person(person: dict[str, Any], places: list[int]) -> Person:
    keypoints = np.zeros((len(FILE_JOINT_NAMES), 3))
    if person.get('keypoints'):
        values = numbers_of(person['keypoints'], 'keypoints', 3 * len(places))
        keypoints[places] = values.reshape(-1, 3)
    box = person.get('bbox')
    return Person(
        field_of(person, 'id', int),
        field_of(person, 'image_id', int),
        keypoints,
        None if box is None else xywh_to_xyxy(numbers_of(box, 'bbox', 4)),
        bool(person.get('iscrowd', 0)),
        person.get('track_id'),
        person,
    )


def _read_annolist(into: AnnotationSet, frames: list[dict[str, Any]]) -> None:
    into.has_image_ids = False
    for index, frame in enumerate(frames):
        with Place(Path('annolist'), f'[{index}]'):
            image = frame['image']
            name = field_of(image[0] if isinstance(image, list) else image, 'name', str)
            image_id = len(into.images)
            into.images[image_id] = Image(image_id, name, None)
            for rect in frame.get('annorect') or []:
                keypoints = np.zeros((len(FILE_JOINT_NAMES), 3))
                for joint, x, y in _annolist_points(rect):
                    keypoints[_ORDER[joint]] = x, y, 1
                labelled = keypoints[keypoints[:, 2] > 0, :2]
                labelled = labelled[np.isfinite(labelled).all(axis=1)]
                box = box_of_joints(labelled) if len(labelled) else None
                track = scalar_of(rect, 'track_id') if rect.get('track_id') else None
                into.persons.append(
                    Person(len(into.persons), image_id, keypoints, box, False, track, {})
                )


def _annolist_points(rect: dict[str, Any]) -> Iterator[tuple[int, float, float]]:
    """Joint number, x and y of each annotated point."""
    containers = [c for c in rect.get('annopoints') or [] if c]
    for point in containers[0]['point'] if containers else []:
        joint = int(scalar_of(point, 'id'))
        if not 0 <= joint < len(JOINT_NAMES):
            raise ValueError(f'key id: expected a joint from 0 to 14, got {joint}')
        yield joint, float(scalar_of(point, 'x')), float(scalar_of(point, 'y'))
