"""Frames of films around labelled ones: which film is a video's, which frame a label's.

Images are uint8 BGR (H, W, 3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from jmpose_mm.datasets.conversion.own_data.videos import OwnVideo
from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.frame_names import FILM_SUFFIXES

__all__ = ['ReadFilm', 'extract_frames', 'film_offset', 'films_of_videos']

ReadFilm = Callable[[Path], Iterator[tuple[int, np.ndarray]]]
"""The frames of a film in order, each with its number from 0."""

QUALITY = 95
COMPARED = 3  # labelled frames that are looked for in the film
NEAR = (-1, 0, 1)
MOST_DIFFERENT = 16.0  # grey levels; of one frame before and after coding, about 3
SUFFIX = re.compile(r'[_.-]?(?:' + '|'.join(s[1:] for s in FILM_SUFFIXES) + ')$', re.I)


def films_of_videos(videos: Sequence[OwnVideo], folder: Path) -> dict[str, Path]:
    """The film of each video that has one, by name; a single film is a single video's.

    Raises:
        UsageError: No film is there, or none has the name of a video.
    """
    if not folder.is_dir():
        raise UsageError(f'films: expected a folder of films, got {folder}')
    films = sorted(
        file
        for file in folder.rglob('*')
        if file.suffix.lower() in FILM_SUFFIXES and not file.name.startswith('.')
    )
    if len(films) == 1 and len(videos) == 1:
        return {videos[0].name: films[0]}
    by_name: dict[str, list[Path]] = {}
    for film in films:
        by_name.setdefault(_plain(film.stem), []).append(film)
    found = {}
    for video in videos:
        name = _plain(video.name)
        # sleap-io calls frame 12 of walk.mp4 walk_frame_000012.png
        same = by_name.get(name) or by_name.get(name.removesuffix('_frame'), [])
        if len(same) > 1:
            raise UsageError(
                f'films: expected one film of the video {video.name}, got {listed(same, 3)}'
            )
        if same:
            found[video.name] = same[0]
    if not found:
        raise UsageError(
            f'films: expected films with the names of the videos '
            f'({listed((video.name for video in videos), 5)}), got '
            f'{listed((film.name for film in films), 5) or "no film"} in {folder}'
        )
    return found


def _plain(name: str) -> str:
    return re.sub(r'[^a-z0-9]+', '_', SUFFIX.sub('', name.lower())).strip('_')


def film_offset(video: OwnVideo, film: Path, labelled: Iterable[int], read: ReadFilm) -> int:
    """The number of a film's frame less the number that its label has.

    Images that were exported from the film tell: programs count from 0 or from 1. Without any,
    numbers count from 0.

    Raises:
        UsageError: The film does not show what the images show.
    """
    files = {frame.number: frame.file for frame in video.frames if frame.file is not None}
    chosen = [number for number in sorted(labelled) if number in files][:COMPARED]
    if not chosen:
        return 0
    shown = {number: cv2.imread(str(files[number])) for number in chosen}
    wanted = {number + step for number in chosen for step in NEAR}
    differences: dict[int, list[float]] = {step: [] for step in NEAR}
    for index, image in read(film):
        if index > max(wanted):
            break
        for step in NEAR:
            picture = shown.get(index - step)
            if picture is not None:
                differences[step].append(_difference(picture, image))
    means = {step: np.mean(values) for step, values in differences.items() if values}
    # In a still film all steps fit alike: then the numbers are the film's.
    best = min(means, key=lambda step: (means[step], abs(step)), default=0)
    if not means or means[best] > MOST_DIFFERENT:
        raise UsageError(
            f'{film}: expected frame {chosen[0]} to show what {files[chosen[0]]} shows, got '
            'another picture: another film, or images numbered otherwise'
        )
    return int(best)


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    if other.shape != one.shape:
        other = cv2.resize(other, (one.shape[1], one.shape[0]), interpolation=cv2.INTER_AREA)
    return float(np.abs(one.astype(np.int16) - other).mean())


def extract_frames(
    film: Path, wanted: dict[int, Path], read: ReadFilm, size: tuple[int, int] | None
) -> set[int]:
    """Write frames of a film as JPEG; those that are there stay.

    Args:
        film: The film.
        wanted: File of each frame, by its number in the film.
        read: Reads it.
        size: (W, H) that labels are for; frames of another size are refused.

    Returns:
        The numbers of the wanted frames that the film does not have.

    Raises:
        UsageError: The film's frames have another size.
    """
    missing = {number for number, file in wanted.items() if not file.exists()}
    if not missing:
        return set()
    # Films are decoded no further than to the last frame that is wanted.
    last = max(missing)
    for index, image in read(film):
        if index in missing:
            if size is not None and (image.shape[1], image.shape[0]) != size:
                raise UsageError(
                    f'{film}: expected {size[0]}x{size[1]} pixels, as the labels have, got '
                    f'{image.shape[1]}x{image.shape[0]}'
                )
            encoded = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
            unfinished = wanted[index].with_name(f'.{wanted[index].name}')
            unfinished.write_bytes(encoded.tobytes())
            # An interrupted run leaves no half frame under a final name.
            unfinished.replace(wanted[index])
            missing.discard(index)
        if index >= last:
            break
    return missing
