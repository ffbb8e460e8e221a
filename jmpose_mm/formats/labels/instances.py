"""Animals that a program stores joint by joint, made into a document of COCO's layout."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ['UNNAMED', 'Instance', 'document_of_instances', 'inside']

UNNAMED = 'object'
"""Category of animals that nothing names."""

Box = tuple[float, float, float, float]


class Instance(NamedTuple):
    """One animal in one image.

    Attributes:
        image: Id of its image.
        joints: Name to x, y in pixels and COCO's visibility.
        box: Left, top, width, height in pixels; None without one.
        category: Name of its kind; None without one.
        track: Identity; None without one.
    """

    image: int
    joints: dict[str, tuple[float, float, int]]
    box: Box | None = None
    category: str | None = None
    track: Any = None


def document_of_instances(
    images: list[dict[str, Any]],
    instances: list[Instance],
    joints: list[str] | None = None,
    skeleton: list[list[int]] | None = None,
) -> dict[str, Any]:
    """A document; joints are in the order in which they come first, unless it is given."""
    names = list(joints or dict.fromkeys(name for one in instances for name in one.joints))
    kinds = sorted({one.category for one in instances if one.category}) or [UNNAMED]
    categories = [
        {'id': k + 1, 'name': kind, 'keypoints': names, 'skeleton': skeleton or []}
        for k, kind in enumerate(kinds)
    ]
    annotations: list[dict[str, Any]] = []
    for one in instances:
        entry: dict[str, Any] = {
            'id': len(annotations) + 1,
            'image_id': one.image,
            'category_id': 1 + (kinds.index(one.category) if one.category else 0),
            'keypoints': [v for name in names for v in one.joints.get(name, (0.0, 0.0, 0))],
        }
        if one.box is not None:
            entry['bbox'] = list(one.box)
        if one.track is not None:
            entry['track_id'] = one.track
        annotations.append(entry)
    return {'images': images, 'annotations': annotations, 'categories': categories}


def inside(point: NDArray[Any], boxes: NDArray[Any]) -> int | None:
    """The smallest of (N, 4) boxes left, top, width, height that a point lies in."""
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    holds = np.flatnonzero(((point >= low) & (point <= high)).all(axis=1))
    return int(holds[np.argmin(boxes[holds, 2] * boxes[holds, 3])]) if len(holds) else None
