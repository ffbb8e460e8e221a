"""Videos in the ``annolist`` layout, of PoseTrack17 and HiEve, and what they are in COCO's.

Axes: K joints. Coordinates are image pixels.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.datasets.conversion.dataset_format import Video
from jmpose_mm.datasets.conversion.matlab_files import read_matlab_structure
from jmpose_mm.formats import annolist
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.coco_writing import person_category
from jmpose_mm.formats.frame_names import frame_name
from jmpose_mm.formats.json_files import field, place_in, read_json, single_value
from jmpose_mm.formats.persons import Image
from jmpose_mm.functional.crop import box_of_joints

__all__ = ['coco_document', 'frame_image', 'read_annolist_file']


def frame_image(frame: dict[str, Any]) -> dict[str, Any]:
    """The image of a frame, with a ``name``."""
    image = single_value(field(frame, 'image', list, dict))
    field(image, 'name', str)
    return dict(image)


def read_annolist_file(
    file: Path, joint_names: tuple[str, ...], left_out: Counter[str]
) -> list[dict[str, Any]]:
    """The frames of a ``.json`` or ``.mat`` file.

    Persons with neither a box nor joints and regions without corners, which Matlab writes for
    frames that nobody annotated, are left out and counted.

    Args:
        file: The file.
        joint_names: Joints of the data set.
        left_out: Counts, to which those of entries left out are added.

    Raises:
        UsageError: With the file and the key.
    """
    if file.suffix == '.mat':
        frames = read_matlab_structure(file, 'annolist')
    else:
        content = read_json(file)
        with place_in(file):
            frames = field(content, 'annolist', list)
    with place_in(file) as place:
        for index, frame in enumerate(frames):
            place.at = f'annolist[{index}]'
            frame_image(frame)
            persons = field({'annorect': frame.get('annorect') or []}, 'annorect', list)
            frame['annorect'] = [p for p in persons if p.get('x1') or p.get('annopoints')]
            left_out['persons without content'] += len(persons) - len(frame['annorect'])
            regions = frame.pop('ignore_regions', None) or []
            kept = [region for region in regions if region.get('point')]
            left_out['ignore regions without corners'] += len(regions) - len(kept)
            if kept:
                frame['ignore_regions'] = kept
    left_out.update(annolist.read_annolist(file, frames, joint_names).lost)
    return frames


def coco_document(
    frames: list[dict[str, Any]], video: Video, joint_names: tuple[str, ...]
) -> dict[str, Any]:
    """The COCO layout of an ``annolist``.

    Args:
        frames: Frames, whose image names end in a number; ``width`` and ``height`` stand beside
            the name where they are known.
        video: Numbers images and persons.
        joint_names: (K,) of the result. PoseTrack's persons get boxes around their joints (see
            `box_of_joints`), and ``head_box``; those of HiEve have boxes.

    Returns:
        ``images``, ``annotations`` with visibility 2 where a joint is annotated, ``categories``.
    """
    tables = annolist.read_annolist(video.sources[0], frames, joint_names)
    regions: list[list[np.ndarray]] = [[] for _ in tables.images]
    for image, ring in zip(tables.region_images, tables.regions, strict=True):
        regions[image].append(ring)
    with place_in(video.sources[0]) as place:
        images = []
        for index, image in enumerate(tables.images):
            place.at = f'annolist[{index}]'
            images.append(_image_entry(image, video, len(frames), regions[index]))
    persons, counts = [], Counter[int]()
    for row, index in enumerate(tables.persons.image.tolist()):
        # As in PoseTrack18 the image's id comes first; three digits are for the person.
        identity = images[index]['id'] * 1000 + counts[index]
        counts[index] += 1
        entry = {'id': identity, 'image_id': images[index]['id']}
        persons.append(entry | _person_entry(tables, row))
    return {
        'images': images,
        'annotations': persons,
        'categories': [person_category(joint_names)],
    }


def _image_entry(
    image: Image, video: Video, count: int, regions: list[np.ndarray]
) -> dict[str, Any]:
    number = frame_name(image.name).number
    if number is None:
        raise ValueError(f'name: expected a frame number in {image.name!r}, got none')
    entry = {
        'id': video.image_id(number),
        'file_name': image.name.removeprefix('images/'),
        'frame_id': number,
        'nframes': image.fields.get('nframes', count),
        'ignore_regions_x': [ring[:, 0].tolist() for ring in regions],
        'ignore_regions_y': [ring[:, 1].tolist() for ring in regions],
    }
    if image.size is not None:
        entry['width'], entry['height'] = image.size
    if 'original_name' in image.fields:
        entry['original_name'] = image.fields['original_name']
    if 'is_labeled' in image.flags:
        entry['is_labeled'] = image.flags['is_labeled']
    return entry


def _person_entry(tables: AnnotationTables, row: int) -> dict[str, Any]:
    persons = tables.persons
    # An `annolist` lists a joint or does not: listed ones are visible (2) in COCO's terms.
    keypoints = persons.keypoints[row] * [1, 1, 2]
    labelled = (keypoints[:, 2] > 0) & np.isfinite(keypoints).all(axis=1)
    entry: dict[str, Any] = {
        'category_id': 1,
        'iscrowd': 0,
        'keypoints': keypoints.ravel().tolist(),
        'num_keypoints': int(labelled.sum()),
    }
    if persons.track_ids[row] is not None:
        entry['track_id'] = persons.track_ids[row]
    if not np.isnan(persons.head_boxes[row]).all():
        entry['head_box'] = persons.head_boxes[row].tolist()
    corners = persons.boxes[row].tolist() if persons.boxed[row] else None
    if corners is None and labelled.any():
        corners = box_of_joints(keypoints[labelled, :2]).tolist()
    if corners is not None:
        left, top, right, bottom = corners
        entry['bbox'] = [left, top, right - left, bottom - top]
        entry['area'] = (right - left) * (bottom - top)
    return entry
