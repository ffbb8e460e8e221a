"""The clip data set of PoseTrack 2017, 2018 and 2021."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from mmengine.logging import MMLogger
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.datasets.datasets.body import PoseTrack18Dataset

from jmpose_mm.datasets.body.annotation_files import (
    AnnotationSet,
    Image,
    Person,
    frame_number,
    read_annotations,
    read_detections,
)
from jmpose_mm.functional.crop import clip_boxes, is_usable_box
from jmpose_mm.registry import DATASETS

__all__ = ['PoseTrackClipDataset']

_IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png')


@DATASETS.register_module()
class PoseTrackClipDataset(BaseCocoStyleDataset):
    """Persons in key frames, each with a table of its video's frames.

    One class for all generations: ``ann_file`` is a merged file, one video's file or a directory of
    them, in PoseTrack18's layout or PoseTrack17's ``annolist``. Frames are known by the number at
    the end of their file names, so that counting from 0 with six digits and from 1 with eight are
    the same thing. Which frames a video has is what its directory holds. Image names are relative
    to ``data_prefix['img']``, with or without their leading ``images/``.

    ==============================================  ===============================================
    in the files                                    rule
    ==============================================  ===============================================
    key frame missing on disk                       its persons are left out
    support frame missing on disk                   replaced when sampled, see `support_frames`
    frame without persons                           gives no sample
    crowd, or person without labelled keypoints     left out
    box missing, not finite, reversed or empty      left out
    box reaching beyond the image                   clipped where the file tells the image's size
    keypoint not finite                             counts as not labelled
    annotation id used twice, image id unknown      later one left out; left out
    detection below the threshold                   left out, as are those of unknown images
    ==============================================  ===============================================

    All of these are counted in one line of the log. A file that cannot be read stops with its path
    and key.

    Args:
        bbox_score_threshold: Detections below it are left out; with ``bbox_file`` only.
        **kwargs: The parent's; ``data_mode`` is top-down.

    Raises:
        ValueError: A file is unusable, or no key frame is found on disk.
    """

    METAINFO = PoseTrack18Dataset.METAINFO

    def __init__(self, *args, bbox_score_threshold: float = 0.0, **kwargs) -> None:
        self.bbox_score_threshold = bbox_score_threshold
        self._videos: dict[str, dict[int, str]] = {}
        super().__init__(*args, **kwargs)

    def get_data_info(self, idx: int) -> dict:
        """The sample, and its video's frames: one table for all samples, never copied."""
        info = super().get_data_info(idx)
        info['video_frames'] = self._videos[info['video']]
        return info

    def load_data_list(self) -> list[dict]:
        """One dict for each person, or detected box, in a key frame that is on disk."""
        annotations = read_annotations(self.ann_file)
        left_out = Counter({f'persons {k}': n for k, n in annotations.odd.items()})
        frames = self._frames_on_disk(annotations)
        if self.bbox_file:
            samples = self._detected(annotations, frames, left_out)
        else:
            samples = self._annotated(annotations, frames, left_out)
        self._report(annotations, frames, samples, left_out)
        return samples

    def _frames_on_disk(self, annotations: AnnotationSet) -> dict[int, dict]:
        """What every sample of an image shares, by image id, for those that are on disk."""
        frames = {}
        for image in annotations.images.values():
            number = frame_number(image.file_name)
            video = self._video_of(image.file_name)
            if self._videos[video].get(number) is not None:
                frames[image.image_id] = {
                    'img_id': image.image_id,
                    'img_path': self._videos[video][number],
                    'video': video,
                    'frame_number': number,
                }
        if annotations.images and not frames:
            missing = next(iter(annotations.images.values())).file_name
            raise ValueError(
                f'{self.ann_file}: none of its {len(annotations.images)} images is on disk, e.g. '
                f'{Path(self.data_prefix["img"], missing)}; check data_root and data_prefix'
            )
        return frames

    def _video_of(self, file_name: str) -> str:
        """The image's directory, its frames listed once.

        The folder that official names start with, ``images/``, may be the prefix itself.
        """
        name, prefix = PurePosixPath(file_name), self.data_prefix['img']
        candidates = [str(PurePosixPath(prefix, name).parent)]
        if name.parts[0] == 'images':
            candidates.append(str(PurePosixPath(prefix, *name.parts[1:]).parent))
        for video in candidates:
            if video not in self._videos:
                self._videos[video] = _frame_table(video)
            if self._videos[video]:
                return video
        return candidates[0]

    def _annotated(
        self, annotations: AnnotationSet, frames: dict[int, dict], left_out: Counter[str]
    ) -> list[dict]:
        samples = []
        for person in annotations.persons:
            image = annotations.images[person.image_id]
            keypoints, labelled = _labelled(person)
            box, reason = _usable_box(person.box, image)
            if person.is_crowd:
                reason = 'crowd'
            elif not labelled.any():
                reason = 'without labelled keypoints'
            elif person.image_id not in frames:
                reason = 'in frames missing on disk'
            if reason:
                left_out[f'persons {reason}'] += 1
                continue
            samples.append(
                _sample(frames[person.image_id], box, 1.0, person.annotation_id)
                | {
                    'keypoints': keypoints[None].astype(np.float32),
                    'keypoints_visible': labelled[None].astype(np.float32),
                    'num_keypoints': int(labelled.sum()),
                    'track_id': person.track_id,
                    'raw_ann_info': person.raw,
                }
            )
        return samples

    def _detected(
        self, annotations: AnnotationSet, frames: dict[int, dict], left_out: Counter[str]
    ) -> list[dict]:
        by_name = {_name_key(i.file_name): i.image_id for i in annotations.images.values()}
        num_keypoints = self.metainfo['num_keypoints']
        samples = []
        for index, found in enumerate(read_detections(self.bbox_file)):
            image_id = found['image']
            if isinstance(image_id, str):
                image_id = by_name.get(_name_key(image_id))
            reason = ''
            if not found['score'] >= self.bbox_score_threshold:
                reason = f'below {self.bbox_score_threshold}'
            elif image_id not in annotations.images:
                reason = 'of unknown images'
            elif image_id not in frames:
                reason = 'in frames missing on disk'
            elif not is_usable_box(found['box']):
                reason = 'without a usable box'
            if reason:
                left_out[f'detections {reason}'] += 1
                continue
            samples.append(
                _sample(frames[image_id], found['box'], found['score'], index)
                | {
                    'keypoints': np.zeros((1, num_keypoints, 2), dtype=np.float32),
                    'keypoints_visible': np.ones((1, num_keypoints), dtype=np.float32),
                    'num_keypoints': num_keypoints,
                }
            )
        return samples

    def _report(
        self,
        annotations: AnnotationSet,
        frames: dict[int, dict],
        samples: list[dict],
        left_out: Counter[str],
    ) -> None:
        missing = len(annotations.images) - len(frames)
        populated = {person.image_id for person in annotations.persons}
        counts = {
            'frames missing on disk': missing,
            'frames without persons': len(annotations.images) - len(populated),
            **left_out,
        }
        details = ', '.join(f'{count} {what}' for what, count in counts.items() if count)
        MMLogger.get_current_instance().info(
            '%s: %d samples in %d frames of %d videos, boxes: %s; left out: %s',
            self.ann_file,
            len(samples),
            len({sample['img_id'] for sample in samples}),
            len({sample['video'] for sample in samples}),
            self.bbox_file or 'ground truth',
            details or 'nothing',
        )


