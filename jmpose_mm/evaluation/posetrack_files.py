"""Read PoseTrack JSON files of both generations, alone, as directories, or in pairs.

Ground truth and predictions share the formats, see `annotation_formats`.
"""

from __future__ import annotations

import json
from pathlib import Path

from .annotation_formats import read_annolist, read_images
from .posetrack_frames import PoseTrackFrames

__all__ = ['read_frames', 'read_pair']

MAX_TRACK_ID = 10000  # the official loader's limit


def read_frames(path: str | Path, only_first_video: bool = False) -> PoseTrackFrames:
    """Read one JSON file, or all of a directory in the order of their names.

    Args:
        path: A file or a directory.
        only_first_video: Of a merged file keep the first video alone, as the official evaluator
            does.

    Raises:
        ValueError: With the file and the key, where something is missing or misshapen.
    """
    path = Path(path)
    files = sorted(path.glob('*.json')) if path.is_dir() else [path]
    if not files:
        raise ValueError(f'{path}: expected *.json files, got none')
    result = PoseTrackFrames()
    for file in files:
        _read_file(result, file, only_first_video)
    return result


def read_pair(
    truth_dir: str | Path, prediction_dir: str | Path, unique_track_ids: bool = True
) -> tuple[PoseTrackFrames, PoseTrackFrames]:
    """Read ground truth and predictions the official way: files by name, frames by position in the
    list.

    Args:
        truth_dir: Directory of ground-truth files.
        prediction_dir: Directory that holds a file of the same name for each.
        unique_track_ids: Refuse predictions whose track ids repeat inside a frame, as the official
            loader does since 2020; the copies in most papers' code do not.

    Raises:
        ValueError: A prediction file is missing, lengths differ, or see `read_frames`.
    """
    truth, predictions = PoseTrackFrames(), PoseTrackFrames()
    files = sorted(Path(truth_dir).glob('*.json'))
    if not files:
        raise ValueError(f'{truth_dir}: expected *.json files, got none')
    for file in files:
        other = Path(prediction_dir) / file.name
        _read_file(truth, file, True)
        _read_file(predictions, other, True)
        if len(truth.frames) != len(predictions.frames):
            count = sum(frame.source == file for frame in truth.frames)
            got = sum(frame.source == other for frame in predictions.frames)
            raise ValueError(f'{other}: expected {count} frames as in {file}, got {got}')
    _check_track_ids(truth, unique=False)
    _check_track_ids(predictions, unique=unique_track_ids)
    return truth, predictions


def _read_file(into: PoseTrackFrames, file: Path, only_first_video: bool) -> None:
    try:
        content = json.loads(file.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise ValueError(f'{file}: expected a PoseTrack JSON file, found no file') from None
    except ValueError as error:
        raise ValueError(f'{file}: expected JSON, got {error}') from error
    if not isinstance(content, dict) or not {'annolist', 'images'} & set(content):
        found = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"{file}: expected the key 'annolist' or 'images', got {found}")
    if 'annolist' in content:
        read_annolist(into, file, content)
    else:
        read_images(into, file, content, only_first_video)


def _check_track_ids(persons: PoseTrackFrames, unique: bool) -> None:
    seen: set[tuple[int, int]] = set()
    for index, track in zip(persons.person_frames, persons.track_ids, strict=True):
        if track is None:
            continue
        frame = persons.frames[index]
        where = f'{frame.source}: track_id in {frame.name}'
        if track >= MAX_TRACK_ID:
            raise ValueError(f'{where}: expected less than {MAX_TRACK_ID}, got {track}')
        if unique and (index, track) in seen:
            raise ValueError(f'{where}: expected different ids, got {track} twice')
        seen.add((index, track))
