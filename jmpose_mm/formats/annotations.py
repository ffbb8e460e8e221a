"""Annotation and prediction files of every layout, read into one form."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from jmpose_mm.errors import UsageError, cut, listed
from jmpose_mm.formats.annolist import annolist_joints, read_annolist, read_fast
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.coco import read_coco
from jmpose_mm.formats.coco_persons import Reading
from jmpose_mm.formats.json_files import (
    list_json_files,
    place_in,
    read_bytes,
    read_id,
    read_unusual_json,
)
from jmpose_mm.formats.pixel_units import check_pixels
from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_NAMES

__all__ = ['joint_names_in', 'read_annotations', 'read_file']


class Content(msgspec.Struct, gc=False):
    """Keys that are read of a file; persons of an ``annolist`` are still text, see `read_fast`."""

    annolist: list[dict[str, msgspec.Raw]] | msgspec.UnsetType = msgspec.UNSET
    images: Any = msgspec.UNSET
    annotations: Any = msgspec.UNSET
    categories: Any = msgspec.UNSET
    info: Any = msgspec.UNSET


_CONTENT = msgspec.json.Decoder(Content)


def read_annotations(
    path: str | Path,
    joint_names: Sequence[str] = JOINT_NAMES,
    videos: frozenset[str] | None = None,
    entries: bool = False,
) -> AnnotationTables:
    """Read one file, of one video or merged, or all ``*.json`` of a folder in the order of names.

    Known layouts: ``annolist`` (PoseTrack17, HiEve) and ``images``, ``annotations`` and
    ``categories`` (COCO, PoseTrack18 and 21, and what is converted here).

    Args:
        path: A file or a folder.
        joint_names: (J,) the joints that are wanted, in this order; where there are none, only the
            frames are read.
        videos: Keep only these, see `AnnotationTables.of_videos`.
        entries: Keep the persons' own objects, of COCO's layout.

    Raises:
        UsageError: With the file and the key, where something is missing or misshapen; a video is
            unknown.
    """
    # An empty argument is `.` as a path: every JSON file of the working folder would be read.
    if not str(path) or str(path) == '.':
        raise UsageError('ann_file: expected an annotation file or a folder of them, got none')
    reading = Reading(tuple(joint_names), entries=entries)
    tables = AnnotationTables.joined([read_file(file, reading) for file in list_json_files(path)])
    return tables if videos is None else tables.of_videos(videos)


def joint_names_in(path: str | Path) -> tuple[str, ...]:
    """Names of the joints that files give their persons, in the order of the first that names any.

    Of several categories with joints that one counts which most persons have. Files that name none
    have PoseTrack's.

    Args:
        path: A file or a folder, see `read_annotations`.

    Raises:
        UsageError: A file cannot be read.
    """
    for file in list_json_files(path):
        content = load(file)
        with place_in(file, 'categories'):
            named = {
                read_id(entry.get('id', 1), 'id'): tuple(map(str, entry['keypoints']))
                for entry in content.get('categories') or []
                if entry.get('keypoints')
            }
        persons = Counter(
            person.get('category_id')
            for person in content.get('annotations') or []
            if isinstance(person, dict)
        )
        if named:
            return named[max(named, key=lambda category: persons[category])]
    return JOINT_NAMES


def read_file(file: Path, reading: Reading) -> AnnotationTables:
    """Read one file.

    Raises:
        UsageError: See `read_annotations`.
    """
    with collector_paused():
        return read_tables(file, load(file), reading)


def load(file: Path) -> dict[str, Any]:
    """The content of a file; persons of a usual ``annolist`` are still text, see `read_fast`."""
    data = read_bytes(file)
    content: Any
    try:
        content = msgspec.structs.asdict(_CONTENT.decode(data))
        content = {key: value for key, value in content.items() if value is not msgspec.UNSET}
        if 'annolist' in content:
            content['annolist'] = read_fast(content['annolist'])
        # Read again with all keys, which the message names.
        elif 'images' not in content:
            content = read_unusual_json(file, data)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        content = read_unusual_json(file, data)
    if not isinstance(content, dict) or not {'images', 'annolist'} & set(content):
        found = listed(sorted(content)) if isinstance(content, dict) else type(content).__name__
        raise UsageError(f"{file}: expected the key 'annolist' or 'images', got {cut(found, 200)}")
    return content


def read_tables(file: Path, content: dict[str, Any], reading: Reading) -> AnnotationTables:
    """Read the content of a file."""
    if 'annolist' in content:
        with place_in(file):
            annolist_joints(reading.joint_names)
        tables = read_annolist(file, content['annolist'], reading.joint_names, reading.videos)
    else:
        tables = read_coco(file, content, reading)
    tables.infos.append(content.get('info'))
    persons = tables.persons
    check_pixels(file, 'keypoints', persons.keypoints[persons.present][:, :2])
    check_pixels(file, 'boxes of persons', persons.boxes)
    check_pixels(file, 'boxes of heads', persons.head_boxes)
    return tables


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without the cyclic collector, which would walk over a million small objects in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
