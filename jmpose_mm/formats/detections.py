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

In all of them ``bbox`` is left, top, width, height in image pixels. Persons have the category 0
where the file has any 0 (it counts from there), else 1, else the only one that occurs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError, cut
from jmpose_mm.formats.frame_names import posix_name
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

__all__ = ['Detections', 'read_detections', 'write_detections']


class Detections(NamedTuple):
    """Boxes of persons and who found them.

    Attributes:
        boxes: One dict for each, in file order: ``image`` (an id or a file name), ``box`` (4,)
            xyxy, ``score``.
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
    content, names, default = _box_entries(path, read_json(path), default_score)
    with place_in(path) as place:
        categories: list[int | str] = []
        for index, entry in enumerate(content):
            place.at = f'[{index}]'
            if not isinstance(entry, dict):
                raise ValueError(f'expected an object, got {cut(repr(entry))}')
            categories.append(read_id(entry.get('category_id', 1), 'category_id'))
        person = _person_category(categories)
        odd: Counter[str] = Counter()
        boxes: list[dict[str, Any]] = []
        detectors: dict[str, None] = {}
        for index, (entry, category) in enumerate(zip(content, categories, strict=True)):
            place.at = f'[{index}]'
            if category != person and 'category_id' in entry:
                odd[f'of another category than {person}'] += 1
                continue
            boxes.append(
                {
                    'image': _image_id_or_name(entry, names, by_name),
                    'box': xywh_to_xyxy(numbers(entry['bbox'], 'bbox', 4)),
                    'score': float(field(default | entry, 'score', int, float)),
                }
            )
            if 'detector' in entry:
                detectors[field(entry, 'detector', str)] = None
    check_pixels(path, 'bbox', np.array([box['box'] for box in boxes]))
    return Detections(boxes, tuple(detectors), odd)


def _box_entries(
    path: Path, content: Any, default_score: float | None
) -> tuple[list[Any], dict[int | str, str], dict[str, float]]:
    """The boxes, file names by image id and default values of a list or a COCO document."""
    names: dict[int | str, str] = {}
    default: dict[str, float] = {}
    if isinstance(content, dict) and isinstance(content.get('annotations'), list):
        with place_in(path, 'images') as place:
            for index, image in enumerate(content.get('images') or []):
                place.at = f'images[{index}]'
                names[read_id(field(image, 'id', int, float, str), 'id')] = posix_name(
                    field(image, 'file_name', str)
                )
        content = content['annotations']
        default = {} if default_score is None else {'score': default_score}
    if not isinstance(content, list):
        raise UsageError(f'{path}: expected a list of detections, got {type(content).__name__}')
    return content, names, default


def _person_category(categories: list[int | str]) -> int | str:
    found = set(categories)
    if 0 in found:
        return 0
    return next(iter(found)) if len(found) == 1 else 1


def _image_id_or_name(
    entry: dict[str, Any], names: dict[int | str, str], by_name: bool | None
) -> int | str:
    if names and by_name is not False:
        image = read_id(field(entry, 'image_id', int, float, str), 'image_id')
        if image not in names:
            raise ValueError(f'image_id: expected the id of an image, got {image!r}')
        return names[image]
    if by_name is None:
        by_name = 'image_name' in entry
    if by_name or 'image_id' not in entry:
        name = posix_name(field(entry, 'image_name', str))
        if not name.strip():
            raise ValueError(f'image_name: expected the name of an image, got {name!r}')
        return name
    return read_id(field(entry, 'image_id', int, float, str), 'image_id')


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
