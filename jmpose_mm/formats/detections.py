"""Files of detected person boxes in JSON.

====================================  ============================================================
known layouts                         the image of a box
====================================  ============================================================
``val_boxes.json`` of PoseWarper,     ``image_name``; ``nframes`` and ``frame_id`` are not needed
DCPose, FAMI-Pose and JM-Pose: a list
mmpose's and COCO's results: a list   ``image_id``
``tools/make_boxes.py``: a list       both, and ``detector``
a COCO document: ``images`` and       ``image_id``, whose ``file_name`` the document holds
``annotations``
====================================  ============================================================

In all of them ``bbox`` is left, top, width, height in image pixels. Persons have the category that
a document calls person; else 0 where the file has any 0 (it counts from there), else 1, else the
only one that occurs. ``file_name`` is read as ``image_name``. Where boxes name both an id and an
image, and these differ, the name counts: ids are given anew whenever a data set is made again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError, cut
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.frame_names import posix_name, video_key
from jmpose_mm.formats.json_files import (
    compact_json,
    field,
    numbers,
    place_in,
    read_id,
    read_json,
)
from jmpose_mm.formats.pixel_units import check_pixels
from jmpose_mm.functional.crop import xywh_to_xyxy
from jmpose_mm.whole_files import whole_file

__all__ = ['Detections', 'detected_frames', 'read_detections', 'write_detections']

PERSONS = ('person', 'people', 'pedestrian', 'human')
"""Names of the category of persons, in lower case."""


class Detections(NamedTuple):
    """Boxes of persons and who found them.

    Attributes:
        boxes: One dict for each, in file order: ``image`` (an id or a file name), ``name`` (a file
            name or None), ``box`` (4,) xyxy, ``score``.
        detectors: The names that the file gives; empty where it gives none.
        odd: Entries that were left out, counted in words.
    """

    boxes: list[dict[str, Any]]
    detectors: tuple[str, ...]
    odd: Counter[str]


def read_detections(
    path: str | Path, by_name: bool | None = False, default_score: float | None = None
) -> Detections:
    """Read a file of detected boxes.

    Args:
        path: A JSON file.
        by_name: Take images by name even where there is an ``image_id``; None takes the id where
            there is no name.
        default_score: Score of boxes without one, as those of ground truth; None refuses
            them.

    Raises:
        UsageError: With the file, the entry and the key.
    """
    path = Path(path)
    content, names, default, named = _box_entries(path, read_json(path), default_score)
    with place_in(path) as place:
        categories: list[int | str] = []
        for index, entry in enumerate(content):
            place.at = f'[{index}]'
            if not isinstance(entry, dict):
                raise ValueError(f'expected an object, got {cut(repr(entry))}')
            categories.append(read_id(entry.get('category_id', 1), 'category_id'))
        person = _person_category(categories, named)
        seen: set[tuple[Any, ...]] = set()
        odd: Counter[str] = Counter()
        boxes: list[dict[str, Any]] = []
        detectors: dict[str, None] = {}
        for index, (entry, category) in enumerate(zip(content, categories, strict=True)):
            place.at = f'[{index}]'
            if category != person and 'category_id' in entry:
                odd[f'of another category than {person}'] += 1
                continue
            image = _image_id_or_name(entry, names, by_name)
            name = _name(entry) or names.get(image)
            box = xywh_to_xyxy(numbers(entry['bbox'], 'bbox', 4))
            score = float(field(default | entry, 'score', int, float))
            if 'detector' in entry:
                detectors[field(entry, 'detector', str)] = None
            # As where two runs of a detector were appended to each other: no new person.
            same = (image, *box.tolist(), score, str(entry.get('id')))
            if 'score' in entry and same in seen:
                odd['listed twice'] += 1
                continue
            seen.add(same)
            boxes.append({'image': image, 'name': name, 'box': box, 'score': score})
    check_pixels(path, 'bbox', np.array([box['box'] for box in boxes]))
    return Detections(boxes, tuple(detectors), odd)


def _box_entries(
    path: Path, content: Any, default_score: float | None
) -> tuple[list[Any], dict[int | str, str], dict[str, float], set[int | str]]:
    """Boxes, names by image id, default values, and the categories called persons."""
    names: dict[int | str, str] = {}
    default: dict[str, float] = {}
    persons: set[int | str] = set()
    if isinstance(content, dict) and isinstance(content.get('annotations'), list):
        with place_in(path, 'images') as place:
            for index, image in enumerate(content.get('images') or []):
                place.at = f'images[{index}]'
                name = posix_name(field(image, 'file_name', str))
                names[read_id(image['id'], 'id')] = name
            place.at = 'categories'
            for category in content.get('categories') or []:
                if (
                    isinstance(category, dict)
                    and str(category.get('name')).strip().lower() in PERSONS
                ):
                    persons.add(read_id(category['id'], 'id'))
        content = content['annotations']
        default = {} if default_score is None else {'score': default_score}
    if not isinstance(content, list):
        raise UsageError(f'{path}: expected a list of detections, got {type(content).__name__}')
    return content, names, default, persons


def _person_category(categories: list[int | str], named: set[int | str]) -> int | str:
    found = set(categories)
    if len(found & named) == 1:
        return next(iter(found & named))
    if 0 in found:
        return 0
    return next(iter(found)) if len(found) == 1 else 1


def _image_id_or_name(
    entry: dict[str, Any], names: dict[int | str, str], by_name: bool | None
) -> int | str:
    if names and by_name is not False:
        image = read_id(entry['image_id'], 'image_id')
        if image not in names:
            raise ValueError(f'image_id: expected the id of an image, got {image!r}')
        return names[image]
    name = _name(entry)
    if by_name is None:
        by_name = name is not None
    if by_name or 'image_id' not in entry:
        if name is None:
            raise KeyError('image_name')
        return name
    return read_id(entry['image_id'], 'image_id')


def _name(entry: dict[str, Any]) -> str | None:
    key = next((key for key in ('image_name', 'file_name') if key in entry), None)
    if key is None:
        return None
    name = posix_name(field(entry, key, str))
    if not name.strip():
        raise ValueError(f'{key}: expected the name of an image, got {name!r}')
    return name


def detected_frames(
    tables: AnnotationTables, detections: Detections
) -> tuple[list[int | None], Counter[str]]:
    """Find the frame of each box.

    Args:
        tables: Content of the annotation files, which list the frames.
        detections: The boxes.

    Returns:
        Index of each box's frame, None for an unknown one; and a count, in words, of boxes whose
        id and name differ.

    Raises:
        UsageError: A name means several images.
    """
    ids = tables.image_ids
    by_id = {} if ids is None else {identity: k for k, identity in enumerate(ids)}
    find = lru_cache(maxsize=None)(tables.index().find)
    frames: list[int | None] = []
    counts: Counter[str] = Counter()
    for found in detections.boxes:
        image, name = found['image'], found['name']
        if image not in by_id and isinstance(image, str):
            # Six digits and eight count from different numbers: a neighbour's boxes would fit by
            # number.
            frames.append(find(image, same_stem=True))
            continue
        place = by_id.get(image)
        if name is not None:
            named = find(name, same_stem=True)
            differs = _differ(name, tables.images[place].name) if place is not None else False
            counts['with the id of another image than their name'] += differs
            place = place if named is None else named
        frames.append(place)
    return frames, counts


def _differ(name: str, other: str) -> bool:
    """Whether two names are of different files, whatever the folders before the video's are."""
    one, two = PurePosixPath(name), PurePosixPath(other)
    folders = {video_key(str(path.parent)) for path in (one, two)} - {''}
    # Names of other lengths are numbered otherwise: they may well be the same frame.
    renumbered = len(one.stem) != len(two.stem)
    return len(folders) > 1 or (one.stem != two.stem and not renumbered)


def write_detections(path: str | Path, boxes: Iterable[dict[str, Any]]) -> int:
    """Write a list of boxes, of which one is in memory; whole or not at all.

    Args:
        path: The file.
        boxes: Each with ``bbox`` (left, top, width, height in pixels), ``score``, and
            ``image_id`` or ``image_name``.

    Returns:
        How many there are.

    Raises:
        ValueError: A number is not finite.
    """
    count = 0
    with whole_file(path) as unfinished, unfinished.open('w', encoding='utf-8') as file:
        file.write('[')
        for count, box in enumerate(boxes, start=1):
            file.write(',' * (count > 1) + compact_json(box))
        file.write(']\n')
    return count
