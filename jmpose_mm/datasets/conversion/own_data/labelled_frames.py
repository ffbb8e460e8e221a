"""All label files of a data set, read into one table: which image shows which animals.

Axes: K joints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.datasets.conversion.dataset_format import image_size
from jmpose_mm.datasets.conversion.own_data.categories import LabelledCategory
from jmpose_mm.datasets.conversion.own_data.image_files import ImageFiles
from jmpose_mm.datasets.conversion.own_data.persons import FileJoints, given_box, own_entry
from jmpose_mm.datasets.conversion.own_data.skeletons import LabelledSkeleton
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.frame_names import FILM_SUFFIXES, frame_name, posix_name
from jmpose_mm.formats.joints import WHOLEBODY_PARTS
from jmpose_mm.formats.json_files import Place, field, place_in, read_id, whole_number
from jmpose_mm.formats.labels import Labels
from jmpose_mm.formats.persons import NO_BOX, Image
from jmpose_mm.formats.pixel_units import check_pixels, corners_remark

__all__ = ['LabelledImage', 'read_labelled_images']

_FRAME_FIELDS = ('frame_idx', 'frame_index', 'frame_number', 'frame_id')


class LabelledImage(NamedTuple):
    """An image that a label file lists.

    Attributes:
        path: Below the searched folders, or as the label file has it.
        file: On disk; None where it is not.
        size: (W, H) in pixels; None where it is unknown.
        persons: Entries as they are written, without ids.
        video: Name of the video that the label file gives; None where it gives none.
    """

    path: PurePosixPath
    file: Path | None
    size: tuple[int, int] | None
    persons: list[dict[str, Any]]
    video: str | None = None


def read_labelled_images(
    labels: Sequence[Labels],
    categories: Sequence[LabelledCategory],
    skeleton: LabelledSkeleton,
    images: ImageFiles,
    counts: Counter[str],
) -> list[LabelledImage]:
    """Every image of the label files once, with everybody who is labelled in it.

    Args:
        labels: The files.
        categories: Categories that are taken.
        skeleton: Joints that are taken.
        images: Files on disk.
        counts: Gets what was left out or mended, in words.

    Raises:
        UsageError: A value is misshapen, an image has another size than its labels, or half of the
            persons or more are lost.
    """
    found: dict[Path | PurePosixPath, LabelledImage] = {}
    for number, one in enumerate(labels):
        counts.update(one.left_out)
        own = {c.key: c for c in categories if c.file == number}
        with place_in(one.file) as place:
            by_id = _images(one, images, found, place, counts)
            kept = []
            for image, entry in _persons(one, by_id, place, counts):
                key = read_id(entry.get('category_id', 1), 'category_id')
                if key not in own:
                    counts['annotations of another category'] += bool(entry.get('keypoints'))
                    counts['annotations without keypoints'] += not entry.get('keypoints')
                    continue
                joints = _file_joints(own[key], skeleton)
                person = own_entry(entry, joints, image.size, counts)
                if person is not None:
                    kept.append((entry, person, image.size))
                    # As where exports overlap and two files have the same image.
                    counts['persons listed twice'] += person in image.persons
                    if person not in image.persons:
                        image.persons.append(person)
            _check_units(one.file, kept)
    _check_losses(list(found.values()), sum(c.persons for c in categories), counts)
    return list(found.values())


def _check_units(file: Path, kept: list[tuple[dict[str, Any], dict[str, Any], Any]]) -> None:
    """Raise `UsageError` where boxes are corners, or numbers are parts of the picture.

    Args:
        file: For the message.
        kept: Each person's entry in the file, what is made of it, and the size of the image.
    """
    joints = np.reshape([person['keypoints'] for _, person, _ in kept], (-1, 3))
    check_pixels(file, 'keypoints', joints[joints[:, 2] > 0, :2])
    # As the file has them: clipped to the image, corners look like boxes.
    given = [(given_box(entry), size) for entry, _, size in kept]
    boxes = np.reshape([NO_BOX if box is None else box for box, _ in given], (-1, 4))
    sizes = np.reshape([size or (np.nan, np.nan) for _, size in given], (-1, 2))
    corners = corners_remark('bbox', boxes, sizes)
    if corners:
        raise UsageError(f'{file}: {corners}')


def _file_joints(category: LabelledCategory, skeleton: LabelledSkeleton) -> FileJoints:
    parts = tuple((part, len(WHOLEBODY_PARTS[part])) for part in category.parts)
    places = tuple(skeleton.places(category.joints))
    return FileJoints(category.joints, parts, places, category.binary)


def _images(
    one: Labels,
    images: ImageFiles,
    found: dict[Path | PurePosixPath, LabelledImage],
    place: Place,
    counts: Counter[str],
) -> dict[int | str, LabelledImage]:
    """The images of a file by id; those that another file has listed are the same."""
    near = one.file if one.file.is_dir() else one.file.parent
    films = {
        read_id(video['id'], 'id'): str(video.get('name') or video.get('file_name') or video['id'])
        for video in one.content.get('videos') or ()
        if isinstance(video, dict) and 'id' in video
    }
    by_id: dict[int | str, LabelledImage] = {}
    for row, entry in enumerate(one.content['images']):
        place.at = f'images[{row}]'
        identity = read_id(entry['id'], 'id')
        name = _name(entry, films)
        file = images.find(name, near)
        if file is None and isinstance(entry.get('extra'), dict):  # Roboflow's original name
            original = entry['extra'].get('name')
            file = images.find(original, near) if isinstance(original, str) else None
        counts['images missing on disk'] += file is None
        path = PurePosixPath(name) if file is None else images.relative(file)
        if identity in by_id and by_id[identity].path != path:
            raise ValueError(
                f'id: expected an id of its own, {identity} is that of {by_id[identity].path} too'
            )
        size = _size(entry, file, counts)
        video = _film(entry, films) or Image(name, one.file, fields=entry).video_id
        image = LabelledImage(path, file, size, [], video)
        by_id[identity] = found.setdefault(file or path, image)
    place.at = ''
    return by_id


def _name(entry: dict[str, Any], films: dict[int | str, str]) -> str:
    """The image's name; of labels that name a video and a frame alone, one made of both."""
    name = posix_name(str(entry.get('file_name') or '')).strip()
    film = _film(entry, films)
    number = next((entry[key] for key in _FRAME_FIELDS if entry.get(key) is not None), None)
    if name.lower().endswith(FILM_SUFFIXES):
        film, name = name, ''
    if film and number is not None and (not name or frame_name(name).number is None):
        return (
            f'{PurePosixPath(posix_name(str(film))).stem}/{whole_number(number, "frame"):06d}.png'
        )
    return name or str(field(entry, 'file_name', str))


