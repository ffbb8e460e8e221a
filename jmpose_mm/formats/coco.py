"""The layout of COCO: ``images``, ``annotations`` and ``categories``.

It is that of PoseTrack18 and PoseTrack21, of mmpose's merged files, of COCO-WholeBody and of all
data sets that are converted here. A file holds one video or many.

Axes: N persons, K joints of the file, J joints that are wanted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.coco_persons import Category, Reading, read_persons
from jmpose_mm.formats.frame_names import frame_name, posix_name, video_key
from jmpose_mm.formats.joints import WHOLEBODY_PARTS, joint_places, wholebody_joints
from jmpose_mm.formats.json_files import Place, field, place_in, read_id, whole_number
from jmpose_mm.formats.persons import Image
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES

__all__ = ['read_coco']


def read_coco(file: Path, content: dict[str, Any], reading: Reading) -> AnnotationTables:
    """Read a file; ``annotations`` may be missing, as in a test split."""
    tables = AnnotationTables(reading.joint_names)
    with place_in(file) as place:
        persons = []
        if content.get('annotations') is None:
            tables.unlabelled.append(file)
        else:
            persons = field(content, 'annotations', list)
        place.at = ''
        images = field(content, 'images', list)
        index_of = _add_images(tables, images, reading, place)
        if not reading.joint_names:
            return tables
        place.at = 'categories'
        category = _category(content.get('categories'), persons, reading, tables, place)
        kept = _kept(tables, persons, category, index_of, place)
        tables.persons = read_persons(kept, category, reading, place)
    return tables


def _category(
    categories: Any,
    persons: list[Any],
    reading: Reading,
    tables: AnnotationTables,
    place: Place,
) -> Category:
    """The categories with the joints that are wanted.

    Where several have them in the same order, all count. Where the file names no joints, persons
    are those of the category 1, or of the only one. Their joints are then taken to be the wanted
    ones.
    """
    entries = [entry for entry in categories or [] if isinstance(entry, dict)]
    described = {k: entry for k, entry in enumerate(entries) if entry.get('keypoints')}
    if not described:
        used = {read_id(p.get('category_id', 1), 'category_id') for p in persons if _is_entry(p)}
        chosen = next(iter(used)) if len(used) == 1 else 1
        posetrack = set(reading.joint_names) <= set(FILE_JOINT_NAMES)
        names = FILE_JOINT_NAMES if posetrack else reading.joint_names
        return Category(None if reading.official else frozenset([chosen]), names)
    refused: list[UsageError] = []
    found: dict[int | str, Category] = {}
    for number, entry in described.items():
        place.at = f'categories[{number}]'
        names, parts = _names(entry, persons, reading.joint_names)
        try:
            # For its error alone, where a wanted joint is missing.
            joint_places(names, reading.joint_names, 'keypoints')
            found[read_id(entry.get('id', 1), 'id')] = Category(None, names, parts)
        except UsageError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    chosen_one = next(iter(found.values()))
    equal = frozenset(key for key, other in found.items() if other == chosen_one)
    _count_joints(tables, chosen_one.names)
    return chosen_one if reading.official else chosen_one._replace(ids=equal)


def _is_entry(person: Any) -> bool:
    return isinstance(person, dict) and isinstance(person.get('category_id', 1), int | str | float)


def _names(
    entry: dict[str, Any], persons: list[Any], wanted: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of a category's joints, and the fields besides ``keypoints`` that hold some of them."""
    names = tuple(str(name) for name in field(entry, 'keypoints', list))
    # One person tells for all: the format writes every part for everybody.
    first = next((person for person in persons if isinstance(person, dict)), {})
    parts = tuple(
        part
        for part, joints in WHOLEBODY_PARTS.items()
        if part in first and not set(joints) <= set(names) and set(joints) & set(wanted)
    )
    return tuple(wholebody_joints(names, parts)), parts


