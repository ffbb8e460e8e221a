"""A made-up animal in three short videos, and its labels as each annotation program writes them.

Every writer stores the same animals, so that all conversions must give the same data set.
"""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

JOINTS = (
    *('nose', 'left_ear', 'right_ear', 'neck', 'left_paw', 'right_paw'),
    *('back', 'tail_base', 'tail_tip'),
)
LINKS = ((0, 3), (1, 3), (2, 3), (3, 6), (4, 3), (5, 3), (6, 7), (7, 8))
SHAPE = np.array(
    [[20, 0], [14, -5], [14, 5], [10, 0], [6, -9], [6, 9], [0, 0], [-10, 0], [-20, 3]], float
)
VIDEOS = ('run', 'sit', 'turn')
FRAMES, SIZE = 6, (96, 72)
CATEGORY = 'mouse'
GRAY, BODY = 70, (60, 140, 220)
COLORS = [(int(40 + 25 * k), int(250 - 22 * k), int((90 * k) % 250)) for k in range(len(JOINTS))]


class Animal(NamedTuple):
    """One labelled frame: joints (9, 3) in pixels with visibility, box left, top, width, height."""

    video: str
    frame: int
    joints: np.ndarray
    box: tuple[float, ...]


def animals(frames: int = FRAMES, videos: tuple[str, ...] = VIDEOS) -> list[Animal]:
    """All of them, in the order of videos and frames; coordinates have one decimal."""
    found = []
    for v, video in enumerate(videos):
        for t in range(frames):
            angle = 0.7 * v + 0.12 * t
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            points = SHAPE @ turn.T + [40 + 2.5 * t + 3 * v, 34 + 2 * np.sin(t + v)]
            points = points.round(1)
            low, high = points.min(axis=0) - 4, points.max(axis=0) + 4
            box = tuple(np.concatenate([low, high - low]).round(1).tolist())
            visible = np.full(len(JOINTS), 2)
            found.append(Animal(video, t, np.column_stack([points, visible]), box))
    return found


def picture(animal: Animal) -> np.ndarray:
    """(72, 96, 3) uint8."""
    image = np.full((SIZE[1], SIZE[0], 3), GRAY + 8 * VIDEOS.index(animal.video), np.uint8)
    points = animal.joints[:, :2]
    for first, second in LINKS:
        ends = [tuple(np.rint(points[k]).astype(int).tolist()) for k in (first, second)]
        cv2.line(image, *ends, BODY, 3)
    for point, color in zip(points, COLORS, strict=True):
        cv2.circle(image, tuple(np.rint(point).astype(int).tolist()), 2, color, -1)
    return image


def write_picture(file: Path, animal: Animal) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), picture(animal))


def write_json(file: Path, content: Any, bom: bool = False) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding='utf-8-sig' if bom else 'utf-8')


def category(identity: int = 1, **more: Any) -> dict[str, Any]:
    links = [[a + 1, b + 1] for a, b in LINKS]
    return {'id': identity, 'name': CATEGORY, 'keypoints': list(JOINTS), 'skeleton': links, **more}


def flat(animal: Animal) -> list[float]:
    return animal.joints.ravel().tolist()


def parts(keypoints: list[float]) -> list[float]:
    """Joints in parts of the picture instead of pixels."""
    return (np.reshape(keypoints, (-1, 3)) / [*SIZE, 1]).ravel().tolist()


def canonical(root: Path, names: Callable[[Animal], str] | None = None, **film: Any) -> None:
    """COCO's own form, images in one folder a video."""
    names = names or (lambda a: f'{a.video}/{a.frame:06d}.png')
    images, annotations = [], []
    for number, animal in enumerate(animals(**film), 1):
        write_picture(root / 'images' / names(animal), animal)
        image = {'id': number, 'file_name': names(animal), 'width': SIZE[0], 'height': SIZE[1]}
        images.append(image)
        annotations.append(
            {'id': number, 'image_id': number, 'category_id': 1, 'keypoints': flat(animal)}
            | {'bbox': list(animal.box), 'iscrowd': 0}
        )
    content = {'images': images, 'annotations': annotations, 'categories': [category()]}
    write_json(root / 'annotations' / 'all.json', content)


def cvat(root: Path) -> None:
    """One unpacked export for each video: ids start anew, tracks are attributes."""
    for video in VIDEOS:
        images, annotations = [], []
        for animal in animals(videos=VIDEOS):
            if animal.video != video:
                continue
            name, number = f'frame_{animal.frame:06d}.PNG', animal.frame + 1
            write_picture(root / video / 'images' / 'default' / name, animal)
            images.append(
                {'id': number, 'width': SIZE[0], 'height': SIZE[1], 'file_name': name}
                | {'license': 0, 'flickr_url': '', 'coco_url': '', 'date_captured': 0}
            )
            annotations.append(
                {'id': number, 'image_id': number, 'category_id': 1, 'segmentation': []}
                | {'area': animal.box[2] * animal.box[3], 'bbox': list(animal.box), 'iscrowd': 0}
                | {'attributes': {'occluded': False, 'track_id': 7, 'keyframe': True}}
                | {'keypoints': flat(animal), 'num_keypoints': len(JOINTS)}
            )
        content = {'licenses': [{'name': '', 'id': 0, 'url': ''}], 'info': {'contributor': ''}}
        content |= {'categories': [category(supercategory='')], 'images': images}
        content['annotations'] = annotations
        write_json(root / video / 'annotations' / 'person_keypoints_default.json', content)


