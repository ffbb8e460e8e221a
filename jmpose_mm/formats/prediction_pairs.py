"""Folders of ground truth and of predictions for it, file by file and frame by frame."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.annotations import read_file
from jmpose_mm.formats.coco_persons import Reading
from jmpose_mm.formats.json_files import list_json_files
from jmpose_mm.formats.persons import Persons
from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_NAMES

__all__ = ['PredictionPairs', 'read_pairs']

MAX_TRACK_ID = 10000  # the official loader's limit
BYTES_WORTH_A_PROCESS = 8_000_000  # some ten times what a process costs
# Even the truth is read by the official loader's rules: its losses are part of the numbers.
OFFICIAL = Reading(JOINT_NAMES, official=True)


class PredictionPairs(NamedTuple):
    """Ground truth and predictions with the same frames at the same places.

    Attributes:
        truth: The ground truth.
        predictions: The predictions; frames in the truth's order.
        files: Number of files.
        pairing: Number of files for each way of pairing, in words; empty where names and places
            agree.
        extra: Names of prediction files that no file of the ground truth is called like.
    """

    truth: AnnotationTables
    predictions: AnnotationTables
    files: int
    pairing: Counter[str]
    extra: tuple[str, ...] = ()


def read_pairs(
    truth_dir: str | Path,
    prediction_dir: str | Path,
    unique_track_ids: bool = True,
    progress: bool = False,
) -> PredictionPairs:
    """Read ground truth and predictions: files by name; frames by name where all names are the
    truth's, else by their place in the list, as the official evaluator does in any case.

    Large folders are read by several processes, one for each core.

    Args:
        truth_dir: Folder of ground-truth files.
        prediction_dir: Folder that holds a file of the same name for each.
        unique_track_ids: Refuse predictions whose track ids repeat inside a frame, as the official
            loader does since 2020; the copies in most papers' code do not.
        progress: Show a bar once it takes longer than a second.

    Raises:
        UsageError: A prediction file is missing, lengths differ, or see `read_annotations`.
    """
    for folder in (Path(truth_dir), Path(prediction_dir)):
        if not folder.is_dir():
            raise UsageError(f'{folder}: expected a folder of *.json files, found no folder')
    files = list_json_files(truth_dir)
    others = [Path(prediction_dir, file.name) for file in files]
    read = partial(_read_pair, unique_track_ids=unique_track_ids)
    size = sum(file.stat().st_size for file in [*files, *others] if file.is_file())
    workers = min(os.cpu_count() or 1, len(files), size // BYTES_WORTH_A_PROCESS)
    parts: list[tuple[AnnotationTables, AnnotationTables, str]] = []
    # A few portions for each process: files differ in size, and each portion is sent at a cost.
    chunk = max(1, len(files) // (8 * max(1, workers)))
    with ProcessPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
        made = pool.map(read, files, others, chunksize=chunk) if pool else map(read, files, others)
        for part in tqdm(
            made, 'reading', len(files), leave=False, delay=1, disable=None if progress else True
        ):
            parts.append(part)
    truth, predictions, pairing = zip(*parts, strict=True)
    return PredictionPairs(
        AnnotationTables.joined(truth),
        AnnotationTables.joined(predictions),
        len(files),
        Counter(words for words in pairing if words),
        _names_beside(Path(prediction_dir), {file.name for file in files}),
    )


def _names_beside(folder: Path, names: set[str]) -> tuple[str, ...]:
    found = {file.name for file in list_json_files(folder)}
    return tuple(sorted(found - names))


def _read_pair(
    file: Path, other: Path, unique_track_ids: bool
) -> tuple[AnnotationTables, AnnotationTables, str]:
    truth, predictions = read_file(file, OFFICIAL), read_file(other, OFFICIAL)
    if len(truth.images) != len(predictions.images):
        raise UsageError(
            f'{other}: expected {len(truth.images)} frames as in {file}, got '
            f'{len(predictions.images)}'
        )
    _check_track_ids(truth, unique=False)
    _check_track_ids(predictions, unique=unique_track_ids)
    places = _places_by_name(truth, predictions)
    if places is None:
        return truth, predictions, "frames paired by place, since their names are not the truth's"
    if places == list(range(len(places))):
        return truth, predictions, ''
    return (
        truth,
        _in_order(predictions, np.asarray(places, dtype=np.int64)),
        "frames in another order than the truth's, paired by their names",
    )


def _places_by_name(truth: AnnotationTables, predictions: AnnotationTables) -> list[int] | None:
    """The place in the truth of each frame; None unless all names are those of the truth."""
    names = [image.name for image in predictions.images]
    if names == [image.name for image in truth.images]:
        return list(range(len(names)))
    try:
        index = truth.index()
        places = [index.find(name) for name in names]
    except UsageError:  # one name for several frames
        return None
    known = [place for place in places if place is not None]
    return known if len(set(known)) == len(names) else None


def _in_order(tables: AnnotationTables, places: NDArray[Any]) -> AnnotationTables:
    """The same with the frames at other places."""
    images = [tables.images[k] for k in np.argsort(places).tolist()]
    image = places[tables.persons.image]
    # Stable: within a frame the order of the file decides ties of the ranking.
    order = np.argsort(image, kind='stable')
    persons = tables.persons._replace(image=image).take(order)
    return AnnotationTables(**{**vars(tables), 'images': images, 'persons': persons})


def _check_track_ids(tables: AnnotationTables, unique: bool) -> None:
    if _are_usual(tables.persons, unique):
        return
    seen: set[tuple[int, int]] = set()
    for index, track in zip(tables.persons.image.tolist(), tables.persons.track_ids, strict=True):
        if track is None:
            continue
        image = tables.images[index]
        where = f'{image.source}: track_id in {image.name}'
        if not isinstance(track, int):
            raise UsageError(f'{where}: expected a whole number, got {track!r}')
        if track >= MAX_TRACK_ID:
            raise UsageError(f'{where}: expected less than {MAX_TRACK_ID}, got {track}')
        if unique and (index, track) in seen:
            raise UsageError(f'{where}: expected different ids, got {track} twice')
        seen.add((index, track))


def _are_usual(persons: Persons, unique: bool) -> bool:
    """Whether nothing is wrong with the track ids of a file, found for all at once."""
    if set(map(type, persons.track_ids)) != {int}:
        return not persons.track_ids
    try:
        ids = np.asarray(persons.track_ids, dtype=np.int64)
    # Beyond 64 bits: the loop over single ids gives the message.
    except OverflowError:
        return False
    if not ((ids >= 0) & (ids < MAX_TRACK_ID)).all():
        return False
    # Ids are below the limit, so that frame and id are one number.
    keys = persons.image * MAX_TRACK_ID + ids
    return not unique or len(np.unique(keys)) == len(keys)
