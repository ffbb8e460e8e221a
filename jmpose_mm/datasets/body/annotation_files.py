"""PoseTrack annotation and detection files of every generation, read into one neutral form.

Axes: K = 17 keypoints in PoseTrack18 order. Coordinates are image pixels, boxes xyxy.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.functional.crop import box_of_joints, xywh_to_xyxy
from jmpose_mm.functional.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES

__all__ = ['AnnotationSet', 'Image', 'Person', 'frame_number', 'read_annotations', 'read_detections']

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
    """What annotation files hold: images by id, persons, and what was odd in them, counted."""

    images: dict[int, Image] = field(default_factory=dict)
    persons: list[Person] = field(default_factory=list)
    odd: Counter[str] = field(default_factory=Counter)


def frame_number(file_name: str) -> int | None:
    """The number that a frame's file name ends with, whatever its width; None without one."""
    found = re.search(r'(\d+)$', PurePosixPath(file_name).stem)
    return None if found is None else int(found.group())


def read_annotations(path: str | Path) -> AnnotationSet:
    """Read one file, merged or of one video, or every ``*.json`` of a directory.

    Known layouts: ``images`` and ``annotations`` (PoseTrack18, PoseTrack21, and PoseTrack17 in COCO
    form), and ``annolist`` (PoseTrack17), whose persons get a box around their joints as the COCO
    form has it.

    Raises:
        ValueError: With the file and the key, where something is missing or misshapen.
    """
    path = Path(path)
    files = sorted(path.glob('*.json')) if path.is_dir() else [path]
    if not files:
        raise ValueError(f'{path}: expected *.json files in the directory, found none')
    annotations = AnnotationSet()
    for file in files:
        content = _read_json(file)
        if not isinstance(content, dict) or not {'images', 'annolist'} & set(content):
            raise ValueError(f"{file}: expected an object with key 'images' or 'annolist'")
        with _Place(file):
            if 'annolist' in content:
                _read_annolist(annotations, content['annolist'])
            else:
                _read_images(annotations, content)
    return annotations


def read_detections(path: str | Path) -> list[dict[str, Any]]:
    """Read a list of detected boxes.

    Returns:
        One dict for each person box, in file order: ``image`` (an id or a file name), ``box`` (4,)
        xyxy, ``score``. Other categories than 1, person, are left out.

    Raises:
        ValueError: With the file, the entry and the key.
    """
    path = Path(path)
    content = _read_json(path)
    if not isinstance(content, list):
        raise ValueError(f'{path}: expected a list of detections, got {type(content).__name__}')
    boxes = []
    for index, entry in enumerate(content):
        with _Place(path, f'[{index}]'):
            if entry.get('category_id', 1) != 1:
                continue
            image = entry['image_id'] if 'image_id' in entry else entry['image_name']
            boxes.append(
                {
                    'image': image,
                    'box': xywh_to_xyxy(_numbers(entry['bbox'], 'bbox', 4)),
                    'score': float(entry['score']),
                }
            )
    return boxes


class _Place:
    """Turns errors of unpacking into a ``ValueError`` that says where."""

    def __init__(self, file: Path, where: str = '') -> None:
        self.where = f'{file}{" " + where if where else ""}'

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, KeyError):
            raise ValueError(f'{self.where}: missing key {error}') from error
        if isinstance(error, (ValueError, TypeError, AttributeError, IndexError)):
            raise ValueError(f'{self.where}: {error}') from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        raise ValueError(f'{path}: expected an annotation file, found no file') from error
    except ValueError as error:
        raise ValueError(f'{path}: expected JSON, got {error}') from error


def _numbers(values: Any, key: str, count: int) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f'key {key!r}: expected {count} numbers, got {values!r}') from error
    if array.shape != (count,):
        raise ValueError(f'key {key!r}: expected {count} numbers, got {values!r}')
    return array


def _read_images(into: AnnotationSet, content: dict[str, Any]) -> None:
    for index, image in enumerate(content['images']):
        with _Place(Path('images'), f'[{index}]'):
            size = (image['width'], image['height']) if {'width', 'height'} <= image.keys() else None
            record = Image(image['id'], image['file_name'], size)
        other = into.images.setdefault(record.image_id, record)
        if other.file_name != record.file_name:
            raise ValueError(
                f'images[{index}], key id: expected an id of its own, {record.image_id} is that of '
                f'{other.file_name} too'
            )
    seen = {person.annotation_id for person in into.persons}
    for index, person in enumerate(content['annotations']):
        with _Place(Path('annotations'), f'[{index}]'):
            record = _coco_person(person)
        if record.image_id not in into.images:
            into.odd['of an unknown image'] += 1
        elif record.annotation_id in seen:
            into.odd['with the id of another'] += 1
        elif person.get('category_id', 1) == 1:
            seen.add(record.annotation_id)
            into.persons.append(record)


def _coco_person(person: dict[str, Any]) -> Person:
    keypoints = np.zeros((len(FILE_JOINT_NAMES), 3))
    if person.get('keypoints'):
        keypoints = _numbers(person['keypoints'], 'keypoints', keypoints.size).reshape(-1, 3)
    # PoseTrack marks a joint as absent by three zeros; a joint may be hidden but placed.
    box = person.get('bbox')
    return Person(
        person['id'],
        person['image_id'],
        keypoints,
        None if box is None else xywh_to_xyxy(_numbers(box, 'bbox', 4)),
        bool(person.get('iscrowd', 0)),
        person.get('track_id'),
        person,
    )


def _read_annolist(into: AnnotationSet, frames: list[dict[str, Any]]) -> None:
    for index, frame in enumerate(frames):
        with _Place(Path('annolist'), f'[{index}]'):
            image = frame['image']
            name = (image[0] if isinstance(image, list) else image)['name']
            image_id = len(into.images)
            into.images[image_id] = Image(image_id, name, None)
            for rect in frame.get('annorect') or []:
                keypoints = np.zeros((len(FILE_JOINT_NAMES), 3))
                for joint, x, y in _annolist_points(rect):
                    keypoints[_ORDER[joint]] = x, y, 1
                labelled = keypoints[keypoints[:, 2] > 0, :2]
                box = box_of_joints(labelled) if len(labelled) else None
                track = rect.get('track_id', [None])
                into.persons.append(
                    Person(len(into.persons), image_id, keypoints, box, False, track[0], {})
                )


def _annolist_points(rect: dict[str, Any]) -> Iterator[tuple[int, float, float]]:
    """Joint number, x and y of each annotated point; every scalar is a list of one."""
    containers = [c for c in rect.get('annopoints') or [] if c]
    for point in containers[0]['point'] if containers else []:
        joint = int(point['id'][0])
        if not 0 <= joint < len(JOINT_NAMES):
            raise ValueError(f'key id: expected a joint from 0 to 14, got {joint}')
        yield joint, float(point['x'][0]), float(point['y'][0])
