"""Poses as whole tracks, in the forms of other tools: OpenPose, PYSKL, DeepLabCut, OpenSim's TRC.

Axes: M persons by identity, T frames that came, K joints. Coordinates are pixels (x, y).
"""

from __future__ import annotations

import csv
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from jmpose_mm.video.files.recordings import Recording, plain
from jmpose_mm.video.records import PIXEL_DIGITS, SCORE_DIGITS, PersonPose
from jmpose_mm.whole_files import whole_file

__all__ = ['TRACK_EXPORTS', 'tracks']

# OpenPose's BODY_25, by the joints that stand for each; where there are two, their middle.
BODY_25: tuple[tuple[str, ...], ...] = (
    ('nose',),
    ('neck', 'head_bottom'),
    ('right_shoulder',),
    ('right_elbow',),
    ('right_wrist',),
    ('left_shoulder',),
    ('left_elbow',),
    ('left_wrist',),
    ('left_hip+right_hip',),
    ('right_hip',),
    ('right_knee',),
    ('right_ankle',),
    ('left_hip',),
    ('left_knee',),
    ('left_ankle',),
    ('right_eye',),
    ('left_eye',),
    ('right_ear',),
    ('left_ear',),
    *(((),) * 6),
)


def tracks(recording: Recording) -> tuple[list[int], np.ndarray, np.ndarray]:
    """All poses by person.

    Returns:
        Identities (M,) in rising order; keypoints (M, T, K, 2) and scores (M, T, K), NaN where a
        person is not in a frame.
    """
    identities = sorted({p.id for poses in recording for p in poses.persons})
    rows = {identity: row for row, identity in enumerate(identities)}
    joints = len(recording.header.skeleton.joints)
    keypoints = np.full((len(identities), len(recording), joints, 2), np.nan)
    scores = np.full(keypoints.shape[:3], np.nan)
    for t, poses in enumerate(recording):
        for person in poses.persons:
            keypoints[rows[person.id], t] = person.keypoints
            scores[rows[person.id], t] = person.scores
    return identities, keypoints, scores


def write_pyskl(recording: Recording, path: Path) -> None:
    """A pickle that PYSKL and mmaction2 read, with persons by identity; the label is -1."""
    _, keypoints, scores = tracks(recording)
    width, height = next((poses.size for poses in recording), (0, 0))
    name = Path(recording.header.source).stem or 'video'
    entry = {
        'frame_dir': name,
        'total_frames': len(recording),
        'img_shape': (height, width),
        'original_shape': (height, width),
        'label': -1,
        'keypoint': np.nan_to_num(keypoints).astype(np.float16),
        'keypoint_score': np.nan_to_num(scores).astype(np.float16),
    }
    with whole_file(path) as unfinished:
        unfinished.write_bytes(pickle.dumps({'split': {'all': [name]}, 'annotations': [entry]}))


def write_deeplabcut(recording: Recording, path: Path) -> None:
    """DeepLabCut's table of several individuals, a row for every frame."""
    identities, keypoints, scores = tracks(recording)
    joints = recording.header.skeleton.joints
    columns = [
        (f'person{identity}', joint, coordinate)
        for identity in identities
        for joint in joints
        for coordinate in ('x', 'y', 'likelihood')
    ]
    values = np.concatenate([np.round(keypoints, PIXEL_DIGITS), scores[..., None]], axis=-1)
    with whole_file(path) as unfinished:
        with unfinished.open('w', encoding='utf-8', newline='') as file:
            table = csv.writer(file, lineterminator='\n')
            table.writerow(['scorer', *('jmpose_mm' for _ in columns)])
            for level, name in enumerate(('individuals', 'bodyparts', 'coords')):
                table.writerow([name, *(column[level] for column in columns)])
            for t, poses in enumerate(recording):
                row = plain(values[:, t].ravel(), SCORE_DIGITS)
                table.writerow([poses.index, *('' if v is None else v for v in row)])


def write_openpose(recording: Recording, path: Path) -> None:
    """A folder with OpenPose's JSON of BODY_25, a file for every frame; absent joints are 0."""
    joints = recording.header.skeleton.joints
    name = Path(recording.header.source).stem or 'video'
    with _whole_folder(path) as folder:
        for poses in recording:
            people = [
                {
                    'person_id': [person.id],
                    'pose_keypoints_2d': _body_25(person, joints),
                    'face_keypoints_2d': [],
                    'hand_left_keypoints_2d': [],
                    'hand_right_keypoints_2d': [],
                    'pose_keypoints_3d': [],
                }
                for person in poses.persons
            ]
            file = folder / f'{name}_{poses.index:012d}_keypoints.json'
            file.write_text(json.dumps({'version': 1.3, 'people': people}), encoding='utf-8')


def write_trc(recording: Recording, path: Path) -> None:
    """A folder with a TRC file for each person: pixels, y upwards as OpenSim has it, z 0."""
    identities, keypoints, _ = tracks(recording)
    joints = recording.header.skeleton.joints
    frames = [(poses.index, poses.time, poses.size[1]) for poses in recording]
    rate = recording.header.fps or 25.0
    with _whole_folder(path) as folder:
        for identity, points in zip(identities, keypoints, strict=True):
            name = f'person{identity:02d}.trc'
            numbers = (rate, rate, len(frames), len(joints), 'px', rate, 1, len(frames))
            lines = [
                f'PathFileType\t4\t(X/Y/Z)\t{name}',
                'DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\t'
                'OrigDataStartFrame\tOrigNumFrames',
                '\t'.join(map(str, numbers)),
                'Frame#\tTime\t' + '\t\t\t'.join(joints) + '\t\t',
                '\t\t' + '\t'.join(f'X{k}\tY{k}\tZ{k}' for k in range(1, len(joints) + 1)),
                '',
            ]
            for t, (_, time, height) in enumerate(frames):
                cells = [
                    (f'{x:.2f}', f'{height - y:.2f}', '0') if np.isfinite(x + y) else ('', '', '')
                    for x, y in points[t]
                ]
                row = (cell for triple in cells for cell in triple)
                lines.append(f'{t + 1}\t{time:.6f}\t' + '\t'.join(row))
            (folder / name).write_text('\n'.join(lines) + '\n', encoding='utf-8')


TRACK_EXPORTS: dict[str, tuple[str, Callable[[Recording, Path], None]]] = {
    'pyskl': ('pyskl.pkl', write_pyskl),
    'deeplabcut': ('deeplabcut.csv', write_deeplabcut),
    'openpose': ('openpose', write_openpose),
    'trc': ('trc', write_trc),
}


def _body_25(person: PersonPose, joints: tuple[str, ...]) -> list[float]:
    """25 triples x, y, score."""
    known = {
        joint: (*point, score)
        for joint, point, score in zip(joints, person.keypoints, person.scores, strict=True)
        if np.isfinite(point).all() and score > 0
    }
    for pair in ('left_hip+right_hip', 'left_shoulder+right_shoulder'):
        first, second = pair.split('+')
        if first in known and second in known:
            known[pair] = tuple(np.mean([known[first], known[second]], axis=0))
    values: list[float] = []
    for names in BODY_25:
        wanted = (*names, 'left_shoulder+right_shoulder') if 'neck' in names else names
        triple = next((known[name] for name in wanted if name in known), (0.0, 0.0, 0.0))
        values.extend(round(float(value), SCORE_DIGITS) for value in triple)
    return values


@contextmanager
def _whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name at the end of the block."""
    unfinished = path.with_name(f'.{path.name}.unfinished')
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        shutil.rmtree(path, ignore_errors=True)
        os.replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
