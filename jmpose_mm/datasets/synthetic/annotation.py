"""PoseTrack18 entries of rendered people.

Rules, stated because PoseTrack leaves them to its annotators:

* Every joint inside of the picture is annotated, in view or not, with v = 1, as PoseTrack's
  evaluation counts every joint that has coordinates. Whether it is in view stands in
  `keypoints_is_visible` (1 or 0), and what hides it in `keypoints_occluded_by` ('' | 'self' |
  'person' | 'occluder').
* Joints outside of the picture, and ears always, are absent: 0, 0, 0.
* A person is annotated where at least `LEAST_JOINTS` joints are inside, unless fewer than
  `LEAST_SEEN` of them are in view throughout the two frames before and after. Annotators
  interpolate short gaps, not long ones. Persons left out whose joints are partly inside become
  ignore regions.
* `degradation` of a person lists the bursts that it is in, `factors` also the `OCCLUSIONS` that
  hide at least `HIDDEN_SHARE` of its joints. An image has all factors of its persons.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jmpose_mm.datasets.synthetic.scene import Person, Scene, frame_moment
from jmpose_mm.datasets.synthetic.settings import FACTORS, OCCLUSIONS
from jmpose_mm.datasets.synthetic.skeleton import KEYPOINT_NAMES, POINTS
from jmpose_mm.formats.coco_writing import person_category

__all__ = ['CATEGORY', 'annotate_frame', 'image_number', 'noisy_detections', 'severity_tags']

LEAST_JOINTS = 4
LEAST_SEEN = 3
NEIGHBOURS = 2
HIDDEN_SHARE = 0.3
"""Being hidden counts as a factor where it concerns at least that share of a person's joints."""

SOURCE_DIGIT = 9
"""First digit of image numbers; PoseTrack's own sources are 1, 2 and 3."""

# fmt: off
SKELETON = [
    [16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8], [7, 9],
    [8, 10], [9, 11], [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7],
]
# fmt: on

CATEGORY = person_category(KEYPOINT_NAMES, SKELETON)
"""The one entry of `categories`; its skeleton is the official one, 1-based."""


def image_number(video: int, frame: int) -> int:
    """T SSSSSS FFFF: source digit, six-digit video, four-digit frame."""
    return SOURCE_DIGIT * 10**10 + video * 10**4 + frame


def annotate_frame(
    scene: Scene, frame: int, hidden: list[list[list[str]]], severity: dict[str, float]
) -> tuple[list[dict[str, Any]], list[Person]]:
    """Annotations of one frame, still without image and own number, and the persons left out.

    Args:
        scene: The video.
        frame: Index of the frame.
        hidden: Cause that hides each keypoint, by frame, person and keypoint.
        severity: Strong degradations of the frame.
    """
    entries, left_out = [], []
    for index, person in enumerate(scene.persons):
        inside = _inside(hidden[frame][index])
        if len(inside) >= LEAST_JOINTS and _seen_nearby(hidden, frame, index):
            entry = {'track_id': index, **_entry(person, frame, hidden[frame][index], severity)}
            entries.append(entry)
        elif inside:
            left_out.append(person)
    return entries, left_out


def _inside(reasons: list[str]) -> list[int]:
    return [k for k, why in enumerate(reasons) if why != 'frame' and 'ear' not in KEYPOINT_NAMES[k]]


def _seen_nearby(hidden: list[list[list[str]]], frame: int, index: int) -> bool:
    near = hidden[max(0, frame - NEIGHBOURS) : frame + NEIGHBOURS + 1]
    counts = [
        sum(moment[index][k] in ('', 'self') for k in _inside(moment[index])) for moment in near
    ]
    return max(counts) >= LEAST_SEEN


def _entry(
    person: Person, frame: int, reasons: list[str], severity: dict[str, float]
) -> dict[str, Any]:
    moment = frame_moment(frame)
    image = person.image[moment]
    inside = _inside(reasons)
    keypoints = np.zeros((17, 3))
    keypoints[inside, :2] = image[inside]
    # 1 says annotated; whether a joint is seen stands in a field of its own.
    keypoints[inside, 2] = 1
    shown = [reasons[k] if k in inside else '' for k in range(17)]

    def hit(why: str) -> bool:
        return shown.count(why) >= HIDDEN_SHARE * len(inside)

    names = [name for name in severity if name != 'occluder' or hit('occluder')]
    box = _expanded(keypoints[inside, :2])
    return {
        'keypoints': [round(float(value), 3) for value in keypoints.ravel()],
        'category_id': 1,
        'scores': [],
        'bbox_head': _head_box(person, moment),
        'bbox': box,
        'num_keypoints': len(inside),
        'iscrowd': False,
        'area': round(box[2] * box[3], 3),
        'keypoints_is_visible': [int(k in inside and not reasons[k]) for k in range(17)],
        'keypoints_occluded_by': shown,
        'occluded_by': sorted(set(shown) - {''}),
        'degradation': names,
        'factors': [*names, *(name for name, why in OCCLUSIONS.items() if hit(why))],
    }


