"""Write predictions as the official evaluator reads them: one JSON file for each video.

Axes: N persons, J joints, PoseTrack's 15 in the order of `JOINT_NAMES` unless said otherwise.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from jmpose_mm.functional.evaluation.posetrack_persons import (
    FILE_JOINT_NAMES,
    JOINT_NAMES,
    PredictedPersons,
)
from jmpose_mm.whole_files import whole_file

from .posetrack_frames import Frame

__all__ = ['write_predictions']


def write_predictions(
    directory: str | Path,
    frames: list[Frame],
    persons: PredictedPersons,
    statements: dict[str, Any],
    joint_names: tuple[str, ...] = JOINT_NAMES,
) -> list[Path]:
    """Write one file for each video, with an entry for every frame, predicted or not.

    The files have the official form of the ground truth and its names: those of the 2017 files, or
    (2018) of the video's image directory. The same in the other official form goes into the folder
    ``posetrack17`` or ``posetrack18`` inside. Each file appears whole or not at all.

    Args:
        directory: Made if it is missing; other files in it stay.
        frames: The frames of the ground truth, in its order.
        persons: (N,) predictions; ``frame`` points into ``frames``. In the 2018 form a joint at
            exactly (0, 0) with score 0 means 'absent'.
        statements: Further entries of each file: ``info``, what the numbers hold under, and
            ``provenance``, what was run.
        joint_names: Names of the J joints.

    Returns:
        The files in the form of the ground truth, in the order of the videos.
    """
    written = []
    for name, members in _file_names(frames).items():
        contents = {
            'posetrack17': _annolist(frames, members, persons),
            'posetrack18': _images(frames, members, persons, joint_names),
        }
        own = 'posetrack17' if frames[members[0]].image_id is None else 'posetrack18'
        for form, content in contents.items():
            file = Path(directory, '' if form == own else form, name)
            with whole_file(file) as unfinished:
                unfinished.write_text(json.dumps(content | statements), encoding='utf-8')
        written.append(Path(directory, name))
    return written


def _file_names(frames: list[Frame]) -> dict[str, list[int]]:
    """The indices of the frames that go into each file."""
    names: dict[str, list[int]] = {}
    for index, frame in enumerate(frames):
        # 2018 files are named like the images' directory; 2017 files (without image ids) are not.
        directory = f'{PurePosixPath(frame.name).parent.name}.json'
        name = frame.source.name if frame.image_id is None else directory
        names.setdefault(name, []).append(index)
    return names


def _annolist(frames: list[Frame], members: list[int], persons: PredictedPersons) -> dict[str, Any]:
    """The 2017 form: scalars in lists of one, only the joints that are there."""
    entries = []
    for index in members:
        people = []
        for track, row in enumerate(np.flatnonzero(persons.frame == index)):
            joints = np.flatnonzero(persons.present[row])
            columns = (joints, *persons.keypoints[row, joints].T, persons.scores[row, joints])
            points = [
                {'id': [joint], 'x': [x], 'y': [y], 'score': [score]}
                for joint, x, y, score in zip(*(c.tolist() for c in columns), strict=True)
            ]
            people.append({'track_id': [track], 'annopoints': [{'point': points}]})
        entries.append({'image': [{'name': frames[index].name}], 'annorect': people})
    return {'annolist': entries}


def _images(
    frames: list[Frame],
    members: list[int],
    persons: PredictedPersons,
    joint_names: tuple[str, ...],
) -> dict[str, Any]:
    """The 2018 form: lists of joints in the order of the names in ``categories``."""
    listed = FILE_JOINT_NAMES if joint_names == JOINT_NAMES else joint_names
    places = np.asarray([listed.index(name) for name in joint_names])
    images, annotations = [], []
    for position, index in enumerate(members):
        frame = frames[index]
        image_id = position if frame.image_id is None else frame.image_id
        images.append({'file_name': frame.name, 'id': image_id, 'frame_id': image_id})
        for track, row in enumerate(np.flatnonzero(persons.frame == index)):
            triples = np.zeros((len(listed), 3))
            kept = persons.present[row]
            triples[places[kept], :2] = persons.keypoints[row, kept]
            triples[places[kept], 2] = persons.scores[row, kept]
            annotations.append(
                {
                    'id': len(annotations),
                    'image_id': image_id,
                    'category_id': 1,
                    'track_id': track,
                    'keypoints': triples.ravel().tolist(),
                    'scores': triples[:, 2].tolist(),
                }
            )
    category = {'id': 1, 'name': 'person', 'supercategory': 'person', 'keypoints': listed}
    return {'images': images, 'annotations': annotations, 'categories': [category]}
