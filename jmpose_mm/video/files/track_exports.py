"""Poses as whole tracks, in the forms of other tools: OpenPose, PYSKL, DeepLabCut, TRC and C3D.

Axes: M persons by identity, T frames that came, K joints. Coordinates are pixels (x, y).
"""

from __future__ import annotations

import csv
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from jmpose_mm.video.files.openpose_export import COCO_18, write_openpose
from jmpose_mm.video.files.recordings import Recording, plain
from jmpose_mm.video.frames.sources import ASSUMED_FPS
from jmpose_mm.video.records import PIXEL_DIGITS, SCORE_DIGITS
from jmpose_mm.whole_files import whole_file, whole_folder

__all__ = ['NEEDED', 'TRACK_EXPORTS', 'tracks']

C3D_FRAMES = 65_535
LEVELS = ('scorer', 'individuals', 'bodyparts', 'coords')


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
    columns, values = _deeplabcut_table(recording)
    with whole_file(path) as unfinished:
        with unfinished.open('w', encoding='utf-8', newline='') as file:
            table = csv.writer(file, lineterminator='\n')
            for level, name in enumerate(LEVELS):
                table.writerow([name, *(column[level] for column in columns)])
            for poses, row in zip(recording, values, strict=True):
                cells = plain(row, SCORE_DIGITS)
                table.writerow([poses.index, *('' if v is None else v for v in cells)])


def write_deeplabcut_h5(recording: Recording, path: Path) -> None:
    """The same in HDF5, as DeepLabCut names it; needs pandas and PyTables."""
    import pandas

    columns, values = _deeplabcut_table(recording)
    index = [poses.index for poses in recording]
    names = pandas.MultiIndex.from_tuples(columns, names=LEVELS)
    table = pandas.DataFrame(values, index=index, columns=names)
    with whole_file(path) as unfinished:
        table.to_hdf(unfinished, key='df_with_missing', mode='w')


def _deeplabcut_table(recording: Recording) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """Columns by their names at each level, and the values (T, columns)."""
    identities, keypoints, scores = tracks(recording)
    columns = [
        ('jmpose_mm', f'person{identity}', joint, coordinate)
        for identity in identities
        for joint in recording.header.skeleton.joints
        for coordinate in ('x', 'y', 'likelihood')
    ]
    values = np.concatenate([np.round(keypoints, PIXEL_DIGITS), scores[..., None]], axis=-1)
    return columns, np.moveaxis(values, 0, 1).reshape(len(recording), len(columns))


def _row_rate(recording: Recording) -> float:
    """Rows per second: a stride makes them fewer than the source's frames."""
    steps = np.diff([poses.index for poses in recording])
    return (recording.header.fps or ASSUMED_FPS) / float(np.median(steps) if len(steps) else 1)


def write_trc(recording: Recording, path: Path) -> None:
    """A folder with a TRC file for each person: pixels, y upwards as OpenSim has it, z 0."""
    identities, keypoints, _ = tracks(recording)
    joints = recording.header.skeleton.joints
    frames = [(poses.index, poses.time, poses.size[1]) for poses in recording]
    rate, source_rate = _row_rate(recording), recording.header.fps or ASSUMED_FPS
    with whole_folder(path) as folder:
        for identity, points in zip(identities, keypoints, strict=True):
            name = f'person{identity:02d}.trc'
            numbers = (rate, rate, len(frames), len(joints), 'px', source_rate, 1, len(frames))
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


def write_c3d(recording: Recording, path: Path) -> None:
    """A folder with a C3D file for each person, in TRC's coordinates; needs ezc3d.

    The format counts frames to 65 535: what follows is in further files, named after the first row.
    """
    identities, keypoints, _ = tracks(recording)
    heights = np.array([poses.size[1] for poses in recording])
    with whole_folder(path) as folder:
        for identity, places in zip(identities, keypoints, strict=True):
            places[..., 1] = heights[:, None] - places[..., 1]
            for first in range(0, len(places), C3D_FRAMES):
                name = f'person{identity:02d}' + (f'_from_row_{first}' if first else '')
                part = places[first : first + C3D_FRAMES]
                _write_c3d_file(recording, part, folder / f'{name}.c3d')


def _write_c3d_file(recording: Recording, places: np.ndarray, path: Path) -> None:
    """Write places (T, K, 2)."""
    import ezc3d

    file = ezc3d.c3d()
    point = file['parameters']['POINT']
    point['RATE']['value'] = [_row_rate(recording)]
    point['LABELS']['value'] = list(recording.header.skeleton.joints)
    point['UNITS']['value'] = ['px']
    present = np.isfinite(places).all(axis=-1).T
    flat, ones = np.where(present, 0.0, np.nan), np.ones(present.shape)
    file['data']['points'] = np.stack([*places.T, flat, ones])
    # A missing place is a residual of -1 in the format.
    file['data']['meta_points']['residuals'] = np.where(present, 0.0, -1.0)[None]
    file.write(str(path))


TRACK_EXPORTS: dict[str, tuple[str, Callable[[Recording, Path], None]]] = {
    'pyskl': ('pyskl.pkl', write_pyskl),
    'deeplabcut': ('deeplabcut.csv', write_deeplabcut),
    'deeplabcut-h5': ('deeplabcut.h5', write_deeplabcut_h5),
    'openpose': ('openpose', write_openpose),
    'openpose-coco18': ('openpose_coco18', partial(write_openpose, order=COCO_18)),
    'trc': ('trc', write_trc),
    'c3d': ('c3d', write_c3d),
}
NEEDED = {'deeplabcut-h5': ('pandas', 'tables'), 'c3d': ('ezc3d',)}
"""Modules that forms need besides those of the package."""
