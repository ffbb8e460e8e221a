"""Sub-JHMDB: joints and masks as Matlab files, three splits as text files.

::

    SRC/sub_splits/<action>_test_split_{1,2,3}.txt       lines: <clip>.avi 1|2 (train, test)
    SRC/joint_positions/<action>/<clip>/joint_positions.mat       pos_img (2, 15, frames)
    SRC/puppet_mask/<action>/<clip>/puppet_mask.mat               part_mask (height, width, frames)
    SRC/Rename_Images/<action>/<clip>/00001.png

    OUT/Rename_Images                                    a link
    OUT/annotations/clips/<action>/<clip>.json           one clip
    OUT/annotations/Sub{1,2,3}_{train,test}.json         merged, as mmpose has them

Coordinates stay Matlab's: the top left pixel of an image is (1, 1). A person's box runs from the
first to the last column and row of its puppet mask. Its width is their difference, the size that
PCK is relative to. Without a mask it is the box around the joints, enlarged by 1.2
(`box_of_joints`): such boxes are counted, and their PCK is not the published one.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.datasets.conversion.dataset_format import (
    Converted,
    DatasetFormat,
    Video,
    first_folder,
    image_size,
    visible_files,
)
from jmpose_mm.datasets.conversion.links import inner_path
from jmpose_mm.datasets.conversion.matlab_files import read_matlab
from jmpose_mm.errors import UsageError, cut
from jmpose_mm.formats.coco_writing import person_category
from jmpose_mm.formats.json_files import place_in, read_text
from jmpose_mm.functional.crop import box_of_joints
from jmpose_mm.functional.joint_names import SUB_JHMDB_JOINTS

__all__ = ['SubJhmdbFormat', 'mask_box']

ROLES = {'1': 'train', '2': 'test'}
PERSON_ID = 10**12  # what mmpose adds to the image's id


class SubJhmdbFormat(DatasetFormat):
    """Sub-JHMDB; see above."""

    name = 'sub-jhmdb'
    joint_names = SUB_JHMDB_JOINTS
    image_link = 'Rename_Images'

    def videos(self) -> list[Video]:
        """All clips of the split files, once each, with the splits that they are in."""
        roots = ('.', 'JHMDB')
        folder = first_folder(self.src, 'split files', *(f'{r}/sub_splits' for r in roots))
        self.root = folder.parent
        self.joints = first_folder(self.root, 'joints', 'joint_positions')
        self.images = first_folder(self.root, 'frames', 'Rename_Images')
        splits: dict[tuple[str, str], list[str]] = {}
        named_by: dict[tuple[str, str], Path] = {}
        for file in visible_files(folder, '**/*_test_split_[123].txt'):
            action, number = file.stem.split('_test_split_')
            for clip, role in _clips(file):
                inner_path(f'{action}/{clip}', str(file))
                splits.setdefault((action, clip), []).append(f'Sub{number}_{role}')
                named_by.setdefault((action, clip), file)
        if not splits:
            raise ValueError(f'{folder}: expected <action>_test_split_1.txt ..., found none')
        videos = []
        for number, ((action, clip), members) in enumerate(sorted(splits.items()), 1):
            joints = self.joints / action / clip / 'joint_positions.mat'
            if not joints.is_file():
                raise ValueError(
                    f'{joints}: expected the joints of a clip of {named_by[action, clip]}, '
                    'found none'
                )
            mask = self.root / 'puppet_mask' / action / clip / 'puppet_mask.mat'
            sources = (joints, mask) if mask.is_file() else (joints,)
            videos.append(Video(f'clips/{action}/{clip}.json', tuple(members), number, sources))
        return videos

    def convert(self, video: Video) -> Converted:
        """One person in each frame."""
        left_out: Counter[str] = Counter()
        joints = _joints(video.sources[0])
        masks = _masks(video.sources[1], len(joints)) if len(video.sources) > 1 else None
        clip = video.sources[0].parent.relative_to(self.joints)
        files = [self.images / clip / f'{frame:05d}.png' for frame in range(1, len(joints) + 1)]
        there = [file.is_file() for file in files]
        left_out['frames missing on disk'] += there.count(False)
        size = image_size(files[there.index(True)]) if any(there) else None
        images, persons = [], []
        for index, (file, keypoints) in enumerate(zip(files, joints, strict=True)):
            box = None if masks is None else mask_box(masks[:, :, index])
            if box is None:
                left_out['boxes around joints for want of a mask'] += 1
                box = _joints_box(keypoints)
            image = {
                'id': video.image_id(index + 1),
                'file_name': f'{clip.as_posix()}/{file.name}',
                'frame_id': video.image_id(index + 1),
                'nframes': len(joints),
                'vid_id': f'{video.number:05d}',
                'is_labeled': True,
            }
            images.append(image if size is None else image | dict(zip(SIZE, size, strict=True)))
            persons.append(_person(image['id'], keypoints, box))
        categories = [person_category(self.joint_names)]
        return Converted(
            {'images': images, 'annotations': persons, 'categories': categories}, left_out
        )

    def merged_file(self, split: str) -> Path:
        """Named as mmpose names them."""
        return self.out / 'annotations' / f'{split}.json'

    def release(self, videos: list[Video]) -> str:
        """The published one has 316 clips."""
        return f'{len(videos)} clips'


SIZE = ('width', 'height')


def mask_box(mask: np.ndarray) -> list[float] | None:
    """xywh box of the pixels that are set in a mask (height, width), in Matlab's coordinates.

    The width is the last column minus the first one. None for an empty mask.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    left, top = int(columns[0]), int(rows[0])
    # Matlab counts from 1. PCK is relative to this width, which is a pixel less than the mask's.
    return [left + 1.0, top + 1.0, float(columns[-1] - left), float(rows[-1] - top)]


