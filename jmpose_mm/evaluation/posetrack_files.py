"""Read PoseTrack JSON files of both generations, alone, as directories, or in pairs.

Ground truth and predictions share the formats, see `annotation_formats`.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from tqdm import tqdm

from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_NAMES

from .annotation_formats import read_annolist, read_images
from .posetrack_frames import PoseTrackFrames

__all__ = ['read_frames', 'read_pair']

MAX_TRACK_ID = 10000  # the official loader's limit
BYTES_WORTH_A_PROCESS = 8_000_000  # about 0.2 s of reading, ten times what a process costs


def read_frames(
    path: str | Path,
    only_first_video: bool = False,
    videos: frozenset[str] | None = None,
    joint_names: tuple[str, ...] = JOINT_NAMES,
) -> PoseTrackFrames:
    """Read one JSON file, or all of a directory in the order of their names.

    Args:
        path: A file or a directory.
        only_first_video: Keep the first video of a merged file alone, as the official evaluator
            does.
        videos: Keep only these, by their `video_key`.
        joint_names: Names of the J joints of the result.

    Raises:
        ValueError: With the file and the key, where something is missing or misshapen.
    """
    path = Path(path)
    files = _json_files(path) if path.is_dir() else [path]
    result = PoseTrackFrames(joint_names)
    for file in files:
        _read_file(result, file, only_first_video, videos)
    return result


def read_pair(
    truth_dir: str | Path,
    prediction_dir: str | Path,
    unique_track_ids: bool = True,
    progress: bool = False,
) -> tuple[PoseTrackFrames, PoseTrackFrames]:
    """Read ground truth and predictions the official way: files by name, frames by position in the
    list.

    Large directories are read by several processes, one for each core.

    Args:
        truth_dir: Directory of ground-truth files.
        prediction_dir: Directory that holds a file of the same name for each.
        unique_track_ids: Refuse predictions whose track ids repeat inside a frame, as the official
            loader does since 2020; the copies in most papers' code do not.
        progress: Show a bar once it takes longer than a second.

    Raises:
        ValueError: A prediction file is missing, lengths differ, or see `read_frames`.
    """
    files = _json_files(Path(truth_dir))
    others = [Path(prediction_dir, file.name) for file in files]
    read = partial(_read_files, unique_track_ids=unique_track_ids)
    size = sum(file.stat().st_size for file in [*files, *others] if file.is_file())
    workers = min(os.cpu_count() or 1, len(files), size // BYTES_WORTH_A_PROCESS)
    truth, predictions = PoseTrackFrames(), PoseTrackFrames()
    with ProcessPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
        parts = pool.map(read, files, others) if pool else map(read, files, others)
        for true_part, predicted_part in tqdm(
            parts, 'reading', len(files), leave=False, delay=1, disable=None if progress else True
        ):
            truth.extend(true_part)
            predictions.extend(predicted_part)
    return truth, predictions


def _read_files(
    file: Path, other: Path, unique_track_ids: bool
) -> tuple[PoseTrackFrames, PoseTrackFrames]:
    truth, predictions = PoseTrackFrames(), PoseTrackFrames()
    with _collector_paused():
        _read_file(truth, file, only_first_video=True)
        _read_file(predictions, other, only_first_video=True)
    if len(truth.frames) != len(predictions.frames):
        raise ValueError(
            f'{other}: expected {len(truth.frames)} frames as in {file}, got '
            f'{len(predictions.frames)}'
        )
    _check_track_ids(truth, unique=False)
    _check_track_ids(predictions, unique=unique_track_ids)
    return truth, predictions


def _json_files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise ValueError(f'{directory}: expected a directory of *.json files, found no directory')
    files = sorted(directory.glob('*.json'))
    if not files:
        raise ValueError(f'{directory}: expected *.json files, got none')
    return files


def _read_file(
    into: PoseTrackFrames,
    file: Path,
    only_first_video: bool = False,
    videos: frozenset[str] | None = None,
) -> None:
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise ValueError(f'{file}: expected a PoseTrack JSON file, found no file') from None
    except OSError as error:
        raise ValueError(f'{file}: expected a PoseTrack JSON file, got {error.strerror}') from error
    except ValueError as error:
        raise ValueError(f'{file}: expected JSON, got {error}') from error
    if not isinstance(content, dict) or not {'annolist', 'images'} & set(content):
        found = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"{file}: expected the key 'annolist' or 'images', got {found}")
    into.statements.append(str(content.get('info', '')))
    if 'annolist' in content:
        read_annolist(into, file, content, videos)
    else:
        read_images(into, file, content, only_first_video, videos)


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


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the cyclic collector, which would walk over a million small dictionaries in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
