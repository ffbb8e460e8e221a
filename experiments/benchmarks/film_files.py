"""Reading and writing films beside OpenCV, and the films that are timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from experiments.benchmarks.timing import Comparison, measure_seconds
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.records import Remarks
from jmpose_mm.visualization.film import Film, write_film

__all__ = [
    'VideoSize',
    'in_turn',
    'moving_pictures',
    'reading_and_writing',
    'start_in_the_middle',
]


REPEATS = 10


class VideoSize(NamedTuple):
    """Size of the film and of the measurement."""

    frames: int
    size: tuple[int, int]  # (W, H)
    long_seconds: int  # of the film that is entered in its middle
    runs: int


def reading_and_writing(film: Path, size: VideoSize) -> list[Comparison]:
    """Reading and writing the film by PyAV and by OpenCV."""
    pictures = list(moving_pictures(size))
    # What opening takes is to be little of it.
    longer = write_film(film.with_name('longer.mp4'), chain(*[pictures] * REPEATS), 25)

    def read_by_opencv() -> None:
        capture = cv2.VideoCapture(str(longer))
        while capture.read()[0]:
            pass

    def written(path: Path, code: str) -> None:
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), 25, size.size)
        for picture in pictures:
            writer.write(picture)
        writer.release()

    def read_here() -> None:
        for _ in open_source(str(longer)).read(Remarks.none()):
            pass

    there, here = film.with_name('opencv.mp4'), film.with_name('pyav.mp4')
    return [
        in_turn(
            'reading', ('OpenCV', 'open_source, by PyAV'), read_by_opencv, read_here, size.runs
        ),
        in_turn(
            'writing',
            ('OpenCV, MPEG-4 part 2 (it has no H.264 here)', 'Film, H.264 by PyAV'),
            lambda: written(there, 'mp4v'),
            lambda: write_film(here, pictures, 25),
            size.runs,
        ),
    ]


def start_in_the_middle(folder: Path, size: VideoSize) -> Comparison:
    """The first frame behind half of a long film, beside reading up to it."""
    path, middle = folder / 'long.mp4', size.long_seconds // 2
    film = Film(path, 1)
    picture = np.zeros((90, 160, 3), np.uint8)
    for number in range(size.long_seconds):
        picture[:, number % 160] += 40
        film.add(picture, float(number))
    film.close()

    def first_frame(start: int | str) -> None:
        for frame in open_source(str(path), start=start).read(Remarks.none()):
            if frame.time >= middle:
                return

    sides = 'reading from the beginning', f'open_source with --start {middle}s'
    started = f'{middle}s'
    return in_turn(
        'start in the middle',
        sides,
        lambda: first_frame(0),
        lambda: first_frame(started),
        size.runs,
    )


def in_turn(
    name: str,
    sides: tuple[str, str],
    reference: Callable[[], Any],
    ours: Callable[[], Any],
    runs: int,
) -> Comparison:
    """Time two ways alternately."""
    columns: tuple[list[float], list[float]] = ([], [])
    for _ in tqdm(range(runs), desc=f'timing {name}', leave=False, disable=None):
        columns[0].append(measure_seconds(reference))
        columns[1].append(measure_seconds(ours))
    return Comparison(name, *sides, *columns)


def moving_pictures(size: VideoSize) -> Iterator[np.ndarray]:
    """A soft pattern that moves, under grain: no picture is like the last one."""
    wide, high = size.size
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (high // 8, wide // 8, 3), dtype=np.uint8)
    pattern = cv2.resize(noise, size.size, interpolation=cv2.INTER_CUBIC)
    grain = rng.integers(0, 8, (high, wide, 1), dtype=np.uint8)
    for number in range(size.frames):
        moved = np.roll(pattern, 3 * number, axis=1)
        yield cv2.add(moved, np.repeat(np.roll(grain, 17 * number, axis=0), 3, axis=2))
