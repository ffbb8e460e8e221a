"""labelme: one JSON file an image, a point for each joint.

Points of one animal share their ``group_id``, which counts anew in every image: it is no identity.
Without one, a rectangle or polygon takes the points inside of it; an image with none of both shows
one animal. The label of the rectangle or polygon is the category, those of points are the joints.
The flag ``occluded`` makes a joint hidden.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.frame_names import IMAGE_SUFFIXES, posix_name
from jmpose_mm.formats.json_files import field, place_in
from jmpose_mm.formats.labels.instances import Instance, document_of_instances, inside

__all__ = ['is_labelme', 'read_labelme']

OUTLINES = ('rectangle', 'polygon')


def is_labelme(content: Any) -> bool:
    """Whether this is labelme's."""
    return isinstance(content, dict) and {'shapes', 'imagePath'} <= content.keys()


def read_labelme(
    files: list[tuple[Path, dict[str, Any]]],
) -> tuple[dict[str, Any], Counter[str]]:
    """The files of one folder as one document, and what was left out.

    Raises:
        UsageError: A shape is misshapen, or a joint is there twice in one animal.
    """
    images: list[dict[str, Any]] = []
    instances: list[Instance] = []
    left_out: Counter[str] = Counter()
    for file, content in files:
        with place_in(file) as place:
            name = _picture(file, posix_name(field(content, 'imagePath', str)))
            images.append(
                {
                    'id': len(images) + 1,
                    'file_name': str(PurePosixPath(posix_name(str(file.parent)), name)),
                    'width': content.get('imageWidth'),
                    'height': content.get('imageHeight'),
                }
            )
            shapes = field(content, 'shapes', list)
            for number, group in enumerate(_groups(shapes, left_out)):
                place.at = f'shapes, animal {number + 1}'
                instances.append(_instance(group, len(images)))
            place.at = ''
    return document_of_instances(images, instances), left_out


def _picture(file: Path, name: str) -> str:
    """The image of a file: that of its own name where only both were renamed."""
    beside = (file.with_suffix(suffix) for suffix in IMAGE_SUFFIXES)
    renamed = next((path.name for path in beside if path.is_file()), None)
    return name if renamed is None or Path(file.parent, name).is_file() else renamed


def _groups(shapes: list[dict[str, Any]], left_out: Counter[str]) -> list[list[dict[str, Any]]]:
    """The shapes of each animal."""
    # A shape without a type is a polygon, as for labelme itself.
    known = [s for s in shapes if s.get('shape_type', 'polygon') in ('point', *OUTLINES)]
    left_out['shapes that are no point, rectangle or polygon'] += len(shapes) - len(known)
    groups: dict[Any, list[dict[str, Any]]] = {}
    for shape in known:
        if shape.get('group_id') is not None:
            groups.setdefault(shape['group_id'], []).append(shape)
    loose = [shape for shape in known if shape.get('group_id') is None]
    outlines = [s for s in loose if s.get('shape_type', 'polygon') in OUTLINES]
    points = [s for s in loose if s.get('shape_type') == 'point']
    if len(outlines) <= 1:
        return [*groups.values(), *([loose] if loose else [])]
    boxes = np.asarray([_box(shape) for shape in outlines])
    owned: list[list[dict[str, Any]]] = [[outline] for outline in outlines]
    for point in points:
        owner = inside(np.asarray(point['points'][0], dtype=float), boxes)
        if owner is None:
            left_out['points outside of every box'] += 1
        else:
            owned[owner].append(point)
    return [*groups.values(), *owned]


def _instance(shapes: list[dict[str, Any]], image: int) -> Instance:
    joints: dict[str, tuple[float, float, int]] = {}
    box, category = None, None
    for shape in shapes:
        label = str(field(shape, 'label', str)).strip()
        if shape.get('shape_type', 'polygon') in OUTLINES:
            box, category = _box(shape), label
            continue
        if label in joints:
            raise UsageError(
                f'expected one point {label!r} in an animal, got two; give the points of each '
                'animal a group_id of their own in labelme'
            )
        x, y = np.asarray(shape['points'], dtype=float)[0]
        hidden = bool((shape.get('flags') or {}).get('occluded'))
        joints[label] = (float(x), float(y), 1 if hidden else 2)
    return Instance(image, joints, box, category)


def _box(shape: dict[str, Any]) -> tuple[float, float, float, float]:
    points = np.asarray(field(shape, 'points', list), dtype=float).reshape(-1, 2)
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return float(left), float(top), float(right - left), float(bottom - top)
