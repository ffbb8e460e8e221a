"""Made-up folders of PoseTrack 2017 files, to time evaluators with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import trange

from jmpose_mm.formats.json_files import write_compact_json
from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_NAMES

__all__ = ['write_poseval_set']

HEAD = 60.0  # diagonal of the head boxes in pixels
NOISE = 0.2 * 0.6 * HEAD  # of predicted joints: nineteen of twenty land within half a head
ANNOTATED, PREDICTED = 0.88, 0.95  # share of joints, share of persons
STRANGERS = 0.15  # predictions of nobody, for each person


def write_poseval_set(
    folder: Path, videos: int, frames: int, people: int, seed: int = 0, images: bool = False
) -> None:
    """Write ``folder/gt`` and ``folder/pred``, a file for each video.

    People walk through a picture of 1920 x 1080; some joints are not annotated, some persons not
    predicted, some predictions are of nobody. Equal seeds give equal files. With ``images`` each
    frame is an empty file.
    """
    rng = np.random.default_rng(seed)
    for video in trange(videos, desc='writing', leave=False, delay=1, disable=None):
        name = f'{video:06d}_mpii_relpath_5sec_testsub.json'
        entries: dict[str, list[dict[str, Any]]] = {'gt': [], 'pred': []}
        place = rng.uniform((100, 100), (1800, 900), (people, 1, 2))
        body = rng.normal(0, 80, (people, len(JOINT_NAMES), 2))
        for frame in range(frames):
            place = place + rng.normal(0, 4, place.shape)
            poses = place + body
            image = [{'name': f'images/mpii_5sec/{video:06d}_mpii/{frame + 1:08d}.jpg'}]
            if images:
                file = folder / image[0]['name']
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
            true, predicted = _frame(poses, rng)
            entries['gt'].append({'image': image, 'is_labeled': [1], 'annorect': true})
            entries['pred'].append({'image': image, 'annorect': predicted})
        for side, annolist in entries.items():
            write_compact_json(folder / side / name, {'annolist': annolist})


def _frame(
    poses: np.ndarray, rng: np.random.Generator
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Annotated and predicted persons of poses (N, J, 2)."""
    true = []
    for track, pose in enumerate(poses):
        x, y = pose[JOINT_NAMES.index('head_top')]
        box = {'x1': [x - 18], 'y1': [y - 24], 'x2': [x + 18], 'y2': [y + 24]}
        kept = rng.random(len(pose)) < ANNOTATED
        true.append(
            {
                **{key: [round(float(value), 2)] for key, (value,) in box.items()},
                'track_id': [track],
                'annopoints': [{'point': _points(pose.round(2), kept, {'is_visible': 1})}],
            }
        )
    seen = poses[rng.random(len(poses)) < PREDICTED]
    strangers = poses[rng.random(len(poses)) < STRANGERS] + 300
    predicted = []
    for track, pose in enumerate([*seen, *strangers]):
        guess = pose + rng.normal(0, NOISE, pose.shape)
        kept = rng.random(len(pose)) < 0.985
        points = _points(guess, kept, {'score': rng.random(len(pose))})
        predicted.append({'track_id': [track], 'annopoints': [{'point': points}]})
    return true, predicted


def _points(pose: np.ndarray, kept: np.ndarray, extra: dict[str, Any]) -> list[dict[str, Any]]:
    ((key, values),) = extra.items()
    columns = (*pose.T.tolist(), np.broadcast_to(values, len(pose)).tolist(), kept)
    return [
        {'id': [joint], 'x': [x], 'y': [y], key: [value]}
        for joint, (x, y, value, there) in enumerate(zip(*columns, strict=True))
        if there
    ]
