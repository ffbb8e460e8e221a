"""Frames of an ``annolist``, the layout of PoseTrack17 and HiEve: scalars are lists of one.

Joints are listed with their id, and those that are not annotated are not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jmpose_mm.datasets.body.json_values import field_of, scalar_of

__all__ = ['image_of', 'persons_of', 'points_of', 'track_of']


def image_of(frame: dict[str, Any]) -> dict[str, Any]:
    """The image of a frame; its ``name`` is a string. Predictions have it without the list."""
    image = frame['image']
    image = image[0] if isinstance(image, list) else image
    field_of(image, 'name', str)
    return image


def persons_of(frame: dict[str, Any]) -> list[dict[str, Any]]:
    """The persons of a frame, in its order."""
    return frame.get('annorect') or []


def points_of(person: dict[str, Any], num_joints: int) -> Iterator[tuple[int, float, float]]:
    """Joint number, x and y of each annotated point."""
    containers = [c for c in person.get('annopoints') or [] if c]
    for point in containers[0]['point'] if containers else []:
        joint = int(scalar_of(point, 'id'))
        if not 0 <= joint < num_joints:
            raise ValueError(f'key id: expected a joint from 0 to {num_joints - 1}, got {joint}')
        yield joint, float(scalar_of(point, 'x')), float(scalar_of(point, 'y'))


def track_of(person: dict[str, Any]) -> int | None:
    """The number of the person in the video, where there is one."""
    return int(scalar_of(person, 'track_id')) if person.get('track_id') else None