def severity_tags(entries: list[dict[str, Any]], severity: dict[str, float]) -> dict[str, Any]:
    """Entries of an image's record about its difficulty.

    Args:
        entries: Annotations of the frame.
        severity: Strong degradations of the frame.

    Returns:
        `degraded` and `degradation`, from the bursts alone; true or false for each of `FACTORS`;
        and `severity` of those that are true. That of an occlusion is the largest share of a
        person's annotated joints that it hides; the others' are those of `Effects`.
    """
    names = [name for name in severity if any(name in e['degradation'] for e in entries)]
    strengths = {name: severity[name] for name in names}
    for name, why in OCCLUSIONS.items():
        shares = [e['keypoints_occluded_by'].count(why) / e['num_keypoints'] for e in entries]
        if any(name in e['factors'] for e in entries):
            strengths[name] = round(max(shares), 4)
    tags = {name: name in strengths for name in FACTORS}
    return {'degraded': bool(names), 'degradation': names, **tags, 'severity': strengths}


def _expanded(points: np.ndarray) -> list[float]:
    """x, y, width, height of the tight box, 1.3 times as large about its centre, not clipped."""
    low, high = points.min(0), points.max(0)
    size = np.maximum((high - low) * 1.3, 1)
    return [round(float(v), 3) for v in (*((low + high) / 2 - size / 2), *size)]


def _head_box(person: Person, moment: int) -> list[float]:
    """Tight around the drawn head, from head_bottom to head_top; not clipped."""
    image = person.image[moment]
    radius = 0.34 * person.body.lengths['head'] * person.scale[moment]
    bottom, top = image[POINTS['head_bottom']], image[POINTS['head_top']]
    sides = image[POINTS['head_center']] + radius * np.array([[1, 0], [-1, 0]])
    points = np.stack([*sides, bottom, top, image[POINTS['nose']]])
    low, high = points.min(0), points.max(0)
    return [round(float(v), 3) for v in (*low, *(high - low))]


def noisy_detections(
    image: dict[str, Any],
    annotations: list[dict[str, Any]],
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Boxes that a person detector might find in one image.

    Boxes are the annotated ones with their sides moved by 5 percent (9 where degraded) standard
    deviation; 3 percent (12 where degraded) are missed, 4 percent found twice, and a false box
    appears in one of six images.
    """
    found: list[tuple[np.ndarray, float]] = []
    for annotation in annotations:
        degraded = bool(annotation['degradation'])
        if rng.random() < (0.12 if degraded else 0.03):
            continue
        for repeat in range(1 + (rng.random() < 0.04)):
            box = _jittered(annotation['bbox'], 0.09 if degraded else 0.05, rng)
            # Scores begin here; second boxes and those of degraded persons score lower, as
            # detectors' do.
            best = 0.35 if repeat else 0.6 if degraded else 0.75
            found.append((box, float(rng.uniform(best, best + 0.24))))
    for _ in range(rng.poisson(1 / 6)):
        size = rng.uniform(0.15, 0.6, 2) * (image['width'], image['height'])
        corner = rng.uniform(0, 1, 2) * ((image['width'], image['height']) - size)
        found.append((np.concatenate([corner, size]), float(rng.uniform(0.05, 0.45))))
    return [
        {
            'bbox': [round(float(value), 3) for value in box],
            'category_id': 1,
            'image_id': image['id'],
            'score': round(score, 5),
            'image_name': image['file_name'],
            'nframes': image['nframes'],
            'frame_id': image['frame_id'],
        }
        for box, score in found
    ]


def _jittered(box: list[float], spread: float, rng: np.random.Generator) -> np.ndarray:
    x, y, width, height = box
    dx, dy, dw, dh = np.clip(rng.normal(0, spread, 4), -2 * spread, 2 * spread)
    w, h = width * np.exp(dw), height * np.exp(dh)
    return np.array(
        [x + width / 2 + dx * width - w / 2, y + height / 2 + dy * height - h / 2, w, h]
    )
