"""Ways of dividing the annotated persons of a data set, and AP on each part.

Axes: M annotated persons, F frames.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from jmpose_mm.functional.evaluation.person_errors import LONGEST_STEP, motion_speed
from jmpose_mm.functional.evaluation.person_subsets import ap_of_persons, divide_by_quantiles
from jmpose_mm.functional.evaluation.posetrack_ap import JointAP

from .runs import ScoredRun, Truth, image_fields

__all__ = ['UNKNOWN', 'Division', 'Part', 'Study', 'divide', 'evaluate', 'part_counts']

MOST_VALUES = 12  # of an image field; a longer list is rather names than kinds
LEAST_PERSONS = 10  # of a range; AP of fewer says little
NONE, UNKNOWN = 'none', 'unknown'
HEAD = '0.6 times the diagonal of the annotated head box.'
SPEED = f"""\
Mean distance of a person's joints from where they were in the frame before, in the image; the
camera's motion counts. Where that frame is not annotated, the last one does, up to {LONGEST_STEP}
frames earlier; without any the speed is unknown."""


class Part(NamedTuple):
    """Some of the annotated persons: what they are called, who they are (M,), AP of each run."""

    name: str
    chosen: np.ndarray
    results: tuple[JointAP, ...] = ()


class Division(NamedTuple):
    """A way of dividing the annotated persons.

    Attributes:
        title: Title of the section.
        file: Name of its picture.
        of: Kind of the parts' names: 'video', the name of a field, a number and its unit.
        parts: The parts; overlapping where an image is of several kinds.
        about: Meaning of the number if the parts are its ranges, in ascending order, the persons
            without it last.
    """

    title: str
    file: str
    of: str
    parts: list[Part]
    about: str = ''


class Study(NamedTuple):
    """The truth, one or two runs, and their AP on all persons."""

    truth: Truth
    runs: list[ScoredRun]
    everybody: Part


def divide(truth: Truth, bins: int) -> list[Division]:
    """Divide persons by video, by each varying field of the images, by head size and by speed."""
    frames = truth.persons.frame
    names = [video for video, _ in truth.keys]
    videos, identity = np.unique(names, return_inverse=True)
    values = [(name,) for name in names]
    divisions = [Division('Videos', 'videos.png', 'video', _parts(values, frames, len(videos)))]
    for field, values in image_fields(truth).items():
        parts = _parts(values, frames, MOST_VALUES)
        # A field that is different in each video, or each frame, would be that division again.
        if len(parts) > 1 and not any(
            _names(parts, one[frames]) for one in (identity, np.arange(len(names)))
        ):
            file = f'field_{re.sub(r"[^A-Za-z0-9]+", "_", field)}.png'
            divisions.append(Division(f'Images by {field}', file, field, parts))
    return [*divisions, *_ranges(truth, identity, bins)]


def evaluate(
    divisions: list[Division], truth: Truth, runs: list[ScoredRun]
) -> tuple[Study, list[Division]]:
    """AP of every run on all persons and on every part."""
    count = 1 + sum(len(division.parts) for division in divisions)
    with tqdm(desc='evaluating', total=count, unit='part', leave=False, delay=1) as bar:

        def judged(part: Part) -> Part:
            bar.update()
            return part._replace(results=tuple(_ap(part.chosen, truth, run) for run in runs))

        everybody = judged(Part('all', np.ones(len(truth.persons.frame), dtype=bool)))
        return Study(truth, runs, everybody), [
            division._replace(parts=[judged(part) for part in division.parts])
            for division in divisions
        ]


def part_counts(part: Part, truth: Truth) -> tuple[int, int]:
    """Judged frames, and annotated persons with joints."""
    persons = part.chosen & truth.persons.present.any(axis=1)
    return len(np.unique(truth.persons.frame[part.chosen])), int(persons.sum())


def _ap(chosen: np.ndarray, truth: Truth, run: ScoredRun) -> JointAP:
    """AP on some persons; NaN, not the evaluator's 0, if no joint of theirs is annotated."""
    result = ap_of_persons(truth.persons, run.predictions, run.owner, chosen)
    return result if result.num_true.any() else result._replace(ap=np.full_like(result.ap, np.nan))


def _parts(values: list[tuple[str, ...]], frames: np.ndarray, most: int) -> list[Part]:
    """A part for every value that a judged frame has, and one for those that have none; no part if
    these are more than ``most``.
    """
    plain = [words or (NONE,) for words in values]
    judged = {word for frame in np.unique(frames) for word in plain[frame]}
    if len(judged) > most:
        return []
    return [
        Part(word, np.asarray([word in words for words in plain])[frames])
        for word in sorted(judged, key=lambda word: (word != NONE, word))
    ]


def _names(parts: list[Part], labels: np.ndarray) -> bool:
    """Whether the parts only give other names to the ``labels`` (M,) of the persons."""
    return all(len(np.unique(labels[part.chosen])) == 1 for part in parts)


def _ranges(truth: Truth, videos: np.ndarray, bins: int) -> list[Division]:
    """Ranges of head size and of speed, with about equally many persons in each."""
    numbers = np.asarray([number for _, number in truth.keys])
    known: dict[int | str, int] = {}  # files may name tracks by words
    tracks = [
        -1 if track is None else known.setdefault(track, len(known))
        for track in truth.frames.persons.track_ids
    ]
    speed = motion_speed(truth.persons, videos, numbers, np.asarray(tracks, dtype=np.int64))
    seen = truth.persons.present.any(axis=1)

    def parts(values: np.ndarray, form: str) -> list[Part]:
        edges, bin_of = divide_by_quantiles(np.where(seen, values, np.nan), bins, LEAST_PERSONS)
        ranges = [
            Part(f'{low:{form}}–{high:{form}}', bin_of == index)
            for index, (low, high) in enumerate(pairwise(edges))
        ]
        return [*ranges, Part(UNKNOWN, bin_of < 0)] if (bin_of < 0).any() else ranges

    heads, speeds = parts(truth.persons.head_size, '.0f'), parts(speed, '.2f')
    return [
        Division('Size of the head', 'head_size.png', 'head size, pixels', heads, HEAD),
        Division('Speed of motion', 'speed.png', 'speed, head sizes per frame', speeds, SPEED),
    ]