def _count_joints(tables: AnnotationTables, names: tuple[str, ...]) -> None:
    tables.odd['joints of the file that are not wanted'] += len(
        set(names) - set(tables.joint_names)
    )
    tables.file_joints.append(names)


def _add_images(
    tables: AnnotationTables, images: list[dict[str, Any]], reading: Reading, place: Place
) -> dict[int | str, int | None]:
    """Append the frames; returns the index of each image's, None for those left out."""
    index_of: dict[int | str, int | None] = {}
    names: dict[int | str, str] = {}
    first: str | None = None
    for position, entry in enumerate(images):
        place.at = f'images[{position}]'
        image = _image(place.file, entry, tables)
        # For the types: only an `annolist` has images without an id.
        assert image.image_id is not None
        video = video_key(str(frame_name(image.name).folder))
        first = first or video
        if names.setdefault(image.image_id, image.name) != image.name:
            raise ValueError(
                f'id: expected an id of its own, {image.image_id} is that of '
                f'{names[image.image_id]} too'
            )
        if image.image_id in index_of:
            tables.lost['images listed twice'] += 1
            continue
        # Known, though left out: its persons are not those of an unknown image.
        index_of[image.image_id] = None
        other = reading.official and video != first
        tables.lost['frames of a second video in a file, which officially do not count'] += other
        if other or not (reading.videos is None or image.videos & reading.videos):
            continue
        index_of[image.image_id] = len(tables.images)
        tables.images.append(image)
        for ring in _regions(entry):
            tables.add_region(len(tables.images) - 1, ring)
    return index_of


def _image(file: Path, entry: dict[str, Any], tables: AnnotationTables) -> Image:
    name = field(entry, 'file_name', str)
    if not name.strip():
        raise ValueError(f'file_name: expected the name of an image, got {name!r}')
    size: tuple[int, int] | None = None
    if {'width', 'height'} <= entry.keys():
        sides = [_side(entry[key]) for key in ('width', 'height')]
        size = (sides[0], sides[1]) if all(sides) else None
        tables.odd['images of unknown size'] += size is None
    left = ('file_name', 'id', 'width', 'height', 'ignore_regions_x', 'ignore_regions_y')
    fields = {key: value for key, value in entry.items() if key not in left}
    return Image(posix_name(name), file, read_id(entry['id'], 'id'), size, fields)


def _side(value: Any) -> int:
    """A side in pixels; 0 where it is unknown."""
    try:
        return max(0, whole_number(value, 'size'))
    except ValueError:
        return 0


def _regions(image: dict[str, Any]) -> list[list[tuple[float, float]]]:
    """The corners of each ignored region."""
    x, y = (image.get(f'ignore_regions_{axis}') or [] for axis in 'xy')
    sizes = [len(ring) for ring in x], [len(ring) for ring in y]
    if sizes[0] != sizes[1]:
        raise ValueError(
            'ignore_regions_x and ignore_regions_y: expected lists of equal lengths, got '
            f'{listed(sizes[0]) or "nothing"} and {listed(sizes[1]) or "nothing"}'
        )
    return [list(zip(*ring, strict=True)) for ring in zip(x, y, strict=True)]


def _kept(
    tables: AnnotationTables,
    persons: list[Any],
    category: Category,
    index_of: dict[int | str, int | None],
    place: Place,
) -> list[tuple[int, int, dict[str, Any]]]:
    """Number in the file, index of the frame, and entry of each person that counts."""
    kept = []
    for number, entry in enumerate(persons):
        place.at = f'annotations[{number}]'
        image = read_id(field(entry, 'image_id', int, float, str), 'image_id')
        if image not in index_of:
            tables.lost['persons of an unknown image'] += 1
            continue
        if category.ids is not None and 'category_id' in entry:
            if read_id(entry['category_id'], 'category_id') not in category.ids:
                tables.odd['persons of another category'] += 1
                continue
        index = index_of[image]
        if index is not None:
            kept.append((number, index, entry))
    return kept
