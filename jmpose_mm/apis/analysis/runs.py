"""What an analysis reads: ground truth, and folders of predictions for its frames.

Axes: N predicted persons, M annotated persons, F frames.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.evaluation.posetrack_files import read_frames
from jmpose_mm.evaluation.posetrack_frames import PoseTrackFrames, frame_key
from jmpose_mm.functional.evaluation.person_errors import fit_persons
from jmpose_mm.functional.evaluation.person_subsets import match_persons
from jmpose_mm.functional.evaluation.posetrack_matching import without_ignored
from jmpose_mm.functional.evaluation.posetrack_persons import (
    PredictedPersons,
    TruePersons,
    take_persons,
)

__all__ = ['Run', 'Truth', 'image_fields', 'read_run', 'read_truth']

PROTOCOL = ('boxes', 'score', 'NMS', 'protocol')


class Truth(NamedTuple):
    """Ground truth.

    Attributes:
        path: Where it was read from.
        frames: The frames, judged or not.
        keys: (video, frame number) of each, see `frame_key`.
        persons: (M,) annotated persons, without joints in ignored regions.
    """

    path: Path
    frames: PoseTrackFrames
    keys: list[tuple[str, int]]
    persons: TruePersons


class Run(NamedTuple):
    """Predictions for the frames of a ground truth.

    Attributes:
        name: For tables and pictures.
        folder: Where they were read from.
        protocol: Statements of the files about boxes, score rule and the rest.
        predictions: (N,) persons, without joints in ignored regions; ``frame`` points into the
            frames of the truth.
        owner: (N,) the annotated person that each took, see `match_persons`.
        fitted: (M,) the prediction that fits each annotated person, see `fit_persons`.
    """

    name: str
    folder: Path
    protocol: dict[str, str]
    predictions: PredictedPersons
    owner: np.ndarray
    fitted: np.ndarray


def read_truth(path: str | Path) -> Truth:
    """Read ground truth of any generation, a file or a folder.

    Raises:
        ValueError: It cannot be read, or nobody is annotated in it.
    """
    frames = read_frames(path)
    persons, _ = without_ignored(frames.truth(), _nobody(frames), frames.ignored())
    if not persons.present.any():
        raise ValueError(f'{path}: expected annotated persons, got none')
    return Truth(Path(path), frames, _keys(frames, path), persons)


def read_run(folder: str | Path, name: str, truth: Truth) -> Run:
    """Read a folder of predictions; its frames are found by video and frame number.

    Raises:
        ValueError: It cannot be read, lacks a frame where persons are annotated, or a person is
            annotated without head box where there are predictions.
    """
    frames = read_frames(folder)
    index = {key: number for number, key in enumerate(truth.keys)}
    keys = _keys(frames, folder)
    absent = {truth.keys[f] for f in np.unique(truth.persons.frame)} - set(keys)
    if absent:
        (video, number), (other, found) = min(absent), keys[0] if keys else ('no frame', 0)
        raise ValueError(
            f'{folder}: expected an entry for every frame where persons are annotated, found none '
            f'for {len(absent)} of them, e.g. frame {number} of {video}; the first here is frame '
            f'{found} of {other}. Do the predictions belong to {truth.path}?'
        )
    place = np.asarray([index.get(key, -1) for key in keys], dtype=np.int64)
    everybody = frames.predictions()
    everybody = everybody._replace(frame=place[everybody.frame])
    _, kept = without_ignored(
        truth.persons, take_persons(everybody, everybody.frame >= 0), truth.frames.ignored()
    )
    met = np.isin(truth.persons.frame, kept.frame[kept.present.any(axis=1)])
    truth.frames.check_head_boxes(take_persons(truth.persons, met))
    return Run(
        name,
        Path(folder),
        _protocol(frames.statements),
        kept,
        match_persons(truth.persons, kept),
        fit_persons(truth.persons, kept),
    )


def image_fields(truth: Truth) -> dict[str, list[tuple[str, ...]]]:
    """What the files say about each image in words: true-or-false fields, strings, lists of them.

    Returns:
        For every field that all images of the data set have, the values of the F frames:
        ``('yes',)`` or ``('no',)``, one string, or any number of them.
    """
    fields = []
    seen: dict[Path, Any] = {}
    for frame in truth.frames.frames:
        if frame.source not in seen:
            content = json.loads(frame.source.read_bytes())
            seen[frame.source] = iter(content.get('images') or content['annolist'])
        fields.append({name: ('yes' if flag else 'no',) for name, flag in frame.flags.items()})
        for name, value in next(seen[frame.source]).items():
            if isinstance(value, str):
                fields[-1][name] = (value,)
            elif isinstance(value, list) and all(isinstance(word, str) for word in value):
                fields[-1][name] = tuple(value)
    shared = set(fields[0]).intersection(*fields)
    return {name: [values[name] for values in fields] for name in fields[0] if name in shared}


def _keys(frames: PoseTrackFrames, path: str | Path) -> list[tuple[str, int]]:
    keys = [frame_key(frame.name) for frame in frames.frames]
    if len(set(keys)) < len(keys):
        twice = next(key for position, key in enumerate(keys) if key in keys[:position])
        raise ValueError(
            f'{path}: expected one entry for each frame, got several for frame {twice[1]} of '
            f'{twice[0]}; does the folder hold a merged file beside those of the videos?'
        )
    return keys


def _nobody(frames: PoseTrackFrames) -> PredictedPersons:
    return take_persons(frames.predictions(), np.zeros(len(frames.person_frames), dtype=bool))


def _protocol(statements: list[str]) -> dict[str, str]:
    """What the files of one folder state; where they disagree, all that they state."""
    stated: dict[str, dict[str, None]] = {name: {} for name in PROTOCOL}
    for statement in statements:
        try:
            info = ast.literal_eval(statement)
        except (SyntaxError, ValueError):
            info = {'protocol': statement}
        for name in PROTOCOL:
            value = info.get(name) if isinstance(info, dict) else None
            stated[name][str(value or 'not stated')] = None
    return {name: ' / '.join(values) for name, values in stated.items()}