def _frame_table(directory: str) -> dict[int, str]:
    """Paths of the frames in a directory by their number, in time order."""
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    numbered = {
        number: str(PurePosixPath(directory, name))
        for name in names
        if name.lower().endswith(_IMAGE_SUFFIXES) and (number := frame_number(name)) is not None
    }
    return dict(sorted(numbered.items()))


def _name_key(file_name: str) -> tuple[str, int | None]:
    """Video and frame number: detection files write the folders before them in many ways."""
    path = PurePosixPath(file_name)
    return path.parent.name, frame_number(path.name)


def _labelled(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (K, 2) and which of them are labelled (K,): finite, with a visibility above 0.

    As in the released loaders, a joint that is placed but flagged 0 is not trained on.
    """
    finite = np.isfinite(person.keypoints).all(axis=1)
    labelled = finite & (person.keypoints[:, 2] > 0)
    return np.where(finite[:, None], person.keypoints[:, :2], 0.0), labelled


def _usable_box(box: np.ndarray | None, image: Image) -> tuple[np.ndarray, str]:
    """The box, clipped where the image's size is known, and why it cannot be used, if it cannot."""
    if box is None or not is_usable_box(box):
        return np.zeros(4), 'without a usable box'
    if image.size is not None:
        box = clip_boxes(box, *image.size)
    return box, '' if is_usable_box(box) else 'with a box outside of the image'


def _sample(frame: dict, box: np.ndarray, score: float, identity: int) -> dict[str, Any]:
    """What annotated and detected persons have in common."""
    return {
        **frame,
        'id': identity,
        'bbox': np.asarray(box, dtype=np.float32)[None],
        'bbox_score': np.asarray([score], dtype=np.float32),
        'category_id': 1,
        'iscrowd': 0,
    }
