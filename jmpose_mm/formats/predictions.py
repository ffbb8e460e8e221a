"""Predictions as the official evaluators read them: one JSON file for each video.

Axes: N persons, J joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.coco_writing import person_category, write_coco
from jmpose_mm.formats.frame_names import distinct_ends
from jmpose_mm.formats.json_files import write_compact_json
from jmpose_mm.formats.persons import Image
from jmpose_mm.functional.evaluation.posetrack_persons import (
    FILE_JOINT_NAMES,
    JOINT_NAMES,
    PredictedPersons,
)

__all__ = ['check_predictions', 'check_replaceable', 'write_predictions']

_SAID = b'"protocol":'  # in the first lines of every file that is written here


def write_predictions(
    directory: str | Path,
    frames: Sequence[Image],
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
    order = np.argsort(persons.frame, kind='stable')
    starts = np.searchsorted(persons.frame[order], np.arange(len(frames) + 1))
    rows = [order[a:b] for a, b in pairwise(starts.tolist())]
    for name, members in _file_names(frames).items():
        files = _files(directory, name, frames[members[0]])
        annolist = _annolist(frames, members, persons, rows)
        write_compact_json(files['posetrack17'], {**statements, 'annolist': annolist})
        document = _document(frames, members, persons, rows, joint_names)
        write_coco(files['posetrack18'], [document], facts=statements)
        written.append(Path(directory, name))
    return written


def check_predictions(directory: str | Path, frames: Sequence[Image]) -> None:
    """Raise where `write_predictions` would replace a file that it has not written.

    Args:
        directory: Folder for the predictions.
        frames: The frames of the ground truth.

    Raises:
        UsageError: Something else, such as the ground truth, lies there under one of the names.
    """
    for name, members in _file_names(frames).items():
        for file in _files(directory, name, frames[members[0]]).values():
            check_replaceable(file)


def check_replaceable(file: Path) -> None:
    """Raise `UsageError` where a file is there that holds no predictions of an earlier run."""
    if not file.is_file():
        return
    with file.open('rb') as content:
        if _SAID not in content.read(4000):
            raise UsageError(
                f'out_dir: {file} is there and holds no predictions made here, and is not '
                'overwritten; choose another folder'
            )


def _files(directory: str | Path, name: str, frame: Image) -> dict[str, Path]:
    """A video's file in each form."""
    # The truth's own form lies in the folder itself, the other one in a folder inside.
    forms = ['posetrack17', 'posetrack18']
    if frame.image_id is not None:
        forms.reverse()
    return {forms[0]: Path(directory, name), forms[1]: Path(directory, forms[1], name)}


def _file_names(frames: Sequence[Image]) -> dict[str, list[int]]:
    """The indices of the frames that go into each file.

    2018 files are named like the images' folder, 2017 files (without image ids) are not. Folders of
    one name (``cage1/cam0``, ``cage2/cam0``) give files with more of their path in the name.
    """
    ends = distinct_ends(str(PurePosixPath(frame.name).parent) for frame in frames)
    names: dict[str, list[int]] = {}
    for index, frame in enumerate(frames):
        end = ends[str(PurePosixPath(frame.name).parent)]
        folder = '_'.join(part for part in end if part != '/') or frame.source.stem
        name = frame.source.name if frame.image_id is None else f'{folder}.json'
        names.setdefault(name, []).append(index)
    return names


def _annolist(
    frames: Sequence[Image], members: list[int], persons: PredictedPersons, rows: list[NDArray[Any]]
) -> list[dict[str, Any]]:
    """The 2017 form: scalars in lists of one, only the joints that are there."""
    entries = []
    for index in members:
        people = []
        # Nothing is tracked here, but the official loader wants ids that differ within a frame.
        for track, row in enumerate(rows[index]):
            joints = np.flatnonzero(persons.present[row])
            columns = (joints, *persons.keypoints[row, joints].T, persons.scores[row, joints])
            points = [
                {'id': [joint], 'x': [x], 'y': [y], 'score': [score]}
                for joint, x, y, score in zip(*(c.tolist() for c in columns), strict=True)
            ]
            people.append({'track_id': [track], 'annopoints': [{'point': points}]})
        entries.append({'image': [{'name': frames[index].name}], 'annorect': people})
    return entries


def _document(
    frames: Sequence[Image],
    members: list[int],
    persons: PredictedPersons,
    rows: list[NDArray[Any]],
    joint_names: tuple[str, ...],
) -> dict[str, Any]:
    """The 2018 form: lists of joints in the order of the names in ``categories``."""
    listed = FILE_JOINT_NAMES if joint_names == JOINT_NAMES else joint_names
    places = np.asarray([listed.index(name) for name in joint_names])
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for position, index in enumerate(members):
        frame = frames[index]
        image_id = position if frame.image_id is None else frame.image_id
        images.append({'file_name': frame.name, 'id': image_id, 'frame_id': image_id})
        for track, row in enumerate(rows[index]):
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
    category = person_category(listed)
    return {'images': images, 'annotations': annotations, 'categories': [category]}
