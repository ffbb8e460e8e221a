"""Write predictions as the official evaluator reads them: one JSON file for each video.

Axes: N persons, J = 15 joints in the order of `JOINT_NAMES`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from jmpose_mm.functional.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES, PredictedPersons

from .posetrack_frames import Frame

__all__ = ['FORMS', 'Form', 'write_json', 'write_predictions']

Form = Literal['posetrack17', 'posetrack18']
FORMS: tuple[Form, ...] = ('posetrack17', 'posetrack18')
PLACES = np.asarray([FILE_JOINT_NAMES.index(name) for name in JOINT_NAMES])


def write_predictions(
    directory: str | Path,
    frames: list[Frame],
    persons: PredictedPersons,
    info: dict[str, str],
    form: Form | None = None,
) -> list[Path]:
    """Write one file for each video, with an entry for every frame, predicted or not.

    Files are named as the official ground truth's: like the 2017 file itself, or like the video's
    image directory (2018). Each appears whole or not at all. In the 2018 form a joint at exactly
    (0, 0) with score 0 means 'absent'.

    Args:
        directory: Made if it is missing; other files in it stay.
        frames: The frames of the ground truth, in its order.
        persons: (N,) predictions; ``frame`` points into ``frames``.
        info: Said in each file: boxes, score rule and the like.
        form: Which official format; by default that of the ground truth. The evaluator takes any.

    Returns:
        The files, in the order of the videos.
    """
    written = []
    for name, members in _file_names(frames).items():
        older = form == 'posetrack17' or (form is None and frames[members[0]].image_id is None)
        content = (_annolist if older else _images)(frames, members, persons)
        written.append(write_json(Path(directory, name), content | {'info': info}))
    return written


def write_json(file: str | Path, content: Any) -> Path:
    """Write a file that appears whole or not at all; its directory is made if it is missing."""
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f'.{file.name}.unfinished')
    try:
        unfinished.write_text(json.dumps(content), encoding='utf-8')
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)
    return file


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


def _images(frames: list[Frame], members: list[int], persons: PredictedPersons) -> dict[str, Any]:
    """The 2018 form: lists of joints in the order of `FILE_JOINT_NAMES`."""
    images, annotations = [], []
    for position, index in enumerate(members):
        frame = frames[index]
        image_id = position if frame.image_id is None else frame.image_id
        images.append({'file_name': frame.name, 'id': image_id, 'frame_id': image_id})
        for track, row in enumerate(np.flatnonzero(persons.frame == index)):
            triples = np.zeros((len(FILE_JOINT_NAMES), 3))
            kept = persons.present[row]
            triples[PLACES[kept], :2] = persons.keypoints[row, kept]
            triples[PLACES[kept], 2] = persons.scores[row, kept]
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
    category = {'id': 1, 'name': 'person', 'supercategory': 'person', 'keypoints': FILE_JOINT_NAMES}
    return {'images': images, 'annotations': annotations, 'categories': [category]}