def _joints_box(keypoints: np.ndarray) -> list[float]:
    left, top, right, bottom = box_of_joints(keypoints)
    return [float(v) for v in (left, top, right - left, bottom - top)]


def _clips(file: Path) -> list[tuple[str, str]]:
    """The clips of a split file and what each is for; 0 stands for neither."""
    found = []
    for number, line in enumerate(read_text(file).splitlines(), 1):
        if not line.strip():
            continue
        match = re.fullmatch(r'(.+)\.avi\s+([012])\s*', line)
        if match is None:
            raise UsageError(
                f'{file}, line {number}: expected <clip>.avi 1|2, got {cut(repr(line))}'
            )
        if match.group(2) in ROLES:
            found.append((match.group(1), ROLES[match.group(2)]))
    return found


def _joints(file: Path) -> np.ndarray:
    """(frames, K, 2) of ``pos_img``; Matlab drops the last axis of a clip of one frame."""
    with place_in(file):
        joints = np.asarray(read_matlab(file)['pos_img'], dtype=np.float64)
        joints = joints[:, :, None] if joints.ndim == 2 else joints
        if joints.shape[:2] != (2, len(SUB_JHMDB_JOINTS)) or not np.isfinite(joints).all():
            raise ValueError(
                f"key 'pos_img': expected finite numbers (2, 15, frames), got {joints.shape}"
            )
    return joints.transpose(2, 1, 0)


def _masks(file: Path, frames: int) -> np.ndarray:
    with place_in(file):
        masks = np.asarray(read_matlab(file)['part_mask'])
        masks = masks[:, :, None] if masks.ndim == 2 else masks
        if masks.ndim != 3 or masks.shape[2] != frames:
            raise ValueError(
                f"key 'part_mask': expected (height, width, {frames}), got {masks.shape}"
            )
    return masks


def _person(image_id: int, keypoints: np.ndarray, box: list[float]) -> dict[str, Any]:
    triples = np.concatenate([keypoints, np.full((len(keypoints), 1), 2.0)], axis=1)
    return {
        'id': PERSON_ID + image_id,
        'image_id': image_id,
        'category_id': 1,
        'track_id': 0,
        'iscrowd': 0,
        'keypoints': triples.ravel().tolist(),
        'num_keypoints': len(keypoints),
        'bbox': box,
        'area': box[2] * box[3],
        'scores': [],
    }
