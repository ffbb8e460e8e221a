"""Files of detected person boxes.

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

In all of them ``bbox`` is left, top, width, height in image pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from jmpose_mm.datasets.body.json_values import ErrorContext, field_of, numbers_of, read_json
from jmpose_mm.functional.crop import xywh_to_xyxy

__all__ = ['Detections', 'read_detections']


class Detections(NamedTuple):
    """Boxes of persons and who found them.

    Attributes:
        boxes: One dict for each, in file order: ``image`` (an id or a file name), ``box`` (4,)
            xyxy, ``score``.
        detectors: The names that the file gives; empty where it gives none.
    """

    boxes: list[dict[str, Any]]
    detectors: tuple[str, ...]


def read_detections(
    path: str | Path, by_name: bool | None = False, default_score: float | None = None
) -> Detections:
    """Read a file of detected boxes; other categories than 1, person, are left out.

    Args:
        path: A JSON file.
        by_name: Take images by name even where there is an ``image_id``; None takes the id where
            there is no name.
        default_score: Score of boxes without one, as those of ground truth; None refuses
            them.

    Raises:
        ValueError: With the file, the entry and the key.
    """
    path = Path(path)
    content = read_json(path)
    default = {}
    names: dict[int, str] = {}
    if isinstance(content, dict) and isinstance(content.get('annotations'), list):
        for index, image in enumerate(content.get('images') or []):
            with ErrorContext(path, f'images[{index}]'):
                names[field_of(image, 'id', int)] = field_of(image, 'file_name', str)
        content = content['annotations']
        default = {} if default_score is None else {'score': default_score}
    if not isinstance(content, list):
        raise ValueError(f'{path}: expected a list of detections, got {type(content).__name__}')
    boxes = []
    detectors: dict[str, None] = {}
    for index, entry in enumerate(content):
        with ErrorContext(path, f'[{index}]'):
            if not isinstance(entry, dict):
                raise ValueError(f'expected an object, got {entry!r}')
            if entry.get('category_id', 1) != 1:
                continue
            boxes.append(
                {
                    'image': _image_of(entry, names, by_name),
                    'box': xywh_to_xyxy(numbers_of(entry['bbox'], 'bbox', 4)),
                    'score': float(field_of(default | entry, 'score', int, float)),
                }
            )
            if 'detector' in entry:
                detectors[field_of(entry, 'detector', str)] = None
    return Detections(boxes, tuple(detectors))


def _image_of(entry: dict[str, Any], names: dict[int, str], by_name: bool | None) -> int | str:
    if names and by_name is not False:
        image = field_of(entry, 'image_id', int)
        if image not in names:
            raise ValueError(f"key 'image_id': expected the id of an image, got {image}")
        return names[image]
    if by_name is None:
        by_name = 'image_name' in entry
    key = 'image_name' if by_name or 'image_id' not in entry else 'image_id'
    return field_of(entry, key, int, str)
