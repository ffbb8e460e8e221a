"""Tiny downloads of every data set, written as its makers write theirs; the people are made up.

People stand still in pose and walk 2 pixels a frame. Images are 96 by 72 pixels.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

SIZE = (96, 72)
POSETRACK17_JOINTS = (
    *('right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee', 'left_ankle'),
    *('right_wrist', 'right_elbow', 'right_shoulder', 'left_shoulder', 'left_elbow'),
    *('left_wrist', 'head_bottom', 'nose', 'head_top'),
)
POSETRACK18_JOINTS = (
    *('nose', 'head_bottom', 'head_top', 'left_ear', 'right_ear', 'left_shoulder'),
    *('right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist', 'left_hip'),
    *('right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle'),
)
JHMDB_JOINTS = (
    *('neck', 'belly', 'head', 'right_shoulder', 'left_shoulder', 'right_hip', 'left_hip'),
    *('right_elbow', 'left_elbow', 'right_knee', 'left_knee', 'right_wrist', 'left_wrist'),
    *('right_ankle', 'left_ankle'),
)
HIEVE_JOINTS = (
    *('nose', 'chest', 'right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder'),
    *('left_elbow', 'left_wrist', 'right_hip', 'right_knee', 'right_ankle', 'left_hip'),
    *('left_knee', 'left_ankle'),
)
CENTRAL = {
    **{'head_top': -24, 'head': -21, 'nose': -20, 'head_bottom': -16, 'neck': -16, 'chest': -14},
    'belly': -5,
}
PAIRED = {
    **{'shoulder': (5, -14), 'elbow': (8, -8), 'wrist': (9, -2), 'hip': (4, 0), 'knee': (5, 10)},
    'ankle': (5, 20),
}


def place(joint: str, person: int, frame: int) -> tuple[float, float]:
    """Where a joint is, in 0-based pixels; persons face us, so their left is on the right."""
    x, y = 24.25 + 36 * person + 2 * frame, 38.5 + person
    if joint in CENTRAL:
        return x, y + CENTRAL[joint]
    side, part = joint.split('_')
    dx, dy = PAIRED[part]
    return x + (dx if side == 'left' else -dx), y + dy


def head_corners(person: int, frame: int) -> tuple[float, float, float, float]:
    x, y = place('head_top', person, frame)
    return x - 4, y, x + 4, y + 10


def paint(file: Path, frame: int, persons: int = 2) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(file), picture(frame, persons))


def picture(frame: int, persons: int = 2) -> np.ndarray:
    """Bright joints on a dark ground."""
    image = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    for person in range(persons):
        for joint in JHMDB_JOINTS:
            x, y = (round(value) for value in place(joint, person, frame))
            cv2.circle(image, (x, y), 2, (80 + 100 * person, 220, 160), -1)
    return image


def write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding='utf-8')


# --- PoseTrack2017


def annolist(names: list[str], labelled: range) -> list[dict]:
    """As plain values: two persons, the second without a nose; a region in the first frame."""
    frames = []
    for frame, name in enumerate(names):
        persons = []
        for person in range(2 if frame in labelled else 0):
            joints = [j for j in POSETRACK17_JOINTS if (person, j) != (1, 'nose')]
            point = [
                dict(
                    zip(
                        ('id', 'x', 'y', 'is_visible'),
                        (POSETRACK17_JOINTS.index(joint), *place(joint, person, frame), 1),
                        strict=True,
                    )
                )
                for joint in joints
            ]
            corners = zip(('x1', 'y1', 'x2', 'y2'), head_corners(person, frame), strict=True)
            persons.append({**dict(corners), 'track_id': person, 'annopoints': {'point': point}})
        region = [{'x': x, 'y': y} for x, y in ((80, 60), (90, 60), (90, 70))]
        frames.append(
            {
                'image': {'name': name},
                'imgnum': frame + 1,
                'is_labeled': int(frame in labelled),
                'ignore_regions': [{'point': region}] if frame == labelled.start else [],
                'annorect': persons,
            }
        )
    return frames


def as_json(value: object) -> object:
    """How the official JSON files write Matlab's values: numbers in lists, structures too."""
    if isinstance(value, dict):
        return {k: v if isinstance(v, str) else listed(v) for k, v in value.items()}
    return value


