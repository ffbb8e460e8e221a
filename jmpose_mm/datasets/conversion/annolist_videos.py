"""Videos in the ``annolist`` layout, of PoseTrack17 and HiEve, and what they are in COCO's.

Axes: K joints. Coordinates are image pixels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.datasets.body.annolist import image_of, persons_of, points_of, track_of
from jmpose_mm.datasets.body.frame_tables import frame_number
from jmpose_mm.datasets.body.json_values import ErrorContext, field_of, read_json, scalar_of
from jmpose_mm.datasets.conversion.dataset_format import Video, category_of
from jmpose_mm.datasets.conversion.matlab_files import read_matlab_structure
from jmpose_mm.functional.crop import box_of_joints

__all__ = ['document_of', 'read_annolist']

CORNERS = ('x1', 'y1', 'x2', 'y2')


def read_annolist(file: Path, left_out: Counter[str]) -> list[dict[str, Any]]:
    """The frames of a ``.json`` or ``.mat`` file.

    Persons with neither a box nor joints and regions without corners, which Matlab writes for
    frames that nobody annotated, are left out and counted.

    Raises:
        ValueError: With the file and the key.
    """
    if file.suffix == '.mat':
        frames = read_matlab_structure(file, 'annolist')
    else:
        content = read_json(file)
        with ErrorContext(file):
            frames = field_of(content, 'annolist', list)
    for index, frame in enumerate(frames):
        with ErrorContext(file, f'annolist[{index}]'):
            image_of(frame)
            persons = persons_of(frame)
            frame['annorect'] = [p for p in persons if p.get('x1') or p.get('annopoints')]
            left_out['persons without content'] += len(persons) - len(frame['annorect'])
            regions = frame.pop('ignore_regions', None) or []
            kept = [region for region in regions if region.get('point')]
            left_out['ignore regions without corners'] += len(regions) - len(kept)
            if kept:
                frame['ignore_regions'] = kept
    return frames


def document_of(
    frames: list[dict[str, Any]],
    video: Video,
    joint_names: tuple[str, ...],
    places: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The COCO layout of an ``annolist``.

    Args:
        frames: Frames, whose image names end in a number; ``width`` and ``height`` stand beside
            the name where they are known.
        video: Numbers images and persons.
        joint_names: (K,) of the result.
        places: Where each of the file's joints is among the K; then the files' boxes are those of
            heads, and the persons get boxes around their joints (see `box_of_joints`). None: the
            file has the K joints themselves, and its boxes are those of bodies.

    Returns:
        ``images``, ``annotations`` with visibility 2 where a joint is annotated, ``categories``.
    """
    images, persons = [], []
    for index, frame in enumerate(frames):
        with ErrorContext(Path('annolist'), f'[{index}]'):
            image = _image_entry(frame, video, len(frames))
            images.append(image)
            for number, person in enumerate(frame['annorect']):
                entry = {'id': image['id'] * 1000 + number, 'image_id': image['id']}
                persons.append(entry | _person_entry(person, len(joint_names), places))
    return {
        'images': images,
        'annotations': persons,
        'categories': [category_of(joint_names)],
    }


def _image_entry(frame: dict[str, Any], video: Video, count: int) -> dict[str, Any]:
    image = image_of(frame)
    number = frame_number(image['name'])
    if number is None:
        raise ValueError(f"key 'name': expected a frame number in {image['name']!r}, got none")
    regions = [region['point'] for region in frame.get('ignore_regions') or []]
    entry = {
        'id': video.image_id(number),
        'file_name': image['name'].removeprefix('images/'),
        'frame_id': number,
        'nframes': image.get('nframes', count),
        'ignore_regions_x': [[scalar_of(p, 'x') for p in points] for points in regions],
        'ignore_regions_y': [[scalar_of(p, 'y') for p in points] for points in regions],
    }
    entry |= {key: image[key] for key in ('width', 'height', 'original_name') if key in image}
    if frame.get('is_labeled'):
        entry['is_labeled'] = bool(scalar_of(frame, 'is_labeled'))
    return entry


def _person_entry(
    person: dict[str, Any], num_joints: int, places: Sequence[int] | None
) -> dict[str, Any]:
    keypoints = np.zeros((num_joints, 3))
    for joint, x, y in points_of(person, len(places or keypoints)):
        keypoints[joint if places is None else places[joint]] = x, y, 2
    labelled = (keypoints[:, 2] > 0) & np.isfinite(keypoints).all(axis=1)
    corners = [float(scalar_of(person, key)) for key in CORNERS] if person.get('x1') else None
    entry: dict[str, Any] = {
        'category_id': 1,
        'iscrowd': 0,
        'keypoints': keypoints.ravel().tolist(),
        'num_keypoints': int(labelled.sum()),
    }
    if person.get('track_id'):
        entry['track_id'] = track_of(person)
    if places is not None:
        if corners is not None:
            entry['head_box'] = corners
        corners = box_of_joints(keypoints[labelled, :2]).tolist() if labelled.any() else None
    if corners is not None:
        left, top, right, bottom = corners
        entry['bbox'] = [left, top, right - left, bottom - top]
        entry['area'] = (right - left) * (bottom - top)
    return entry
