"""Identity switches on the embedded set, by the tracker's settings.

Detections of the set's own file are tracked, with the labelled poses of the persons that they show
(those of a perfect model) or by boxes alone, and matched with the labelled boxes (intersection over
union of at least 0.5). CLEAR MOT (Bernardin and Stiefelhagen,
2008) counts what is missed, what is false, and switches of identity.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

# a script sees its own folder; the package beside it is seen from the root of the clone
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from jmpose_mm.engine.configs import load_config
from jmpose_mm.functional.crop import xywh_to_xyxy
from jmpose_mm.functional.evaluation.clear_mot import TrackEvents
from jmpose_mm.functional.tracks.tracking import assign, box_iou
from jmpose_mm.video.people.tracker import PersonTracker
from jmpose_mm.video.poses.loading import dataset_meta
from jmpose_mm.video.poses.track_repairs import join_identities
from jmpose_mm.video.records import FramePoses, PersonPose

FPS = 25.0
Boxes = dict[int, np.ndarray]
"""Identity to box (4,) xyxy."""

CONFIG = 'jm-pose_debug.py'  # says the joints of the set

SETTINGS = {
    'default': {},
    'default, boxes alone': {'poses': False},
    'lost 0.2 s': {'lost': 0.2},
    'lost 0.2 s, join 1.2 s': {'lost': 0.2, 'join': 1.2},
    'det-every 5': {'every': 5},
    'det-every 5, lost 0.2 s': {'every': 5, 'lost': 0.2},
    'det-every 5, lost 0.2 s, join 1.2 s': {'every': 5, 'lost': 0.2, 'join': 1.2},
}


def track_events(truth: list[Boxes], found: list[Boxes], least: float = 0.5) -> dict[str, float]:
    """CLEAR MOT of a video, of boxes whose intersection over union is at least `least`.

    Example:
        >>> box = np.array([0.0, 0.0, 10.0, 10.0])
        >>> events = track_events([{1: box}] * 3, [{7: box}, {7: box}, {8: box}])
        >>> [events[name] for name in ('objects', 'misses', 'false', 'switches')]
        [3.0, 0.0, 0.0, 1.0]
    """
    events = TrackEvents()
    for true, seen in zip(truth, found, strict=True):
        overlap = box_iou(
            np.reshape(list(true.values()), (-1, 4)), np.reshape(list(seen.values()), (-1, 4))
        )
        events.add(list(true), list(seen), np.where(overlap >= least, 1 - overlap, np.nan))
    return events.sums


class Detections(NamedTuple):
    """Boxes (N, 4) and scores (N,) of a frame, and its labelled persons."""

    boxes: np.ndarray
    scores: np.ndarray
    persons: list[dict]


def tracked(
    detections: list[Detections],
    sigmas: Sequence[float],
    lost: float = 1.2,
    every: int = 1,
    join: float | None = None,
    poses: bool = True,
) -> list[Boxes]:
    """Boxes with identities of all frames of a video."""
    tracker = PersonTracker(sigmas, max_age=max(round(lost * FPS), 2 * every))
    frames = []
    for index, (boxes, scores, persons) in enumerate(detections):
        if index % every:
            ids, boxes = tracker.predict(index)
        else:
            ids = tracker.update(index, boxes, scores)
        for identity, pose in zip(ids, _poses(boxes, persons), strict=True):
            if poses:
                tracker.observe(index, int(identity), pose)
        nothing = np.zeros((1, 2)), np.ones(1)
        found = tuple(
            PersonPose(int(i), box, 1.0, *nothing) for i, box in zip(ids, boxes, strict=True) if i
        )
        frames.append(FramePoses(index, index / FPS, '', (320, 240), found))
    if join is not None:
        frames, _ = join_identities(frames, join)
    return [{person.id: person.box for person in poses.persons} for poses in frames]


def read_videos(root: Path) -> list[tuple[list[Boxes], list[Detections]]]:
    """Labelled boxes and detections of each frame of each test video."""
    folder = root / 'annotations'
    found = defaultdict(list)
    file = folder / 'posetrack18_val_human_detections.json'
    for entry in json.loads(file.read_text(encoding='utf-8')):
        found[entry['image_id']].append((entry['bbox'], entry['score']))
    videos = []
    for path in sorted((folder / 'val').glob('*.json')):
        document = json.loads(path.read_text(encoding='utf-8'))
        truth: list[Boxes] = []
        detections = []
        for image in sorted(document['images'], key=lambda image: image['frame_id']):
            persons = [a for a in document['annotations'] if a['image_id'] == image['id']]
            truth.append({a['track_id'] + 1: xywh_to_xyxy(a['bbox']) for a in persons})
            boxes = np.reshape([xywh_to_xyxy(box) for box, _ in found[image['id']]], (-1, 4))
            scores = np.array([score for _, score in found[image['id']]])
            detections.append(Detections(boxes, scores, persons))
        videos.append((truth, detections))
    return videos


def _poses(boxes: np.ndarray, persons: list[dict]) -> np.ndarray:
    """The labelled pose of the person that each box (N, 4) shows, (N, 17, 2)."""
    poses = np.full((len(boxes), 17, 2), np.nan)
    overlap = box_iou(boxes, np.reshape([xywh_to_xyxy(a['bbox']) for a in persons], (-1, 4)))
    for n, m in assign(overlap, 0.3):
        joints = np.reshape(persons[m]['keypoints'], (17, 3))
        poses[n] = np.where(joints[:, 2:] > 0, joints[:, :2], np.nan)
    return poses


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--data',
        default='data/synthetic/identities',
        help='folder of the data, which is made if it is missing',
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def measure(arguments: argparse.Namespace) -> None:
    """Make the set if need be, track and print."""
    from jmpose_mm.datasets.synthetic import make_synthetic

    make_synthetic(arguments.data, 'hard', videos_train=0, videos_val=12, frames=75)
    sigmas = dataset_meta(load_config(CONFIG).test_dataloader.dataset)['sigmas']
    videos = read_videos(Path(arguments.data))
    total = sum(len(boxes) for truth, _ in videos for boxes in truth)
    print(f'{f"{len(videos)} videos, {total} boxes":36} MOTA  switches  missed  false')
    for name, settings in SETTINGS.items():
        sums = [track_events(truth, tracked(boxes, sigmas, **settings)) for truth, boxes in videos]
        switches, missed, false = (
            int(sum(events[kind] for events in sums)) for kind in ('switches', 'misses', 'false')
        )
        mota = 100 * (1 - (switches + missed + false) / total)
        print(f'{name:36} {mota:4.1f} {switches:9} {missed:7} {false:6}')


def main() -> int:
    """Measure what the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, measure)


if __name__ == '__main__':
    sys.exit(main())
