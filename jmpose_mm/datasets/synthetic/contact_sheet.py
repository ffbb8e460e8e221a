"""One picture of what a rendered data set holds: a row for each factor, columns in time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from jmpose_mm.datasets.synthetic.settings import FACTORS, OCCLUSIONS, SEVERITIES
from jmpose_mm.errors import UsageError
from jmpose_mm.visualization import draw_poses, write_text
from jmpose_mm.whole_files import check_output, whole_file

__all__ = ['write_contact_sheet']

REACH = 2
"""Frames before and after the key frame."""

TILE = (208, 156)
HEAD, TITLE, GAP = 18, 20, 4
QUALITY = 82
LEAST_JOINTS = 14
BACKGROUND, BRIGHT, HIDDEN = (24, 24, 24), (235, 235, 235), (255, 255, 255)


def write_contact_sheet(data_set: str | Path, file: str | Path, split: str = 'val') -> Path:
    """Draw a person of median severity for each factor, on frames where it is the only one.

    The last column is the key frame with the annotated joints of that person, hidden ones ringed.

    Args:
        data_set: Folder that `make_synthetic` made.
        file: JPEG to write, ending in ``.jpg``.
        split: 'train' or 'val'.

    Raises:
        ValueError: No frame shows any factor alone.
    """
    data_set = Path(data_set)
    if Path(file).suffix.lower() not in ('.jpg', '.jpeg'):
        raise UsageError(f'contact_sheet: expected a name that ends in .jpg, got {file}')
    document = json.loads(
        (data_set / f'annotations/posetrack18_{split}.json').read_text(encoding='utf-8')
    )
    images = {image['id']: image for image in document['images']}
    rows, used = [], set()
    for factor in ('clean', *FACTORS):
        person = _typical_person(document['annotations'], images, factor, used)
        if person is not None:
            image = images[person['image_id']]
            used.add(image['vid_id'])
            rows.append(_row(data_set, images, person, _title(factor, person, image)))
    if not rows:
        raise ValueError(f'{data_set}: expected {split} frames with one factor alone, found none')
    width = rows[0].shape[1]
    head = np.full((HEAD, width, 3), BACKGROUND, np.uint8)
    names = [f'{t:+d}' if t else 'key frame' for t in range(-REACH, REACH + 1)]
    for column, name in enumerate((*names, 'annotated')):
        write_text(head, name, GAP + column * (TILE[0] + GAP), 0, HEAD, TILE[0], BRIGHT)
    quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    encoded = cv2.imencode('.jpg', np.concatenate([head, *rows]), quality)[1]
    check_output(file, [data_set / 'images', data_set / 'annotations'], 'contact_sheet')
    with whole_file(file) as unfinished:
        unfinished.write_bytes(encoded.tobytes())
    return Path(file)


def _typical_person(
    annotations: list[dict[str, Any]],
    images: dict[int, dict[str, Any]],
    factor: str,
    used: set[str],
) -> dict[str, Any] | None:
    """The person of median severity, if possible of a video that is not `used` yet."""
    candidates = []
    for person in annotations:
        near = [person['image_id'] + t for t in range(-REACH, REACH + 1)]
        alone = person['factors'] == ([] if factor == 'clean' else [factor])
        if alone and person['num_keypoints'] >= LEAST_JOINTS and all(n in images for n in near):
            if factor != 'clean' or not any(images[n]['degraded'] for n in near):
                candidates.append(person)
    if not candidates:
        return None
    strengths = [_severity(factor, p, images[p['image_id']]) for p in candidates]
    middle = np.median(strengths)

    def preference(place: int) -> tuple[bool, float, int]:
        seen = images[candidates[place]['image_id']]['vid_id'] in used
        return seen, abs(strengths[place] - middle), place

    return candidates[min(range(len(candidates)), key=preference)]


def _severity(factor: str, person: dict[str, Any], image: dict[str, Any]) -> float:
    if factor in OCCLUSIONS:
        hidden = person['keypoints_occluded_by'].count(OCCLUSIONS[factor])
        return hidden / person['num_keypoints']
    return image['severity'].get(factor, 0.0)


def _title(factor: str, person: dict[str, Any], image: dict[str, Any]) -> str:
    if factor == 'clean':
        return factor
    meaning = 'share of the joints hidden' if factor in OCCLUSIONS else SEVERITIES[factor][1]
    return f'{factor.replace("_", " ")}: {_severity(factor, person, image):.3g} ({meaning})'


def _row(
    data_set: Path, images: dict[int, dict[str, Any]], person: dict[str, Any], title: str
) -> np.ndarray:
    row = np.full((TITLE + TILE[1], GAP + (2 * REACH + 2) * (TILE[0] + GAP), 3), BACKGROUND)
    row = row.astype(np.uint8)
    write_text(row, title, GAP, 0, TITLE, row.shape[1] - 2 * GAP, BRIGHT)
    key = images[person['image_id']]
    matrix = _window(person['bbox'], key['width'], key['height'])
    for column in range(2 * REACH + 2):
        image = images[person['image_id'] + column - REACH] if column <= 2 * REACH else key
        picture = cv2.imread(str(data_set / image['file_name']))
        tile = cv2.warpAffine(picture, matrix, TILE, flags=cv2.INTER_AREA)
        if column > 2 * REACH:
            tile = _with_joints(tile, person, matrix)
        left = GAP + column * (TILE[0] + GAP)
        row[TITLE:, left : left + TILE[0]] = tile
    return row


def _window(box: list[float], width: int, height: int) -> np.ndarray:
    """(2, 3) from image to tile: all of the box x, y, width, height, inside of the image."""
    aspect = TILE[0] / TILE[1]
    high = min(max(box[3], box[2] / aspect), height, width / aspect)
    size = np.array([high * aspect, high])
    corner = np.clip(
        np.array(box[:2]) + np.array(box[2:]) / 2 - size / 2, 0, (width, height) - size
    )
    scale = TILE[1] / high
    return np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])


def _with_joints(tile: np.ndarray, person: dict[str, Any], matrix: np.ndarray) -> np.ndarray:
    points = np.array(person['keypoints']).reshape(17, 3)
    present = points[:, 2] > 0
    placed = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    tile = draw_poses(tile, placed[None], present[None])
    for point, why in zip(placed, person['keypoints_occluded_by'], strict=True):
        if why:
            cv2.circle(tile, np.round(point).astype(int), 5, HIDDEN, 1, cv2.LINE_AA)
    return tile