def _film(entry: dict[str, Any], films: dict[int | str, str]) -> str | None:
    """Name of the video that an image is said to be of."""
    number = entry.get('video_id', '')
    film = entry.get('video') or films.get(number if isinstance(number, int | str) else '')
    return str(film) if film else None


def _size(entry: dict[str, Any], file: Path | None, counts: Counter[str]) -> tuple[int, int] | None:
    """The size on disk, which must be that of the labels."""
    try:
        sides = [whole_number(entry.get(key), key) for key in ('width', 'height')]
        given = (sides[0], sides[1]) if min(sides) > 0 else None
    except ValueError:
        given = None
    counts['sizes read from images'] += given is None and file is not None
    if file is None:
        return given
    size = image_size(file)
    if given is not None and given != size:
        raise UsageError(
            f'{file}: expected {given[0]}x{given[1]} pixels, which its labels are for, got '
            f'{size[0]}x{size[1]}: labels and images are of different exports, or one was resized'
        )
    return size


def _persons(
    one: Labels, by_id: dict[int | str, LabelledImage], place: Place, counts: Counter[str]
) -> Iterator[tuple[LabelledImage, dict[str, Any]]]:
    for row, entry in enumerate(one.content.get('annotations') or ()):
        place.at = f'annotations[{row}]'
        image = by_id.get(read_id(field(entry, 'image_id', int, float, str), 'image_id'))
        if image is None:
            counts['persons of an unknown image'] += bool(entry.get('keypoints'))
            continue
        yield image, entry
    place.at = ''


def _check_losses(found: list[LabelledImage], persons: int, counts: Counter[str]) -> None:
    kept = sum(len(image.persons) for image in found) + counts['persons listed twice']
    if kept * 2 <= persons:
        lost = ', '.join(f'{n} {what}' for what, n in counts.items() if n and 'person' in what)
        raise UsageError(
            f'labels: expected most of the {persons} persons with keypoints to be of use, got '
            f'{kept}: {lost}'
        )
