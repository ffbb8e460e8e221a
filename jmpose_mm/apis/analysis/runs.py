"""Inputs of an analysis: ground truth, and folders of predictions for its frames.

Axes: N predicted persons, M annotated persons, F frames.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.evaluation.evaluation_notes import prediction_notes
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.functional.evaluation.person_errors import fit_persons
from jmpose_mm.functional.evaluation.person_subsets import match_persons
from jmpose_mm.functional.evaluation.posetrack_matching import without_ignored
from jmpose_mm.functional.evaluation.posetrack_persons import (
    PredictedPersons,
    TruePersons,
    take_persons,
)

__all__ = ['ScoredRun', 'Truth', 'image_fields', 'read_run', 'read_truth']

PROTOCOL = ('boxes', 'score', 'NMS', 'protocol')


class Truth(NamedTuple):
    """Ground truth.

    Attributes:
        path: File or folder that it was read from.
        frames: The frames, judged or not.
        keys: (video, frame number) of each, see `frame_keys`.
        persons: (M,) annotated persons, without joints in ignored regions.
    """

    path: Path
    frames: AnnotationTables
    keys: list[tuple[str, int]]
    persons: TruePersons


class ScoredRun(NamedTuple):
    """Predictions for the frames of a ground truth.

    Attributes:
        name: For tables and pictures.
        folder: Folder that they were read from.
        protocol: Statements of the files about boxes, score rule and the rest.
        predictions: (N,) persons, without joints in ignored regions; ``frame`` points into the
            frames of the truth.
        owner: (N,) the annotated person that each took, see `match_persons`.
        fitted: (M,) the prediction that fits each annotated person, see `fit_persons`.
        notes: Reasons for numbers other than one might expect, a sentence each.
    """

    name: str
    folder: Path
    protocol: dict[str, str]
    predictions: PredictedPersons
    owner: np.ndarray
    fitted: np.ndarray
    notes: list[str]


def read_truth(path: str | Path) -> Truth:
    """Read ground truth of any generation, a file or a folder.

    Raises:
        ValueError: It cannot be read, or nobody is annotated in it.
    """
    # As the metric and the data set have it: a crowd is nobody who could be found.
    frames = read_annotations(path).without_crowds()
    persons, _ = without_ignored(frames.truth(), _nobody(frames), frames.ignored())
    if not persons.present.any():
        raise UsageError(f'{path}: expected annotated persons, got none')
    return Truth(Path(path), frames, frames.frame_keys(), persons)


def read_run(folder: str | Path, name: str, truth: Truth) -> ScoredRun:
    """Read a folder of predictions; its frames are found by video and frame number.

    Raises:
        ValueError: It cannot be read, lacks a frame where persons are annotated, or a person is
            annotated without head box where there are predictions.
    """
    frames = read_annotations(folder)
    place = _places(frames, truth, folder)
    absent = sorted(set(truth.persons.frame.tolist()) - set(place.tolist()))
    if absent:
        (video, number), names = truth.keys[absent[0]], [image.name for image in frames.images]
        raise UsageError(
            f'{folder}: expected an entry for every frame where persons are annotated, found none '
            f'for {len(absent)} of them, e.g. frame {number} of {video}; the first here is '
            f'{names[0] if names else "none"}. Do the predictions belong to {truth.path}?'
        )
    everybody = frames.predictions()
    if not len(everybody.frame):
        raise UsageError(f'{folder}: expected predicted persons, got none')
    everybody = everybody._replace(frame=place[everybody.frame])
    everybody = take_persons(everybody, everybody.frame >= 0)
    _, kept = without_ignored(truth.persons, everybody, truth.frames.ignored())
    # Nothing is measured in frames without predictions: no head box is needed there.
    met = np.isin(truth.persons.frame, kept.frame[kept.present.any(axis=1)])
    truth.frames.check_head_boxes(take_persons(truth.persons, met))
    return ScoredRun(
        name,
        Path(folder),
        _protocol(frames.infos),
        kept,
        match_persons(truth.persons, kept),
        fit_persons(truth.persons, kept),
        prediction_notes(truth.persons, everybody),
    )


def image_fields(truth: Truth) -> dict[str, list[tuple[str, ...]]]:
    """Fields of the images that hold words: true or false, strings, lists of strings.

    Returns:
        For every field that all images of the data set have, the values of the F frames:
        ``('yes',)`` or ``('no',)``, one string, or any number of them.
    """
    fields = []
    for image in truth.frames.images:
        fields.append({name: ('yes' if flag else 'no',) for name, flag in image.flags.items()})
        for name, value in {'file_name': image.name, **image.fields}.items():
            if isinstance(value, str):
                fields[-1][name] = (_printable(value),)
            elif isinstance(value, list) and all(isinstance(word, str) for word in value):
                fields[-1][name] = tuple(map(_printable, value))
    shared = set(fields[0]).intersection(*fields)
    return {name: [values[name] for values in fields] for name in fields[0] if name in shared}


def _printable(word: str) -> str:
    """The word with escapes for bytes of a file's name that are no text, which nothing can draw."""
    return word.encode('utf-8', 'backslashreplace').decode()


def _places(frames: AnnotationTables, truth: Truth, folder: str | Path) -> np.ndarray:
    """(F,) the truth's frame that each frame is, -1 for none."""
    index = truth.frames.index()
    found = [index.find(image.name) for image in frames.images]
    places = np.asarray([-1 if place is None else place for place in found], dtype=np.int64)
    known = places[places >= 0]
    if len(np.unique(known)) < len(known):
        twice = int(np.flatnonzero(np.bincount(known) > 1)[0])
        video, number = truth.keys[twice]
        raise UsageError(
            f'{folder}: expected one entry for each frame, got several for frame {number} of '
            f'{video}; does the folder hold a merged file beside those of the videos?'
        )
    return places


def _nobody(frames: AnnotationTables) -> PredictedPersons:
    none = np.zeros(len(frames.persons.image), dtype=bool)
    return take_persons(frames.predictions(), none)


def _protocol(infos: list[Any]) -> dict[str, str]:
    """What the files of one folder state; where they disagree, all that they state."""
    stated: dict[str, dict[str, None]] = {name: {} for name in PROTOCOL}
    for info in infos:
        said = info if isinstance(info, dict) else {'protocol': info}
        for name in PROTOCOL:
            stated[name][str(said.get(name) or 'not stated')] = None
    return {name: ' / '.join(values) for name, values in stated.items()}
