"""Annotation files of every data set and generation, read into one neutral form.

Axes: K keypoints in the order of the data set, e.g. PoseTrack18's 17. Coordinates are the file's
image pixels, boxes xyxy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.datasets.body.annolist import image_of, persons_of, points_of, track_of
from jmpose_mm.datasets.body.json_values import ErrorContext, field_of, numbers_of, read_json
from jmpose_mm.functional.crop import box_of_joints, xywh_to_xyxy
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES
from jmpose_mm.functional.video_names import video_key

__all__ = ['ANNOLIST_PLACES', 'AnnotationSet', 'Image', 'Person', 'read_annotations']

ANNOLIST_PLACES = [FILE_JOINT_NAMES.index(name) for name in JOINT_NAMES]
"""Where each of PoseTrack17's joints is in the later files."""

PLACEHOLDERS = {'left_ear', 'right_ear'}  # of PoseTrack18: a file may leave them out


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

    def keep_videos(self, videos: frozenset[str]) -> None:
        """Leave out the images of other videos than these and their persons.

        Args:
            videos: Keys as :func:`jmpose_mm.functional.video_names.video_key` makes them.

        Raises:
            ValueError: One of them has no image.
        """
        keys = {
            image.image_id: video_key(str(PurePosixPath(image.file_name).parent))
            for image in self.images.values()
        }
        unknown = videos - set(keys.values())
        if unknown:
            raise ValueError(
                f'videos: expected videos that are annotated, got unknown {sorted(unknown)}'
            )
        self.images = {key: image for key, image in self.images.items() if keys[key] in videos}
        self.persons = [person for person in self.persons if person.image_id in self.images]


def read_annotations(
    path: str | Path, joint_names: Sequence[str] | None = FILE_JOINT_NAMES
) -> AnnotationSet:
    """Read one file, merged or of one video, or every ``*.json`` of a directory.

    Known layouts: ``images`` and ``annotations`` (COCO's, which is PoseTrack18's and that of all
    converted data sets), and ``annolist`` (PoseTrack17). Persons of the latter get a box around
    their joints as the COCO form has it.

    Args:
        path: A file or a directory.
        joint_names: (K,) the joints in the order that is wanted; None takes the file's own.

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
        with ErrorContext(file):
            if 'annolist' not in content:
                _read_images(annotations, content, joint_names)
            elif joint_names is None or tuple(joint_names) == FILE_JOINT_NAMES:
                _read_annolist(annotations, field_of(content, 'annolist', list))
            else:
                raise ValueError("expected key 'images' for this data set, got 'annolist'")
    return annotations


def _names_and_places(
    content: dict[str, Any], joint_names: Sequence[str] | None
) -> tuple[int, list[int]]:
    """K, and where each keypoint of the file belongs among them, by the names that the file gives.

    A file in another order may have as many keypoints: only their names tell it from ours.
    """
    categories = content.get('categories') or [{}]
    names = list(categories[0].get('keypoints') or joint_names or FILE_JOINT_NAMES)
    wanted = names if joint_names is None else list(joint_names)
    if not set(wanted) - PLACEHOLDERS <= set(names) <= set(wanted):
        raise ValueError(
            "categories[0], key 'keypoints': expected the data set's joint names, got "
            f'{sorted(set(names) - set(wanted))} besides and no '
            f'{sorted(set(wanted) - PLACEHOLDERS - set(names))}'
        )
    return len(wanted), [wanted.index(name) for name in names]


def _read_images(
    into: AnnotationSet, content: dict[str, Any], joint_names: Sequence[str] | None
) -> None:
    count, places = _names_and_places(content, joint_names)
    for index, image in enumerate(field_of(content, 'images', list)):
        with ErrorContext(Path('images'), f'[{index}]'):
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
        with ErrorContext(Path('annotations'), f'[{index}]'):
            record = _coco_person(person, places, count)
        if record.image_id not in into.images:
            into.odd['of an unknown image'] += 1
        elif record.annotation_id in seen:
            into.odd['with the id of another'] += 1
        elif person.get('category_id', 1) != 1:
            into.odd['of another category'] += 1
        else:
            seen.add(record.annotation_id)
            into.persons.append(record)


def _coco_person(person: dict[str, Any], places: list[int], count: int) -> Person:
    keypoints = np.zeros((count, 3))
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
        with ErrorContext(Path('annolist'), f'[{index}]'):
            image_id = len(into.images)
            into.images[image_id] = Image(image_id, image_of(frame)['name'], None)
            for rect in persons_of(frame):
                keypoints = np.zeros((len(FILE_JOINT_NAMES), 3))
                for joint, x, y in points_of(rect, len(JOINT_NAMES)):
                    keypoints[ANNOLIST_PLACES[joint]] = x, y, 1
                labelled = keypoints[keypoints[:, 2] > 0, :2]
                labelled = labelled[np.isfinite(labelled).all(axis=1)]
                box = box_of_joints(labelled) if len(labelled) else None
                into.persons.append(
                    Person(len(into.persons), image_id, keypoints, box, False, track_of(rect), {})
                )