def label_studio_coco(root: Path) -> None:
    """Its COCO export on Windows: a hash before names, backslashes, whole pixels no boxes, BOM."""
    images, annotations = [], []
    for number, animal in enumerate(animals()):
        name = f'{0x3F2A9C1B + number:08x}-{animal.video}_{animal.frame:04d}.png'
        write_picture(root / 'images' / name, animal)
        images.append({'width': SIZE[0], 'height': SIZE[1], 'id': number})
        images[-1]['file_name'] = f'images\\{name}'
        annotations.append(
            {'id': number, 'image_id': number, 'category_id': 0, 'keypoints': flat(animal)}
            | {'bbox': list(animal.box), 'segmentation': [], 'ignore': 0, 'iscrowd': 0}
        )
    content = {'images': images, 'categories': [category(0)], 'annotations': annotations}
    write_json(root / 'result.json', content, bom=True)


def label_studio(root: Path) -> None:
    """Its own JSON: percent, and a box around each animal."""
    tasks = []
    for number, animal in enumerate(animals()):
        name = f'{0x3F2A9C1B + number:08x}-{animal.video}_{animal.frame:04d}.png'
        write_picture(root / 'upload' / name, animal)
        size = {'original_width': SIZE[0], 'original_height': SIZE[1], 'image_rotation': 0}
        percent = np.array(animal.box) * 100 / np.array([*SIZE, *SIZE])
        box = dict(zip(('x', 'y', 'width', 'height'), percent.tolist(), strict=True))
        result = [
            {**size, 'id': 'box', 'type': 'rectanglelabels', 'to_name': 'image'}
            | {'value': {**box, 'rotation': 0, 'rectanglelabels': [CATEGORY]}}
        ]
        for joint, (x, y, _) in zip(JOINTS, animal.joints, strict=True):
            value = {'x': x * 100 / SIZE[0], 'y': y * 100 / SIZE[1], 'width': 0.5}
            value['keypointlabels'] = [joint]
            region = {**size, 'id': joint, 'type': 'keypointlabels', 'value': value}
            result.append(region | {'parentID': 'box'})
        task = {'id': number, 'data': {'image': f'/data/upload/1/{name}'}, 'file_upload': name}
        tasks.append({**task, 'annotations': [{'result': result, 'was_cancelled': False}]})
    write_json(root / 'project-1.json', tasks)


def roboflow(root: Path) -> None:
    """Frames dealt out to three splits, a hash behind names, a first category without joints."""
    folders = ('train', 'train', 'valid', 'train', 'test', 'train')
    content: dict[str, dict[str, Any]] = {}
    for number, animal in enumerate(animals()):
        folder = folders[animal.frame]
        part = content.setdefault(folder, {'images': [], 'annotations': []})
        name = f'{animal.video}_mp4-{animal.frame:04d}_jpg.rf.{number + 11:032x}.png'
        write_picture(root / folder / name, animal)
        identity = len(part['images'])
        part['images'].append(
            {'id': identity, 'license': 1, 'file_name': name, 'height': SIZE[1], 'width': SIZE[0]}
            | {'date_captured': '', 'extra': {'name': f'{animal.video}_{animal.frame:04d}.jpg'}}
        )
        part['annotations'].append(
            {'id': identity, 'image_id': identity, 'category_id': 1, 'bbox': list(animal.box)}
            | {'area': 1, 'segmentation': [], 'iscrowd': 0, 'keypoints': flat(animal)}
        )
    kinds = [{'id': 0, 'name': 'animals', 'supercategory': 'none'}]
    kinds.append(category(1, supercategory='animals'))
    for folder, part in content.items():
        write_json(root / folder / '_annotations.coco.json', {**part, 'categories': kinds})


def sleap(root: Path) -> None:
    """sleap-io: one file a video, visibility 0 or 1, tracks as object_id."""
    for video in VIDEOS:
        images, annotations = [], []
        for animal in animals():
            if animal.video != video:
                continue
            name = f'{video}/{video}_{animal.frame:05d}.png'
            write_picture(root / name, animal)
            images.append({'id': animal.frame, 'file_name': name})
            images[-1] |= {'height': SIZE[1], 'width': SIZE[0]}
            points = np.column_stack([animal.joints[:, :2], animal.joints[:, 2] > 0])
            annotations.append(
                {'id': animal.frame, 'image_id': animal.frame, 'category_id': 1}
                | {'keypoints': points.ravel().tolist(), 'bbox': list(animal.box)}
                | {'attributes': {'object_id': 7}, 'iscrowd': 0}
            )
        content = {'images': images, 'annotations': annotations, 'categories': [category()]}
        write_json(root / f'{video}.json', content)


