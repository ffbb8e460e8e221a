"""PoseTrack AP one frame, pair of persons and joint at a time: what fast evaluators are timed with.

A plain restatement of how the official program works, written for comparison only: the same steps
in the same order on the same Python structures, none of its text. Nothing here is vectorised on
purpose. It reads 2017 files without ignored regions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ['evaluate_per_frame', 'read_per_frame']

NUM_JOINTS = 15
Person = dict[str, Any]
Frames = list[tuple[list[Person], list[Person]]]


def read_per_frame(truth_dir: Path, prediction_dir: Path) -> Frames:
    """Annotated and predicted persons with joints, of every frame with annotated persons."""
    frames: Frames = []
    for file in sorted(truth_dir.glob('*.json')):
        pair = []
        for folder in (truth_dir, prediction_dir):
            with (folder / file.name).open(encoding='utf-8') as opened:
                pair.append(json.load(opened)['annolist'])
        if len(pair[0]) != len(pair[1]):
            raise ValueError(f'{file.name}: expected equally many frames')
        for true, predicted in zip(*pair, strict=True):
            if true['annorect']:
                frames.append((_with_points(true), _with_points(predicted)))
    return frames


def evaluate_per_frame(frames: Frames) -> list[float]:
    """AP of each joint in percent."""
    scores: list[list[float]] = [[] for _ in range(NUM_JOINTS)]
    labels: list[list[int]] = [[] for _ in range(NUM_JOINTS)]
    num_true = [0] * NUM_JOINTS
    for true, predicted in frames:
        has_true = [[_point(person, j) is not None for j in range(NUM_JOINTS)] for person in true]
        has = [[_point(person, j) is not None for j in range(NUM_JOINTS)] for person in predicted]
        for row in has_true:
            for j in range(NUM_JOINTS):
                num_true[j] += row[j]
        hits = _hits(true, predicted, has_true, has)
        owners = _owners(hits, has_true)
        for n, person in enumerate(predicted):
            for j in range(NUM_JOINTS):
                if has[n][j]:
                    scores[j].append(_point(person, j)['score'][0])
                    labels[j].append(int(n in owners and hits[n][owners[n]][j]))
    return [_area(*columns) for columns in zip(scores, labels, num_true, strict=True)]


def _with_points(entry: dict[str, Any]) -> list[Person]:
    return [person for person in entry['annorect'] if person.get('annopoints')]


def _point(person: Person, joint: int) -> Any:
    """The person's point with this id, None if there is none."""
    for point in person['annopoints'][0]['point']:
        if point['id'][0] == joint:
            return point
    return None


def _hits(
    true: list[Person], predicted: list[Person], has_true: list[list[bool]], has: list[list[bool]]
) -> list[list[list[bool]]]:
    """[prediction][person][joint]: within half a head."""
    table = []
    for n, guess in enumerate(predicted):
        row = []
        for m, person in enumerate(true):
            size = 0.6 * np.linalg.norm(
                [person['x2'][0] - person['x1'][0], person['y2'][0] - person['y1'][0]]
            )
            hit = [False] * NUM_JOINTS
            for j in range(NUM_JOINTS):
                if has_true[m][j] and has[n][j]:
                    a, b = _point(person, j), _point(guess, j)
                    offset = np.subtract([a['x'][0], a['y'][0]], [b['x'][0], b['y'][0]])
                    hit[j] = bool(np.linalg.norm(offset) / size <= 0.5)
            row.append(hit)
        table.append(row)
    return table


def _owners(hits: list[list[list[bool]]], has_true: list[list[bool]]) -> dict[int, int]:
    """The annotated person of each prediction that gets one."""
    if not hits or not has_true:
        return {}
    pck = np.array(
        [[sum(hit) / max(1, sum(has_true[m])) for m, hit in enumerate(row)] for row in hits]
    )
    for row in pck:
        best = row.argmax()
        row[:best] = 0
        row[best + 1 :] = 0
    return {int(pck[:, m].argmax()): m for m in range(len(has_true)) if pck[:, m].max() > 0}


def _area(scores: list[float], labels: list[int], num_true: int) -> float:
    if not scores:
        return 0.0
    ranked = np.array(labels)[np.argsort(scores)[::-1]]
    found = np.cumsum(ranked)
    recall = np.concatenate([[0], found / num_true, [1]])
    precision = np.concatenate([[0], found / np.arange(1, len(ranked) + 1), [0]])
    for k in range(len(precision) - 2, -1, -1):
        precision[k] = max(precision[k], precision[k + 1])
    steps = np.flatnonzero(recall[1:] != recall[:-1]) + 1
    return 100 * float(np.sum((recall[steps] - recall[steps - 1]) * precision[steps]))