def listed(value: object) -> list:
    return [as_json(entry) for entry in (value if isinstance(value, list) else [value])]


def as_matlab(value: object) -> object:
    """Structure arrays of one row, as Matlab saves them; an empty list is an empty matrix."""
    if isinstance(value, dict):
        return as_matlab([value])
    if not isinstance(value, list):
        return value
    if not value:
        return np.zeros((0, 0))
    array = np.empty((1, len(value)), dtype=[(key, object) for key in value[0]])
    for index, entry in enumerate(value):
        array[0, index] = tuple(as_matlab(field) for field in entry.values())
    return array


# folder, annotation file without its ending, file names, frames with labels
POSETRACK17_VIDEOS = {
    'train': (
        ('bonn/000001_bonn', '000001_bonn_relpath_5sec_trainsub', '{:05d}.jpg', 6115),
        ('mpii_5sec/000342_mpii', '000342_mpii_relpath_5sec_trainsub', '{:08d}_crop.jpg', 12),
    ),
    'val': (('bonn_5sec/000522_bonn', '000522_bonn_relpath_5sec_testsub', '{:08d}.jpg', 1),),
}


def write_posetrack17(root: Path, matlab: bool) -> Path:
    """Frames 1 to 5 of 6 are labelled; the frame names are as unlike as the official ones."""
    for split, videos in POSETRACK17_VIDEOS.items():
        for folder, stem, pattern, first in videos:
            names = [f'images/{folder}/{pattern.format(first + k)}' for k in range(6)]
            for frame, name in enumerate(names):
                paint(root / name, frame)
            frames = annolist(names, range(1, 6))
            target = root / 'annotations' / split / stem
            if matlab:
                target.parent.mkdir(parents=True, exist_ok=True)
                savemat(f'{target}.mat', {'annolist': as_matlab(frames)})
            else:
                write_json(Path(f'{target}.json'), {'annolist': listed(frames)})
    return root


# --- PoseTrack2018 and PoseTrack21


def document(folder: str, split: str, boxes_only: bool) -> dict:
    number, source = folder.split('_')[:2]
    first = {'mpii': 1, 'bonn': 2, 'mpiinew': 3}[source] * 10**10 + int(number) * 10**4
    images, persons = [], []
    for frame in range(6):
        image = {
            'file_name': f'images/{split}/{folder}/{frame:06d}.jpg',
            'id': first + frame,
            'frame_id': first + frame,
            'vid_id': number,
            'nframes': 6,
            'has_no_densepose': True,
            'is_labeled': frame > 0,
        }
        if frame == 1:
            image |= {'ignore_regions_x': [[80, 90, 90]], 'ignore_regions_y': [[60, 60, 70]]}
        if boxes_only:
            image['has_labeled_person'] = True
        images.append(image)
        for person in range(2):
            entry = {
                'id': (first + frame) * 100 + person,
                'image_id': first + frame,
                'category_id': 1,
                'track_id': person,
                'bbox': [10.5 + 36 * person + 2 * frame, 12.0, 27.0, 50.0],
                'scores': [],
            }
            x1, y1, x2, y2 = head_corners(person, frame)
            full = {'bbox_head': [x1, y1, x2 - x1, y2 - y1], 'keypoints': triples(person, frame)}
            if frame > 0:
                persons.append(entry | full)
            elif boxes_only:
                persons.append(entry | {'person_id': person})
    category = {'supercategory': 'person', 'id': 1, 'name': 'person'}
    category |= {'keypoints': list(POSETRACK18_JOINTS), 'skeleton': [[16, 14]]}
    return {'images': images, 'annotations': persons, 'categories': [category]}


def triples(person: int, frame: int) -> list[float]:
    values: list[float] = []
    for joint in POSETRACK18_JOINTS:
        absent = joint.endswith('_ear') or (person, joint) == (1, 'nose')
        values += [0, 0, 0] if absent else [*place(joint, person, frame), 1]
    return values


