"""Persons of an ``annolist``: fast where they are written as PoseTrack writes, else leniently.

Numbers are wrapped in lists of one; bare numbers and null are taken as well.

Axes: Q points.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import cut
from jmpose_mm.formats.json_files import Place, field, single_value, whole_number
from jmpose_mm.functional.evaluation.posetrack_persons import MISSING_SCORE

__all__ = ['CORNERS', 'AnnolistPerson', 'Point', 'decode_persons', 'pack_points', 'unpack_points']

NO_SCORE = (float(MISSING_SCORE),)
CORNERS = ('x1', 'y1', 'x2', 'y2')


class Point(msgspec.Struct, gc=False):
    """A joint of a person, all of it real numbers, so that packed points are equally long."""

    id: tuple[float]
    x: tuple[float]
    y: tuple[float]
    score: tuple[float] = NO_SCORE


class Points(msgspec.Struct, gc=False):
    """The joints of a person; without ``point`` none are listed."""

    point: list[Point] | None = None


class AnnolistPerson(msgspec.Struct, gc=False):
    """A person; the box is that of the head, or of the body in HiEve."""

    annopoints: list[Points] | Points | None = None
    x1: tuple[float] | None = None
    y1: tuple[float] | None = None
    x2: tuple[float] | None = None
    y2: tuple[float] | None = None
    track_id: tuple[int] | None = None


_PERSONS = msgspec.json.Decoder(list[AnnolistPerson] | None)
_PACKER = msgspec.msgpack.Encoder()


def _packed_point() -> np.dtype[Any]:
    """How a point lies in MessagePack: four times a name, a list of one and a number of 8 bytes."""
    # Headers are of one byte each: the map's here; a name's, a list's and a number's below.
    offsets, end = [], 1
    for name in Point.__struct_fields__:
        offsets.append(end + 1 + len(name) + 2)
        end = offsets[-1] + 8
    names = list(Point.__struct_fields__)
    return np.dtype({'names': names, 'formats': ['>f8'] * 4, 'offsets': offsets, 'itemsize': end})


_PACKED = _packed_point()


def pack_points(points: list[Point]) -> memoryview:
    """The points behind each other; compiled code walks over them, instead of Python."""
    packed = memoryview(_PACKER.encode(points))
    # The list's own header is cut off: its length depends on the count.
    return packed[len(packed) - len(points) * _PACKED.itemsize :]


def unpack_points(packed: bytes | bytearray) -> NDArray[Any]:
    """(4, Q) id, x, y and score of packed points."""
    points = np.frombuffer(packed, _PACKED)
    return np.stack([points[name].astype(np.float64) for name in _PACKED.names or ()])


def decode_persons(listed: Any, place: Place) -> list[AnnolistPerson]:
    """The persons of a frame, of text (fast), or of what JSON makes of unusual text."""
    if isinstance(listed, msgspec.Raw):
        try:
            return _PERSONS.decode(listed) or []
        # Read again entry by entry, so that a message can name the person.
        except (msgspec.MsgspecError, ValueError):
            listed = msgspec.json.decode(listed)
    where, persons = place.at, []
    for number, entry in enumerate(field({'annorect': listed or []}, 'annorect', list)):
        place.at = f'{where}.annorect[{number}]'
        persons.append(_tolerant_person(entry))
    return persons


def _tolerant_person(entry: dict[str, Any]) -> AnnolistPerson:
    """A person with numbers in lists of one or bare, and with parts left out."""
    person = AnnolistPerson()
    if entry.get('x1') not in (None, []):
        person.x1, person.y1, person.x2, person.y2 = ((_number(entry, key),) for key in CORNERS)
    track = entry.get('track_id')
    if track not in (None, [], [None]):
        person.track_id = (whole_number(single_value(track), 'track_id'),)
    container = entry.get('annopoints')
    container = single_value(container) if container else {}
    if container and container.get('point') is not None:
        points = field(container, 'point', list, dict)
        points = [points] if isinstance(points, dict) else points
        person.annopoints = Points([_tolerant_point(point) for point in points])
    return person


def _tolerant_point(entry: dict[str, Any]) -> Point:
    score = (_number(entry, 'score'),) if entry.get('score') not in (None, []) else NO_SCORE
    return Point((_number(entry, 'id'),), (_number(entry, 'x'),), (_number(entry, 'y'),), score)


def _number(entry: dict[str, Any], key: str) -> float:
    """A number; null is NaN."""
    value = entry[key]
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if value is None:
        return float('nan')
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f'{key}: expected a number, or a list of one, got {cut(repr(entry[key]))}')
    return float(value)