def supervision(root: Path) -> None:
    """Bare categories, sizes as floats, keypoints nested, boxes that JSON has as numbers."""
    images, annotations = [], []
    for number, animal in enumerate(animals(), 1):
        name = f'{animal.video}-{animal.frame:03d}.png'
        write_picture(root / 'images' / name, animal)
        images.append({'id': number, 'license': 1, 'file_name': name})
        images[-1] |= {'height': float(SIZE[1]), 'width': float(SIZE[0])}
        annotations.append(
            {'id': number, 'image_id': number, 'category_id': 0, 'bbox': list(animal.box)}
            | {'area': animal.box[2] * animal.box[3], 'segmentation': [], 'iscrowd': 0}
            | {'keypoints': animal.joints.tolist()}
        )
    kinds = [category(0, supercategory='common-objects')]
    content = {'info': {}, 'licenses': [], 'categories': kinds, 'images': images}
    write_json(root / 'annotations.json', {**content, 'annotations': annotations})


def deeplabcut_coco(root: Path) -> None:
    """Its COCO export: absolute paths of another machine, nested joints, no sizes."""
    images, annotations = [], []
    for number, animal in enumerate(animals()):
        name = f'labeled-data/{animal.video}/img{animal.frame:03d}.png'
        write_picture(root / name, animal)
        images.append({'id': number, 'file_name': f'D:\\lab\\mouse-project\\{name}'})
        images[-1] |= {'width': None, 'height': None}
        annotations.append(
            {'id': number, 'image_id': number, 'category_id': 1, 'individual': 'animal'}
            | {'keypoints': animal.joints.tolist(), 'bbox': list(animal.box), 'iscrowd': 0}
        )
    content = {'images': images, 'annotations': annotations, 'categories': [category()]}
    write_json(root / 'train.json', content)


def deeplabcut(root: Path, individuals: bool = False) -> None:
    """A project: a table for each video, no boxes, links in its config."""
    for video in VIDEOS:
        columns = [(joint, axis) for joint in JOINTS for axis in 'xy']
        blank = ['', '']
        rows = [['scorer', *blank, *['ann'] * len(columns)]]
        if individuals:
            rows.append(['individuals', *blank, *[CATEGORY] * len(columns)])
        rows.append(['bodyparts', *blank, *(joint for joint, _ in columns)])
        rows.append(['coords', *blank, *(axis for _, axis in columns)])
        for animal in animals():
            if animal.video == video:
                name = f'img{animal.frame:03d}.png'
                write_picture(root / 'labeled-data' / video / name, animal)
                rows.append(['labeled-data', video, name, *animal.joints[:, :2].ravel().tolist()])
        table = root / 'labeled-data' / video / 'CollectedData_ann.csv'
        with table.open('w', newline='', encoding='utf-8') as file:
            csv.writer(file).writerows(rows)
    links = '\n'.join(f'- - {JOINTS[a]}\n  - {JOINTS[b]}' for a, b in LINKS)
    (root / 'config.yaml').write_text(f'Task: mouse\nskeleton:\n{links}\n', encoding='utf-8')


def labelme(root: Path) -> None:
    """One file an image, beside it."""
    for animal in animals():
        name = f'{animal.frame:04d}'
        write_picture(root / animal.video / f'{name}.png', animal)
        left, top, wide, high = animal.box
        shapes = [{'label': CATEGORY, 'points': [[left, top], [left + wide, top + high]]}]
        shapes[0] |= {'group_id': 1, 'shape_type': 'rectangle', 'flags': {}}
        for joint, (x, y, _) in zip(JOINTS, animal.joints.tolist(), strict=True):
            shape = {'label': joint, 'points': [[x, y]], 'group_id': 1, 'shape_type': 'point'}
            shapes.append({**shape, 'flags': {}})
        content = {'version': '5.2.1', 'flags': {}, 'shapes': shapes, 'imagePath': f'{name}.png'}
        content |= {'imageData': base64.b64encode(b'x').decode()}
        content |= {'imageHeight': SIZE[1], 'imageWidth': SIZE[0]}
        write_json(root / animal.video / f'{name}.json', content)


PROGRAMS: dict[str, Callable[[Path], None]] = {
    'cvat': cvat,
    'label-studio-coco': label_studio_coco,
    'label-studio': label_studio,
    'roboflow': roboflow,
    'sleap': sleap,
    'supervision': supervision,
    'deeplabcut-coco': deeplabcut_coco,
    'deeplabcut': deeplabcut,
    'labelme': labelme,
}