POSETRACK18_VIDEOS = {
    'train': ('000001_bonn_train', '000342_mpii_train'),
    'val': ('000522_bonn_test',),
}


def write_posetrack18(
    root: Path, annotations: str = 'annotations', boxes_only: bool = False
) -> Path:
    """Frames 1 to 5 of 6 are labelled, counted from 0."""
    for split, folders in POSETRACK18_VIDEOS.items():
        for folder in folders:
            content = document(folder, split, boxes_only)
            write_json(root / annotations / split / f'{folder}.json', content)
            for frame in range(6):
                paint(root / 'images' / split / folder / f'{frame:06d}.jpg', frame)
    return root


def write_posetrack21(root: Path) -> Path:
    """The persons of frame 0 have boxes and no joints."""
    return write_posetrack18(root, 'posetrack_data', boxes_only=True)


# --- Sub-JHMDB

JHMDB_CLIPS = {'catch': ('Ball_@_1_catch_f_0', 'Ball_2_catch_f_1'), 'run': ('A!(b)_run_f_0',)}


def write_sub_jhmdb(root: Path, masks: bool = True) -> Path:
    """Five frames a clip; split s tests the clips whose number is s, and trains on the others."""
    number = 0
    lines: dict[tuple[str, int], list[str]] = {}
    for action, clips in JHMDB_CLIPS.items():
        for clip in clips:
            number += 1
            for split in (1, 2, 3):
                role = 2 if number == split else 1
                lines.setdefault((action, split), []).append(f'{clip}.avi {role}')
            joints = np.array(
                [[np.add(place(joint, 0, f), 1) for f in range(5)] for joint in JHMDB_JOINTS]
            ).transpose(2, 0, 1)
            folder = root / 'joint_positions' / action / clip
            folder.mkdir(parents=True)
            content = {'pos_img': joints, 'scale': np.ones((1, 5)), 'viewpoint': 'S'}
            savemat(folder / 'joint_positions.mat', content)
            for frame in range(5):
                paint(root / f'Rename_Images/{action}/{clip}/{frame + 1:05d}.png', frame, 1)
            if masks:
                mask = np.zeros((SIZE[1], SIZE[0], 5), np.uint8)
                for frame in range(5):
                    mask[12:61, 12 + 2 * frame : 37 + 2 * frame, frame] = 1
                folder = root / 'puppet_mask' / action / clip
                folder.mkdir(parents=True)
                savemat(folder / 'puppet_mask.mat', {'part_mask': mask})
    for (action, split), content in lines.items():
        file = root / 'sub_splits' / f'{action}_test_split_{split}.txt'
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('\n'.join(content) + '\n')
    return root


# --- HiEve


def write_hieve(root: Path, film: bool = True, videos: int = 3) -> Path:
    """Five frames a video; joints that nobody annotated are not listed."""
    for video in range(1, videos + 1):
        frames = []
        for frame in range(5):
            persons = []
            for person in range(2):
                joints = [j for j in HIEVE_JOINTS if (person, j) != (1, 'nose')]
                point = [
                    {
                        'id': [HIEVE_JOINTS.index(joint)],
                        'x': [place(joint, person, frame)[0]],
                        'y': [place(joint, person, frame)[1]],
                        'score': [1],
                    }
                    for joint in joints
                ]
                left = 10 + 36 * person + 2 * frame
                box = {'x1': [left], 'y1': [10], 'x2': [left + 28], 'y2': [64]}
                persons.append(
                    {**box, 'score': [1], 'track_id': [person], 'annopoints': [{'point': point}]}
                )
            frames.append({'image': [{'name': f'{frame:06d}.jpg'}], 'annorect': persons})
        write_json(root / 'HIE20/labels/train/track2&3' / f'{video}.json', {'annolist': frames})
        if film:
            write_film(root / 'HIE20/videos/train' / f'{video}.mp4')
        else:
            for frame in range(5):
                paint(root / f'HIE20/images/{video}/{frame:06d}.jpg', frame)
    return root


def write_film(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*'mp4v'), 10, SIZE)
    for frame in range(5):
        writer.write(picture(frame))
    writer.release()
