"""Small PoseTrack documents of both generations, made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EARS = ['nose', 'head_bottom', 'head_top', 'left_ear', 'right_ear']
JOINTS_17 = EARS + [
    f'{side}_{part}'
    for part in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
    for side in ('left', 'right')
]


def image(number: int, video: str = '000342_mpii_test', **fields: Any) -> dict[str, Any]:
    name = f'images/val/{video}/{number:06d}.jpg'
    return {'file_name': name, 'id': 1000 * len(video) + number, **fields}


def person(image_id: int, value: float = 5.0, **fields: Any) -> dict[str, Any]:
    keypoints = [value, value + 1, 1.0] * 17
    box = [0, 0, 30, 40]
    return {'image_id': image_id, 'keypoints': keypoints, 'bbox_head': box, 'track_id': 0} | fields


def posetrack18(images: list[dict], persons: list[dict]) -> dict[str, Any]:
    return {'images': images, 'annotations': persons, 'categories': [{'keypoints': JOINTS_17}]}


def point(joint: int | None, x: float, y: float, **fields: Any) -> dict[str, Any]:
    return {'id': [joint], 'x': [x], 'y': [y], **{key: [value] for key, value in fields.items()}}


def posetrack17(*frames: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        'annolist': [
            {'image': [{'name': f'images/x/000342_mpii/{i + 1:08d}.jpg'}], 'annorect': persons}
            for i, persons in enumerate(frames)
        ]
    }


def rect(*points: dict[str, Any], **fields: Any) -> dict[str, Any]:
    box = {'x1': [0], 'y1': [0], 'x2': [30], 'y2': [40]}
    return {'track_id': [0], **box, 'annopoints': [{'point': list(points)}], **fields}


def save(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding='utf-8')
    return path
