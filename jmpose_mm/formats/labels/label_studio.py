"""Label Studio: a list of tasks, with coordinates in percent of the image.

Both its JSON (``annotations`` with a ``result``) and its JSON-MIN (results under the name of the
tag) are read. Points of one animal share their ``parentID`` or the box around them; an image
without boxes shows one animal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.frame_names import IMAGE_SUFFIXES, posix_name
from jmpose_mm.formats.json_files import Place
from jmpose_mm.formats.labels.instances import Instance, document_of_instances, inside

__all__ = ['is_label_studio', 'read_label_studio']


def is_label_studio(content: Any) -> bool:
    """Whether this is Label Studio's JSON or JSON-MIN: tasks, each with an image."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(task, dict) and _image_name(task) for task in content)
    )


def read_label_studio(content: list[Any], place: Place) -> tuple[dict[str, Any], Counter[str]]:
    """The tasks as one document, and what was left out.

    Raises:
        UsageError: A result is misshapen.
    """
    images: list[dict[str, Any]] = []
    instances: list[Instance] = []
    left_out: Counter[str] = Counter()
    for number, task in enumerate(content):
        place.at = f'task {number}'
        image = {'id': number + 1, 'file_name': _image_name(task)}
        images.append(image)
        results = list(_results(task, left_out))
        for result in results:
            image.setdefault('width', result.get('original_width'))
            image.setdefault('height', result.get('original_height'))
            left_out['regions of an image that was turned, taken as they are'] += bool(
                result.get('image_rotation')
            )
        instances += _instances(results, number + 1, left_out)
    place.at = ''
    return document_of_instances(images, instances), left_out


def _image_name(task: dict[str, Any]) -> str | None:
    data = task['data'] if isinstance(task.get('data'), dict) else task
    # A task may show a thumbnail beside the image.
    for _, value in sorted(data.items(), key=lambda item: item[0] != 'image'):
        if isinstance(value, str):
            parts = urlsplit(value)
            # Files of a local storage are `/data/local-files/?d=FOLDER/NAME`.
            local = parse_qs(parts.query).get('d', [parts.path])[0]
            name = posix_name(unquote(local))
            if name.lower().endswith(IMAGE_SUFFIXES):
                # Where images lie that were uploaded in the browser.
                return name.removeprefix('/data/upload/').lstrip('/')
    return None


def _results(task: dict[str, Any], left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """Every region of a task, its values and its size beside each other."""
    if isinstance(task.get('annotations'), list):
        # A task that was skipped keeps its annotation, marked as cancelled.
        done = [a for a in task['annotations'] if not a.get('was_cancelled') and a.get('result')]
        left_out['annotations of a task beside its first'] += max(0, len(done) - 1)
        for region in done[0]['result'] if done else ():
            if isinstance(region.get('value'), dict):
                yield {**region, **region['value']}
        return
    for value in task.values():
        for region in value if isinstance(value, list) else ():
            if isinstance(region, dict) and 'x' in region:
                yield region


def _instances(results: list[dict[str, Any]], image: int, left_out: Counter[str]) -> list[Instance]:
    boxes = [r for r in results if r.get('rectanglelabels')]
    points = [r for r in results if r.get('keypointlabels')]
    left_out['regions that are no point and no rectangle'] += (
        len(results) - len(boxes) - len(points)
    )
    if not boxes:
        return [_instance(points, None, image)] if points else []
    owned: list[list[dict[str, Any]]] = [[] for _ in boxes]
    identities = [box.get('id') for box in boxes]
    corners = np.asarray([[float(b[k]) for k in ('x', 'y', 'width', 'height')] for b in boxes])
    for point in points:
        parent = point.get('parentID')
        if parent is not None and parent in identities:
            owner: int | None = identities.index(parent)
        elif len(boxes) == 1:
            owner = 0
        else:
            owner = inside(np.asarray([float(point['x']), float(point['y'])]), corners)
        if owner is None:
            left_out['points outside of every box'] += 1
        else:
            owned[owner].append(point)
    return [_instance(group, box, image) for group, box in zip(owned, boxes, strict=True)]


def _instance(points: list[dict[str, Any]], box: dict[str, Any] | None, image: int) -> Instance:
    joints: dict[str, tuple[float, float, int]] = {}
    for point in points:
        label = str(point['keypointlabels'][0])
        if label in joints:
            raise UsageError(
                f'expected one point {label!r} in an animal, got two; draw a box around each animal'
            )
        wide, high = _size(point)
        joints[label] = (float(point['x']) / 100 * wide, float(point['y']) / 100 * high, 2)
    if box is None:
        return Instance(image, joints)
    wide, high = _size(box)
    sides = zip(('x', 'y', 'width', 'height'), (wide, high, wide, high), strict=True)
    left, top, width, height = (float(box[key]) / 100 * side for key, side in sides)
    # Rectangles are turned clockwise around the corner at x, y; the box is what holds them.
    angle = np.deg2rad(float(box.get('rotation') or 0))
    along, down = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    corners = np.array([[0, 0], width * along, height * down, width * along + height * down])
    (x1, y1), (x2, y2) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    around = (left + x1, top + y1, x2 - x1, y2 - y1)
    return Instance(image, joints, around, str(box['rectanglelabels'][0]))


def _size(region: dict[str, Any]) -> tuple[float, float]:
    try:
        return float(region['original_width']), float(region['original_height'])
    except (KeyError, TypeError) as error:
        raise UsageError(
            'expected original_width and original_height, which percent are of, got none'
        ) from error
