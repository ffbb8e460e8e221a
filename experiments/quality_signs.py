"""AUC of signs that find wrong poses without labels, on a labelled set of the embedded data."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# a script sees its own folder; the package beside it is seen from the root of the clone
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

WORST = 0.1  # of the poses count as those with the largest error
WRONG = 1.0  # head sizes from its place, a joint is wrong


class Track(NamedTuple):
    """A person of a labelled video: K joints in T frames."""

    keypoints: np.ndarray  # (T, K, 2)
    scores: np.ndarray  # (T, K)
    times: np.ndarray  # (T,)
    boxes: np.ndarray  # (T, 4)
    doubled: np.ndarray  # (T,)
    error: np.ndarray  # (T, K) in head sizes; NaN where there is no label


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='a path, or the file name of a config of this package')
    parser.add_argument('checkpoint', help='its weights, e.g. those of `make demo`')
    parser.add_argument('data_root', help='an embedded data set, see tools/make_synthetic.py')
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def area_under_curve(values: np.ndarray, wanted: np.ndarray) -> float:
    """Chance that a wanted one (N,) has the larger value; equal values count half.

    Example:
        >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.9]), np.array([0, 0, 1, 1], bool))
        0.875
    """
    from scipy.stats import rankdata

    ranks, count = rankdata(values), int(wanted.sum())
    others = len(wanted) - count
    return float((ranks[wanted].sum() - count * (count + 1) / 2) / (count * others))


def labelled_videos(data_root: Path) -> dict[str, list[tuple[Path, list[dict[str, Any]]]]]:
    """Frames of each video of the validation split, with their persons."""
    file = data_root / 'annotations' / 'posetrack18_val.json'
    content = json.loads(file.read_text(encoding='utf-8'))
    persons = defaultdict(list)
    for person in content['annotations']:
        persons[person['image_id']].append(person)
    videos = defaultdict(list)
    for image in content['images']:
        videos[image['vid_id']].append((data_root / image['file_name'], persons[image['id']]))
    return dict(videos)


def measured_tracks(
    inferencer: Any, frames: list[tuple[Path, list[dict[str, Any]]]]
) -> list[Track]:
    """Poses of a video in its labelled boxes, with their errors."""
    from jmpose_mm.video.files.person_tracks import doubled_poses
    from jmpose_mm.visualization.skeleton import posetrack_skeleton

    rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    inferencer.boxes = lambda frame: labelled_boxes(frames[frame.index][1])
    for poses in inferencer([str(path) for path, _ in frames]):
        truth = {p['track_id'] + 1: p for p in frames[poses.index][1]}
        doubled = doubled_poses(poses.persons, posetrack_skeleton().drawn)
        for person, on_another in zip(poses.persons, doubled, strict=True):
            label = np.reshape(truth[person.id]['keypoints'], (-1, 3))
            away = np.linalg.norm(person.keypoints - label[:, :2], axis=1)
            head = 0.6 * np.hypot(*truth[person.id]['bbox_head'][2:])
            error = np.where(label[:, 2] > 0, away / head, np.nan)
            found = person.keypoints, person.scores, poses.time, person.box
            rows[person.id].append((*found, on_another, error))
    return [Track(*map(np.array, zip(*some, strict=True))) for some in rows.values()]


def labelled_boxes(persons: list[dict[str, Any]]) -> tuple[np.ndarray, None, np.ndarray] | None:
    """Labelled boxes with their identities, from 1."""
    if not persons:
        return None
    boxes = np.array([person['bbox'] for person in persons], dtype=float)
    boxes[:, 2:] += boxes[:, :2]
    return boxes, None, np.array([person['track_id'] + 1 for person in persons])


def signs_and_errors(tracks: list[Track]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Each sign (N, K) of all poses, and their errors (N, K)."""
    from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES
    from jmpose_mm.functional.joint_sides import mirror_pairs
    from jmpose_mm.functional.tracks.quality import suspicion, track_signs
    from jmpose_mm.visualization.skeleton import posetrack_skeleton

    edges, pairs = posetrack_skeleton().edges, mirror_pairs(FILE_JOINT_NAMES)
    found = []
    for track in tracks:
        signs = track_signs(*track[:4], edges, pairs, track.doubled)
        found.append((1 - signs.scores, *signs[1:], suspicion(signs)))
    names = ('score', 'jump', 'bone', 'swapped', 'outside', 'doubled', 'together')
    columns = (np.concatenate(some) for some in zip(*found, strict=True))
    return dict(zip(names, columns, strict=True)), np.concatenate([t.error for t in tracks])


def table(signs: dict[str, np.ndarray], error: np.ndarray) -> list[list[str]]:
    """AUC of each sign for wrong joints, and of its mean over the joints for the worst poses."""
    known = np.isfinite(error)
    mean = np.nanmean(np.minimum(error, 2), axis=1)
    worst = mean >= np.quantile(mean, 1 - WORST)
    rows = [['sign', 'wrong joints', 'worst poses']]
    for name, values in signs.items():
        joints = area_under_curve(values[known], error[known] > WRONG)
        pose = np.where(known, values, 0).sum(axis=1) / known.sum(axis=1)
        rows.append([name, f'{joints:.3f}', f'{area_under_curve(pose, worst):.3f}'])
    return rows


def measure(arguments: argparse.Namespace) -> None:
    """Print the table."""
    from jmpose_mm.tables import plain_table
    from jmpose_mm.video.inferencer import VideoPoseInferencer

    inferencer = VideoPoseInferencer(arguments.config, arguments.checkpoint, 'cpu', boxes='whole')
    videos = labelled_videos(Path(arguments.data_root))
    tracks = [track for frames in videos.values() for track in measured_tracks(inferencer, frames)]
    signs, error = signs_and_errors(tracks)
    print(plain_table(table(signs, error)))
    wrong = (error[np.isfinite(error)] > WRONG).mean()
    print(
        f'{len(videos)} videos, {len(error)} poses in labelled boxes; {wrong:.1%} of the labelled '
        f'joints are wrong (more than {WRONG} head sizes); the worst poses are {WORST:.0%}'
    )


def main() -> int:
    """Measure what the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, measure)


if __name__ == '__main__':
    sys.exit(main())
